"""The one answer to "is it overdue?", for lists, counts, pages, messages and exports alike."""

from datetime import datetime, timedelta
from enum import StrEnum

from engine.domain.records import Deadline, DeadlineStatus
from engine.domain.reminders import warning_at
from engine.errors import CalendarMissingError
from engine.spec.calendars import Calendar

_NEAR_FROM = 0.8


class DeadlineState(StrEnum):
    """How a deadline stands at an instant, as people see it."""

    RUNNING = "running"
    NEAR = "near"
    OVERDUE = "overdue"
    MET = "met"
    LATE = "late"
    ENDED = "ended"


def is_overdue(late_from: datetime | None, now: datetime) -> bool:
    """Say whether a deadline that is still open has passed (both UTC); `late_from` is that of its record.

    At that instant itself it has: then the breach is written.
    """
    return late_from is not None and late_from <= now


def deadline_state(deadline: Deadline, now: datetime, *, calendar: Calendar | None = None) -> DeadlineState:
    """Say how a deadline stands at `now` (UTC).

    It is near from its last warning on, and in any case in the last fifth of its time; overdue from the end of its last
    day on where it is kept until then. Once ended it is met, late when
    it was ever breached, or ended when its step needed it no more. `calendar` is needed only for warnings in working
    time; without it such a warning is passed over.
    """
    if deadline.status is DeadlineStatus.MET:
        return DeadlineState.LATE if deadline.breached_at else DeadlineState.MET
    if deadline.status is DeadlineStatus.ENDED:
        return DeadlineState.ENDED
    if is_overdue(deadline.late_from, now):
        return DeadlineState.OVERDUE
    return DeadlineState.NEAR if now >= _near_from(deadline, calendar) else DeadlineState.RUNNING


def _near_from(deadline: Deadline, calendar: Calendar | None) -> datetime:
    start, due = deadline.started_at, deadline.due_at
    last_fifth = start + timedelta(seconds=(due - start).total_seconds() * _NEAR_FROM)
    warnings = [at for text in deadline.warn if (at := _warning(deadline, text, calendar)) is not None]
    return min(last_fifth, max(warnings, default=last_fifth))


def _warning(deadline: Deadline, text: str, calendar: Calendar | None) -> datetime | None:
    try:
        return warning_at(deadline, text, calendar)
    except CalendarMissingError:
        return None
