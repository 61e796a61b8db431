"""Say that an escalation was seen or that someone was rung, and end what need not be done."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from engine.assembly import Engine
from engine.cases.actions.deciding import LONGEST, carry_out, is_barred, keep_words, require_member
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core.deadlines.firings import find_call
from engine.core.policy import Action, Viewer
from engine.core.records import CallEnd, CallOutcome, Deadline, LateCall
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.deadlines.records import LinkedLevel
from engine.deadlines.store import LedgerStore
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.messages.actions.notifying import add_delivery_job, notify, title_of
from engine.messages.actions.writing import hash_of_link
from engine.messages.records import EMAIL, IN_APP
from engine.messages.store import MessageStore
from engine.people.store import DirectoryStore


def acknowledge(engine: Engine, deadline_id: UUID, *, case_id: UUID, viewer: Viewer, command_id: UUID) -> None:
    """Acknowledge the levels that were raised so far for a deadline; a second time changes nothing.

    Somebody who was told may, of whichever unit, and who may steer the case. Raises `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        if is_barred(viewer, state) or viewer.actor_id not in tx.of(LedgerStore).who_was_told(deadline_id):
            require_member(viewer, state, Action.STEER)
        if deadline_id not in state.deadlines and deadline_id not in state.past:
            raise NotFoundError(kind="deadline")
        _acknowledge(engine, tx, state, deadline_id, viewer=viewer, command_id=command_id, now=now)


def acknowledge_by_link(engine: Engine, token: str, *, viewer: Viewer, command_id: UUID) -> LinkedLevel:
    """Acknowledge by the opaque link of a message; returns the deadline that it spoke of.

    Only the recipient of the message may, who must still be one that was told, and who may steer the case. A wrong link
    and somebody else's get the same words: `NotFoundError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        linked = tx.of(LedgerStore).by_link(hash_of_link(token)) if token else None
        if linked is None:
            raise NotFoundError(kind="escalation")
        state = tx.of(CaseStore).lock(linked.case_id)
        is_theirs = viewer.actor_id == linked.recipient_id and not is_barred(viewer, state)
        if not is_theirs and not _may_steer(viewer, state):
            raise NotFoundError(kind="escalation")
        _acknowledge(engine, tx, state, linked.deadline_id, viewer=viewer, command_id=command_id, now=now)
        return linked


def mark_read(engine: Engine, notice_ids: Sequence[UUID], *, viewer: Viewer) -> None:
    """Say that the viewer has read notices of theirs; another's changes nothing."""
    with engine.transaction() as tx:
        tx.of(MessageStore).mark_read(notice_ids, by=viewer.actor_id, at=engine.clock.now())
        tx.commit()


def acknowledge_levels(
    engine: Engine, tx: Transaction, state: CaseState, deadline_id: UUID, *, by: UUID, actor_id: UUID, now: datetime
) -> CaseState:
    """Let the levels told so far be acknowledged by somebody, as `actor_id` says; returns the case after it."""
    if not tx.of(LedgerStore).acknowledge(deadline_id, by=by, at=now):
        return state
    return carry_out(engine, tx, state, cm.Acknowledge(deadline_id, by), actor_id=actor_id, now=now).state


def _acknowledge(
    engine: Engine,
    tx: Transaction,
    state: CaseState,
    deadline_id: UUID,
    *,
    viewer: Viewer,
    command_id: UUID,
    now: datetime,
) -> None:
    if tx.of(HousekeepingStore).answer_to(command_id) is not None:
        return
    acknowledge_levels(engine, tx, state, deadline_id, by=viewer.actor_id, actor_id=viewer.actor_id, now=now)
    tx.of(HousekeepingStore).remember(command_id, {"deadline_id": str(deadline_id)}, case_id=state.case.id, at=now)
    tx.commit()


def _may_steer(viewer: Viewer, state: CaseState) -> bool:
    try:
        require_member(viewer, state, Action.STEER)
    except (NotFoundError, NotAllowedError):
        return False
    return True


