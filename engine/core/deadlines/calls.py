"""Whom the levels of a deadline's ladder ask to ring: asked for, made, ended; one call for each who is to be rung."""

from typing import Final
from uuid import UUID

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.draft import Draft
from engine.core.records import Asking, CallEnd, CallOutcome, Deadline, LateCall, Ringing, call_id
from engine.core.state import CaseState
from engine.errors import NotFoundError
from engine.language.names import Role

CALLERS: Final = frozenset({Role.CASE_MANAGER, Role.CASEWORKER, Role.SUPERVISOR})
"""Whose worklists say, beside the work, that someone is to be rung."""


def ask_calls(draft: Draft, command: cm.AskCalls) -> None:
    """Ask that someone is rung: the call that they have already is asked for once more. An ended deadline asks none."""
    for whom in (*command.actor_ids, *((command.body,) if command.body else ())):
        deadline = draft.state.deadlines.get(command.deadline_id)
        if deadline is None:
            return
        id_ = call_id(deadline.step_id, whom)
        new = LateCall(id=id_, body=whom) if isinstance(whom, str) else LateCall(id=id_, actor_id=whom)
        known = next((one for one in deadline.calls if one.id == id_), new)
        if any((one.level, one.round) == (command.level, command.round) for one in known.askings):
            continue
        asking = Asking(level=command.level, round=command.round, at=draft.now)
        changes = {"askings": (*known.askings, asking), "ended_at": None, "ended": None}
        asked = _with_call(deadline, known.model_copy(update=changes))
        draft.emit(ev.CallAsked(deadline=asked, call_id=id_, level=command.level, round=command.round))


def note_call(draft: Draft, command: cm.NoteCall) -> None:
    """Record that someone was rung, be it asked for still or not; who was reached need not be rung any more.

    Raises `NotFoundError` where nobody has asked for it.
    """
    found = find_call(draft.state, command.step_id, command.call_id)
    if found is None:
        raise NotFoundError(kind="call")
    deadline, call = found
    ringing = Ringing(
        at=command.at, outcome=command.outcome, by=command.by, noted_at=draft.now, has_words=command.has_words
    )
    rung = _with_call(deadline, call.model_copy(update={"ringings": (*call.ringings, ringing)}))
    draft.emit(ev.CallMade(deadline=rung, call_id=call.id, outcome=command.outcome, by=command.by))
    if command.outcome in {CallOutcome.REACHED, CallOutcome.ACKNOWLEDGED}:
        _end(draft, rung, call.id, CallEnd(command.outcome))


def end_calls(draft: Draft, command: cm.EndCalls) -> None:
    """End what is asked for of one actor, about a step or about the whole case."""
    for deadline in list(draft.state.deadlines.values()):
        if command.step_id in {None, deadline.step_id}:
            for call in deadline.calls:
                if call.actor_id == command.actor_id:
                    deadline = _end(draft, deadline, call.id, command.ended)  # noqa: PLW2901 - it goes on from there


def calls_ended(draft: Draft, deadline: Deadline, ended: CallEnd) -> Deadline:
    """End all that is still asked for of a deadline; returns the deadline after it."""
    for call in deadline.calls:
        deadline = _end(draft, deadline, call.id, ended)
    return deadline


def find_call(state: CaseState, step_id: UUID, of: UUID | None) -> tuple[Deadline, LateCall] | None:
    """Return the deadline of a step that asks for a call, and the call; one that has ended only where no other does."""
    known = (*state.deadlines.values(), *sorted(state.past.values(), key=lambda one: one.due_at, reverse=True))
    found = ((one, call) for one in known if one.step_id == step_id for call in one.calls if call.id == of)
    return next(found, None)


def _end(draft: Draft, deadline: Deadline, of: UUID, ended: CallEnd) -> Deadline:
    call = next(one for one in deadline.calls if one.id == of)
    if call.ended_at is not None:
        return deadline
    after = _with_call(deadline, call.model_copy(update={"ended_at": draft.now, "ended": ended}))
    draft.emit(ev.CallEnded(deadline=after, call_id=call.id, ended=ended))
    return after


def _with_call(deadline: Deadline, call: LateCall) -> Deadline:
    others = tuple(call if one.id == call.id else one for one in deadline.calls)
    calls = others if any(one.id == call.id for one in deadline.calls) else (*deadline.calls, call)
    return deadline.model_copy(update={"calls": calls})
