"""What fires of a deadline, and when: warnings, the breach, the levels of its ladder, the opening of a step."""

from datetime import datetime

from engine.domain.counting import warn_at
from engine.domain.ladder_plan import PlannedLevel, planned_levels
from engine.domain.library import Library
from engine.domain.records import Deadline, Purpose
from engine.spec.limits import WarningPoint

BREACH = "breach"
OPENING = "open"


def schedule(deadline: Deadline, library: Library) -> tuple[tuple[datetime, str], ...]:
    """List when what fires of a deadline, in order: `w:50%`, `breach`, `l:1`, `l:1.2` (second round), `open`."""
    if deadline.purpose is Purpose.OPENING:
        return ((deadline.due_at, OPENING),)
    calendar = library.calendars.get(deadline.calendar or "")
    points = [(deadline.due_at, BREACH)]
    for text in deadline.warn:
        point = WarningPoint(text)
        at = warn_at(deadline.started_at, deadline.due_at, point, zone=deadline.zone, calendar=calendar)
        if at is not None and deadline.started_at < at < deadline.due_at:
            points.append((at, f"w:{text}"))
    ladder = library.ladders.get(deadline.ladder)
    if ladder is not None:
        planned = planned_levels(
            ladder, start=deadline.started_at, due=deadline.due_at, zone=deadline.zone, calendar=calendar
        )
        points += [(level.fires_at, _level_name(level)) for level in planned]
    return tuple(sorted(points, key=lambda point: (point[0], _rank(point[1]))))


def with_next(deadline: Deadline, library: Library) -> Deadline:
    """Work out what fires next, from what has fired already; after a breach nobody is warned of it any more."""
    is_passed = BREACH in deadline.fired
    left = [
        (at, name)
        for at, name in schedule(deadline, library)
        if name not in deadline.fired and not (is_passed and is_warning(name))
    ]
    at, name = left[0] if left else (None, None)
    return deadline.model_copy(update={"next_at": at, "next_firing": name})


def is_warning(name: str) -> bool:
    """Say whether a firing is a warning before the due time."""
    return name.startswith("w:")


def _level_name(level: PlannedLevel) -> str:
    return f"l:{level.level}.{level.repetition + 1}" if level.repetition else f"l:{level.level}"


def _rank(name: str) -> tuple[int, str]:
    return (0, name) if is_warning(name) else (1, name) if name == BREACH else (2, name)
