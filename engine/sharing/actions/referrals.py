"""Offer work of a case to another unit or partner, and hear its answer."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from engine.access.store import AccessStore
from engine.assembly import Engine
from engine.cases.actions.deciding import require_member
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.core.access import ADD_FILES, problem_of, shown_in
from engine.core.case_links import (
    ANSWER_WITHIN,
    UNSEEN,
    Referral,
    ReferralKind,
    ReferralStatus,
    require_live,
    require_unanswered,
)
from engine.core.persons import everybody_in
from engine.core.policy import Action, Viewer, require
from engine.core.records import Deadline, Purpose
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.deadlines.actions.levels import next_unit
from engine.errors import AlreadyEndedError, InvalidAnswersError, NotFoundError
from engine.hubs.store import HubStore
from engine.messages.actions.recipients import people_of_partner
from engine.people.store import DirectoryStore
from engine.sharing.actions.releasing import hand_over, hold_or_send, require_no_statement
from engine.sharing.actions.sharing import (
    grant_of,
    is_of,
    known_consent,
    known_referral,
    note,
    notify_of,
    notify_of_recall,
    require_basis,
    require_unrestricted,
    stop,
    wait_no_more,
    who_offered,
)
from engine.sharing.store import ReferralStore

_CODE = re.compile(r"^[a-z][a-z0-9_]{1,39}$")
_ASKED = frozenset(
    {ReferralStatus.HELD, ReferralStatus.OFFERED, ReferralStatus.ACCEPTED, ReferralStatus.DECLINED}
)  # fmt: skip
_MOST_DAYS = 365
_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class ReferralRequest:
    """What is asked of the other side, and what it is shown of the case when it accepts.

    Fields leave on a consent or on a ground in law: of the `persons` who were chosen, or of whom has consented, and of
    nobody else in the case. `to_name` and `to_kind` are of a partner outside the network, which answers by a link;
    those of a hub elsewhere (`to_hub_id`) are known, and it answers by messages. `note` is what it must know at once;
    it is sealed, and shown on acceptance only.
    """

    kind: ReferralKind = ReferralKind.REFERRAL
    purpose: str = ""
    help: str = ""
    urgency: str = ""
    fields: tuple[str, ...] = ()
    persons: tuple[UUID, ...] = ()
    consent_id: UUID | None = None
    ground: str = ""
    keep_days: int = 0
    note: str = ""
    to_name: str = ""
    to_kind: str = ""
    to_hub_id: UUID | None = None


def offer_referral(
    engine: Engine,
    case_id: UUID,
    *,
    viewer: Viewer,
    command_id: UUID,
    to_unit_id: UUID | None = None,
    step_id: UUID | None = None,
    wanted: ReferralRequest | None = None,
) -> UUID:
    """Offer the work of a step, or the case, to another unit or partner; returns the referral's id.

    Without `to_unit_id` it goes to the next unit of the place that was not asked yet. The answer is due when the step
    is, else by how urgent it is. What shows fields of the case waits until somebody releases it who may, and until a
    second person does where the person could be found by it. Raises `InvalidAnswersError` for a unit that was asked
    already, is the case's own or has nobody to answer; `ConsentError`, `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    wanted = wanted or ReferralRequest()
    with engine.transaction() as tx:
        wanted = _named(tx, wanted)
        _require_sense(wanted, to_unit_id)
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.REFER)
        if (known := tx.of(HousekeepingStore).answer_to(command_id)) is not None:
            return UUID(str(known["id"]))
        referral = _referral(engine, tx, state, wanted, to_unit_id, step_id, viewer, now)
        _offer(engine, tx, state, referral, wanted.note, viewer, now)
        tx.of(HousekeepingStore).remember(command_id, {"id": str(referral.id)}, case_id=case_id, at=now)
        tx.commit()
        return referral.id


