"""Calendars: which days and hours are working time in a place."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, time
from enum import StrEnum
from functools import cache, cached_property
from itertools import pairwise
from typing import Annotated, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    field_validator,
    model_validator,
)

from engine.errors import NotPossibleError


class Weekday(StrEnum):
    """A day of the week, Monday first."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"

    @classmethod
    def of(cls, day: date) -> "Weekday":
        """Name the weekday of a date."""
        return tuple(cls)[day.weekday()]

    @property
    def label(self) -> str:
        """The full English name."""
        return _WEEKDAYS[tuple(type(self)).index(self)]


_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class WorkingSpan(_Record):
    """Working hours without a break, in local clock time: `09:00-17:00`."""

    opens: time
    closes: time

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        opens, _, closes = value.partition("-")
        return {"opens": opens.strip(), "closes": closes.strip()}

    @model_validator(mode="after")
    def _opens_first(self) -> Self:
        if self.opens >= self.closes:
            message = f"working hours open before they close, but {self.opens:%H:%M} is not before {self.closes:%H:%M}"
            raise ValueError(message)
        return self

    def __str__(self) -> str:
        """Return the span as it is written in a file."""
        return f"{self.opens:%H:%M}-{self.closes:%H:%M}"


def _in_order(spans: tuple[WorkingSpan, ...]) -> tuple[WorkingSpan, ...]:
    if any(later.opens < earlier.closes for earlier, later in pairwise(spans)):
        message = "the working hours of one day stand in order and do not overlap"
        raise ValueError(message)
    return spans


def _is_known_zone(name: str) -> str:
    if name not in time_zones():
        message = f"there is no time zone {name}; name one like Asia/Kolkata"
        raise ValueError(message)
    return name


@cache
def time_zones() -> frozenset[str]:
    """Name the time zones that this machine knows; listing them takes a while."""
    return frozenset(available_timezones())


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Spans = Annotated[
    tuple[WorkingSpan, ...], BeforeValidator(_one_or_many), AfterValidator(_in_order), Field(min_length=1)
]
ZoneName = Annotated[str, AfterValidator(_is_known_zone)]

OFFICE_HOURS = (WorkingSpan(opens=time(9), closes=time(17)),)


_NTH = {"1st": "first", "2nd": "second", "3rd": "third", "4th": "fourth", "5th": "fifth"}
_REST = re.compile(rf"(?:(?P<nth>{'|'.join(_NTH)}) )?(?P<weekday>{'|'.join(Weekday)})")
_DAYS_OF_WEEK = 7


class RestDay(RootModel[str]):
    """A day on which nobody works, as written: `sun` for every Sunday, `2nd sat` for the second Saturday of a month."""

    model_config = ConfigDict(frozen=True)

    @field_validator("root")
    @classmethod
    def _is_readable(cls, text: str) -> str:
        if _REST.fullmatch(text) is None:
            message = f"'{text}' is no day of rest: write sat for every Saturday, or 2nd sat for the second of a month"
            raise ValueError(message)
        return text

    @property
    def weekday(self) -> Weekday:
        """The day of the week."""
        return Weekday(self.root[-3:])

    @property
    def is_every_week(self) -> bool:
        """Whether it comes every week, and not only the n-th time in a month."""
        return self.root == self.weekday.value

    @property
    def label(self) -> str:
        """The full English name: `Saturday`, or `second Saturday of the month`."""
        nth = self.root.partition(" ")[0]
        return self.weekday.label if self.is_every_week else f"{_NTH[nth]} {self.weekday.label} of the month"

    def covers(self, day: date) -> bool:
        """Return whether a date is such a day."""
        if Weekday.of(day) is not self.weekday:
            return False
        return self.is_every_week or int(self.root[0]) == (day.day - 1) // _DAYS_OF_WEEK + 1

    def __str__(self) -> str:
        """Return the day as it is written in a file."""
        return self.root


class Weekend(_Record):
    """The days of rest of some time, both days included: before or after those that hold otherwise."""

    weekend: tuple[RestDay, ...]
    from_: date | None = Field(default=None, alias="from")
    until: date | None = None
    source: str = Field(min_length=1)
    confidence: str = ""

    @model_validator(mode="after")
    def _is_some_time(self) -> Self:
        if self.from_ is None and self.until is None:
            message = "a weekend of some time says from when or until when it is in force"
            raise ValueError(message)
        if self.from_ and self.until and self.until < self.from_:
            message = "a weekend cannot go out of force before it comes into force"
            raise ValueError(message)
        return self

    def covers(self, day: date) -> bool:
        """Return whether it is in force on a date."""
        return (self.from_ or date.min) <= day <= (self.until or date.max)


