"""Running time: stretches that count or do not, merged, measured and spent (all instants UTC)."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from engine.errors import NaiveInstantError


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
    """Give an aware instant in UTC; raises `NaiveInstantError` for one without a zone."""
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
