"""More time for a limit of the programme: a pause, its end, a request for an extension and the answer to it."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.deadlines.calls import calls_ended
from engine.core.deadlines.firings import with_next
from engine.core.deadlines.keep import breached, is_time_of
from engine.core.draft import Draft
from engine.core.records import CallEnd, Deadline, Extension, Pause, Purpose
from engine.core.time.counting import due_at
from engine.core.time.owing import said_at, said_for
from engine.core.time.reckoning import given, left_out, pause_at, paused_seconds, reckon, reckoned
from engine.errors import (
    AlreadyEndedError,
    DeadlinePassedError,
    ExtensionPendingError,
    InstantPassedError,
    NotFoundError,
    NotPausableError,
    OverCapError,
    PausedAlreadyError,
    SecondPersonError,
)
from engine.language.limits import TimeLimit
from engine.language.workflow import TimeSpec

USUAL_PAUSE = TimeLimit("P30D")
"""For how long in all a limit may stand still when its workflow does not say."""
USUAL_EXTENSIONS = 2
"""How often a limit may be extended when its workflow does not say for how long in all."""


def pause(draft: Draft, command: cm.PauseDeadline) -> None:
    """Let a limit stand still from now until an instant; a breach that has happened stays what it is.

    Raises `NotFoundError`, `AlreadyEndedError`, `NotPausableError`, `InstantPassedError`, `PausedAlreadyError`,
    `OverCapError`.
    """
    deadline = _limit(draft, command.deadline_id)
    if command.until <= draft.now:
        raise InstantPassedError(instant=_said(deadline, command.until))
    known = pause_at(deadline, draft.now)
    if known is not None:
        raise PausedAlreadyError(until=_said(deadline, known.until))
    _require_room_to_pause(draft, deadline, command.until)
    if deadline.due_at <= draft.now and deadline.breached_at is None:
        deadline = breached(draft, deadline)
    stop = Pause(start=draft.now, until=command.until, reason_code=command.reason_code, by=command.by)
    paused = _counted(draft, deadline.model_copy(update={"pauses": (*deadline.pauses, stop)}))
    draft.emit(ev.DeadlinePaused(deadline=paused, before=deadline.due_at, by=command.by))


def resume(draft: Draft, command: cm.ResumeDeadline) -> None:
    """Let a limit go on before its pause is over; raises `NotFoundError`, `AlreadyEndedError`."""
    deadline = _limit(draft, command.deadline_id)
    known = pause_at(deadline, draft.now)
    if known is None:
        raise NotFoundError(kind="pause")
    over = known.model_copy(update={"until": draft.now})
    pauses = tuple(over if one == known else one for one in deadline.pauses)
    resumed = _counted(draft, deadline.model_copy(update={"pauses": pauses}))
    draft.emit(ev.DeadlineResumed(deadline=resumed, before=deadline.due_at, by=command.by))


def ask_extension(draft: Draft, command: cm.AskExtension) -> None:
    """Ask for more time before the due time; nothing moves until a second person has answered.

    Raises `NotFoundError`, `AlreadyEndedError`, `NotPausableError`, `DeadlinePassedError`, `ExtensionPendingError`,
    `OverCapError`.
    """
    deadline = _limit(draft, command.deadline_id)
    if deadline.due_at <= draft.now:
        raise DeadlinePassedError(due_at=_said(deadline, deadline.due_at))
    if _pending(deadline) is not None:
        raise ExtensionPendingError
    _require_room_to_extend(draft, deadline, TimeLimit(command.more))
    wish = Extension(more=command.more, reason_code=command.reason_code, asked_at=draft.now, asked_by=command.by)
    asked = deadline.model_copy(update={"extensions": (*deadline.extensions, wish)})
    draft.emit(ev.ExtensionAsked(deadline=asked, by=command.by))


def answer_extension(draft: Draft, command: cm.AnswerExtension) -> None:
    """Return the time that somebody else has asked for, or refuse it; a breach meanwhile stays what it is.

    Raises `NotFoundError`, `AlreadyEndedError`, `NotPausableError`, `SecondPersonError`.
    """
    deadline = _limit(draft, command.deadline_id)
    wish = _pending(deadline)
    if wish is None:
        raise NotFoundError(kind="request for more time")
    if wish.asked_by == command.by:
        raise SecondPersonError
    if deadline.due_at <= draft.now and deadline.breached_at is None:
        deadline = breached(draft, deadline)
    if command.approved:
        deadline = calls_ended(draft, deadline, CallEnd.ACKNOWLEDGED)
    changes = {"answered_at": draft.now, "answered_by": command.by, "is_approved": command.approved}
    answer = wish.model_copy(update=changes)
    extensions = tuple(answer if one == wish else one for one in deadline.extensions)
    answered = _counted(draft, deadline.model_copy(update={"extensions": extensions}))
    draft.emit(
        ev.ExtensionAnswered(
            deadline=answered, before=deadline.due_at, is_approved=command.approved, by=command.by,
        )
    )  # fmt: skip


def time_to_pause(draft: Draft, deadline: Deadline) -> timedelta:
    """Say for how long from now a limit may still stand still."""
    calendar = draft.library.calendars.get(deadline.calendar or "")
    latest = due_at(draft.now, _cap_of_pauses(draft, deadline), zone=deadline.zone, calendar=calendar)
    return max(latest - draft.now - timedelta(seconds=paused_seconds(deadline)), timedelta())


def _limit(draft: Draft, of: UUID) -> Deadline:
    """Find an open limit of the programme."""
    deadline = draft.state.deadlines.get(of)
    if deadline is None and of in draft.state.past:
        raise AlreadyEndedError(kind="time limit")
    if deadline is None or deadline.purpose is Purpose.OPENING:
        raise NotFoundError(kind="time limit")
    if deadline.law:
        raise NotPausableError(law=deadline.law)
    return deadline


def _require_room_to_pause(draft: Draft, deadline: Deadline, until: datetime) -> None:
    left = time_to_pause(draft, deadline)
    if until - draft.now > left:
        raise OverCapError(cap=_cap_of_pauses(draft, deadline).in_words(), left=_left(left))


def _require_room_to_extend(draft: Draft, deadline: Deadline, more: TimeLimit) -> None:
    said = _spec(draft, deadline).extend
    cap, known = TimeLimit(said or deadline.limit), given(deadline)
    calendar, zone = draft.library.calendars.get(deadline.calendar or ""), deadline.zone
    plain = reckoned(deadline, draft.library).plain_due_at
    latest = due_at(plain, cap, zone=zone, calendar=calendar, excluded=left_out(deadline))
    if said is None and len(known) >= USUAL_EXTENSIONS:
        raise OverCapError(cap=f"{cap.in_words()}, in {USUAL_EXTENSIONS} requests", left=_left(timedelta()))
    if reckoned(deadline, draft.library, more=(*known, more)).due_at > latest:
        raise OverCapError(cap=cap.in_words(), left=_left(latest - deadline.due_at))


def _cap_of_pauses(draft: Draft, deadline: Deadline) -> TimeLimit:
    said = _spec(draft, deadline).pause
    return TimeLimit(said) if said else USUAL_PAUSE


def _spec(draft: Draft, deadline: Deadline) -> TimeSpec:
    """Find the time limit of the workflow that a deadline is an instance of; one without caps for any other."""
    step = draft.view(deadline.run_id).compiled.steps.get(deadline.key)
    times = step.times if step is not None and deadline.purpose is Purpose.LIMIT else ()
    return next((time.spec for time in times if is_time_of(time, deadline)), TimeSpec())


def _counted(draft: Draft, deadline: Deadline) -> Deadline:
    return with_next(reckon(deadline, draft.library), draft.library)


def _pending(deadline: Deadline) -> Extension | None:
    return next((one for one in deadline.extensions if one.answered_at is None), None)


def _left(length: timedelta) -> str:
    words = said_for(length)
    return f"{words} is" if words in {"nothing", "1 day", "1 hour", "1 minute"} else f"{words} are"


def _said(deadline: Deadline, instant: datetime) -> str:
    return said_at(instant, ZoneInfo(deadline.zone))
