"""What the use cases of sharing have in common: on what something leaves, how long it is seen, and how that ends."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from engine.assembly import Engine
from engine.domain import commands as cm
from engine.domain.access import Grant, GrantKind
from engine.domain.consent import Consent, Recipient, law_of, require_covered
from engine.domain.packages import locating
from engine.domain.records import AddedStep, Run, RunStatus, StepStatus, step_id
from engine.domain.referral import ANSWER_WITHIN, Referral, ReferralKind, ReferralStatus
from engine.domain.state import CaseState
from engine.errors import ConsentError, NotFoundError
from engine.plugin.fields import FieldKind
from engine.ports import ActorRecord
from engine.spec.roles import Role
from engine.stores import UnitOfWork
from engine.usecases.deciding import carry_out
from engine.usecases.level_acts import CALL, tell_of_referral
from engine.usecases.recipients import people_of_partner, reachable
from engine.usecases.telling import add_delivery_job
from engine.views import Viewer

AWAIT: Final = "core.await_answer"
LOOK_AFTER_PARTNERS: Final = (Role.PARTNERSHIP_MANAGER.value, Role.SUPERVISOR.value)
_PLACES: Final = frozenset({FieldKind.GEO, FieldKind.INTERVALS})
_LIMITS: Final = {"critical": "PT4H", "high": "PT24H", "other": "P3D"}
_LADDERS: Final = {"critical": "partner-silent-critical", "high": "partner-silent-critical", "other": "partner-silent"}
_STANDARD: Final = "standard"
_CALL_WITHIN: Final = "PT4H"


def known_referral(work: UnitOfWork, referral_id: UUID) -> Referral:
    """Load a referral; raises `NotFoundError`."""
    referral = work.referrals.get(referral_id)
    if referral is None:
        raise NotFoundError(kind="referral")
    return referral


def known_consent(work: UnitOfWork, consent_id: UUID) -> Consent:
    """Load a consent; raises `NotFoundError`."""
    consent = work.consents.get(consent_id)
    if consent is None:
        raise NotFoundError(kind="consent")
    return consent


def places(engine: Engine) -> frozenset[str]:
    """Name the questions of all step types that ask for a place or a way."""
    return frozenset(
        f"{step_type.key}.{spec.name}"
        for step_type in engine.registry.step_types.values()
        for spec in step_type.fields
        if spec.kind in _PLACES
    )


def needs_two(engine: Engine, referral: Referral) -> bool:
    """Say whether two people must release a referral, since somebody can be found by what it shares."""
    return bool(locating(referral.fields, places(engine)))


def require_unsealed(work: UnitOfWork, state: CaseState) -> None:
    """Refuse to share anything of a case that is sealed; raises `ConsentError`."""
    if work.keeping.restriction_of(state.case.id) is not None:
        raise ConsentError(problem="The case is sealed: nothing of it leaves.")


def require_basis(work: UnitOfWork, state: CaseState, referral: Referral, *, now: datetime) -> None:
    """Refuse to share on neither a live consent that covers it nor a ground in law, or what is sealed.

    What shows nothing of a person needs neither. Raises `ConsentError`.
    """
    require_unsealed(work, state)
    if not referral.fields and not is_transfer(referral):
        return
    if referral.consent_id is None:
        if not law_of(referral.ground, state.case.jurisdiction):
            raise ConsentError(problem="Name the consent that covers it, or a ground that the law of this place has.")
        return
    consent = known_consent(work, referral.consent_id)
    if consent.case_id != state.case.id:
        raise NotFoundError(kind="consent")
    require_covered(consent, recipient(work, referral), purpose=referral.purpose, fields=referral.fields, now=now)


def recipient(work: UnitOfWork, referral: Referral) -> Recipient:
    """Say who is to get something, in the words of a consent."""
    if referral.to_unit_id is None:
        return Recipient(kind=referral.to_kind)
    return work.referrals.recipient(referral.to_unit_id)


def grant_of(work: UnitOfWork, referral: Referral, *, by: UUID | None, now: datetime) -> Grant:
    """Give what the other unit sees from its acceptance on: the fields that were agreed, as long as that holds."""
    consent = work.consents.get(referral.consent_id) if referral.consent_id else None
    assert referral.to_unit_id is not None  # noqa: S101 - a partner without a unit is given no grant
    return Grant(
        id=uuid5(referral.id, "grant"), case_id=referral.case_id, unit_id=referral.to_unit_id,
        purpose=referral.purpose or referral.kind.value, fields=referral.fields,
        valid_until=consent.valid_until if consent else None, granted_at=now, granted_by=by,
        kind=GrantKind(referral.kind.value), referral_id=referral.id, consent_id=referral.consent_id,
        second_by=referral.second_by, second_at=now if referral.second_by else None,
    )  # fmt: skip


def keeping_grant(referral: Referral, *, by: UUID | None, now: datetime) -> Grant | None:
    """Give what the unit that handed a case over still sees of it: steps and time limits, for some days or not."""
    if not referral.keep_days:
        return None
    return Grant(
        id=uuid5(referral.id, "kept"), case_id=referral.case_id, unit_id=referral.unit_id, purpose="handed_over",
        fields=("case.*",), valid_until=now + timedelta(days=referral.keep_days), granted_at=now, granted_by=by,
        kind=GrantKind.TRANSFER, referral_id=referral.id,
    )  # fmt: skip


def end_grants(work: UnitOfWork, referral: Referral, *, reason: str, now: datetime) -> None:
    """End what the other unit sees on a referral, and the links by which a partner without an account looks at it."""
    for grant in work.access.grants_of(referral.case_id):
        if grant.referral_id == referral.id and grant.is_live(now):
            work.access.end_grant(grant.id, at=now, reason=reason)
    for link in work.partner_links.of_referral(referral.id):
        work.partner_links.save(link.ended(now, reason))


def stop(work: UnitOfWork, referral: Referral, *, reason: str, by: UUID | None, now: datetime) -> Referral:
    """Call a referral back, or end it when it was accepted; whatever was seen of it is seen no more."""
    end_grants(work, referral, reason=reason, now=now)
    was_accepted = referral.status is ReferralStatus.ACCEPTED
    changes: dict[str, object] = {"ended_at": now, "ended_reason": reason}
    if was_accepted:
        changes["status"] = ReferralStatus.ENDED
    elif referral.status is ReferralStatus.HELD:
        changes["status"] = ReferralStatus.DROPPED
    else:
        changes |= {"status": ReferralStatus.RECALLED, "answered_at": now, "answered_by": by}
    stopped = referral.model_copy(update=changes)
    work.referrals.save(stopped)
    return stopped


def end_referrals_of(
    engine: Engine, work: UnitOfWork, state: CaseState, consent: Consent, *, reason: str, by: UUID | None, now: datetime
) -> tuple[int, CaseState]:
    """Call back all that rests on a consent, and tell who got it without a word of content.

    Gives how many referrals there were, and the case after. A case that was handed over stays where it is.
    """
    live = [one for one in work.referrals.of_consent(consent.id) if one.is_live and not _is_handed_over(one)]
    for referral in live:
        was_told = referral.status is not ReferralStatus.HELD
        stopped = stop(work, referral, reason=reason, by=by, now=now)
        state = note(work, state, "ReferralRecalled", stopped, by=by, now=now)
        state = wait_no_more(engine, work, state, stopped, by=by, now=now)
        if was_told:
            state = tell_of_recall(engine, work, state, stopped, by=by, now=now)
    for grant in work.access.grants_of(state.case.id):
        if grant.consent_id == consent.id and grant.is_live(now):
            work.access.end_grant(grant.id, at=now, reason=reason)
    return len(live), state


def tell_of_recall(
    engine: Engine, work: UnitOfWork, state: CaseState, referral: Referral, *, by: UUID | None, now: datetime
) -> CaseState:
    """Tell the other side that something was called back; a partner without an account is to be telephoned.

    The step for that does not say whom: what somebody typed is not written into the history of a case.
    """
    if referral.to_unit_id:
        people = people_of_partner(work, state, referral.to_unit_id, now=now)
        tell_of(engine, work, state, referral, "recalled", people, now)
        return state
    run = _open_run(state)
    if run is None:
        return state
    added = AddedStep(
        uses=CALL, title="Telephone a partner: what was shared was called back", limit=_CALL_WITHIN, ladder=_STANDARD,
        roles=LOOK_AFTER_PARTNERS, settings={"to": "the partner outside the network"},
    )  # fmt: skip
    command = cm.AddStep(run.id, f"tell_{referral.id.hex[:12]}", added)
    return carry_out(engine, work, state, command, actor_id=by, now=now).state


def _open_run(state: CaseState) -> Run | None:
    return next((run for run in state.runs.values() if run.status is RunStatus.OPEN), None)


def _is_handed_over(referral: Referral) -> bool:
    return is_transfer(referral) and referral.status is ReferralStatus.ACCEPTED


def wait_for_answer(
    engine: Engine, work: UnitOfWork, state: CaseState, referral: Referral, *, by: UUID | None, now: datetime
) -> tuple[CaseState, Referral]:
    """Add the step that waits for the answer, with its time limit and ladder; a case without an open run has none.

    Nothing is added to a referral that is for a step with a time limit of its own: that one runs.
    """
    run = _open_run(state)
    if run is None or referral.deadline_id is not None or not referral.urgency:
        return state, referral
    key = f"answer_{referral.id.hex[:12]}"
    ladder = _LADDERS.get(referral.urgency, _STANDARD)
    added = AddedStep(
        uses=AWAIT, title="Answer to a referral", limit=_LIMITS[referral.urgency],
        ladder=ladder if work.library().ladders.get(ladder) else _STANDARD, roles=LOOK_AFTER_PARTNERS,
    )  # fmt: skip
    after = carry_out(engine, work, state, cm.AddStep(run.id, key, added), actor_id=by, now=now).state
    step = step_id(run.id, key, "")
    due = next((deadline.due_at for deadline in after.deadlines.values() if deadline.step_id == step), None)
    changes = {"answer_step_id": step, "due_at": due or now + ANSWER_WITHIN[referral.urgency]}
    return after, referral.model_copy(update=changes)


def wait_no_more(
    engine: Engine, work: UnitOfWork, state: CaseState, referral: Referral, *, by: UUID | None, now: datetime
) -> CaseState:
    """End the step that waits for the answer: it has come, or nobody waits for it any more."""
    step = state.steps.get(referral.answer_step_id) if referral.answer_step_id else None
    if step is None or step.status is not StepStatus.READY:
        return state
    answer = referral.status.value
    answered = referral.status in {ReferralStatus.ACCEPTED, ReferralStatus.DECLINED}
    command: cm.Command = (
        cm.CompleteStep(step.id, "done", now, outputs={"answer": answer}, by=by)
        if answered
        else cm.CancelStep(step.id, "recalled")
    )
    return carry_out(engine, work, state, command, actor_id=by, now=now).state


def note(
    work: UnitOfWork, state: CaseState, type_: str, referral: Referral, *, by: UUID | None, now: datetime
) -> CaseState:
    """Add to the history of a case what became of a referral: ids and codes, and no field."""
    body = {
        "referral_id": str(referral.id), "kind": referral.kind.value, "to_unit_id": str(referral.to_unit_id or ""),
        "step_id": str(referral.step_id or ""), "consent_id": str(referral.consent_id or ""),
        "ground": referral.ground, "reason_code": referral.ended_reason or referral.reason_code,
    }  # fmt: skip
    return work.cases.note(state, type_, body, actor_id=by, at=now)


def tell_of(
    engine: Engine,
    work: UnitOfWork,
    state: CaseState,
    referral: Referral,
    kind: str,
    people: Iterable[ActorRecord],
    now: datetime,
) -> None:
    """Tell people of a referral and let it be delivered; the message has the number of the case and no content."""
    if tell_of_referral(engine, work, state, referral, kind=kind, people=tuple(people), now=now):
        is_critical = referral.urgency == "critical"
        add_delivery_job(work, state, rule=f"{referral.id}|{kind}", critical=is_critical, now=now)


def who_offered(work: UnitOfWork, state: CaseState, referral: Referral, now: datetime) -> tuple[ActorRecord, ...]:
    """Give who made the offer, if they can be told, else who looks after partners in their unit."""
    named = referral.asked_by or referral.released_by
    offered = work.directory.actor(named) if named else None
    found = reachable(work, state, (offered,), now=now).people if offered else ()
    ours = work.directory.holders(roles=LOOK_AFTER_PARTNERS, unit_id=referral.unit_id)
    return found or reachable(work, state, ours, now=now).people


def is_transfer(referral: Referral) -> bool:
    """Say whether acceptance changes who owns the case."""
    return referral.kind is ReferralKind.TRANSFER


def is_of(viewer: Viewer, unit_id: UUID | None) -> bool:
    """Say whether a unit is one of the viewer's; the system belongs to every one."""
    return viewer.is_system or (unit_id is not None and unit_id in viewer.unit_ids)
