"""When a reminder before a due time comes: of a limit in working days never on a day on which nobody works."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from engine.domain.counting import offset_from, warn_at
from engine.domain.library import Library
from engine.domain.reckoning import left_out
from engine.domain.records import Deadline
from engine.domain.working_time import on_working_day
from engine.spec.calendars import Calendar
from engine.spec.limits import Counting, TimeLimit, WarningPoint


class Moved(NamedTuple):
    """A reminder that would fall on a closed day: what it is in words, when it would come and when it does (UTC)."""

    what: str
    plain: datetime
    at: datetime


def counts_working_days(deadline: Deadline) -> bool:
    """Say whether the limit of a deadline is one of working days."""
    return TimeLimit(deadline.limit).counting is Counting.WORKING_DAYS


def warning_at(deadline: Deadline, text: str, calendar: Calendar | None) -> datetime | None:
    """Work out when a warning such as `80%` comes (UTC), pauses apart; None when that is before the limit started.

    Raises `CalendarMissingError` for a warning in working time without a calendar.
    """
    at = _plain_warning(deadline, text, calendar)
    if at is None or calendar is None or not counts_working_days(deadline):
        return at
    moved = on_working_day(at, calendar)
    return moved if moved > deadline.started_at else None


def moved_reminders(deadline: Deadline, library: Library) -> Iterator[Moved]:
    """Name each warning and each level before the due time that comes on the working day before its own."""
    calendar = library.calendars.get(deadline.calendar or "")
    if calendar is None or not counts_working_days(deadline):
        return
    ladder, due = library.ladder_of(deadline), deadline.due_at
    plain = [(f"The warning at {text}", _plain_warning(deadline, text, calendar)) for text in deadline.warn]
    plain += [
        (f"Level {level.level} of the ladder", offset_from(due, level.after, zone=deadline.zone, calendar=calendar))
        for level in (ladder.levels if ladder else ())
        if level.after.is_before
    ]
    for what, at in plain:
        if at is not None and (moved := on_working_day(at, calendar)) != at:
            yield Moved(what, at, moved)


def _plain_warning(deadline: Deadline, text: str, calendar: Calendar | None) -> datetime | None:
    return warn_at(
        deadline.started_at, deadline.due_at, WarningPoint(text), zone=deadline.zone, calendar=calendar,
        excluded=left_out(deadline),
    )  # fmt: skip
