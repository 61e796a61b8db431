"""The plan of a ladder: which level fires at which instant, if the work stays undone."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import accumulate
from types import MappingProxyType
from typing import NamedTuple

from engine.core.time.counting import due_at, offset_from
from engine.core.time.working import in_utc, on_working_day
from engine.language.calendars import Calendar
from engine.language.ladders import Ladder, Level, LevelRepeat


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
        fires = at
        if below is not None:
            fires = max(below.fires_at, min([at, *_brought_forward(level, below, end, early, missed)]))
        if late is not None and level.is_outward and not level.after.is_before:
            fires = max(fires, late)
        below = PlannedLevel(level.level, max(fires, begin), level)
        planned.append(below)
        if level.repeat:
            planned.extend(_repeats(level, level.repeat, below.fires_at, zone=zone, calendar=calendar))
    return tuple(sorted(planned, key=lambda one: (one.fires_at, one.level)))


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
    """Give a level's own instant; a reminder that falls on a closed day comes on the working day before."""
    at = offset_from(due, level.after, zone=zone, calendar=calendar)
    return on_working_day(at, closed) if closed and level.after.is_before else at


def _brought_forward(
    level: Level, below: PlannedLevel, due: datetime, early: Early | None, missed: Mapping[int, datetime]
) -> Iterator[datetime]:
    """Give the instants at which the level below lets this one come, be that before its own time or not."""
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
