"""What a deadline's own record says of its time, and when reminders before it come."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from engine.core.library import Library
from engine.core.records import Deadline, Excluded, Pause
from engine.core.time.counting import due_at, offset_from, warn_at
from engine.core.time.owing import late_at
from engine.core.time.working import excluded_time, measured, on_working_day
from engine.language.calendars import Calendar
from engine.language.limits import Counting, TimeLimit, WarningPoint, limit_of

PAUSED = "pause"
"""The name under which a pause stands among the stretches that do not count."""
_SECOND = timedelta(seconds=1)


class Reckoned(NamedTuple):
    """A due time (UTC), and the same without the extensions that were given."""

    due_at: datetime
    plain_due_at: datetime


def reckon(deadline: Deadline, library: Library) -> Deadline:
    """Count a deadline from what stands in its record: start, limit, excluded stretches, pauses, extensions.

    A limit of the law knows neither pause nor extension, whatever was recorded before it applied. Raises like
    `engine.core.time.counting.due_at`.
    """
    due = reckoned(deadline, library).due_at
    stretches = left_out(deadline)
    gaps = excluded_time(stretches, since=deadline.started_at)
    last = next((gap for gap in reversed(gaps) if gap.start < due), None)
    consumed = measured(deadline.started_at, last.start, gaps) if last else timedelta()
    return deadline.model_copy(
        update={
            "due_at": due,
            "late_at": late_of(deadline, due, library),
            "budget_seconds": measured(deadline.started_at, due, gaps) // _SECOND,
            "consumed_seconds": consumed // _SECOND,
            "running_since": min(last.end, due) if last else deadline.started_at,
        }
    )


def reckoned(deadline: Deadline, library: Library, *, more: Iterable[TimeLimit] | None = None) -> Reckoned:
    """Count the due time of a deadline, with the extensions that it has or those of `more` instead."""
    calendar = library.calendars.get(deadline.calendar or "")
    stretches = left_out(deadline)
    plain = due_at(
        deadline.started_at, limit_of(deadline.limit), zone=deadline.zone, calendar=calendar, excluded=stretches
    )
    due = plain
    for length in given(deadline) if more is None else more:
        due = due_at(due, length, zone=deadline.zone, calendar=calendar, excluded=stretches)
    if due > deadline.started_at:
        due, plain = after_pauses(deadline, due, is_due=True), after_pauses(deadline, plain, is_due=True)
    return Reckoned(due, plain)


def late_of(deadline: Deadline, due: datetime, library: Library) -> datetime | None:
    """Work out from when on a deadline that falls due at an instant is late (UTC); None when that is the due time."""
    calendar = library.calendars.get(deadline.calendar or "")
    return late_at(due, deadline.kept_until, zone=deadline.zone, calendar=calendar)


def given(deadline: Deadline) -> tuple[TimeLimit, ...]:
    """List the extensions that were approved, in the order in which they were asked for; the law knows none."""
    if deadline.law:
        return ()
    return tuple(TimeLimit(one.more) for one in deadline.extensions if one.is_approved)


def left_out(deadline: Deadline) -> tuple[Excluded, ...]:
    """List all stretches that do not count: what is excluded, and the pauses unless the limit is one of the law."""
    paused = (Excluded(name=PAUSED, start=pause.start, end=pause.until) for pause in pauses_of(deadline))
    return (*deadline.excluded, *paused)


def pauses_of(deadline: Deadline) -> tuple[Pause, ...]:
    """List the pauses that count."""
    return () if deadline.law else deadline.pauses


def pause_at(deadline: Deadline, now: datetime) -> Pause | None:
    """Find the pause that a deadline is in (UTC); at its last instant it goes on."""
    return next((pause for pause in pauses_of(deadline) if pause.start <= now < pause.until), None)


def after_pauses(deadline: Deadline, at: datetime, *, is_due: bool = False) -> datetime:
    """Move an instant that lies inside a pause to the end of it; a due time may fall where a pause begins."""
    if not deadline.pauses:
        return at
    for pause in sorted(pauses_of(deadline), key=lambda one: one.start):
        if pause.start < at < pause.until or (at == pause.start < pause.until and not is_due):
            at = pause.until
    return at


def paused_seconds(deadline: Deadline) -> int:
    """Add up the pauses of a deadline, in seconds."""
    return sum((pause.until - pause.start) // _SECOND for pause in deadline.pauses)


class Moved(NamedTuple):
    """A reminder that would fall on a closed day: what it is in words, when it would come and when it does (UTC)."""

    what: str
    plain: datetime
    at: datetime


def counts_working_days(deadline: Deadline) -> bool:
    """Return whether the limit of a deadline is one of working days."""
    return limit_of(deadline.limit).counting is Counting.WORKING_DAYS


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
