"""Counting time: which stretches of it count, from a start and a limit to its due instant, and the plan of a ladder."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate, islice
from types import MappingProxyType
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from engine.errors import IcmcError
from engine.language.calendars import Calendar
from engine.language.ladders import Ladder, Level, LevelRepeat
from engine.language.limits import Counting, Offset, TimeLimit, WarningPoint


class Stretch(Protocol):
    """A named stretch of time that does not count, such as a journey; without an end while it runs on."""

    @property
    def name(self) -> str:
        """What the stretch was: `journey`."""

    @property
    def start(self) -> datetime:
        """When it began."""

    @property
    def end(self) -> datetime | None:
        """When it ended; None while it runs on."""


class RunningTime(NamedTuple):
    """Time between two instants (UTC) that counts, or that does not."""

    start: datetime
    end: datetime


def in_utc(instant: datetime) -> datetime:
    """Return an aware instant in UTC; raises `NaiveInstantError` for one without a zone."""
    if instant.tzinfo is UTC:
        return instant
    if instant.utcoffset() is None:
        raise NaiveInstantError(instant=instant.isoformat())
    return instant.astimezone(UTC)


def excluded_time(stretches: Iterable[Stretch], *, since: datetime) -> tuple[RunningTime, ...]:
    """Merge the stretches that have ended, clipped to what lies after `since`, in order (UTC)."""
    ended = sorted(
        (max(in_utc(stretch.start), since), in_utc(stretch.end)) for stretch in stretches if stretch.end is not None
    )
    merged: list[RunningTime] = []
    for start, end in ended:
        if start >= end:
            continue
        if merged and start <= merged[-1].end:
            merged[-1] = RunningTime(merged[-1].start, max(merged[-1].end, end))
        else:
            merged.append(RunningTime(start, end))
    return tuple(merged)


def always(start: datetime) -> Iterator[RunningTime]:
    """Yield all time from `start` on."""
    yield RunningTime(start, datetime.max.replace(tzinfo=UTC))


def spend(running: Iterator[RunningTime], gaps: tuple[RunningTime, ...], length: timedelta) -> datetime:
    """Let `length` pass in running time outside the gaps; give the instant at which it has passed.

    Raises `OverflowError` where it has not passed at the end of the last year that there is.
    """
    left = length
    for part in _without(running, gaps):
        if left <= part.end - part.start:
            return part.start + left
        left -= part.end - part.start
    raise OverflowError


def overlap(running: Iterator[RunningTime], gaps: tuple[RunningTime, ...], *, until: datetime) -> timedelta:
    """Measure the running time up to `until` that lies in gaps."""
    lost = timedelta()
    for part in running:
        if part.start >= until:
            break
        end = min(part.end, until)
        lost += sum((max(min(end, gap.end) - max(part.start, gap.start), timedelta()) for gap in gaps), timedelta())
    return lost


def measured(start: datetime, end: datetime, gaps: tuple[RunningTime, ...]) -> timedelta:
    """Measure the time from one instant to a later one that lies in no gap."""
    return max(end - start, timedelta()) - overlap(always(start), gaps, until=end)


def _without(running: Iterator[RunningTime], gaps: tuple[RunningTime, ...]) -> Iterator[RunningTime]:
    for part in running:
        start = part.start
        for gap in gaps:
            if gap.end <= start or gap.start >= part.end:
                continue
            if gap.start > start:
                yield RunningTime(start, gap.start)
            start = gap.end
        if start < part.end:
            yield RunningTime(start, part.end)


def working_days_after(start: datetime, days: int, *, calendar: Calendar, gaps: tuple[RunningTime, ...]) -> datetime:
    """Count whole working days at the same clock time; time lost on working days is made up for on working days.

    Only the day of the start is left out, be it open or closed: the first open day after it is day one.
    """
    zone = calendar.zone_info
    local = start.astimezone(zone)
    after = _working(local.date() + timedelta(days=1), calendar)
    last = next(islice(after, days - 1, None)) if days else local.date()
    plain = instant_of(last, local.time(), zone)
    lost = overlap(_working_time(start, calendar), gaps, until=plain) if gaps else timedelta()
    if not lost:
        return plain
    return _on_open_day(spend(_working_time(plain, calendar), gaps, lost), calendar)


def working_days_before(end: datetime, days: int, calendar: Calendar) -> datetime:
    """Count whole working days backwards at the same clock time."""
    local = end.astimezone(calendar.zone_info)
    earlier = _working(local.date() - timedelta(days=1), calendar, step=-1)
    day = next(islice(earlier, days - 1, None)) if days else local.date()
    return instant_of(day, local.time(), calendar.zone_info)


def working_hours_before(end: datetime, length: timedelta, calendar: Calendar) -> datetime:
    """Count working hours backwards."""
    left = length
    if not left:
        return end
    for day in _days(end.astimezone(calendar.zone_info).date(), step=-1):
        for span in reversed(_spans(day, calendar)):
            closes = min(span.end, end)
            if closes <= span.start:
                continue
            if left <= closes - span.start:
                return closes - left
            left -= closes - span.start
    raise AssertionError  # pragma: no cover - days go on without end


def opening_hours(start: datetime, calendar: Calendar) -> Iterator[RunningTime]:
    """Yield the working hours of a calendar from `start` on, in order (UTC)."""
    for day in _days(start.astimezone(calendar.zone_info).date()):
        for span in _spans(day, calendar):
            if span.end > start:
                yield RunningTime(max(span.start, start), span.end)


def first_working_day(start: datetime, calendar: Calendar) -> date:
    """Name the local date of an instant, or the next one that is open."""
    local = start.astimezone(calendar.zone_info)
    return next(day for day in _days(local.date()) if calendar.is_working_day(day))


def on_working_day(at: datetime, calendar: Calendar) -> datetime:
    """Move a reminder that falls on a closed day back to the last working day before it, at the same clock time."""
    local = in_utc(at).astimezone(calendar.zone_info)
    day = next(day for day in _days(local.date(), step=-1) if calendar.is_working_day(day))
    return instant_of(day, local.time(), calendar.zone_info)


def _on_open_day(at: datetime, calendar: Calendar) -> datetime:
    """Take the midnight that ends a working day for the one that begins the next: nothing falls due on a closed day."""
    local = at.astimezone(calendar.zone_info)
    if calendar.is_working_day(local.date()):
        return at
    return instant_of(first_working_day(at, calendar), time(), calendar.zone_info)


def _working_time(start: datetime, calendar: Calendar) -> Iterator[RunningTime]:
    """Yield whole working days, midnight to midnight, from `start` on."""
    zone = calendar.zone_info
    for day in _working(start.astimezone(zone).date(), calendar):
        opens = max(instant_of(day, time(), zone), start)
        yield RunningTime(opens, instant_of(day + timedelta(days=1), time(), zone))


def _spans(day: date, calendar: Calendar) -> list[RunningTime]:
    zone = calendar.zone_info
    return [
        RunningTime(instant_of(day, span.opens, zone), instant_of(day, span.closes, zone))
        for span in calendar.spans(day)
    ]


def _working(first: date, calendar: Calendar, *, step: int = 1) -> Iterator[date]:
    return (day for day in _days(first, step=step) if calendar.is_working_day(day))


def _days(first: date, *, step: int = 1) -> Iterator[date]:
    day = first
    while True:
        yield day
        day += timedelta(days=step)


def instant_of(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Return the instant (UTC) of a local date and clock time.

    A clock time that is skipped when clocks go forward moves on with them; of one that comes twice the first is meant.
    """
    return datetime.combine(day, clock.replace(fold=0), tzinfo=zone).astimezone(UTC)


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


class CalendarMissingError(IcmcError):
    """Raised when a limit in working time is counted without a calendar."""

    code = "calendar-missing"
    sentence = "{limit} counts working time, so it needs a calendar."


class NaiveInstantError(IcmcError):
    """Raised when an instant comes without a time zone."""

    code = "naive-instant"
    sentence = "The instant {instant} has no time zone."