def note_call(
    engine: Engine,
    step_id: UUID,
    *,
    case_id: UUID,
    viewer: Viewer,
    command_id: UUID,
    call_id: UUID | None,
    outcome: str,
    called_at: datetime | None,
    words: str = "",
) -> None:
    """Write down that someone was rung about a step: when (UTC), what came of it, and what was said, which is sealed.

    Who is reached need not be rung any more. When they see to it, it counts as their acknowledgement of what the
    ladders told so far, and they are told that it does. Raises `InvalidAnswersError`, `NotFoundError`,
    `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state)
        if tx.of(HousekeepingStore).answer_to(command_id) is not None:
            return
        if step_id not in state.steps:
            raise NotFoundError(kind="step")
        words, asked = words.strip(), find_call(state, step_id, call_id)
        deadline, call = _checked(state, asked, outcome, called_at, words, now)
        at = called_at or now
        command = cm.NoteCall(step_id, call.id, CallOutcome(outcome), at, viewer.actor_id, bool(words))
        decided = carry_out(engine, tx, state, command, actor_id=viewer.actor_id, now=now)
        keep_words(tx, state, decided.events, "CallMade", words)
        if outcome == CallOutcome.ACKNOWLEDGED:
            _acknowledge_called(engine, tx, decided.state, deadline, call, viewer=viewer, rule=str(command_id), now=now)
        tx.of(HousekeepingStore).remember(command_id, {"step_id": str(step_id)}, case_id=case_id, at=now)
        tx.commit()


def end_calls_to(
    engine: Engine, tx: Transaction, state: CaseState, actor_id: UUID, *, step_id: UUID, now: datetime
) -> CaseState:
    """End what is asked for of somebody about a step that they took themselves; returns the case after it."""
    if actor_id not in _to_be_rung(state, step_id):
        return state
    command = cm.EndCalls(actor_id, CallEnd.HAS_IT, step_id)
    return carry_out(engine, tx, state, command, actor_id=actor_id, now=now).state


def end_calls_to_barred(engine: Engine, tx: Transaction, state: CaseState, *, now: datetime) -> CaseState:
    """End what is asked for of those who must not see the case any more; returns the case after it."""
    asked = _to_be_rung(state)
    barred = tx.of(CaseStore).read(state.case.id).barred if asked else frozenset()
    for actor_id in asked:
        actor = tx.of(DirectoryStore).actor(actor_id)
        if not barred.isdisjoint({actor_id, *(actor.unit_ids if actor else ())}):
            command = cm.EndCalls(actor_id, CallEnd.BARRED)
            state = carry_out(engine, tx, state, command, actor_id=None, now=now).state
    return state


def _to_be_rung(state: CaseState, step_id: UUID | None = None) -> list[UUID]:
    """List the people of the network who are to be rung, about a step or about anything of the case."""
    of = [one for one in state.deadlines.values() if step_id in {None, one.step_id}]
    calls = (call for deadline in of for call in deadline.calls if call.ended_at is None)
    return list(dict.fromkeys(call.actor_id for call in calls if call.actor_id))


def _checked(
    state: CaseState,
    asked: tuple[Deadline, LateCall] | None,
    outcome: str,
    called_at: datetime | None,
    words: str,
    now: datetime,
) -> tuple[Deadline, LateCall]:
    """Check what was typed; returns the call and its deadline. Raises `InvalidAnswersError`."""
    problems = {}
    if asked is None or asked[1].actor_id in state.barred:
        problems["call"] = "Choose who you rang."
    if outcome not in set(CallOutcome):
        problems["outcome"] = "Choose what came of it."
    elif outcome == CallOutcome.ACKNOWLEDGED and asked is not None and asked[1].actor_id is None:
        problems["outcome"] = "A body outside the network cannot acknowledge: choose “Reached”."
    if called_at is None:
        problems["called_at"] = "Give a date and time, such as 2026-03-07 18:40."
    elif called_at > now:
        problems["called_at"] = "This is still to come."
    elif called_at < state.case.opened_at:
        problems["called_at"] = "This was before the case was opened."
    if len(words) > LONGEST:
        problems["words"] = f"Say it in at most {LONGEST:,} characters."
    if problems or asked is None:
        raise InvalidAnswersError(problems)
    return asked


def _acknowledge_called(
    engine: Engine,
    tx: Transaction,
    state: CaseState,
    deadline: Deadline,
    call: LateCall,
    *,
    viewer: Viewer,
    rule: str,
    now: datetime,
) -> None:
    """Count it as the acknowledgement of who was rung, and tell them, unless they wrote it down themselves."""
    rung = tx.of(DirectoryStore).actor(call.actor_id) if call.actor_id else None
    if rung is None:
        return
    after = acknowledge_levels(engine, tx, state, deadline.id, by=rung.id, actor_id=viewer.actor_id, now=now)
    if rung.id == viewer.actor_id:
        return
    rule = f"{deadline.id}|rung|{rule}"
    must_send = notify(
        engine, tx, after, kind="rung", rule=rule, people=(rung,), channels=(IN_APP, EMAIL),
        step_title=title_of(engine, after, deadline), due_at=deadline.due_at,
        link=f"/cases/{after.case.id}/deadlines/{deadline.id}", now=now,
    )  # fmt: skip
    if must_send:
        add_delivery_job(tx, after, rule=rule, critical=False, now=now)
