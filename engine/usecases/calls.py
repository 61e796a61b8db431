"""Write down that someone was rung about what is late, and end what is asked for of who need not be rung any more."""

from datetime import datetime
from uuid import UUID

from engine.adapters.sql.case_store import CaseStore
from engine.adapters.sql.directory_store import DirectoryStore
from engine.adapters.sql.housekeeping_store import HousekeepingStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.domain import commands as cm
from engine.domain.calls import find_call
from engine.domain.records import CallEnd, CallOutcome, Deadline, LateCall
from engine.domain.state import CaseState
from engine.errors import InvalidAnswersError, NotFoundError
from engine.usecases.acknowledge import acknowledge_levels
from engine.usecases.deciding import carry_out, require_member
from engine.usecases.given_reasons import LONGEST, keep_words
from engine.usecases.telling import EMAIL, IN_APP, add_delivery_job, tell, title_of
from engine.views import Viewer


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
            _acknowledge(engine, tx, decided.state, deadline, call, viewer=viewer, rule=str(command_id), now=now)
        tx.of(HousekeepingStore).remember(command_id, {"step_id": str(step_id)}, case_id=case_id, at=now)
        tx.commit()


def end_calls_to(
    engine: Engine, tx: Transaction, state: CaseState, actor_id: UUID, *, step_id: UUID, now: datetime
) -> CaseState:
    """End what is asked for of somebody about a step that they took themselves; gives the case after it."""
    if actor_id not in _to_be_rung(state, step_id):
        return state
    command = cm.EndCalls(actor_id, CallEnd.HAS_IT, step_id)
    return carry_out(engine, tx, state, command, actor_id=actor_id, now=now).state


def end_calls_to_barred(engine: Engine, tx: Transaction, state: CaseState, *, now: datetime) -> CaseState:
    """End what is asked for of those who must not see the case any more; gives the case after it."""
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
    """Check what was typed; gives the call and its deadline. Raises `InvalidAnswersError`."""
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


def _acknowledge(
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
    must_send = tell(
        engine, tx, after, kind="rung", rule=rule, people=(rung,), channels=(IN_APP, EMAIL),
        step_title=title_of(engine, after, deadline), due_at=deadline.due_at,
        link=f"/cases/{after.case.id}/deadlines/{deadline.id}", now=now,
    )  # fmt: skip
    if must_send:
        add_delivery_job(tx, after, rule=rule, critical=False, now=now)
