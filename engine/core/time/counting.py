"""Counting time: from a start and a limit to the instant at which it falls due.

An excluded stretch matters only once its end is known: while it runs on it excludes nothing, so a due time never hangs
on the present time and a forgotten end cannot hold a deadline off for ever. Recording the end counts again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from engine.core.time.working import (
    RunningTime,
    Stretch,
    always,
    excluded_time,
    in_utc,
    instant_of,
    measured,
    opening_hours,
    spend,
    working_days_after,
    working_days_before,
    working_hours_before,
)
from engine.errors import CalendarMissingError
from engine.language.calendars import Calendar
from engine.language.limits import Counting, Offset, TimeLimit, WarningPoint


def due_at(
    start: datetime, limit: TimeLimit, *, zone: str, calendar: Calendar | None = None, excluded: Sequence[Stretch] = ()
) -> datetime:
    """Work out the instant (UTC) at which a limit that starts at `start` falls due.

    Elapsed time is counted in UTC: a day is 24 hours. Months, and the days written after them, keep the local clock
    time of `zone`; a day that the month does not have becomes its last. Working days and hours follow the calendar, in
    the calendar's own zone; only the day of the start is left out, so that after a start on a closed day the first
    open day is day one.
    Excluded stretches are merged and their part of the running time is made up for at the end. Raises
    `CalendarMissingError` for working time without a calendar, `NaiveInstantError` for an instant without a zone.
    """
    begin = in_utc(start)
    if limit.is_at_once:
        return begin
    gaps = excluded_time(excluded, since=begin)
    match limit.counting:
        case Counting.ELAPSED:
            return spend(always(begin), gaps, timedelta(seconds=limit.seconds))
        case Counting.CALENDAR:
            plain = add_months(begin, limit, zone=zone)
            return spend(always(begin), gaps, plain - begin)
        case Counting.WORKING_DAYS:
            return working_days_after(begin, limit.days, calendar=_needed(calendar, limit), gaps=gaps)
        case Counting.WORKING_HOURS:
            hours = opening_hours(begin, _needed(calendar, limit))
            return spend(hours, gaps, timedelta(seconds=limit.seconds))


def before(due: datetime, limit: TimeLimit, *, zone: str, calendar: Calendar | None = None) -> datetime:
    """Work out the instant (UTC) that lies a limit before `due`, counted the same way backwards.

    Raises `CalendarMissingError` and `NaiveInstantError` like `due_at`.
    """
    end = in_utc(due)
    match limit.counting:
        case Counting.ELAPSED:
            return end - timedelta(seconds=limit.seconds)
        case Counting.CALENDAR:
            return add_months(end, limit, zone=zone, sign=-1)
        case Counting.WORKING_DAYS:
            return working_days_before(end, limit.days, _needed(calendar, limit))
        case Counting.WORKING_HOURS:
            return working_hours_before(end, timedelta(seconds=limit.seconds), _needed(calendar, limit))


def offset_from(due: datetime, offset: Offset, *, zone: str, calendar: Calendar | None = None) -> datetime:
    """Work out the instant (UTC) of an offset before, at or after a due time; raises like `due_at`."""
    if offset.is_before:
        return before(due, offset.limit, zone=zone, calendar=calendar)
    return due_at(due, offset.limit, zone=zone, calendar=calendar)


def warn_at(
    start: datetime,
    due: datetime,
    warning: WarningPoint,
    *,
    zone: str,
    calendar: Calendar | None = None,
    excluded: Sequence[Stretch] = (),
) -> datetime | None:
    """Work out when to warn (UTC, whole seconds), or None when that would be before the limit has started.

    A percentage is one of the time from `start` to `due` that runs: excluded stretches are no part of it.
    """
    begin, end = in_utc(start), in_utc(due)
    if warning.before is not None:
        at = before(end, warning.before, zone=zone, calendar=calendar)
    else:
        gaps: tuple[RunningTime, ...] = excluded_time(excluded, since=begin)
        seconds = measured(begin, end, gaps) // timedelta(seconds=1) * (warning.percent or 0) // 100
        at = spend(always(begin), gaps, timedelta(seconds=seconds))
    return at if begin < at < end else None


def add_months(instant: datetime, limit: TimeLimit, *, zone: str, sign: int = 1) -> datetime:
    """Add (or with `sign=-1` take) months, then days, in local time of a zone; gives UTC."""
    info = ZoneInfo(zone)
    local = instant.astimezone(info)
    day = local.date() + sign * relativedelta(months=limit.months) + sign * timedelta(days=limit.days)
    return instant_of(day, local.time(), info)


def _needed(calendar: Calendar | None, limit: TimeLimit) -> Calendar:
    if calendar is None:
        raise CalendarMissingError(limit=str(limit))
    return calendar