def accept_referral(engine: Engine, referral_id: UUID, *, viewer: Viewer, command_id: UUID) -> None:
    """Take the work on, for the unit that was asked: it sees what was agreed from now on, or has the case now.

    Raises `NotFoundError`, `AlreadyEndedError`, `NotAllowedError`, `ConsentError` when what it rests on holds no more.
    """
    _answer(engine, referral_id, ReferralStatus.ACCEPTED, viewer=viewer, command_id=command_id)


def decline_referral(engine: Engine, referral_id: UUID, *, viewer: Viewer, command_id: UUID, reason_code: str) -> None:
    """Decline, for the unit that was asked, with a reason as a code: the next partner can be asked then.

    Raises `InvalidAnswersError` for a reason that is no code, `NotFoundError`, `AlreadyEndedError`, `NotAllowedError`.
    """
    if not _CODE.fullmatch(reason_code):
        raise InvalidAnswersError({"reason_code": "Choose a reason."})
    _answer(engine, referral_id, ReferralStatus.DECLINED, viewer=viewer, command_id=command_id, reason_code=reason_code)


def end_help(engine: Engine, referral_id: UUID, *, viewer: Viewer, command_id: UUID) -> None:
    """Say, for the unit that accepted, that its help is given: it sees no more of the case, and who asked is told.

    Raises `NotFoundError`, `AlreadyEndedError` (also for a case that was handed over), `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        state, referral, is_done = _asked_for(tx, referral_id, viewer, command_id)
        if is_done:
            return
        if referral.status is not ReferralStatus.ACCEPTED or referral.is_transfer:
            raise AlreadyEndedError(kind="referral")
        ended = stop(tx, referral, reason="help_given", by=viewer.actor_id, now=now)
        after = note(tx, state, "HelpEnded", ended, by=viewer.actor_id, now=now)
        notify_of(engine, tx, after, ended, "answered", who_offered(tx, after, ended, now), now)
        tx.of(HousekeepingStore).remember(command_id, {"id": str(referral_id)}, case_id=state.case.id, at=now)
        tx.commit()


def recall_referral(
    engine: Engine, referral_id: UUID, *, viewer: Viewer, command_id: UUID, reason_code: str = "recalled"
) -> None:
    """Take an offer back, or end what was accepted, for the unit that has the case: the other side sees no more of it.

    Raises `NotFoundError`, `AlreadyEndedError` (also for a case that was handed over), `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(known_referral(tx, referral_id).case_id)
        referral = known_referral(tx, referral_id)
        _require_ours(viewer, state)
        if tx.of(HousekeepingStore).answer_to(command_id) is not None:
            return
        _stop_and_tell(engine, tx, state, referral, reason_code, viewer, now)
        tx.of(HousekeepingStore).remember(command_id, {"id": str(referral_id)}, case_id=state.case.id, at=now)
        tx.commit()


def reroute_referral(
    engine: Engine, referral_id: UUID, *, viewer: Viewer, command_id: UUID, to_unit_id: UUID | None = None
) -> UUID:
    """Ask another unit for what one has declined or not answered: the next of the place, or the one named.

    The consent must name the new one too. Raises as `offer_referral` does.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(known_referral(tx, referral_id).case_id)
        before = known_referral(tx, referral_id)
        _require_ours(viewer, state)
        if (known := tx.of(HousekeepingStore).answer_to(command_id)) is not None:
            return UUID(str(known["id"]))
        if before.status not in {ReferralStatus.DECLINED, ReferralStatus.OFFERED, ReferralStatus.HELD}:
            raise AlreadyEndedError(kind="referral")
        text = tx.of(ReferralStore).note(before.id)
        wanted = _again(before)
        referral = _referral(engine, tx, state, wanted, to_unit_id, before.step_id, viewer, now)
        referral = referral.model_copy(update={"after_id": before.id})
        _offer(engine, tx, state, referral, text, viewer, now)
        if before.is_open:
            state = tx.of(CaseStore).lock(state.case.id)
            _stop_and_tell(engine, tx, state, before, "rerouted", viewer, now)
        tx.of(HousekeepingStore).remember(command_id, {"id": str(referral.id)}, case_id=state.case.id, at=now)
        tx.commit()
        return referral.id


def _asked_for(
    tx: Transaction, referral_id: UUID, viewer: Viewer, command_id: UUID
) -> tuple[CaseState, Referral, bool]:
    """Lock the case of a referral that the viewer's unit was asked for; returns too whether the command was done."""
    state = tx.of(CaseStore).lock(known_referral(tx, referral_id).case_id)
    referral = known_referral(tx, referral_id)
    _require_asked(tx, referral, viewer)
    return state, referral, tx.of(HousekeepingStore).answer_to(command_id) is not None


def _answer(
    engine: Engine,
    referral_id: UUID,
    status: ReferralStatus,
    *,
    viewer: Viewer,
    command_id: UUID,
    reason_code: str = "",
) -> None:
    now = engine.clock.now()
    with engine.transaction() as tx:
        state, referral, is_done = _asked_for(tx, referral_id, viewer, command_id)
        if is_done:
            return
        require_unanswered(referral)
        if status is ReferralStatus.ACCEPTED:
            require_basis(tx, state, referral, now=now)
            require_no_statement(engine, tx, state, referral)
        changes = {"status": status, "answered_by": viewer.actor_id, "answered_at": now, "reason_code": reason_code}
        answered = referral.model_copy(update=changes)
        tx.of(ReferralStore).save(answered)
        name = "ReferralAccepted" if status is ReferralStatus.ACCEPTED else "ReferralDeclined"
        after = note(tx, state, name, answered, by=viewer.actor_id, now=now)
        unit = tx.of(DirectoryStore).unit(referral.to_unit_id) if referral.to_unit_id else None
        if unit is not None and status is ReferralStatus.ACCEPTED:
            after = after.with_partner(referral.step_id, unit.jurisdiction)
        after = wait_no_more(engine, tx, after, answered, by=viewer.actor_id, now=now)
        after = _ask_no_others(engine, tx, after, answered, viewer, now)
        notify_of(engine, tx, after, answered, "answered", who_offered(tx, after, answered, now), now)
        if status is ReferralStatus.ACCEPTED:
            _let_them_see(engine, tx, after, answered, viewer, now)
        tx.of(HousekeepingStore).remember(command_id, {"id": str(referral_id)}, case_id=state.case.id, at=now)
        tx.commit()


def _let_them_see(
    engine: Engine, tx: Transaction, state: CaseState, referral: Referral, viewer: Viewer, now: datetime
) -> None:
    """Return the unit that has accepted what was agreed: the case itself, or those fields of it that are named.

    What the old unit has still open with others is called back before a case is handed over: it cannot answer for it.
    """
    if referral.is_transfer:
        for other in tx.of(ReferralStore).of_case(state.case.id):
            if other.is_open:
                state = _stop_and_tell(engine, tx, state, other, "handed_over", viewer, now)
        hand_over(engine, tx, state, referral, by=viewer.actor_id, now=now)
    elif referral.fields:
        tx.of(AccessStore).add_grant(grant_of(tx, referral, by=referral.released_by, now=now))


def _ask_no_others(
    engine: Engine, tx: Transaction, state: CaseState, accepted: Referral, viewer: Viewer, now: datetime
) -> CaseState:
    """Call back what others were offered of the same work, once one has accepted."""
    if accepted.status is not ReferralStatus.ACCEPTED or accepted.answer_step_id is None:
        return state
    for other in tx.of(ReferralStore).of_case(state.case.id):
        if other.answer_step_id == accepted.answer_step_id and other.is_open:
            state = _stop_and_tell(engine, tx, state, other, "another_accepted", viewer, now)
    return state


def _offer(
    engine: Engine, tx: Transaction, state: CaseState, referral: Referral, text: str, viewer: Viewer, now: datetime
) -> None:
    require_basis(tx, state, referral, now=now)
    require_no_statement(engine, tx, state, referral)
    tx.of(ReferralStore).add(referral, note=text)
    hold_or_send(engine, tx, state, referral, viewer=viewer, now=now)


def _stop_and_tell(
    engine: Engine, tx: Transaction, state: CaseState, referral: Referral, reason: str, viewer: Viewer, now: datetime
) -> CaseState:
    require_live(referral)
    if referral.is_transfer and referral.status is ReferralStatus.ACCEPTED:
        raise AlreadyEndedError(kind="transfer")
    was_told = referral.status is not ReferralStatus.HELD
    stopped = stop(tx, referral, reason=reason, by=viewer.actor_id, now=now)
    after = note(tx, state, "ReferralRecalled", stopped, by=viewer.actor_id, now=now)
    after = wait_no_more(engine, tx, after, stopped, by=viewer.actor_id, now=now)
    return notify_of_recall(engine, tx, after, stopped, by=viewer.actor_id, now=now) if was_told else after


def _require_ours(viewer: Viewer, state: CaseState) -> None:
    """Refuse whoever does not work for the unit that has the case."""
    if not is_of(viewer, state.case.unit_id):
        raise NotFoundError(kind="referral")
    require_member(viewer, state, Action.REFER)


def _require_asked(tx: Transaction, referral: Referral, viewer: Viewer) -> None:
    """Refuse whoever is not of the unit that was asked, or must not see the case; and who may not answer."""
    if not is_of(viewer, referral.to_unit_id) or referral.status in UNSEEN:
        raise NotFoundError(kind="referral")
    units = () if referral.to_unit_id is None else (referral.to_unit_id,)
    if tx.of(AccessStore).is_denied(referral.case_id, actor_id=viewer.actor_id, unit_ids=units):
        raise NotFoundError(kind="referral")
    require(viewer, Action.REFER, unit_id=None if viewer.is_system else referral.to_unit_id)


def _named(tx: Transaction, wanted: ReferralRequest) -> ReferralRequest:
    """Name the hub elsewhere that is asked; raise `InvalidAnswersError` for one with which nobody works now."""
    if wanted.to_hub_id is None:
        return wanted
    hub = next((one for one in tx.of(HubStore).peers() if one.id == wanted.to_hub_id), None)
    if hub is None:
        raise InvalidAnswersError({"to": "Choose a hub that two people have confirmed."})
    return replace(wanted, to_name=hub.name, to_kind=hub.kind, urgency=wanted.urgency or "other")


def _require_sense(wanted: ReferralRequest, to_unit_id: UUID | None) -> None:
    problems: dict[str, str] = {}
    for name in ("purpose", "help"):
        if (code := getattr(wanted, name)) and not _CODE.fullmatch(code):
            problems[name] = "Choose one of the answers offered."
    if wanted.urgency and wanted.urgency not in ANSWER_WITHIN:
        problems["urgency"] = "Choose how soon they must answer."
    if any(problem_of(name) for name in wanted.fields):
        problems["fields"] = "Choose what is shared from the list."
    elif wanted.to_name and ADD_FILES in wanted.fields:
        problems["fields"] = "A partner outside the network cannot add files: ask them to send those to you."
    if not 0 <= wanted.keep_days <= _MOST_DAYS:
        problems["keep_days"] = f"Give a number of days, {_MOST_DAYS} at most."
    if wanted.to_name and (to_unit_id or wanted.kind is ReferralKind.TRANSFER or not wanted.to_kind):
        problems["to_name"] = "A partner outside the network cannot take a case over. Say what kind of body it is."
    if problems:
        raise InvalidAnswersError(problems)


def _referral(
    engine: Engine,
    tx: Transaction,
    state: CaseState,
    wanted: ReferralRequest,
    to_unit_id: UUID | None,
    step_id: UUID | None,
    viewer: Viewer,
    now: datetime,
) -> Referral:
    if step_id is not None and step_id not in state.steps:
        raise NotFoundError(kind="step")
    require_unrestricted(tx, state)
    deadline = _deadline_of(state, step_id)
    to = None if wanted.to_name else _whom(tx, state, wanted, to_unit_id, step_id, now)
    return Referral(
        id=engine.entropy.uuid(), case_id=state.case.id, unit_id=state.case.unit_id, to_unit_id=to, step_id=step_id,
        deadline_id=deadline.id if deadline else None, sent_at=now, due_at=deadline.due_at if deadline else None,
        asked_by=viewer.actor_id, to_name=wanted.to_name, to_kind=wanted.to_kind, to_hub_id=wanted.to_hub_id,
        kind=wanted.kind,
        purpose=wanted.purpose, help=wanted.help, urgency=wanted.urgency, fields=wanted.fields,
        persons=_of_whom(tx, state, wanted), consent_id=wanted.consent_id,
        ground="" if wanted.consent_id else wanted.ground,
        keep_days=wanted.keep_days if wanted.kind is ReferralKind.TRANSFER else 0,
    )  # fmt: skip


def _of_whom(tx: Transaction, state: CaseState, wanted: ReferralRequest) -> tuple[UUID, ...]:
    """Say of which persons of the case something is shown: who has consented, else those who were chosen by name.

    Nobody is chosen by default: whoever names a ground in law answers for each. Raises `InvalidAnswersError`.
    """
    if not shown_in(wanted.fields):
        return ()
    if wanted.consent_id is not None:
        return (known_consent(tx, wanted.consent_id).person_id,)
    here, chosen = everybody_in(state), tuple(dict.fromkeys(wanted.persons))
    if here and not chosen:
        raise InvalidAnswersError({"persons": "Choose whose information is shared."})
    if not set(chosen) <= set(here):
        raise InvalidAnswersError({"persons": "Choose from the persons in the case."})
    return chosen


def _whom(
    tx: Transaction,
    state: CaseState,
    wanted: ReferralRequest,
    to_unit_id: UUID | None,
    step_id: UUID | None,
    now: datetime,
) -> UUID:
    """Find whom to ask: a unit that was not asked for the same yet, is not the case's own and has somebody to answer.

    A unit that took on work without being shown anything may be asked again with what it needs to know.
    """
    asked = frozenset(
        one.to_unit_id
        for one in tx.of(ReferralStore).of_case(state.case.id)
        if one.step_id == step_id and one.kind is wanted.kind and one.status in _ASKED and one.to_unit_id
        and not (wanted.fields and not one.fields and one.status is ReferralStatus.ACCEPTED)
    )  # fmt: skip
    place = state.runs[state.steps[step_id].run_id].jurisdiction if step_id else state.case.jurisdiction
    to = to_unit_id or next_unit(tx, state, place, asked, now=now)
    if to is None:
        raise InvalidAnswersError({"to_unit_id": "There is no other unit in this place to ask."})
    if to == state.case.unit_id or to in asked:
        raise InvalidAnswersError({"to_unit_id": "This unit has already been asked, or it is your own."})
    is_denied = tx.of(AccessStore).is_denied(state.case.id, actor_id=_NOBODY, unit_ids=(to,))
    if is_denied or tx.of(DirectoryStore).unit(to) is None or not people_of_partner(tx, state, to, now=now):
        raise InvalidAnswersError({"to_unit_id": "No one in this unit can answer now."})
    return to


def _again(before: Referral) -> ReferralRequest:
    return ReferralRequest(
        kind=before.kind, purpose=before.purpose, help=before.help, urgency=before.urgency, fields=before.fields,
        persons=before.persons, consent_id=before.consent_id, ground=before.ground, keep_days=before.keep_days,
    )  # fmt: skip


def _deadline_of(state: CaseState, step_id: UUID | None) -> Deadline | None:
    here = (d for d in state.deadlines.values() if d.step_id == step_id and d.purpose is Purpose.LIMIT)
    return next(here, None)
