"""A referral on its way: prepared by a step, let go by those who answer for it; and a case handed over."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from engine.access.store import AccessStore
from engine.approvals.actions.approvals import Answer, Handler, Lapse, ask_second, case_page, register, take_answer
from engine.approvals.records import Agreed, ApprovalKind
from engine.approvals.store import ApprovalStore
from engine.assembly import Engine
from engine.audit.records import AuditUnavailableError
from engine.audit.store import AuditLogStore
from engine.cases.actions.deciding import reading_of, require_member
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.core.case_links import Referral, ReferralStatus
from engine.core.persons import is_suspect, is_victim
from engine.core.policy import ROLES_THAT_MAY, Action, Viewer, can, require
from engine.core.records import Step, StepStatus
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.errors import AlreadyEndedError, ConflictError, NotFoundError
from engine.hubs.store import HubStore
from engine.messages.actions.notifying import notify, title_of_step
from engine.messages.actions.recipients import people_of_partner, reachable
from engine.messages.records import IN_APP
from engine.people.store import DirectoryStore
from engine.persons.store import PersonStore
from engine.retention.store import RetentionStore
from engine.sharing.actions.sharing import (
    is_of,
    keeping_grant,
    known_referral,
    needs_two,
    note,
    notify_of,
    require_basis,
    stop,
    wait_for_answer,
)
from engine.sharing.records.consent import ConsentError, ConsentRecipient
from engine.sharing.records.partners import ASKS, PreparedReferral, prepare
from engine.sharing.store import ConsentStore, ReferralStore, TransferStore
from engine.sign_in.actions.account import require_step_up
from engine.sign_in.records import StepUpNeededError
from engine.work.store import ItemStore

READY: Final = "referral_ready"
_GONE: Final = frozenset({ReferralStatus.DROPPED, ReferralStatus.RECALLED, ReferralStatus.DECLINED})


def hand_over(
    engine: Engine, tx: Transaction, state: CaseState, referral: Referral, *, by: UUID | None, now: datetime
) -> None:
    """Make a case that of the unit that took it over; the old one may look at its steps for the days agreed, or not.

    What people of the old unit had claimed goes back to all of the new unit who may do it. What the new unit was shown
    before ends: it sees the whole case now. The persons that go along are found by the new unit's organisation, and
    compared with those of other units again.
    """
    assert referral.to_unit_id is not None  # noqa: S101 - a transfer goes to a unit
    note(tx, state, "CaseHandedOver", referral, by=by, now=now)
    for grant in tx.of(AccessStore).grants_of(state.case.id):
        if grant.unit_id == referral.to_unit_id and grant.may_hold(now):
            tx.of(AccessStore).end_grant(grant.id, at=now, reason="handed_over")
    kept = keeping_grant(state, referral, by=referral.released_by, now=now)
    if kept is not None:
        tx.of(AccessStore).add_grant(kept)
    for person in tx.of(TransferStore).move(state.case.id, to_unit_id=referral.to_unit_id):
        identity = tx.of(PersonStore).identity(person)
        tx.of(PersonStore).change(person, identity, engine.fingerprints.tokens(identity), by=by)


def require_no_statement(engine: Engine, tx: Transaction, state: CaseState, referral: Referral) -> None:
    """Refuse to send on what a victim said who is a suspect too, in this case or any other; raises `ConsentError`.

    What somebody told as a victim is not put into the file of a suspect, with a lawyer's note or without.
    """
    if statements_that_stay(engine, tx, state, referral):
        raise ConsentError(problem="It contains a statement that must stay with the case: leave it out.")


def statements_that_stay(engine: Engine, tx: Transaction, state: CaseState, referral: Referral) -> frozenset[str]:
    """Name the fields of a referral in which a victim speaks who is a suspect too, in this case or any other."""
    statements = {key for key, one in engine.registry.step_types.items() if one.takes_statement}
    named = frozenset(field for field in referral.fields if field.rpartition(".")[0] in statements)
    if not named:
        return named
    for person_id in _of_whom(tx, state, referral):
        same = tuple({person_id, *tx.of(PersonStore).same_as(person_id)})
        files = [tx.of(CaseStore).read(one.case_id) for one in tx.of(RetentionStore).cases_of(same)]
        if is_victim(state, person_id) and any(is_suspect(file, other) for file in files for other in same):
            return named
    return frozenset()


def _of_whom(tx: Transaction, state: CaseState, referral: Referral) -> tuple[UUID, ...]:
    """Give of whom a statement may be that leaves: of whoever consented; without a consent, of anybody in the case."""
    consent = tx.of(ConsentStore).get(referral.consent_id) if referral.consent_id else None
    return (consent.person_id,) if consent else tuple(dict.fromkeys(one.person_id for one in state.persons))


def release_referral(engine: Engine, referral_id: UUID, *, viewer: Viewer, command_id: UUID) -> bool:
    """Answer for what is sent; returns whether it has left, or still waits for a second person.

    Raises `NotFoundError`, `AlreadyEndedError`, `NotAllowedError` (also for the same person twice), `ConsentError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(known_referral(tx, referral_id).case_id)
        referral = known_referral(tx, referral_id)
        require_member(viewer, state, Action.RELEASE)
        if (known := tx.of(HousekeepingStore).answer_to(command_id)) is not None:
            return bool(known["sent"])
        if referral.status is not ReferralStatus.HELD:
            raise AlreadyEndedError(kind="referral")
        require_basis(tx, state, referral, now=now)
        require_no_statement(engine, tx, state, referral)
        if must_be_two(engine, referral):
            require_step_up(engine, viewer, factor=needs_two(engine, referral))
        _answer(engine, tx, state, referral, viewer=viewer, approved=True, now=now)
        has_left = hold_or_send(engine, tx, state, referral, viewer=viewer, now=now)
        tx.of(HousekeepingStore).remember(command_id, {"sent": has_left}, case_id=state.case.id, at=now)
        tx.commit()
        return has_left


def refuse_release(engine: Engine, referral_id: UUID, *, viewer: Viewer, command_id: UUID) -> None:
    """Say that something must not leave: it is dropped, and the other side never hears of it.

    Raises `NotFoundError`, `AlreadyEndedError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(known_referral(tx, referral_id).case_id)
        referral = known_referral(tx, referral_id)
        require_member(viewer, state, Action.RELEASE)
        if tx.of(HousekeepingStore).answer_to(command_id) is not None:
            return
        if referral.status is not ReferralStatus.HELD:
            raise AlreadyEndedError(kind="referral")
        _answer(engine, tx, state, referral, viewer=viewer, approved=False, now=now)
        drop_unreleased(tx, state, referral, by=viewer.actor_id, now=now)
        tx.of(HousekeepingStore).remember(command_id, {"id": str(referral_id)}, case_id=state.case.id, at=now)
        tx.commit()


