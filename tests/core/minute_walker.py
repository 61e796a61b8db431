"""A slow clock for tests of counting: it knows a place, and walks one minute after the other through its days."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from engine.language.calendars import Calendar

MINUTE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_QUARTER = 15
_DAY = 24 * 60
_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Counts = Callable[[int], bool]


@dataclass(frozen=True)
class Place:
    """The offices of a place in plain numbers: closed weekdays from 0 for Monday, hours in minutes of the day."""

    zone: str
    weekend: tuple[int, ...] = (5, 6)
    hours: tuple[tuple[int, int], ...] = ((9 * 60, 17 * 60),)
    short: tuple[int, tuple[int, int]] | None = None
    closed: frozenset[date] = frozenset()
    opened: frozenset[date] = frozenset()
    _offsets: dict[int, int] = field(default_factory=dict, compare=False, repr=False)

    def calendar(self, name: str = "XX") -> Calendar:
        """Write the place down as a calendar file would."""
        by_weekday = {_NAMES[self.short[0]]: [_span(self.short[1])]} if self.short else {}
        return Calendar.model_validate(
            {
                "calendar": name,
                "title": "A place",
                "zone": self.zone,
                "weekend": [_NAMES[day] for day in self.weekend],
                "hours": [_span(span) for span in self.hours],
                "hours_by_weekday": by_weekday,
                "holidays": [{"day": day, "name": "Closed"} for day in sorted(self.closed)],
                "extra_working_days": [{"day": day, "name": "Opened"} for day in sorted(self.opened)],
            }
        )

    def local(self, minute: int) -> tuple[date, int]:
        """Read the wall calendar and the wall clock of the place; zones change their law on the quarter hour."""
        quarter = minute // _QUARTER
        if quarter not in self._offsets:
            moment = instant(quarter * _QUARTER).astimezone(ZoneInfo(self.zone))
            self._offsets[quarter] = (moment.utcoffset() or timedelta()) // MINUTE
        day, clock = divmod(minute + self._offsets[quarter], _DAY)
        return date(1970, 1, 1) + timedelta(days=day), clock

    def is_open(self, minute: int) -> bool:
        """Return whether it is a working day, at any hour."""
        day, _ = self.local(minute)
        return day in self.opened or (day not in self.closed and day.weekday() not in self.weekend)

    def is_office_hour(self, minute: int) -> bool:
        """Return whether offices are open at this minute."""
        day, clock = self.local(minute)
        spans = (self.short[1],) if self.short and self.short[0] == day.weekday() else self.hours
        return self.is_open(minute) and any(opens <= clock < closes for opens, closes in spans)

    def first_at(self, day: date, clock: int) -> int:
        """Find the first minute at which the place shows a date and a clock time."""
        guess = (day - date(1970, 1, 1)).days * _DAY + clock
        return next(minute for minute in range(guess - _DAY, guess + _DAY) if self.local(minute) == (day, clock))


def number(at: datetime) -> int:
    """Count the minutes from 1970 to an instant."""
    return (at - _EPOCH) // MINUTE


def instant(minute: int) -> datetime:
    """Return the instant of a numbered minute."""
    return _EPOCH + minute * MINUTE


def walk(start: int, needed: int, counts: Counts) -> int:
    """Walk on until enough minutes have counted."""
    minute = start
    while needed:
        needed -= counts(minute)
        minute += 1
    return minute


def walk_back(end: int, needed: int, counts: Counts) -> int:
    """Walk back until enough minutes have counted."""
    minute = end
    while needed:
        minute -= 1
        needed -= counts(minute)
    return minute


def months_on(day: date, months: int) -> date:
    """Turn the pages of a wall calendar, one day after the other, to the same day of a later (or earlier) month."""
    wanted, turned, one = day.day, 0, timedelta(days=1 if months > 0 else -1)
    while turned < abs(months):
        following = day + one
        turned += following.month != day.month
        day = following
    while months < 0 and day.day > wanted:
        day += one
    while months > 0 and day.day < wanted and (day + one).month == day.month:
        day += one
    return day


def calendar_limit(place: Place, start: int, months: int, days: int = 0) -> int:
    """Find the same clock time so many months and days later, or earlier."""
    day, clock = place.local(start)
    return place.first_at((months_on(day, months) if months else day) + timedelta(days=days), clock)


def working_days(place: Place, start: int, days: int, lost: Collection[int] = ()) -> int:
    """Find the same clock time so many working days later; minutes lost on working days are made up for."""
    plain = start
    for _ in range(days):
        plain = _same_clock(place, plain, start, 1)
    needed = sum(place.is_open(minute) for minute in range(start, plain))
    if not any(place.is_open(minute) for minute in lost if start <= minute < plain):
        return plain
    found = walk(start, needed, lambda minute: place.is_open(minute) and minute not in lost)
    while not place.is_open(found):
        found += 1
    return found


def working_days_back(place: Place, end: int, days: int) -> int:
    """Find the same clock time so many working days earlier."""
    for _ in range(days):
        end = _same_clock(place, end, end, -1)
    return end


def _same_clock(place: Place, minute: int, like: int, step: int) -> int:
    """Walk to the next minute on a working day at which the clock shows what it showed before."""
    wanted = place.local(like)[1]
    today = place.local(minute)[0]
    minute += step
    while not (place.local(minute)[0] != today and place.local(minute)[1] == wanted and place.is_open(minute)):
        minute += step
    return minute


def _span(span: tuple[int, int]) -> str:
    return "-".join(f"{minutes // 60:02}:{minutes % 60:02}" for minutes in span)
