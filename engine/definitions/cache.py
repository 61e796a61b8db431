"""Compiled definitions by content hash, public holidays, and the library of what is published."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import cache
from importlib.metadata import version
from threading import Lock
from time import monotonic

import holidays
from sqlalchemy import Connection
from sqlalchemy import Engine as SqlEngine

from engine.core.compiled import CompiledWorkflow, compile_workflow
from engine.core.library import Library
from engine.db.entering import asked_over
from engine.db.store import Within
from engine.definitions.records import StoredDay
from engine.definitions.store import DefinitionStore, LawSignatureStore, SpecialDayStore
from engine.errors import HolidaysUnknownError
from engine.language.calendars import Calendar, SpecialDay
from engine.language.catalogue import StepCatalogue
from engine.language.ladders import Ladder
from engine.language.law import LawPack, Signature
from engine.language.workflow import Workflow
from engine.ports import Vault

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
_LOOK_AGAIN_AFTER = 1.0


class DefinitionCache(Mapping[str, CompiledWorkflow]):
    """Gives a compiled workflow by its content hash, loading it when it is first asked for."""

    def __init__(self, sql: SqlEngine, vault: Vault, catalogue: StepCatalogue) -> None:
        """Read definitions from `sql`; step types come from `catalogue`."""
        self._sql = sql
        self._vault = vault
        self._catalogue = catalogue
        self._compiled: dict[str, CompiledWorkflow] = {}
        self._lock = Lock()

    def __getitem__(self, content_hash: str) -> CompiledWorkflow:
        """Return a compiled workflow; raises `KeyError` for a hash that no version has."""
        found = self._compiled.get(content_hash)
        if found is None:
            found = self._load(content_hash)
            with self._lock:
                self._compiled[content_hash] = found
        return found

    def __contains__(self, content_hash: object) -> bool:
        """Return whether some version has this hash."""
        try:
            self[str(content_hash)]
        except KeyError:
            return False
        return True

    def __iter__(self) -> Iterator[str]:
        """Go through the hashes that were asked for so far."""
        return iter(tuple(self._compiled))

    def __len__(self) -> int:
        """Count the hashes that were asked for so far."""
        return len(self._compiled)

    def _load(self, content_hash: str) -> CompiledWorkflow:
        with asked_over(self._sql) as connection:
            stored = DefinitionStore(Within(connection, self._vault)).by_hash(content_hash)
        if stored is None:
            raise KeyError(content_hash)
        return compile_workflow(Workflow.model_validate(dict(stored.flattened)), self._catalogue)


class PublishedLibrary:
    """Gives calendars, ladders and law packs as they are published, read again when something was published.

    Within a transaction it is always what is published then; elsewhere it may lag by a second.
    """

    def __init__(self, sql: SqlEngine, vault: Vault, *, ticks: Callable[[], float] = monotonic) -> None:
        """Read from `sql`; `vault` opens what was typed of added days, `ticks` counts seconds."""
        self._sql = sql
        self._vault = vault
        self._ticks = ticks
        self._read: tuple[object, Library] | None = None
        self._looked_at = float("-inf")
        self._lock = Lock()

    def __call__(self) -> Library:
        """Return the library as it was a second ago or less."""
        if self._read is None or self._ticks() - self._looked_at > _LOOK_AGAIN_AFTER:
            self.refresh()
        return self._read[1] if self._read else Library()

    def refresh(self) -> None:
        """Read the library again if anything was published since."""
        with asked_over(self._sql) as connection:
            self.seen_by(connection)

    def seen_by(self, connection: Connection) -> Library:
        """Return the library as a transaction sees it."""
        store, looked_at = DefinitionStore(Within(connection, self._vault)), self._ticks()
        stamp = store.stamp()
        with self._lock:
            known = self._read
            if known is None or known[0] != stamp:
                days = SpecialDayStore(Within(connection, self._vault))
                known = (stamp, _library(store, days, LawSignatureStore(Within(connection, self._vault))))
                self._read = known
            self._looked_at = looked_at
        return known[1]


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


def _library(store: DefinitionStore, days: SpecialDayStore, signed: LawSignatureStore) -> Library:
    """Put the library together; a signature stands under one text only, and is lost with it."""
    signatures = {
        one.text_hash: Signature(name=one.name, on=one.signed_on, source_read=one.source_read) for one in signed.live()
    }
    calendars = [Calendar.model_validate(dict(stored.flattened)) for stored in store.published("calendar")]
    versions: dict[str, list[tuple[datetime, Ladder]]] = {}
    for stored in store.ran("ladder"):
        if stored.published_at is not None:
            known = versions.setdefault(stored.name, [])
            known.append((stored.published_at, Ladder.model_validate(dict(stored.flattened))))
    return Library(
        versions_of={name: tuple(known) for name, known in versions.items()},
        calendars=CalendarsWithHolidays(calendars, days.live()),
        ladders={stored.name: Ladder.model_validate(dict(stored.flattened)) for stored in store.published("ladder")},
        packs={
            stored.name: LawPack.model_validate(dict(stored.flattened)).with_signatures(signatures)
            for stored in store.published("law")
        },
    )
