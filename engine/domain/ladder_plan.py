"""The plan of a ladder: which level fires at which instant, if the work stays undone."""

from collections.abc import Iterator
from datetime import datetime
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


def planned_levels(
    ladder: Ladder, *, start: datetime, due: datetime, zone: str, calendar: Calendar | None = None
) -> tuple[PlannedLevel, ...]:
    """Work out every firing of a ladder, in the order of time, repeats included.

    A level meant to warn before the limit has even started (48 hours before the end of 24 hours) is left out.
    Raises `CalendarMissingError` when a level counts working time and there is no calendar.
    """
    begin, end = in_utc(start), in_utc(due)
    planned: list[PlannedLevel] = []
    for level in ladder.levels:
        at = offset_from(end, level.after, zone=zone, calendar=calendar)
        if level.after.is_before and at < begin:
            continue
        planned.append(PlannedLevel(level.level, at, level))
        if level.repeat:
            planned.extend(_repeats(level, level.repeat, at, zone=zone, calendar=calendar))
    return tuple(sorted(planned, key=lambda one: (one.fires_at, one.level)))


def _repeats(
    level: Level, repeat: Repeat, at: datetime, *, zone: str, calendar: Calendar | None
) -> Iterator[PlannedLevel]:
    for repetition in range(1, repeat.times + 1):
        at = due_at(at, repeat.every, zone=zone, calendar=calendar)
        yield PlannedLevel(level.level, at, level, repetition)