def drop_unreleased(tx: Transaction, state: CaseState, referral: Referral, *, by: UUID | None, now: datetime) -> None:
    """Drop what was held and is not released: nobody was told of it, and nobody will be."""
    dropped = stop(tx, referral, reason="not_released", by=by, now=now)
    note(tx, state, "ReferralRecalled", dropped, by=by, now=now)


def hold_or_send(
    engine: Engine, tx: Transaction, state: CaseState, referral: Referral, *, viewer: Viewer, now: datetime
) -> bool:
    """Send a referral that was written, if all have released it who must; returns whether it has left.

    One that shows nothing of the case needs nobody else. One that shows fields, or hands the case over, needs a person
    who may release; one by which somebody can be found, or that hands the case over, a second one, and both must have
    proved a moment ago who they are.
    """
    released = _released_by(engine, referral, viewer, state.case.unit_id)
    shows = bool(referral.fields) or referral.is_transfer
    by_all = released.second_by is not None if must_be_two(engine, referral) else released.released_by is not None
    if shows and not by_all:
        held = released.model_copy(update={"status": ReferralStatus.HELD})
        tx.of(ReferralStore).save(held)
        if tx.of(ApprovalStore).open_about(ApprovalKind.RELEASE, held.id) is None:
            _ask(engine, tx, state, held, viewer, now)
        after = note(tx, state, "ReferralHeld", held, by=viewer.actor_id, now=now)
        _notify_who_releases(engine, tx, after, held, viewer, now)
        return False
    sent = released.model_copy(update={"status": ReferralStatus.OFFERED, "sent_at": now})
    after, sent = wait_for_answer(engine, tx, state, sent, by=viewer.actor_id, now=now)
    tx.of(ReferralStore).save(sent)
    after = note(tx, after, "ReferralOffered", sent, by=viewer.actor_id, now=now)
    if sent.to_hub_id:
        unit = tx.of(DirectoryStore).unit(sent.unit_id)
        case, zone = state.case, unit.zone if unit else "UTC"
        tx.of(HubStore).ask_elsewhere(sent, number=case.number, jurisdiction=case.jurisdiction, zone=zone, now=now)
    if sent.to_unit_id:
        notify_of(engine, tx, after, sent, "referred", people_of_partner(tx, after, sent.to_unit_id, now=now), now)
    return True


