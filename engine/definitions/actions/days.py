"""Add a public holiday or a working day to a calendar, take one back, and list those of a year."""

import calendar as monthly
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from engine.assembly import Engine
from engine.core.policy import Action, Viewer, require
from engine.db.transaction import Transaction
from engine.definitions.records import SpecialDayError, StoredDay
from engine.definitions.store import DefinitionStore, RecountStore, SpecialDayStore
from engine.errors import NotAllowedError, NotFoundError
from engine.language.calendars import Calendar
from engine.language.library import DefinitionKind
from engine.people.store import DirectoryStore
from engine.people.viewer import looks_after

HOLIDAY, WORKING, REST = "holiday", "working", "rest"
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class NewDay:
    """A day to be added: `name` says what it is, `reason` by whose word."""

    calendar: str
    day: date
    name: str
    reason: str
    is_working: bool = False

    @property
    def kind(self) -> str:
        """The kind under which it is stored."""
        return WORKING if self.is_working else HOLIDAY


def add_special_day(engine: Engine, new: NewDay, *, viewer: Viewer) -> UUID:
    """Add a day to a calendar and ask that the open deadlines are counted again; returns its id.

    Raises `NotAllowedError`, `NotFoundError` for a calendar that is not published, and `SpecialDayError` for a day
    that is over, that is what it should become already, or that lacks a name or a reason.
    """
    require_keeper(viewer)
    stored = as_stored(engine, new, viewer)
    with engine.transaction() as tx:
        _require_owner(tx, new.calendar, viewer)
        tx.of(DefinitionStore).hold(DefinitionKind.CALENDAR.value, new.calendar)
        check_day(engine, tx, new)
        tx.of(SpecialDayStore).add(stored)
        _ask_recount(engine, tx, new.calendar, viewer)
        tx.commit()
    engine.refresh_definitions()
    return stored.id


def remove_special_day(engine: Engine, *, calendar: str, day: date, viewer: Viewer) -> None:
    """Take a day back that was added by hand, and ask that the open deadlines are counted again.

    Raises `NotAllowedError`, and `SpecialDayError` when no such day was added, or when it is over.
    """
    require_keeper(viewer)
    now = engine.clock.now()
    with engine.transaction() as tx:
        _require_owner(tx, calendar, viewer)
        tx.of(DefinitionStore).hold(DefinitionKind.CALENDAR.value, calendar)
        known = added_day(engine, tx, calendar, day)
        tx.of(SpecialDayStore).remove(known.id, by=viewer.actor_id, at=now)
        _ask_recount(engine, tx, calendar, viewer)
        tx.commit()
    engine.refresh_definitions()


def check_day(engine: Engine, tx: Transaction, new: NewDay) -> None:
    """Refuse a day that would change nothing, that is over, or that nobody could explain later."""
    calendar = calendar_of(tx, new.calendar)
    problem = ""
    if new.day < engine.clock.now().astimezone(calendar.zone_info).date():
        problem = "it is over, and what was due then stays as it was."
    elif not new.name.strip() or not new.reason.strip():
        problem = "it needs a name and a source: who says so?"
    elif max(len(new.name), len(new.reason)) > _LONGEST:
        problem = f"name and reason are each at most {_LONGEST} characters long."
    elif any(day.day == new.day for day in tx.of(SpecialDayStore).live(new.calendar)):
        problem = "it was already added: remove that first."
    elif new.is_working and calendar.is_working_day(new.day):
        problem = "it is already a working day."
    elif not new.is_working and (closed := calendar.why_closed(new.day)) is not None:
        problem = f"it is already not a working day ({closed})."
    if problem:
        raise SpecialDayError(day=new.day.isoformat(), calendar=new.calendar, problem=problem)


