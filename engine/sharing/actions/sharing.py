"""What actions of sharing have in common: on what ground, for how long, how that ends, the step that waits for it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from engine.access.store import AccessStore
from engine.approvals.actions.approvals import overtake
from engine.approvals.records import ApprovalKind
from engine.assembly import Engine
from engine.builtin import LOOK_AFTER_PARTNERS
from engine.cases.actions.deciding import carry_out, would_be
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core.access import Grant, GrantKind, shown_in
from engine.core.case_links import ANSWER_WITHIN, AWAIT, LinkKind, Referral, ReferralStatus
from engine.core.deadlines.keep import CALL
from engine.core.follow_ups import brought_by_act
from engine.core.persons import everybody_in
from engine.core.policy import Viewer
from engine.core.records import CasePerson, Run, RunStatus, Step, StepStatus, step_id
from engine.core.settle import DECIDES, is_left_to_itself, key_that_asks_whether_done
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.deadlines.actions.levels import notify_of_referral, rule_of_referral
from engine.errors import NotFoundError
from engine.hubs.store import HubStore
from engine.language.names import in_running_words
from engine.messages.actions.notifying import add_delivery_job
from engine.messages.actions.recipients import people_of_partner, reachable
from engine.people.records import ActorRecord
from engine.people.store import DirectoryStore
from engine.persons.records import nobody_else_stands, suspected
from engine.persons.store import LinkStore, PersonStore
from engine.plugin.kinds import FieldKind
from engine.retention.store import RetentionStore
from engine.sharing.records.consent import (
    Consent,
    ConsentError,
    ConsentRecipient,
    GivenBy,
    law_of,
    locating,
    require_covered,
)
from engine.sharing.store import ConsentStore, PartnerLinkStore, ReferralStore

_PLACES: Final = frozenset({FieldKind.GEO, FieldKind.INTERVALS})


def open_run(state: CaseState) -> Run | None:
    """Return the workflow in which a case goes on; None where there is none."""
    return next((run for run in state.runs.values() if run.status is RunStatus.OPEN), None)


def wait_for_answer(
    engine: Engine, tx: Transaction, state: CaseState, referral: Referral, *, by: UUID | None, now: datetime
) -> tuple[CaseState, Referral]:
    """Add the step that waits for the answer, with its time limit and ladder; a case without an open run has none.

    Nothing is added to a referral that is for a step with a time limit of its own: that one runs.
    """
    run = open_run(state)
    if run is None or referral.deadline_id is not None or not referral.urgency:
        return state, referral
    key = f"answer_{referral.id.hex[:12]}"
    added = brought_by_act(run, AWAIT, f"referral_{referral.urgency}", engine.definitions, tx.library())
    step = step_id(run.id, key, "")
    unit = tx.of(DirectoryStore).unit(referral.to_unit_id) if referral.to_unit_id else None
    state = state.with_partner(step, unit.jurisdiction) if unit else state
    after = carry_out(engine, tx, state, cm.AddStep(run.id, key, added), actor_id=by, now=now).state
    due = next((deadline.due_at for deadline in after.deadlines.values() if deadline.step_id == step), None)
    changes = {"answer_step_id": step, "due_at": due or now + ANSWER_WITHIN[referral.urgency]}
    return after, referral.model_copy(update=changes)


def follow_up(engine: Engine, tx: Transaction, state: CaseState, referral: Referral, *, now: datetime) -> CaseState:
    """Add the step in which people here ask whether the help is given that somebody outside has accepted to give."""
    run = open_run(state)
    if run is None or not referral.help or state.case.merged_into is not None:
        return state
    name = "help_other" if referral.urgency == "other" else "help_soon"
    added = brought_by_act(run, DECIDES, name, engine.definitions, tx.library())
    named = added.model_copy(update={"title": f"{in_running_words(referral.help).capitalize()}: {added.title}"})
    command = cm.AddStep(run.id, _key_of_help(referral), named)
    return carry_out(engine, tx, state, command, actor_id=None, now=now).state


def wait_no_more(
    engine: Engine, tx: Transaction, state: CaseState, referral: Referral, *, by: UUID | None, now: datetime
) -> CaseState:
    """End the step that waits for the answer, or for the help: it has come, or nobody waits for it any more.

    The case does not close with that step unless the other side took the work on: what came back is for people here,
    and a case that was handed over for people there.
    """
    step = _waiting(state, referral)
    if step is None:
        return state
    answer = referral.status.value
    answered = referral.status in {ReferralStatus.ACCEPTED, ReferralStatus.DECLINED}
    command: cm.Command = (
        cm.CompleteStep(step.id, "done", now, outputs={"answer": answer}, by=by)
        if answered
        else cm.CancelStep(step.id, "recalled")
    )
    is_theirs = referral.status is ReferralStatus.ACCEPTED and not referral.is_transfer
    if not is_theirs and is_left_to_itself(would_be(engine, tx, state, command, now=now)):
        state = _let_people_decide(engine, tx, state, referral, step, by=by, now=now)
    return carry_out(engine, tx, state, command, actor_id=by, now=now).state


def _waiting(state: CaseState, referral: Referral) -> Step | None:
    answer = state.steps.get(referral.answer_step_id) if referral.answer_step_id else None
    if answer is not None and answer.status is StepStatus.READY:
        return answer
    key = "" if referral.status is ReferralStatus.ACCEPTED else _key_of_help(referral)
    return next((one for one in state.steps.values() if one.key == key and one.status is StepStatus.READY), None)


def _key_of_help(referral: Referral) -> str:
    return f"help_{referral.id.hex[:12]}"


def _let_people_decide(
    engine: Engine,
    tx: Transaction,
    state: CaseState,
    referral: Referral,
    waiting: Step,
    *,
    by: UUID | None,
    now: datetime,
) -> CaseState:
    """Add a step in which somebody who leads the case says whether it is done; a stub takes no more work."""
    if state.case.merged_into is not None:
        return state
    name = "handed_over" if referral.status is ReferralStatus.ACCEPTED else "referral_came_back"
    added = brought_by_act(state.runs[waiting.run_id], DECIDES, name, engine.definitions, tx.library())
    command = cm.AddStep(waiting.run_id, key_that_asks_whether_done(referral.id.hex[:12]), added)
    return carry_out(engine, tx, state, command, actor_id=by, now=now).state


def known_referral(tx: Transaction, referral_id: UUID) -> Referral:
    """Load a referral; raises `NotFoundError`."""
    referral = tx.of(ReferralStore).get(referral_id)
    if referral is None:
        raise NotFoundError(kind="referral")
    return referral


def known_consent(tx: Transaction, consent_id: UUID) -> Consent:
    """Load a consent; raises `NotFoundError`."""
    consent = tx.of(ConsentStore).get(consent_id)
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
    """Return whether two people must release a referral, since somebody can be found by what it shares."""
    return bool(locating(referral.fields, places(engine)))


def require_unrestricted(tx: Transaction, state: CaseState) -> None:
    """Refuse to share anything of a case that is sealed; raises `ConsentError`."""
    if tx.of(RetentionStore).restriction_of(state.case.id) is not None:
        raise ConsentError(problem="The case is restricted: nothing in it may be shared.")


def require_basis(tx: Transaction, state: CaseState, referral: Referral, *, now: datetime) -> None:
    """Refuse to share on neither a live consent that covers it nor a ground in law, or what is sealed.

    What shows nothing of a person needs neither. Raises `ConsentError`.
    """
    require_unrestricted(tx, state)
    shown = shown_in(referral.fields)
    if not shown and not referral.is_transfer:
        return
    if referral.consent_id is None:
        if not law_of(referral.ground, state.case.jurisdiction):
            raise ConsentError(problem="Choose a consent that covers this, or a law of this place that allows it.")
        return
    consent = known_consent(tx, referral.consent_id)
    if consent.case_id != state.case.id:
        raise NotFoundError(kind="consent")
    if shown and set(referral.persons) != {consent.person_id}:
        raise ConsentError(problem="It was given for another person.")
    require_covered(consent, recipient(tx, referral), purpose=referral.purpose, fields=shown, now=now)


def recipient(tx: Transaction, referral: Referral) -> ConsentRecipient:
    """Say who is to get something, in the words of a consent."""
    if referral.to_unit_id is None:
        return ConsentRecipient(kind=referral.to_kind)
    return tx.of(ReferralStore).recipient(referral.to_unit_id)


def grant_of(tx: Transaction, referral: Referral, *, by: UUID | None, now: datetime) -> Grant:
    """Return what the other unit sees from its acceptance on: the fields that were agreed, as long as that holds."""
    consent = tx.of(ConsentStore).get(referral.consent_id) if referral.consent_id else None
    assert referral.to_unit_id is not None  # noqa: S101 - a partner without a unit is given no grant
    return Grant(
        id=uuid5(referral.id, "grant"), case_id=referral.case_id, unit_id=referral.to_unit_id,
        purpose=referral.purpose or referral.kind.value, fields=referral.fields, persons=referral.persons,
        valid_until=consent.valid_until if consent else None, granted_at=now, granted_by=by,
        kind=GrantKind(referral.kind.value), referral_id=referral.id, consent_id=referral.consent_id,
        second_by=referral.second_by, second_at=now if referral.second_by else None,
    )  # fmt: skip


def keeping_grant(state: CaseState, referral: Referral, *, by: UUID | None, now: datetime) -> Grant | None:
    """Return what the unit that handed a case over still sees of it: steps and time limits, for some days or not.

    It holds for those who were in the case then, and for nobody who is added later.
    """
    if not referral.keep_days:
        return None
    return Grant(
        id=uuid5(referral.id, "kept"), case_id=referral.case_id, unit_id=referral.unit_id, purpose="handed_over",
        fields=("case.*",), persons=everybody_in(state),
        valid_until=now + timedelta(days=referral.keep_days), granted_at=now, granted_by=by,
        kind=GrantKind.TRANSFER, referral_id=referral.id,
    )  # fmt: skip


def end_grants(tx: Transaction, referral: Referral, *, reason: str, now: datetime) -> None:
    """End what the other unit sees on a referral, and the links by which a partner without an account looks at it."""
    for grant in tx.of(AccessStore).grants_of(referral.case_id):
        if grant.referral_id == referral.id and grant.may_hold(now):
            tx.of(AccessStore).end_grant(grant.id, at=now, reason=reason)
    for link in tx.of(PartnerLinkStore).of_referral(referral.id):
        tx.of(PartnerLinkStore).save(link.ended(now, reason))


def stop(tx: Transaction, referral: Referral, *, reason: str, by: UUID | None, now: datetime) -> Referral:
    """Call a referral back, or end it when it was accepted; whatever was seen of it is seen no more."""
    end_grants(tx, referral, reason=reason, now=now)
    was_accepted = referral.status is ReferralStatus.ACCEPTED
    changes: dict[str, object] = {"ended_at": now, "ended_reason": reason}
    if was_accepted:
        changes["status"] = ReferralStatus.ENDED
    elif referral.status is ReferralStatus.HELD:
        changes["status"] = ReferralStatus.DROPPED
        overtake(tx, ApprovalKind.RELEASE, referral.id, now=now)
    else:
        changes |= {"status": ReferralStatus.RECALLED, "answered_at": now, "answered_by": by}
    stopped = referral.model_copy(update=changes)
    tx.of(ReferralStore).save(stopped)
    return stopped


def end_referrals_of(
    engine: Engine, tx: Transaction, state: CaseState, consent: Consent, *, reason: str, by: UUID | None, now: datetime
) -> tuple[int, CaseState]:
    """Call back all that rests on a consent, and tell who got it without a word of content.

    Returns how many referrals there were, and the case after. A case that was handed over stays where it is.
    """
    live = [one for one in tx.of(ReferralStore).of_consent(consent.id) if can_be_called_back(one)]
    for referral in live:
        state = call_back(engine, tx, state, referral, reason=reason, by=by, now=now)
    for grant in tx.of(AccessStore).grants_of(state.case.id):
        if grant.consent_id == consent.id and grant.may_hold(now):
            tx.of(AccessStore).end_grant(grant.id, at=now, reason=reason)
    return len(live), state


def can_be_called_back(referral: Referral) -> bool:
    """Return whether a referral is not over, and the case was not handed over by it."""
    return referral.is_live and not (referral.is_transfer and referral.status is ReferralStatus.ACCEPTED)


def call_back(
    engine: Engine,
    tx: Transaction,
    state: CaseState,
    referral: Referral,
    *,
    reason: str,
    by: UUID | None,
    now: datetime,
) -> CaseState:
    """Call a referral back, wait for its answer no more, and tell who had heard of it; returns the case after."""
    was_told = referral.status is not ReferralStatus.HELD
    stopped = stop(tx, referral, reason=reason, by=by, now=now)
    after = note(tx, state, "ReferralRecalled", stopped, by=by, now=now)
    after = wait_no_more(engine, tx, after, stopped, by=by, now=now)
    return notify_of_recall(engine, tx, after, stopped, by=by, now=now) if was_told else after


def notify_of_recall(
    engine: Engine, tx: Transaction, state: CaseState, referral: Referral, *, by: UUID | None, now: datetime
) -> CaseState:
    """Tell the other side that something was called back: a hub by a message, another partner by telephone.

    The step for that does not say whom: what somebody typed is not written into the history of a case. For a case that
    was merged into another it is added there, where work goes on. A case in which nothing goes on any more gets no
    step: who looks after partners in its unit is told by a message.
    """
    if referral.to_unit_id:
        people = people_of_partner(tx, state, referral.to_unit_id, now=now)
        notify_of(engine, tx, state, referral, "recalled", people, now)
        return state
    reason = referral.ended_reason
    if referral.to_hub_id and tx.of(HubStore).recall_elsewhere(referral.id, reason=reason, by=by, now=now):
        return state
    worked = state
    while worked.case.merged_into is not None:
        worked = tx.of(CaseStore).lock(worked.case.merged_into)
    run = open_run(worked)
    if run is None:
        ours = tx.of(DirectoryStore).holders(roles=LOOK_AFTER_PARTNERS, unit_id=state.case.unit_id)
        notify_of(engine, tx, state, referral, "to_telephone", reachable(tx, state, ours, now=now).people, now)
        return state
    added = brought_by_act(run, CALL, "recall", engine.definitions, tx.library())
    command = cm.AddStep(run.id, f"tell_{referral.id.hex[:12]}", added)
    after = carry_out(engine, tx, worked, command, actor_id=by, now=now).state
    return after if worked is state else state


def note(
    tx: Transaction, state: CaseState, type_: str, referral: Referral, *, by: UUID | None, now: datetime
) -> CaseState:
    """Add to the history of a case what became of a referral: ids and codes, and no field."""
    body = {
        "referral_id": str(referral.id), "kind": referral.kind.value, "to_unit_id": str(referral.to_unit_id or ""),
        "step_id": str(referral.step_id or ""), "consent_id": str(referral.consent_id or ""),
        "ground": referral.ground, "reason_code": referral.ended_reason or referral.reason_code,
    }  # fmt: skip
    return tx.of(CaseStore).note(state, type_, body, actor_id=by, at=now)


def notify_of(
    engine: Engine,
    tx: Transaction,
    state: CaseState,
    referral: Referral,
    kind: str,
    people: Iterable[ActorRecord],
    now: datetime,
) -> None:
    """Tell people of a referral and let it be delivered; the message has the number of the case and no content."""
    if notify_of_referral(engine, tx, state, referral, kind=kind, people=tuple(people), now=now):
        is_critical = referral.urgency == "critical"
        add_delivery_job(tx, state, rule=rule_of_referral(referral, kind), critical=is_critical, now=now)


def who_offered(tx: Transaction, state: CaseState, referral: Referral, now: datetime) -> tuple[ActorRecord, ...]:
    """Return who made the offer, if they can be told, else who looks after partners in their unit."""
    named = referral.asked_by or referral.released_by
    offered = tx.of(DirectoryStore).actor(named) if named else None
    found = reachable(tx, state, (offered,), now=now).people if offered else ()
    ours = tx.of(DirectoryStore).holders(roles=LOOK_AFTER_PARTNERS, unit_id=referral.unit_id)
    return found or reachable(tx, state, ours, now=now).people


def is_of(viewer: Viewer, unit_id: UUID | None) -> bool:
    """Return whether a unit is one of the viewer's; the system belongs to every one."""
    return viewer.is_system or (unit_id is not None and unit_id in viewer.unit_ids)


def suspected_guardians(tx: Transaction, state: CaseState) -> frozenset[UUID]:
    """Return the guardians and family of a case who are suspects here, or in a linked case of the same unit."""
    return suspected(state.persons, _around(tx, state), tx.of(PersonStore).same_as)


def cannot_agree(tx: Transaction, state: CaseState, kind: GivenBy) -> bool:
    """Return whether a guardian's word counts for nothing: one of them is a suspect, and nobody else is left."""
    if kind is not GivenBy.GUARDIAN:
        return False
    found = suspected_guardians(tx, state)
    return bool(found) and nobody_else_stands(state.persons, found)


def _around(tx: Transaction, state: CaseState) -> list[CasePerson]:
    persons: list[CasePerson] = []
    for link in tx.of(LinkStore).live_of(state.case.id):
        if link.kind is LinkKind.MERGED and link.approved_at is None:
            continue
        other = tx.of(CaseStore).read(link.other_case_id if link.case_id == state.case.id else link.case_id)
        if other.case.unit_id == state.case.unit_id:
            persons += other.persons
    return persons