def must_be_two(engine: Engine, referral: Referral) -> bool:
    """Return whether two people must release it: it hands the case over, or somebody can be found by it."""
    return referral.is_transfer or needs_two(engine, referral)


def _ask(engine: Engine, tx: Transaction, state: CaseState, held: Referral, viewer: Viewer, now: datetime) -> None:
    """Write that it waits: for one person, or for two, of whom who asked may be the first."""
    first = (Agreed(actor_id=held.released_by, at=now),) if held.released_by else ()
    ask_second(
        engine, tx, ApprovalKind.RELEASE, held.id, asked_by=viewer.actor_id, now=now, state=state,
        reason_code=held.purpose, seen=_how_it_stands(held), needed=2 if must_be_two(engine, held) else 1,
        agreed=first, tells=False,
    )  # fmt: skip


def _answer(
    engine: Engine,
    tx: Transaction,
    state: CaseState,
    referral: Referral,
    *,
    viewer: Viewer,
    approved: bool,
    now: datetime,
) -> None:
    answered = take_answer(
        engine, tx, ApprovalKind.RELEASE, referral.id, viewer=viewer, approved=approved, now=now, state=state,
        stands=lambda: _how_it_stands(referral),
    )  # fmt: skip
    if answered.is_overtaken:
        raise ConflictError(kind="request for approval")


def _how_it_stands(referral: Referral) -> str:
    """Say to whom what goes on which ground."""
    to = referral.to_unit_id or referral.to_kind
    return "|".join((str(to), ",".join(referral.fields), str(referral.consent_id or referral.ground)))


def _released_by(engine: Engine, referral: Referral, viewer: Viewer, unit_id: UUID) -> Referral:
    """Write down who answers for it: the first who may release, then the second."""
    if not referral.fields and not referral.is_transfer:
        return referral.model_copy(update={"released_by": referral.released_by or viewer.actor_id})
    if not can(viewer, Action.RELEASE, unit_id=unit_id) or (
        must_be_two(engine, referral) and not _has_proved(engine, referral, viewer)
    ):
        return referral
    if referral.released_by is None:
        return referral.model_copy(update={"released_by": viewer.actor_id})
    if referral.released_by != viewer.actor_id:
        return referral.model_copy(update={"second_by": viewer.actor_id})
    return referral


def _has_proved(engine: Engine, referral: Referral, viewer: Viewer) -> bool:
    """Return whether somebody has proved who they are; whoever only asks for it need not, and releases it later."""
    try:
        require_step_up(engine, viewer, factor=needs_two(engine, referral))
    except StepUpNeededError:
        return False
    return True


def _notify_who_releases(
    engine: Engine, tx: Transaction, state: CaseState, referral: Referral, viewer: Viewer, now: datetime
) -> None:
    roles = tuple(sorted(role.value for role in ROLES_THAT_MAY[Action.RELEASE]))
    holders = tx.of(DirectoryStore).holders(roles=roles, unit_id=state.case.unit_id)
    others = [person for person in holders if person.id not in {viewer.actor_id, referral.released_by}]
    notify_of(engine, tx, state, referral, "to_release", reachable(tx, state, others, now=now).people, now)


def _take(given: Answer) -> None:
    act = release_referral if given.approved else refuse_release
    act(given.engine, given.asked.subject_id, viewer=given.viewer, command_id=given.command_id)


def _lapse(late: Lapse) -> None:
    referral = known_referral(late.tx, late.request.subject_id)
    if referral.status is ReferralStatus.HELD and late.state is not None:
        drop_unreleased(late.tx, late.state, referral, by=None, now=late.now)


register(
    ApprovalKind.RELEASE,
    Handler(
        "asks to send a part of it to someone else", "Release this", "Do not send it", look=case_page("/sent"),
        answer=_take, lapse=_lapse,
    ),
)  # fmt: skip