class Gazette(_Record):
    """The list of days of one year that a government has published, as far as it was put into the file.

    Of a year whose list is whole nothing that a library worked out counts beside it.
    """

    year: int = Field(ge=2015, le=2100)
    source: str = Field(min_length=1)
    confidence: str = Field(min_length=1)
    is_whole: bool = True


class SpecialDay(_Record):
    """A date with the reason why it is not an ordinary one; `source` says who told us."""

    day: date
    name: str = Field(min_length=1)
    source: str = ""


class YearlyDay(_Record):
    """A holiday on the same date every year, written `11-23`."""

    day: str = Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")
    name: str = Field(min_length=1)
    source: str = ""


class Calendar(_Record):
    """The working time of one place: weekend, hours, holidays.

    Holidays are those written in the file (`holidays` by date, `every_year` by day of the year) together with those
    that an adapter worked out from `holidays_from`. The file wins: `not_holidays` strikes out a computed day,
    `extra_working_days` makes any day a working day. After `holidays_known_until` no computed holiday is known, which
    an explanation must say. `weekend` holds unless one of `weekends` was in force on a day. `gazettes` names the years
    whose days are those of the government's own list, and `missing` what is not known of this place, for who keeps it.
    """

    name: str = Field(alias="calendar", pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")
    version: int = Field(default=1, ge=1)
    title: str
    zone: ZoneName
    weekend: tuple[RestDay, ...]
    weekend_source: str = ""
    weekends: tuple[Weekend, ...] = ()
    hours: Spans = OFFICE_HOURS
    hours_by_weekday: Mapping[Weekday, Spans] = Field(default_factory=dict)
    holidays_from: str | None = Field(default=None, pattern=r"^[A-Z]{2}(/[A-Z0-9]{1,3})?$")
    holidays: tuple[SpecialDay, ...] = ()
    every_year: tuple[YearlyDay, ...] = ()
    not_holidays: tuple[SpecialDay, ...] = ()
    extra_working_days: tuple[SpecialDay, ...] = ()
    holidays_known_until: date | None = None
    gazettes: tuple[Gazette, ...] = ()
    missing: tuple[str, ...] = ()
    confidence: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _has_working_days(self) -> Self:
        for weekend in (self.weekend, *(one.weekend for one in self.weekends)):
            if len({rest.weekday for rest in weekend}) == len(Weekday):
                message = "a calendar needs at least one working day in the week"
                raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _one_weekend_at_a_time(self) -> Self:
        spans = sorted((one.from_ or date.min, one.until or date.max) for one in self.weekends)
        if any(later[0] <= earlier[1] for earlier, later in pairwise(spans)):
            message = "two weekends are in force on the same day"
            raise ValueError(message)
        return self

    @property
    def zone_info(self) -> ZoneInfo:
        """The time zone in which days begin and clocks are read."""
        return ZoneInfo(self.zone)

    def is_working_day(self, day: date) -> bool:
        """Return whether offices work on this date."""
        return self.why_closed(day) is None

    def why_closed(self, day: date) -> str | None:
        """Name the holiday or weekend day that makes this date no working day; None when it is one."""
        if day in self._opened:
            return None
        rest = self._rest(day)
        return self.holiday(day) or (rest.label if rest else None)

    def holiday(self, day: date) -> str | None:
        """Name the holiday of this date, whether or not it is a weekend day too; None when it has none."""
        return self._closed.get(day) or self._yearly.get(f"{day:%m-%d}")

    def why_open(self, day: date) -> str | None:
        """Name what makes this date a working day although it would be none; None on an ordinary day."""
        return self._opened.get(day)

    def spans(self, day: date) -> tuple[WorkingSpan, ...]:
        """Return the working hours of a date, in order; none when it is no working day."""
        return self.hours_by_weekday.get(Weekday.of(day), self.hours) if self.is_working_day(day) else ()

    def with_holidays(self, computed: Iterable[SpecialDay], *, known_until: date) -> "Calendar":
        """Add computed holidays to those of the file, without the days that the file strikes out."""
        struck = {special.day for special in (*self.not_holidays, *self.holidays)}
        whole = {one.year for one in self.gazettes if one.is_whole}
        added = tuple(special for special in computed if special.day not in struck and special.day.year not in whole)
        together = tuple(sorted((*self.holidays, *added), key=lambda special: special.day))
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return Calendar.model_validate(fields | {"holidays": together, "holidays_known_until": known_until})

    def with_special_days(self, *, closed: Iterable[SpecialDay], opened: Iterable[SpecialDay]) -> "Calendar":
        """Add days that somebody has told since: they win over the file, which wins over computed holidays."""
        closing, opening = {special.day: special for special in closed}, {special.day: special for special in opened}
        both = closing.keys() | opening.keys()
        holidays = [special for special in self.holidays if special.day not in both]
        working = [special for special in self.extra_working_days if special.day not in both]
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        changes = {"holidays": (*holidays, *closing.values()), "extra_working_days": (*working, *opening.values())}
        ordered = {name: tuple(sorted(days, key=lambda special: special.day)) for name, days in changes.items()}
        return Calendar.model_validate(fields | ordered)

    def who_says(self, day: date) -> str:
        """Say by whom it is told that this date is not an ordinary one; empty when nobody is named."""
        if day in self._sources:
            return self._sources[day]
        return self._yearly_sources.get(f"{day:%m-%d}") or self._who_says_rest(day)

    def weekend_on(self, day: date) -> tuple[RestDay, ...]:
        """List the days of rest that are in force on a date."""
        found = self._weekend_of_some_time(day)
        return found.weekend if found else self.weekend

    def gaps(self, *, year: int) -> tuple[str, ...]:
        """Say what is not known of a year in this place, a sentence each: what the file says is missing, and more."""
        gazette = next((one for one in self.gazettes if one.year == year), None)
        until = self.holidays_known_until
        found = list(self.missing)
        if gazette is None:
            found.append(f"The government's own list of days of {year} was not found: its feasts are worked out.")
        elif not gazette.is_whole:
            found.append(f"Of the government's list of {year} ({gazette.source}) a part is missing.")
        if self.holidays_from and (until is None or until.year < year):
            found.append(f"Public holidays of {year} are not known.")
        return tuple(found)

    def _rest(self, day: date) -> RestDay | None:
        return next((rest for rest in self.weekend_on(day) if rest.covers(day)), None)

    def _weekend_of_some_time(self, day: date) -> Weekend | None:
        return next((one for one in self.weekends if one.covers(day)), None)

    def _who_says_rest(self, day: date) -> str:
        """Say by whom a day of rest is told that is not the usual one of every week."""
        rest, of_some_time = self._rest(day), self._weekend_of_some_time(day)
        if rest is None or (rest.is_every_week and of_some_time is None):
            return ""
        return of_some_time.source if of_some_time else self.weekend_source

    @cached_property
    def _sources(self) -> dict[date, str]:
        return {special.day: special.source for special in (*self.holidays, *self.extra_working_days)}

    @cached_property
    def _yearly_sources(self) -> dict[str, str]:
        return {yearly.day: yearly.source for yearly in self.every_year}

    @cached_property
    def _closed(self) -> dict[date, str]:
        return {special.day: special.name for special in self.holidays}

    @cached_property
    def _yearly(self) -> dict[str, str]:
        return {yearly.day: yearly.name for yearly in self.every_year}

    @cached_property
    def _opened(self) -> dict[date, str]:
        return {special.day: special.name for special in self.extra_working_days}


def calendar_for(jurisdiction: str, calendars: Mapping[str, Calendar]) -> Calendar:
    """Find the calendar of a jurisdiction, or of its country: `IN-AS` falls back to `IN`, `BD-G` to `BD`.

    Raises `NoCalendarError` when neither has one.
    """
    found = calendars.get(jurisdiction) or calendars.get(jurisdiction.partition("-")[0])
    if found is None:
        raise NoCalendarError(jurisdiction=jurisdiction)
    return found


class NoCalendarError(NotPossibleError):
    """Raised when working time or local time is asked for a place without a calendar."""

    code = "no-calendar"
    sentence = "No calendar covers {jurisdiction}: add one under workflows/calendars."
