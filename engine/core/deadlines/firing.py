"""What happens to a deadline: what is due of it is done once, people have seen it, it pauses or gets more time."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.deadlines.firings import (
    BREACH,
    DUE,
    Points,
    calls_ended,
    is_warning,
    level_name,
    missed_name,
    pending,
    schedule,
    with_next,
)
from engine.core.deadlines.keep import breached, is_time_of, open_on_breach
from engine.core.deadlines.lateness import is_overdue
from engine.core.draft import Draft
from engine.core.records import CallEnd, Deadline, DeadlineStatus, Extension, Pause, Purpose
from engine.core.time.counting import due_at
from engine.core.time.reckoning import given, left_out, pause_at, paused_seconds, reckon, reckoned, said_at, said_for
from engine.errors import AlreadyEndedError, NotAllowedError, NotFoundError, NotPossibleError
from engine.language.limits import TimeLimit
from engine.language.workflow import TimeSpec


def fire(draft: Draft, command: cm.FireDeadline) -> None:
    """Warn, record the breach, raise levels: whatever is due and has not fired. A step opens by settling."""
    deadline = draft.state.deadlines.get(command.deadline_id)
    if deadline is None:
        return
    if deadline.purpose is Purpose.OPENING:
        draft.view(deadline.run_id)
        return
    planned = _fire_due(draft, deadline)
    known = draft.state.deadlines[deadline.id]
    if planned is not known and planned != known:
        draft.emit(ev.DeadlineMoved(before=known.due_at, deadline=planned))


def acknowledge(draft: Draft, command: cm.Acknowledge) -> None:
    """Record that all levels raised so far have been seen, be the deadline over or not; raises `NotFoundError`."""
    deadline = draft.state.deadlines.get(command.deadline_id) or draft.state.past.get(command.deadline_id)
    if deadline is None:
        raise NotFoundError(kind="deadline")
    if deadline.acknowledged_at is not None and not _has_news(deadline):
        return
    deadline = calls_ended(draft, deadline, CallEnd.ACKNOWLEDGED)
    seen = deadline.model_copy(update={"acknowledged_at": draft.now})
    if seen.status is DeadlineStatus.OPEN:
        seen = with_next(seen, draft.library)
    draft.emit(ev.DeadlineAcknowledged(deadline=seen, by=command.by))


def miss(draft: Draft, command: cm.MissLevel) -> None:
    """Record that nobody could be told of a level, and raise the next at once; raises `NotFoundError`.

    Nothing happens when the deadline has ended meanwhile, or when this is known already.
    """
    deadline = draft.state.deadlines.get(command.deadline_id)
    if deadline is None or missed_name(command.level) in deadline.raised:
        return
    if level_name(command.level, command.round) not in deadline.fired:
        raise NotFoundError(kind="level")
    raised = {**deadline.raised, missed_name(command.level): draft.now}
    missed = with_next(deadline.model_copy(update={"raised": raised}), draft.library)
    draft.emit(
        ev.LevelMissed(deadline=missed, level=command.level, round=command.round, reason_code=command.reason_code)
    )
    _fire_due(draft, missed)


def _has_news(deadline: Deadline) -> bool:
    """Return whether a level has been raised, or told again, since the last acknowledgement."""
    return any(
        name.startswith("l:") and deadline.acknowledged_at is not None and at > deadline.acknowledged_at
        for name, at in deadline.raised.items()
    )


def _fire_due(draft: Draft, deadline: Deadline) -> Deadline:
    """Fire what is due, one after the other: each firing may bring the next one forward, and plans it anew."""
    points = schedule(deadline, draft.library)
    deadline = with_next(deadline, draft.library, points)
    while (found := _next_due(draft, deadline)) is not None:
        deadline, points = _fire_one(draft, deadline, *found, points)
    return deadline


def _next_due(draft: Draft, deadline: Deadline) -> tuple[datetime, str] | None:
    """Return what is to fire now of a deadline as just planned; nobody is warned of what has passed already."""
    at, name = deadline.next_at, deadline.next_firing
    if at is None or name is None or at > draft.now:
        return None
    if not is_warning(name) or not is_overdue(deadline.late_from, draft.now):
        return at, name
    due = (point for point in pending(deadline, draft.library) if not is_warning(point[1]))
    return next((point for point in due if point[0] <= draft.now), None)


def _fire_one(draft: Draft, deadline: Deadline, at: datetime, name: str, points: Points) -> tuple[Deadline, Points]:
    """Fire one thing that is due; returns the deadline after it, and its schedule, which a level changes."""
    if name == BREACH:
        return breached(draft, deadline, points), points
    changes: dict[str, object] = {"fired": (*deadline.fired, name)}
    if is_warning(name):
        warned = with_next(deadline.model_copy(update=changes), draft.library, points)
        draft.emit(ev.DeadlineWarned(deadline=warned, firing=name, planned_at=at))
        if name == DUE:
            open_on_breach(draft, warned)
        return warned, points
    changes["raised"] = {**deadline.raised, name: draft.now}
    raised = deadline.model_copy(update=changes)
    points = schedule(raised, draft.library)
    raised = with_next(raised, draft.library, points)
    level, _, again = name.removeprefix("l:").partition(".")
    draft.emit(ev.LevelRaised(deadline=raised, level=int(level), round=int(again or 1), planned_at=at))
    return raised, points


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


class LimitChangeError(NotPossibleError):
    """Raised when a limit cannot be paused or extended as somebody wants."""

    code = "limit-change"
    sentence = "This limit cannot be changed like that."


class NotPausableError(LimitChangeError):
    """Raised when somebody wants to pause or extend a limit of the law, which only leaves out what the law says."""

    code = "not-pausable"
    sentence = "This limit comes from {law}: no one here can pause it or give more time."


class OverCapError(LimitChangeError):
    """Raised when a pause or an extension is longer than the workflow allows; `left` says how much there still is."""

    code = "over-cap"
    sentence = "This is more than the workflow allows ({cap} in all): {left} left."


class PausedAlreadyError(LimitChangeError):
    """Raised when a limit that stands still is to be paused again."""

    code = "paused-already"
    sentence = "This deadline is already paused until {until}: resume it first."


class InstantPassedError(LimitChangeError):
    """Raised when something is to happen at an instant that has passed."""

    code = "instant-passed"
    sentence = "{instant} has already passed: choose a later time."


class DeadlinePassedError(LimitChangeError):
    """Raised when more time is asked for after the due time."""

    code = "deadline-passed"
    sentence = "This was due at {due_at}: more time can be asked for only before it is due."


class ExtensionPendingError(LimitChangeError):
    """Raised when more time is asked for while an earlier request waits for its answer."""

    code = "extension-pending"
    sentence = "Someone has already asked for more time: that request must be answered first."


class SecondPersonError(NotAllowedError):
    """Raised when the one who asked for something wants to approve it too."""

    code = "second-person"
    sentence = "Whoever asked for more time cannot give it: a second person must."