def added_day(engine: Engine, tx: Transaction, calendar: str, day: date) -> StoredDay:
    """Find a day that was added by hand and is not over; raises `SpecialDayError`."""
    known = next((one for one in tx.of(SpecialDayStore).live(calendar) if one.day == day), None)
    if known is None:
        raise SpecialDayError(day=day.isoformat(), calendar=calendar, problem="no one added it by hand.")
    if day < engine.clock.now().astimezone(calendar_of(tx, calendar).zone_info).date():
        problem = "it is over, and what was due then stays as it was."
        raise SpecialDayError(day=day.isoformat(), calendar=calendar, problem=problem)
    return known


def as_stored(engine: Engine, new: NewDay, viewer: Viewer) -> StoredDay:
    """Return the day as it would be stored."""
    return StoredDay(
        id=engine.entropy.uuid(), calendar=new.calendar, day=new.day, kind=new.kind, name=new.name.strip(),
        reason=new.reason.strip(), added_by=viewer.actor_id, added_at=engine.clock.now(), who=viewer.name,
    )  # fmt: skip


def calendar_of(tx: Transaction, name: str) -> Calendar:
    """Return a published calendar as it counts now; raises `NotFoundError`."""
    found = tx.library().calendars.get(name)
    if found is None:
        raise NotFoundError(kind="calendar")
    return found


def require_keeper(viewer: Viewer) -> None:
    """Refuse whoever may not change calendars."""
    require(viewer, Action.KEEP_CALENDARS)


def _require_owner(tx: Transaction, calendar: str, viewer: Viewer) -> None:
    """Refuse who would move the deadlines of another organisation: that is for administrators of the hub's body."""
    country = calendar.partition("-")[0]
    reached = {
        unit.organisation_id for unit in tx.of(DirectoryStore).units() if unit.jurisdiction.partition("-")[0] == country
    }
    if not all(looks_after(tx, viewer, one, Action.KEEP_CALENDARS) for one in reached or {None}):
        raise NotAllowedError(actor=viewer.name, action="change a calendar by which other organisations count")


def _ask_recount(engine: Engine, tx: Transaction, calendar: str, viewer: Viewer) -> None:
    tx.of(RecountStore).ask(
        engine.entropy.uuid(),
        kind=DefinitionKind.CALENDAR.value,
        name=calendar,
        by=viewer.actor_id,
        at=engine.clock.now(),
    )


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


@dataclass(frozen=True, slots=True)
class MonthDay:
    """A date as the picture of a month shows it: `kind` is `holiday`, `rest`, `working` (an extra day), or nothing."""

    day: date
    kind: str = ""
    name: str = ""


def weeks_of_month(calendar: Calendar, month: date) -> tuple[tuple[MonthDay | None, ...], ...]:
    """Return the weeks of a month, from Monday on; a date of the month before or after is None."""
    weeks = monthly.Calendar().monthdatescalendar(month.year, month.month)
    return tuple(
        tuple(_as_shown(calendar, day) if day.month == month.month else None for day in week) for week in weeks
    )


def _as_shown(calendar: Calendar, day: date) -> MonthDay:
    opened, closed, holiday = calendar.why_open(day), calendar.why_closed(day), calendar.holiday(day)
    if opened is not None:
        return MonthDay(day, WORKING, opened)
    if closed is not None:
        return MonthDay(day, HOLIDAY if holiday is not None else REST, closed)
    return MonthDay(day)


def published_calendar(engine: Engine, name: str) -> Calendar:
    """Return a calendar as it counts now; raises `NotFoundError`."""
    with engine.transaction() as tx:
        return calendar_of(tx, name)


def drafted_calendar(engine: Engine, calendar: Calendar) -> Calendar:
    """Return a calendar that is only drafted as it would count: with public holidays and the days added by hand.

    Raises `HolidaysUnknownError`.
    """
    with engine.transaction() as tx:
        return engine.whole_calendar(calendar, tx.of(SpecialDayStore).live(calendar.name))


def gaps_of(engine: Engine, year: int) -> dict[str, tuple[str, ...]]:
    """Say what is not known of a year, by the name of each calendar that counts now."""
    calendars = engine.library().calendars
    return {name: calendars[name].gaps(year=year) for name in sorted(calendars)}
