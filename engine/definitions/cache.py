"""What is published, as a library that is read once for each version, with the step types that are installed."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from threading import Lock
from time import monotonic
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy import Engine as SqlEngine
from sqlalchemy.util import LRUCache

from engine.core.compiled import CompiledWorkflow, compile_workflow
from engine.core.library import Library
from engine.db.store import Within
from engine.db.transaction import asked_over
from engine.definitions.holidays import CalendarsWithHolidays
from engine.definitions.store import DefinitionStore, LawSignatureStore, SpecialDayStore
from engine.keys.vault import Vault
from engine.language.calendars import Calendar
from engine.language.catalogue import StepCatalogue
from engine.language.ladders import Ladder
from engine.language.law import LawPack, Signature
from engine.language.texts import replaced
from engine.language.workflow import Workflow

_LOOK_AGAIN_AFTER = 1.0
_COMPILED: Final = LRUCache[tuple[str, StepCatalogue], CompiledWorkflow](capacity=200)
"""By content hash and step types: what the engines of a process have compiled, such as those of training spaces."""


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

    def get(self, content_hash: str, default: Any = None) -> Any:  # noqa: ANN401 - as a mapping's
        """Return a compiled workflow, or the default for a hash that no version has; most are known."""
        return self._compiled.get(content_hash) or super().get(content_hash, default)

    def __contains__(self, content_hash: object) -> bool:
        """Return whether some version has this hash."""
        return self.get(str(content_hash)) is not None

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
        known = _COMPILED.get((content_hash, self._catalogue))
        if known is None:
            known = compile_workflow(Workflow.model_validate(dict(stored.flattened)), self._catalogue)
            _COMPILED[content_hash, self._catalogue] = known
        return known


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

    def seen_by(self, connection: Connection, stamp: tuple[int, ...] | None = None) -> Library:
        """Return the library as a transaction sees it; `stamp` is its stamp where that is known."""
        store, looked_at = DefinitionStore(Within(connection, self._vault)), self._ticks()
        stamp = stamp or store.stamp()
        with self._lock:
            known = self._read
            if known is None or known[0] != stamp:
                days = SpecialDayStore(Within(connection, self._vault))
                known = (stamp, _library(store, days, LawSignatureStore(Within(connection, self._vault))))
                self._read = known
            self._looked_at = looked_at
        return known[1]


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
    texts = {stored.name: str(stored.flattened.get("text", "")) for stored in store.published("message")}
    return Library(
        messages={name: text for name, text in texts.items() if text},
        papers={stored.name: replaced(stored.flattened) for stored in store.published("document")},
        versions_of={name: tuple(known) for name, known in versions.items()},
        calendars=CalendarsWithHolidays(calendars, days.live()),
        ladders={stored.name: Ladder.model_validate(dict(stored.flattened)) for stored in store.published("ladder")},
        packs={
            stored.name: LawPack.model_validate(dict(stored.flattened)).with_signatures(signatures)
            for stored in store.published("law")
        },
    )
