"""Counting time: from a start and a limit to its due instant, and the plan of a ladder."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from types import MappingProxyType
from typing import NamedTuple
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
    on_working_day,
    opening_hours,
    spend,
    working_days_after,
    working_days_before,
    working_hours_before,
)
from engine.errors import CalendarMissingError
from engine.language.calendars import Calendar
from engine.language.ladders import Ladder, Level, LevelRepeat
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
    begin, counting = in_utc(start), limit.counting
    if limit.is_at_once:
        return begin
    if counting is Counting.ELAPSED and not excluded:
        return begin + timedelta(seconds=limit.seconds)
    gaps = excluded_time(excluded, since=begin)
    match counting:
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


class PlannedLevel(NamedTuple):
    """One firing of one level (UTC); `repetition` is 0 for the first time and counts the repeats after it."""

    level: int
    fires_at: datetime
    spec: Level
    repetition: int = 0


Early = Callable[[Level, datetime], datetime | None]
"""Says when nobody has acknowledged the given level in time, which fires at the given instant."""


def planned_levels(
    ladder: Ladder,
    *,
    start: datetime,
    due: datetime,
    zone: str,
    calendar: Calendar | None = None,
    in_working_days: bool = False,
    late: datetime | None = None,
    early: Early | None = None,
    missed: Mapping[int, datetime] = MappingProxyType({}),
) -> tuple[PlannedLevel, ...]:
    """Work out every firing of a ladder, in the order of time, repeats included.

    A level meant to warn before the limit has even started (48 hours before the end of 24 hours) is left out. No level
    comes before a lower one: where working time would turn them round, the lower one comes with the higher. A limit
    that is kept until `late`, after its due time, brings no letter to a body of law before then: that would accuse. One
    counted `in_working_days` has its reminders on working days (UTC, by the calendar's zone). `early` brings the next
    level forward, one meant for the due time or later never before it; `missed` says of which levels nobody could be
    told, and since when, which brings the next one at once, a letter to a body of law not before the due time. Raises
    `CalendarMissingError` when a level counts working time and there is no calendar.
    """
    begin, end = in_utc(start), in_utc(due)
    closed = calendar if in_working_days else None
    own = [(level, _own_time(level, end, zone=zone, calendar=calendar, closed=closed)) for level in ladder.levels]
    kept = [(level, at) for level, at in own if at >= begin or not level.after.is_before]
    in_order = list(accumulate((at for _, at in reversed(kept)), min))[::-1]
    planned: list[PlannedLevel] = []
    below: PlannedLevel | None = None
    for (level, _), at in zip(kept, in_order, strict=True):
        sooner = _brought_forward(level, below, end, early, missed) if below and (early or missed) else ()
        fires = max(below.fires_at, min([at, *sooner])) if below else at
        if late is not None and level.is_outward and not level.after.is_before:
            fires = max(fires, late)
        below = PlannedLevel(level.level, max(fires, begin), level)
        planned.append(below)
        if level.repeat:
            planned.extend(_repeats(level, level.repeat, below.fires_at, zone=zone, calendar=calendar))
    return tuple(sorted(planned, key=_place))


def _place(one: PlannedLevel) -> tuple[datetime, int]:
    return one.fires_at, one.level


def unanswered_levels(
    ladder: Ladder,
    *,
    start: datetime,
    due: datetime,
    zone: str,
    calendar: Calendar | None = None,
    in_working_days: bool = False,
    late: datetime | None = None,
) -> tuple[PlannedLevel, ...]:
    """Work out every firing of a ladder when nobody ever acknowledges; takes and raises what `planned_levels` does."""

    def early(level: Level, fires: datetime) -> datetime | None:
        within = level.acknowledge_within
        return due_at(fires, within, zone=zone, calendar=calendar) if within else None

    return planned_levels(
        ladder, start=start, due=due, zone=zone, calendar=calendar, in_working_days=in_working_days, late=late,
        early=early,
    )  # fmt: skip


def _own_time(
    level: Level, due: datetime, *, zone: str, calendar: Calendar | None, closed: Calendar | None
) -> datetime:
    """Return a level's own instant; a reminder that falls on a closed day comes on the working day before."""
    at = offset_from(due, level.after, zone=zone, calendar=calendar)
    return on_working_day(at, closed) if closed and level.after.is_before else at


def _brought_forward(
    level: Level, below: PlannedLevel, due: datetime, early: Early | None, missed: Mapping[int, datetime]
) -> Iterator[datetime]:
    """Return the instants at which the level below lets this one come, be that before its own time or not."""
    unanswered = early(below.spec, below.fires_at) if early else None
    if unanswered is not None:
        yield unanswered if level.after.is_before else max(unanswered, due)
    if below.level in missed:
        since = missed[below.level]
        yield max(since, due) if level.is_outward and not level.after.is_before else since


def _repeats(
    level: Level, repeat: LevelRepeat, at: datetime, *, zone: str, calendar: Calendar | None
) -> Iterator[PlannedLevel]:
    for repetition in range(1, repeat.times + 1):
        at = due_at(at, repeat.every, zone=zone, calendar=calendar)
        yield PlannedLevel(level.level, at, level, repetition)
