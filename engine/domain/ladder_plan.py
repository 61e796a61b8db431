"""The plan of a ladder: which level fires at which instant, if the work stays undone."""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import accumulate
from typing import NamedTuple

from engine.domain.counting import due_at, offset_from
from engine.domain.running_time import in_utc
from engine.spec.calendars import Calendar
from engine.spec.ladders import Ladder, Level, Repeat


class PlannedLevel(NamedTuple):
    """One firing of one level (UTC); `repetition` is 0 for the first time and counts the repeats after it."""

    level: int
    fires_at: datetime
    spec: Level
    repetition: int = 0


Early = Callable[[Level, datetime], datetime | None]
"""Says when the level after the given one, planned for the given instant, may come before its own time."""


def planned_levels(
    ladder: Ladder,
    *,
    start: datetime,
    due: datetime,
    zone: str,
    calendar: Calendar | None = None,
    early: Early | None = None,
) -> tuple[PlannedLevel, ...]:
    """Work out every firing of a ladder, in the order of time, repeats included.

    A level meant to warn before the limit has even started (48 hours before the end of 24 hours) is left out. No level
    comes before a lower one: where working time would turn them round, the lower one comes with the higher. `early`
    brings the next level forward. Raises `CalendarMissingError` when a level counts working time and there is no
    calendar.
    """
    begin, end = in_utc(start), in_utc(due)
    own = [(level, offset_from(end, level.after, zone=zone, calendar=calendar)) for level in ladder.levels]
    kept = [(level, at) for level, at in own if at >= begin or not level.after.is_before]
    in_order = list(accumulate((at for _, at in reversed(kept)), min))[::-1]
    planned: list[PlannedLevel] = []
    sooner, earliest = None, begin
    for (level, _), at in zip(kept, in_order, strict=True):
        earliest = fires = max(earliest, min(at, sooner or at))
        sooner = early(level, fires) if early else None
        planned.append(PlannedLevel(level.level, fires, level))
        if level.repeat:
            planned.extend(_repeats(level, level.repeat, fires, zone=zone, calendar=calendar))
    return tuple(sorted(planned, key=lambda one: (one.fires_at, one.level)))


def unanswered_levels(
    ladder: Ladder, *, start: datetime, due: datetime, zone: str, calendar: Calendar | None = None
) -> tuple[PlannedLevel, ...]:
    """Work out every firing of a ladder when nobody ever acknowledges; raises like `planned_levels`."""

    def early(level: Level, fires: datetime) -> datetime | None:
        within = level.acknowledge_within
        return due_at(fires, within, zone=zone, calendar=calendar) if within else None

    return planned_levels(ladder, start=start, due=due, zone=zone, calendar=calendar, early=early)


def _repeats(
    level: Level, repeat: Repeat, at: datetime, *, zone: str, calendar: Calendar | None
) -> Iterator[PlannedLevel]:
    for repetition in range(1, repeat.times + 1):
        at = due_at(at, repeat.every, zone=zone, calendar=calendar)
        yield PlannedLevel(level.level, at, level, repetition)
