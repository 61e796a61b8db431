"""What fires of a deadline, and when: warnings, the breach, the levels of its ladder, the opening of a step."""

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

from engine.core.library import Library
from engine.core.records import Deadline, Purpose
from engine.core.time.counting import PlannedLevel, due_at, planned_levels
from engine.core.time.reckoning import after_pauses, counts_working_days, warning_at
from engine.language.calendars import Calendar
from engine.language.ladders import Level

BREACH = "breach"
OPENING = "open"
DUE = "w:due"
"""The clock reading of a limit that is kept longer: whoever has it is told, and what its breach opens is opened."""


def schedule(deadline: Deadline, library: Library) -> tuple[tuple[datetime, str], ...]:
    """List when what fires of a deadline, in order: `w:50%`, `breach`, `l:1`, `l:1.2` (second round), `open`.

    It goes by what is known now: a level that was not acknowledged in time, or of which nobody could be told, brings
    the next one forward; an acknowledgement ends the repeats of the levels raised before it. Nothing fires inside a
    pause, but at its end.
    """
    if deadline.purpose is Purpose.OPENING:
        return ((deadline.due_at, OPENING),)
    calendar = library.calendars.get(deadline.calendar or "")
    due = [(deadline.due_at, DUE)] if deadline.late_at is not None else []
    points = [(deadline.late_from, BREACH), *due, *_warnings(deadline, calendar), *_levels(deadline, library, calendar)]
    return tuple(sorted(points, key=_place))


def pending(deadline: Deadline, library: Library) -> tuple[tuple[datetime, str], ...]:
    """List what has not fired yet, in order; after a breach nobody is warned of it any more."""
    is_passed = BREACH in deadline.fired
    return tuple(
        [
            point
            for point in schedule(deadline, library)
            if point[1] not in deadline.fired and not (is_passed and is_warning(point[1]))
        ]
    )


def with_next(deadline: Deadline, library: Library) -> Deadline:
    """Work out what fires next, from what has fired already."""
    due = pending(deadline, library)
    at, name = due[0] if due else (None, None)
    return deadline.model_copy(update={"next_at": at, "next_firing": name})


def is_warning(name: str) -> bool:
    """Return whether a firing is a warning before the due time."""
    return name.startswith("w:")


def level_name(level: int, round_: int = 1) -> str:
    """Name the firing of a level: `l:1`, and `l:1.2` when it is told a second time."""
    return f"l:{level}" if round_ == 1 else f"l:{level}.{round_}"


def missed_name(level: int) -> str:
    """Name the fact that nobody could be told of a level, as `Deadline.raised` keeps it."""
    return f"m:{level}"


def seen_at(deadline: Deadline) -> datetime | None:
    """Return when somebody last showed that they know of it (UTC): by acknowledging, or by giving more time."""
    answered = (one.answered_at for one in deadline.extensions if one.is_approved)
    return max((at for at in (deadline.acknowledged_at, *answered) if at is not None), default=None)


def is_seen(deadline: Deadline, level: int) -> bool:
    """Return whether a level that was raised has been acknowledged since."""
    raised, seen = deadline.raised.get(level_name(level)), seen_at(deadline)
    return raised is not None and seen is not None and seen >= raised


def _warnings(deadline: Deadline, calendar: Calendar | None) -> Iterator[tuple[datetime, str]]:
    for text in deadline.warn:
        at = warning_at(deadline, text, calendar)
        if at is not None and (moved := after_pauses(deadline, at)) < deadline.due_at:
            yield moved, f"w:{text}"


def _levels(deadline: Deadline, library: Library, calendar: Calendar | None) -> Iterator[tuple[datetime, str]]:
    ladder = library.ladder_of(deadline)
    if ladder is None:
        return

    def early(level: Level, _fires: datetime) -> datetime | None:
        return _early(deadline, level, calendar)

    raised = deadline.raised
    planned = planned_levels(
        ladder, start=deadline.started_at, due=deadline.due_at, late=deadline.late_at, zone=deadline.zone,
        calendar=calendar, in_working_days=counts_working_days(deadline), early=early if raised else None,
        missed={one.level: raised[name] for one in ladder.levels if (name := missed_name(one.level)) in raised}
        if raised else {},
    )  # fmt: skip
    for one in planned:
        name = level_name(one.level, one.repetition + 1)
        if name in deadline.fired or not _is_over(deadline, one):
            yield after_pauses(deadline, one.fires_at), name


def _early(deadline: Deadline, level: Level, calendar: Calendar | None) -> datetime | None:
    """Return when a level that was raised has not been answered in time."""
    raised, within = deadline.raised.get(level_name(level.level)), level.acknowledge_within
    if raised is None or within is None or is_seen(deadline, level.level):
        return None
    return due_at(raised, within, zone=deadline.zone, calendar=calendar)


def _is_over(deadline: Deadline, one: PlannedLevel) -> bool:
    """Return whether a further round of a level is not needed: it was acknowledged, or there is nobody to be told."""
    return one.repetition > 0 and (is_seen(deadline, one.level) or missed_name(one.level) in deadline.raised)


def _place(point: tuple[datetime, str]) -> tuple[datetime, tuple[int, int, int]]:
    return point[0], _rank(point[1])


@lru_cache(256)
def _rank(name: str) -> tuple[int, int, int]:
    if not name.startswith("l:"):
        return (0 if is_warning(name) else 1, 0, 0)
    level, _, again = name.removeprefix("l:").partition(".")
    return (2, int(level), int(again or 1))
