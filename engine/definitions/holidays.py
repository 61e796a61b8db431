"""Public holidays worked out by the `holidays` library, for the calendars that name it as their source."""

from datetime import date
from functools import cache
from importlib.metadata import version

import holidays

from engine.errors import HolidaysUnknownError
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