def prepared_referral(engine: Engine, case_id: UUID, step_id: UUID, *, viewer: Viewer) -> PreparedReferral | None:
    """Return the referral that a step has ended with, for who may offer it; None when there is none to be sent.

    There is none before the step is done, after the partner has said no, where no consent covers any of it, and once
    it was offered. Raises `NotFoundError`, `NotAllowedError`.
    """
    with engine.transaction() as tx:
        state = tx.of(CaseStore).read(case_id)
        require_member(viewer, state, Action.REFER)
        step = state.steps.get(step_id)
        if step is None:
            raise NotFoundError(kind="step")
        return _prepared(engine, tx, state, step, now=engine.clock.now())


def notify_of_prepared(engine: Engine, tx: Transaction, state: CaseState, step_id: UUID, *, now: datetime) -> None:
    """Tell those whose step it is of a referral with which it has ended, in-app only; `now` is in UTC."""
    step = state.steps.get(step_id)
    if step is None or _prepared(engine, tx, state, step, now=now) is None:
        return
    may_refer = {role.value for role in ROLES_THAT_MAY[Action.REFER]}
    roles = tuple(sorted(may_refer.intersection(engine.registry.get(step.uses).roles)))
    holders = tx.of(DirectoryStore).holders(roles=roles, unit_id=state.case.unit_id)
    notify(
        engine, tx, state, kind=READY, rule=f"{step.id}|{READY}|{step.turn}", channels=(IN_APP,), due_at=None,
        people=reachable(tx, state, holders, now=now).people,
        step_title=title_of_step(engine, state, step), link=f"/cases/{state.case.id}/send?step={step.id}", now=now,
    )  # fmt: skip


def _prepared(
    engine: Engine, tx: Transaction, state: CaseState, step: Step, *, now: datetime
) -> PreparedReferral | None:
    step_type = engine.registry.step_types.get(step.uses)
    if step_type is None or step.status is not StepStatus.ENDED or step.outcome != "done":
        return None
    if not ASKS.issubset({spec.name for spec in step_type.fields}):
        return None
    answers = tx.of(ItemStore).answers(step.id)
    found = prepare(step.id, answers, tx.of(ConsentStore).of_case(state.case.id), _unit(tx, state, answers), now=now)
    return None if found is None or _is_offered(tx, state, found) else found


def _unit(tx: Transaction, state: CaseState, answers: Mapping[str, object]) -> ConsentRecipient | None:
    """Find the unit of the network of which a step gives the name."""
    name = str(answers.get("to_org") or "").strip().casefold()
    for unit in tx.of(DirectoryStore).units():
        if unit.name.casefold() == name and unit.id != state.case.unit_id:
            return tx.of(ReferralStore).recipient(unit.id)
    return None


def _is_offered(tx: Transaction, state: CaseState, found: PreparedReferral) -> bool:
    return any(
        (one.to_unit_id, one.to_name, one.purpose) == (found.to_unit_id, found.to_name, found.purpose)
        for one in tx.of(ReferralStore).of_case(state.case.id)
        if one.status not in _GONE
    )


def read_note(engine: Engine, referral_id: UUID, *, viewer: Viewer) -> str:
    """Return the note of a referral that the viewer's unit has accepted; that it was read is recorded before.

    Raises `NotFoundError` for one that was not accepted, ended or is not theirs, `NotAllowedError`,
    `AuditUnavailableError` when the reading cannot be recorded.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        referral = known_referral(tx, referral_id)
        unit_id = referral.to_unit_id
        is_theirs = is_of(viewer, unit_id) and referral.status is ReferralStatus.ACCEPTED
        units = () if unit_id is None else (unit_id,)
        if not is_theirs or tx.of(AccessStore).is_denied(referral.case_id, actor_id=viewer.actor_id, unit_ids=units):
            raise NotFoundError(kind="referral")
        require(viewer, Action.REFER, unit_id=unit_id)
        note = tx.of(ReferralStore).note(referral_id)
        read = reading_of(viewer, referral.case_id, "referral_note", ("narrative",), at=now, subject_id=referral_id)
        try:
            tx.of(AuditLogStore).note_reading(read)
            tx.commit()
        except Exception as error:
            raise AuditUnavailableError from error
        return note
