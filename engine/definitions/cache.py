"""What is published, as a library read once for each version, with the installed step types and public holidays."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import cache
from importlib.metadata import version
from threading import Lock
from time import monotonic
from typing import Any

import holidays
from sqlalchemy import Connection
from sqlalchemy import Engine as SqlEngine

from engine.core.compiled import CompiledWorkflow, compile_workflow
from engine.core.library import Library
from engine.db.store import Within
from engine.db.transaction import asked_over
from engine.definitions.records import StoredDay
from engine.definitions.store import DefinitionStore, LawSignatureStore, SpecialDayStore
from engine.errors import HolidaysUnknownError
from engine.language.calendars import Calendar, SpecialDay
from engine.language.catalogue import Output, StepCatalogue, StepTypeInfo, ValueKind
from engine.language.ladders import Ladder
from engine.language.law import LawPack, Signature
from engine.language.texts import replaced
from engine.language.workflow import Workflow
from engine.plugin.context import Law
from engine.plugin.fields import TELLABLE
from engine.plugin.kinds import FieldKind
from engine.plugin.registry import Registry, contract_of
from engine.plugin.steps import OutputSpec, StepKind, StepType
from engine.ports import Vault

LIBRARY = f"public list “holidays” {version('holidays')}"

_LOOK_AGAIN_AFTER = 1.0


class RegistryCatalogue:
    """Implements `StepCatalogue` over the installed pillars; each step type is described once."""

    def __init__(self, registry: Registry) -> None:
        """Show the step types of `registry`."""
        self._registry = registry
        self._described: dict[str, StepTypeInfo] = {}

    def find(self, key: str) -> StepTypeInfo | None:
        """Return the step type, or None when no installed pillar has it."""
        step_type = self._registry.step_types.get(key)
        if step_type is None:
            return None
        if key not in self._described:
            self._described[key] = info_of(step_type)
        return self._described[key]

    def keys(self) -> tuple[str, ...]:
        """List every installed step type."""
        return tuple(sorted(self._registry.step_types))


def info_of(step_type: StepType) -> StepTypeInfo:
    """Describe a step type as definitions see it."""
    limit = step_type.time_limit
    return StepTypeInfo(
        key=step_type.key,
        title=step_type.title,
        automatic=step_type.kind is StepKind.AUTOMATIC,
        roles=step_type.roles,
        outcomes=tuple(outcome.value for outcome in step_type.outcomes),
        outputs=_outputs(step_type.outputs),
        event_times=tuple(spec.name for spec in step_type.fields if spec.kind is FieldKind.DATETIME and spec.is_open),
        event_time_field=step_type.event_time_field,
        excluded_times=tuple(spec.excluded_time for spec in step_type.fields if spec.excluded_time),
        field_names=tuple(spec.name for spec in step_type.fields),
        time_limit=limit if isinstance(limit, str) else None,
        law_limit=limit.limit_id if isinstance(limit, Law) else None,
        contract_hash=step_type.contract_hash,
        contract=contract_of(step_type),
        tells={spec.tells: tuple(spec.choices) for spec in step_type.fields if spec.tells in TELLABLE},
        retries=step_type.retries,
        retry_delay=step_type.retry_delay,
        timeout=step_type.timeout,
        moments=step_type.moments,
        untold=tuple(
            spec.name
            for spec in step_type.fields
            if spec.kind is FieldKind.DATETIME and (spec.takes_not_known or spec.shown_when or not spec.required)
        ),
        not_known=tuple(spec.name for spec in step_type.fields if spec.takes_not_known),
        computes=_outputs(step_type.computes),
        follow_ups=step_type.follow_ups,
    )


def _outputs(declared: Mapping[str, OutputSpec]) -> dict[str, Output]:
    return {
        name: Output(kind=ValueKind(output.kind.value), choices=output.choices, default=output.default)
        for name, output in declared.items()
    }


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
