"""Calendars: which days and hours are working time in a place."""

from collections.abc import Iterable, Mapping
from datetime import date, time
from enum import StrEnum
from functools import cache, cached_property
from itertools import pairwise
from typing import Annotated, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from engine.errors import NoCalendarError


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


class Span(_Record):
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
        """Give the span as it is written in a file."""
        return f"{self.opens:%H:%M}-{self.closes:%H:%M}"


def _in_order(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    if any(later.opens < earlier.closes for earlier, later in pairwise(spans)):
        message = "the working hours of one day stand in order and do not overlap"
        raise ValueError(message)
    return spans


def _is_known_zone(name: str) -> str:
    if name not in _zones():
        message = f"there is no time zone {name}; name one like Asia/Kolkata"
        raise ValueError(message)
    return name


@cache
def _zones() -> frozenset[str]:
    """Name the time zones that this machine knows; listing them takes a while."""
    return frozenset(available_timezones())


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Spans = Annotated[tuple[Span, ...], BeforeValidator(_one_or_many), AfterValidator(_in_order), Field(min_length=1)]
ZoneName = Annotated[str, AfterValidator(_is_known_zone)]

OFFICE_HOURS = (Span(opens=time(9), closes=time(17)),)


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
    an explanation must say.
    """

    name: str = Field(alias="calendar", pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")
    version: int = Field(default=1, ge=1)
    title: str
    zone: ZoneName
    weekend: tuple[Weekday, ...]
    hours: Spans = OFFICE_HOURS
    hours_by_weekday: Mapping[Weekday, Spans] = Field(default_factory=dict)
    holidays_from: str | None = Field(default=None, pattern=r"^[A-Z]{2}(/[A-Z0-9]{1,3})?$")
    holidays: tuple[SpecialDay, ...] = ()
    every_year: tuple[YearlyDay, ...] = ()
    not_holidays: tuple[SpecialDay, ...] = ()
    extra_working_days: tuple[SpecialDay, ...] = ()
    holidays_known_until: date | None = None
    confidence: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _has_working_days(self) -> Self:
        if len(set(self.weekend)) == len(Weekday):
            message = "a calendar needs at least one working day in the week"
            raise ValueError(message)
        return self

    @property
    def zone_info(self) -> ZoneInfo:
        """The time zone in which days begin and clocks are read."""
        return ZoneInfo(self.zone)

    def is_working_day(self, day: date) -> bool:
        """Say whether offices work on this date."""
        return self.why_closed(day) is None

    def why_closed(self, day: date) -> str | None:
        """Name the holiday or weekend day that makes this date no working day; None when it is one."""
        if day in self._opened:
            return None
        return self.holiday(day) or self._resting.get(Weekday.of(day))

    def holiday(self, day: date) -> str | None:
        """Name the holiday of this date, whether or not it is a weekend day too; None when it has none."""
        return self._closed.get(day) or self._yearly.get(f"{day:%m-%d}")

    def why_open(self, day: date) -> str | None:
        """Name what makes this date a working day although it would be none; None on an ordinary day."""
        return self._opened.get(day)

    def spans(self, day: date) -> tuple[Span, ...]:
        """Give the working hours of a date, in order; none when it is no working day."""
        return self.hours_by_weekday.get(Weekday.of(day), self.hours) if self.is_working_day(day) else ()

    def with_holidays(self, computed: Iterable[SpecialDay], *, known_until: date) -> "Calendar":
        """Add computed holidays to those of the file, without the days that the file strikes out."""
        struck = {special.day for special in (*self.not_holidays, *self.holidays)}
        added = tuple(special for special in computed if special.day not in struck)
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
        """Say by whom it is told that this date is a holiday or an extra working day; empty when nobody is named."""
        return self._sources.get(day) or ("" if day in self._closed else self._yearly_sources.get(f"{day:%m-%d}", ""))

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
    def _resting(self) -> dict[Weekday, str]:
        return {weekday: weekday.label for weekday in self.weekend}

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


def zone_for(jurisdiction: str, calendars: Mapping[str, Calendar]) -> str:
    """Name the time zone of a jurisdiction, by the same fallback; raises `NoCalendarError`."""
    return calendar_for(jurisdiction, calendars).zone
