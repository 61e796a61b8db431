"""Calendars with their public holidays, which a library computes, and the days that were added by hand."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from importlib.metadata import version

import holidays

from engine.definitions.records import StoredDay
from engine.errors import IcmcError
from engine.language.calendars import Calendar, SpecialDay

LIBRARY = f"public list “holidays” {version('holidays')}"


def with_public_holidays(calendar: Calendar, *, first_year: int, last_year: int) -> Calendar:
    """Add the public holidays of whole years to a calendar, by its `holidays_from`; without one it stays as it is.

    Moon-sighted and other estimated days are included; the calendar file strikes out or adds what turned out otherwise.
    Raises `HolidaysUnknownError` when the library does not know the place.
    """
    if calendar.holidays_from is None:
        return calendar
    days = public_holidays(calendar.holidays_from, first_year=first_year, last_year=last_year)
    return calendar.with_holidays(days, known_until=date(last_year, 12, 31))


def public_holidays(place: str, *, first_year: int, last_year: int) -> tuple[SpecialDay, ...]:
    """List the public holidays of a place (`IN`, or `IN/AS` for a state) in whole years, in order of date."""
    country, _, state = place.partition("/")
    try:
        found = holidays.country_holidays(
            country, subdiv=state or None, years=range(first_year, last_year + 1), language="en_US"
        )
    except NotImplementedError as error:
        raise HolidaysUnknownError(place=place) from error
    return tuple(SpecialDay(day=day, name=name, source=LIBRARY) for day, name in sorted(found.items()))


@cache
def known_places() -> frozenset[str]:
    """Name the places whose public holidays the library knows: countries (`IN`) and their parts (`IN/AS`)."""
    supported = holidays.list_supported_countries(include_aliases=False)
    parts = {f"{country}/{part}" for country, names in supported.items() for part in names}
    return frozenset(supported) | parts


HOLIDAY, WORKING = "holiday", "working"
_FIRST_YEAR, _LAST_YEAR = 2015, 2035


class CalendarsWithHolidays(Mapping[str, Calendar]):
    """Gives a calendar by its name, working its public holidays out when it is first asked for.

    Days that were added by hand win over the file, and the file over the computed holidays.
    """

    def __init__(self, calendars: Iterable[Calendar], added: Iterable[StoredDay] = ()) -> None:
        """Hold the calendars as their files have them, and the days that were added to them."""
        self._plain = {calendar.name: calendar for calendar in calendars}
        self._added = tuple(added)
        self._whole: dict[str, Calendar] = {}

    def __getitem__(self, name: str) -> Calendar:
        """Return a calendar with its holidays; raises `KeyError` for one that is not published."""
        found = self._whole.get(name)
        if found is None:
            found = whole(self._plain[name], [day for day in self._added if day.calendar == name])
            self._whole[name] = found
        return found

    def __contains__(self, name: object) -> bool:
        """Return whether a calendar of this name is published."""
        return name in self._plain

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter(self._plain)

    def __len__(self) -> int:
        """Count the calendars."""
        return len(self._plain)


def whole(calendar: Calendar, added: Iterable[StoredDay]) -> Calendar:
    """Put a calendar together: its file, the public holidays that are computed, the days that were added by hand."""
    days = tuple(added)
    computed = with_public_holidays(calendar, first_year=_FIRST_YEAR, last_year=_LAST_YEAR)
    if not days:
        return computed
    return computed.with_special_days(
        closed=[_special(day) for day in days if day.kind == HOLIDAY],
        opened=[_special(day) for day in days if day.kind != HOLIDAY],
    )


def _special(day: StoredDay) -> SpecialDay:
    return SpecialDay(day=day.day, name=day.name, source=f"{day.reason}, added by {day.who or 'this machine'}")


class HolidaysUnknownError(IcmcError):
    """Raised when the source of public holidays does not know a place."""

    code = "holidays-unknown"
    sentence = (
        "No public holidays are known for {place}: write them in the calendar's file and leave out holidays_from."
    )
