"""Working time and running time: the stretches that count, forwards and backwards (instants in UTC)."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from engine.errors import NaiveInstantError
from engine.language.calendars import Calendar


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
