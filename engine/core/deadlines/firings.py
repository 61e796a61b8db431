"""What fires of a deadline and when, and whom the levels of its ladder ask to ring: asked for, made, ended."""

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.draft import Draft
from engine.core.library import Library
from engine.core.records import Asking, CallEnd, CallOutcome, Deadline, LateCall, Purpose, Ringing, call_id
from engine.core.state import CaseState
from engine.core.time.counting import PlannedLevel, due_at, planned_levels
from engine.core.time.reckoning import after_pauses, counts_working_days, warning_at
from engine.errors import NotFoundError
from engine.language.calendars import Calendar
from engine.language.ladders import Level
from engine.language.names import Role

BREACH = "breach"
OPENING = "open"
DUE = "w:due"
"""The clock reading of a limit that is kept longer: whoever has it is told, and what its breach opens is opened."""


Points = tuple[tuple[datetime, str], ...]
"""When what fires, in order."""


def schedule(deadline: Deadline, library: Library) -> Points:
    """List when what fires of a deadline, in order: `w:50%`, `breach`, `l:1`, `l:1.2` (second round), `open`.

    It goes by what is known now: a level that was not acknowledged in time, or of which nobody could be told, brings
    the next one forward; an acknowledgement ends the repeats of the levels raised before it. Nothing fires inside a
    pause, but at its end.
    """
    if deadline.purpose is Purpose.OPENING:
        return ((deadline.due_at, OPENING),)
    calendar = library.calendars.get(deadline.calendar or "")
    due = [(deadline.due_at, DUE)] if deadline.late_at is not None else []
    points = [(deadline.late_from, BREACH), *due, *_warnings(deadline, calendar), *_levels(deadline, library, calendar)]
    return tuple(sorted(points, key=_place))


def pending(deadline: Deadline, library: Library, points: Points | None = None) -> Points:
    """List what has not fired yet, in order; after a breach nobody is warned of it any more.

    `points` is its schedule where that is known: no warning and no breach changes it.
    """
    is_passed = BREACH in deadline.fired
    return tuple(
        [
            point
            for point in points or schedule(deadline, library)
            if point[1] not in deadline.fired and not (is_passed and is_warning(point[1]))
        ]
    )


def with_next(deadline: Deadline, library: Library, points: Points | None = None) -> Deadline:
    """Work out what fires next, from what has fired already; `points` as for `pending`."""
    due = pending(deadline, library, points)
    at, name = due[0] if due else (None, None)
    return deadline.model_copy(update={"next_at": at, "next_firing": name})


def is_warning(name: str) -> bool:
    """Return whether a firing is a warning before the due time."""
    return name.startswith("w:")


def level_name(level: int, round_: int = 1) -> str:
    """Name the firing of a level: `l:1`, and `l:1.2` when it is told a second time."""
    return f"l:{level}" if round_ == 1 else f"l:{level}.{round_}"


def missed_name(level: int) -> str:
    """Name the fact that nobody could be told of a level, as `Deadline.raised` keeps it."""
    return f"m:{level}"


def seen_at(deadline: Deadline) -> datetime | None:
    """Return when somebody last showed that they know of it (UTC): by acknowledging, or by giving more time."""
    answered = (one.answered_at for one in deadline.extensions if one.is_approved)
    return max((at for at in (deadline.acknowledged_at, *answered) if at is not None), default=None)


def is_seen(deadline: Deadline, level: int) -> bool:
    """Return whether a level that was raised has been acknowledged since."""
    raised, seen = deadline.raised.get(level_name(level)), seen_at(deadline)
    return raised is not None and seen is not None and seen >= raised


def _warnings(deadline: Deadline, calendar: Calendar | None) -> Iterator[tuple[datetime, str]]:
    for text in deadline.warn:
        at = warning_at(deadline, text, calendar)
        if at is not None and (moved := after_pauses(deadline, at)) < deadline.due_at:
            yield moved, f"w:{text}"


def _levels(deadline: Deadline, library: Library, calendar: Calendar | None) -> Iterator[tuple[datetime, str]]:
    ladder = library.ladder_of(deadline)
    if ladder is None:
        return

    def early(level: Level, _fires: datetime) -> datetime | None:
        return _early(deadline, level, calendar)

    raised = deadline.raised
    planned = planned_levels(
        ladder, start=deadline.started_at, due=deadline.due_at, late=deadline.late_at, zone=deadline.zone,
        calendar=calendar, in_working_days=counts_working_days(deadline), early=early if raised else None,
        missed={one.level: raised[name] for one in ladder.levels if (name := missed_name(one.level)) in raised}
        if raised else {},
    )  # fmt: skip
    for one in planned:
        name = level_name(one.level, one.repetition + 1)
        if name in deadline.fired or not _is_over(deadline, one):
            yield after_pauses(deadline, one.fires_at), name


def _early(deadline: Deadline, level: Level, calendar: Calendar | None) -> datetime | None:
    """Return when a level that was raised has not been answered in time."""
    raised, within = deadline.raised.get(level_name(level.level)), level.acknowledge_within
    if raised is None or within is None or is_seen(deadline, level.level):
        return None
    return due_at(raised, within, zone=deadline.zone, calendar=calendar)


def _is_over(deadline: Deadline, one: PlannedLevel) -> bool:
    """Return whether a further round of a level is not needed: it was acknowledged, or there is nobody to be told."""
    return one.repetition > 0 and (is_seen(deadline, one.level) or missed_name(one.level) in deadline.raised)


def _place(point: tuple[datetime, str]) -> tuple[datetime, tuple[int, int, int]]:
    return point[0], _rank(point[1])


@lru_cache(256)
def _rank(name: str) -> tuple[int, int, int]:
    if not name.startswith("l:"):
        return (0 if is_warning(name) else 1, 0, 0)
    level, _, again = name.removeprefix("l:").partition(".")
    return (2, int(level), int(again or 1))


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
