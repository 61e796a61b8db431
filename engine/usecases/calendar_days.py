"""List the special days of a calendar in a year, with who says so."""

from dataclasses import dataclass
from datetime import date, timedelta

from engine.adapters.sql.special_day_store import SpecialDayStore
from engine.assembly import Engine
from engine.spec.calendars import Calendar
from engine.usecases.special_days import HOLIDAY, WORKING, calendar_of


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A holiday or an extra working day; `is_added` when somebody has added it by hand."""

    day: date
    kind: str
    name: str
    source: str
    is_added: bool


def days_of_year(engine: Engine, name: str, year: int) -> tuple[CalendarDay, ...]:
    """List the holidays and extra working days of a year in order of date; raises `NotFoundError`.

    A holiday on a weekend is listed; an ordinary weekend is not.
    """
    with engine.transaction() as tx:
        calendar = calendar_of(tx, name)
        added = {day.day for day in tx.of(SpecialDayStore).live(name)}
    found: list[CalendarDay] = []
    day = date(year, 1, 1)
    while day.year == year:
        opened, closed = calendar.why_open(day), calendar.holiday(day)
        if opened is not None:
            found.append(CalendarDay(day, WORKING, opened, calendar.who_says(day), day in added))
        elif closed is not None:
            found.append(CalendarDay(day, HOLIDAY, closed, calendar.who_says(day), day in added))
        day += timedelta(days=1)
    return tuple(found)


def published_calendar(engine: Engine, name: str) -> Calendar:
    """Give a calendar as it counts now; raises `NotFoundError`."""
    with engine.transaction() as tx:
        return calendar_of(tx, name)


def gaps_of(engine: Engine, year: int) -> dict[str, tuple[str, ...]]:
    """Say what is not known of a year, by the name of each calendar that counts now."""
    calendars = engine.library().calendars
    return {name: calendars[name].gaps(year=year) for name in sorted(calendars)}
