"""What a new version of a calendar changes, in sentences; less working time lets limits fall due later: a loss."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from engine.language.calendars import Calendar, SpecialDay, Weekday, WorkingSpan, YearlyDay

_TOLD: Final = frozenset({
    "weekend", "hours", "hours_by_weekday", "holidays_from", "holidays", "every_year", "not_holidays",
    "extra_working_days",
})  # fmt: skip
"""The parts of a calendar that have sentences of their own."""
_ANY: Final[Mapping[str, Any]] = {"calendar": "XX", "title": "", "zone": "UTC", "weekend": ()}
_LISTS: Final = {
    "holidays": ("a holiday", True),
    "every_year": ("a holiday of every year", True),
    "extra_working_days": ("a day on which offices work all the same", False),
    "not_holidays": ("struck out of the public list", False),
}
"""The lists of days: what a day in it is, and whether it takes working time away."""
_NO_PLACE: Final = "Public holidays are no longer worked out: only the days of this calendar count."


def calendar_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[tuple[str, bool]]]:
    """Return what differs between two stored calendars by its part, and whether there is less working time by it."""
    was, becomes = (
        Calendar.model_validate({**_ANY, **{name: value for name, value in one.items() if name in _TOLD}})
        for one in (before, after)
    )
    found: dict[str, list[tuple[str, bool]]] = {}
    for part, words, is_loss in _changes(was, becomes):
        found.setdefault(part, []).append((words, is_loss))
    return found


def _changes(was: Calendar, becomes: Calendar) -> Iterator[tuple[str, str, bool]]:
    for rest in (one for one in becomes.weekend if one not in was.weekend):
        yield "weekend", f"{_every(rest.label)} is a day of rest: limits in working time fall due later.", True
    for rest in (one for one in was.weekend if one not in becomes.weekend):
        yield "weekend", f"{_every(rest.label)} is no longer a day of rest.", False
    yield from (("hours", *one) for one in _hours("Offices work", was.hours, becomes.hours))
    for day in Weekday:
        old, new = (one.hours_by_weekday.get(day) for one in (was, becomes))
        if old != new:
            told = _hours(f"On {day.label} offices work", old or was.hours, new or becomes.hours, is_usual=not new)
            yield from (("hours_by_weekday", *one) for one in told)
    if was.holidays_from != becomes.holidays_from:
        instead = f" instead of {was.holidays_from}" if was.holidays_from else ""
        to = becomes.holidays_from
        yield "holidays_from", f"Public holidays are those of {to}{instead}." if to else _NO_PLACE, False
    for name, (what, takes) in _LISTS.items():
        yield from ((name, *one) for one in _days(what, getattr(was, name), getattr(becomes, name), takes=takes))


def _hours(
    lead: str, old: Sequence[WorkingSpan], new: Sequence[WorkingSpan], *, is_usual: bool = False
) -> Iterator[tuple[str, bool]]:
    if is_usual:
        yield f"{lead} as on other days, instead of from {hours_in_words(old)}.", _worked(new) < _worked(old)
    elif old != new:
        words = f"{lead} from {hours_in_words(new)} instead of from {hours_in_words(old)}."
        yield words, _worked(new) < _worked(old)


def hours_in_words(spans: Sequence[WorkingSpan]) -> str:
    """Say the working hours of a day: `09:00 to 13:00 and 14:00 to 17:00`."""
    return " and ".join(f"{one.opens:%H:%M} to {one.closes:%H:%M}" for one in spans)


def _worked(spans: Sequence[WorkingSpan]) -> timedelta:
    on = date.min
    return sum((datetime.combine(on, one.closes) - datetime.combine(on, one.opens) for one in spans), timedelta())


def _days(
    what: str, old: Sequence[SpecialDay | YearlyDay], new: Sequence[SpecialDay | YearlyDay], *, takes: bool
) -> Iterator[tuple[str, bool]]:
    was, becomes = ({one.day: one for one in days} for days in (old, new))
    for day in sorted({*was, *becomes}, key=str):
        before, after = was.get(day), becomes.get(day)
        if before is None and after is not None:
            yield f"{day_in_words(day)} is {what}: {after.name}.", takes
        elif after is None and before is not None:
            yield f"{day_in_words(day)} is no longer {what}: {before.name}.", not takes
        elif before and after and before != after:
            yield f"{day_in_words(day)}, {what}, is told as {_told(after)} instead of {_told(before)}.", False


def day_in_words(day: date | str) -> str:
    """Say a date, or a day of every year that is written `11-23`."""
    if isinstance(day, str):
        return f"{date.fromisoformat(f'2028-{day}'):%d %B}".removeprefix("0")
    return f"{day:%a %d %b %Y}"


def _told(one: SpecialDay | YearlyDay) -> str:
    return f"“{one.name}” ({one.source})" if one.source else f"“{one.name}”"


def _every(label: str) -> str:
    return f"Every {label}"
