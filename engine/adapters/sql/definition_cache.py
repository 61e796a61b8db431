"""Compiled definitions, kept by content hash, and the library of what is published now."""

from collections.abc import Iterable, Iterator, Mapping
from threading import Lock

from sqlalchemy import Engine as SqlEngine

from engine.adapters.holidays_source import with_public_holidays
from engine.adapters.sql.definition_store import DefinitionStore
from engine.domain.compiled import CompiledWorkflow, compile_workflow
from engine.domain.library import Library
from engine.spec.calendars import Calendar
from engine.spec.catalogue import StepCatalogue
from engine.spec.ladders import Ladder
from engine.spec.law import LawPack
from engine.spec.workflow import Workflow

_FIRST_YEAR, _LAST_YEAR = 2015, 2035


class DefinitionCache(Mapping[str, CompiledWorkflow]):
    """Gives a compiled workflow by its content hash, loading it when it is first asked for."""

    def __init__(self, sql: SqlEngine, catalogue: StepCatalogue) -> None:
        """Read definitions from `sql`; step types come from `catalogue`."""
        self._sql = sql
        self._catalogue = catalogue
        self._compiled: dict[str, CompiledWorkflow] = {}
        self._lock = Lock()

    def __getitem__(self, content_hash: str) -> CompiledWorkflow:
        """Give a compiled workflow; raises `KeyError` for a hash that no version has."""
        found = self._compiled.get(content_hash)
        if found is None:
            found = self._load(content_hash)
            with self._lock:
                self._compiled[content_hash] = found
        return found

    def __contains__(self, content_hash: object) -> bool:
        """Say whether some version has this hash."""
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
        with self._sql.connect() as connection:
            stored = DefinitionStore(connection).by_hash(content_hash)
        if stored is None:
            raise KeyError(content_hash)
        return compile_workflow(Workflow.model_validate(dict(stored.flattened)), self._catalogue)


class PublishedLibrary:
    """Gives calendars, ladders and law packs as they are published, read again when something was published."""

    def __init__(self, sql: SqlEngine) -> None:
        """Read from `sql`."""
        self._sql = sql
        self._stamp: object = None
        self._library = Library()
        self._lock = Lock()

    def __call__(self) -> Library:
        """Give the library; `refresh` makes it look for changes."""
        if self._stamp is None:
            self.refresh()
        return self._library

    def refresh(self) -> None:
        """Read the library again if anything was published since."""
        with self._sql.connect() as connection, self._lock:
            store = DefinitionStore(connection)
            stamp = store.stamp()
            if stamp != self._stamp:
                self._library = _library(store)
                self._stamp = stamp


class CalendarsWithHolidays(Mapping[str, Calendar]):
    """Gives a calendar by its name, working its public holidays out when it is first asked for."""

    def __init__(self, calendars: Iterable[Calendar]) -> None:
        """Hold the calendars as their files have them."""
        self._plain = {calendar.name: calendar for calendar in calendars}
        self._whole: dict[str, Calendar] = {}

    def __getitem__(self, name: str) -> Calendar:
        """Give a calendar with its holidays; raises `KeyError` for one that is not published."""
        found = self._whole.get(name)
        if found is None:
            found = with_public_holidays(self._plain[name], first_year=_FIRST_YEAR, last_year=_LAST_YEAR)
            self._whole[name] = found
        return found

    def __contains__(self, name: object) -> bool:
        """Say whether a calendar of this name is published."""
        return name in self._plain

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter(self._plain)

    def __len__(self) -> int:
        """Count the calendars."""
        return len(self._plain)


def _library(store: DefinitionStore) -> Library:
    calendars = [Calendar.model_validate(dict(stored.flattened)) for stored in store.published("calendar")]
    return Library(
        calendars=CalendarsWithHolidays(calendars),
        ladders={stored.name: Ladder.model_validate(dict(stored.flattened)) for stored in store.published("ladder")},
        packs={stored.name: LawPack.model_validate(dict(stored.flattened)) for stored in store.published("law")},
    )
