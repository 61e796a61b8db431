"""The collaborators that every action is given."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from engine.core.compiled import CompiledWorkflow
from engine.core.history import Written
from engine.core.library import Library as Published
from engine.core.policy import Viewer
from engine.core.retention import Tombstone
from engine.db.reading import Asks, Reader, Reading
from engine.db.transaction import Transaction
from engine.definitions.records import StoredDay
from engine.documents.records import PrintingError
from engine.documents.templates import PaperRenderer
from engine.errors import KeyMissingError, ServiceError
from engine.hubs.envelope import HubKeyFile, post
from engine.keys.key_changes import FileKeyKeeper
from engine.keys.periods import PeriodFolders
from engine.language.calendars import Calendar
from engine.language.catalogue import StepCatalogue
from engine.language.diagram import Drawing
from engine.language.findings import Finding
from engine.language.library import Definitions
from engine.messages.records import GatewayError
from engine.messages.templates import TemplateRenderer
from engine.overview.records import AuditFault, StateDifference
from engine.persons.tokens import NameTokens
from engine.plugin.registry import Registry
from engine.ports import (
    Anchors,
    Channel,
    Clock,
    Entropy,
    Files,
    Gateways,
    HandOver,
    Printer,
    Signer,
    Tombstones,
    Uptime,
    Vault,
)
from engine.sign_in.passwords import Argon2Passwords, TotpCodes


def _nothing() -> None:
    """Return nothing back: the default of an engine that holds nothing."""


def _none_broken() -> Iterable[tuple[str, int]]:
    """Find no broken chain: the default of an engine without storage."""
    return ()


def _always_starting() -> Uptime:
    """Return the uptime of a machine that has just started: the default of an engine that nobody measures."""
    return Uptime(boot="", seconds=0.0)


class NoTombstones:
    """Keeps nothing: the default of an engine that erases nobody."""

    def add(self, tombstone: Tombstone) -> None:  # noqa: ARG002 - the port's words
        """Refuse; raises `ServiceError`."""
        name = "The list of what was erased"
        raise ServiceError(service=name, problem="there is none.", remedy="Nothing was erased.")

    def read(self) -> tuple[Tombstone, ...]:
        """Return none."""
        return ()


def _none_differ() -> Iterable[StateDifference]:
    """Find no difference: the default of an engine without storage."""
    return ()


def _no_faults(_folders: Iterable[Path]) -> Iterable[AuditFault]:
    """Find no fault: the default of an engine without storage."""
    return ()


class Unsigned:
    """Signs nothing: the default of an engine that was given no key."""

    key_id = ""

    def sign(self, text: bytes) -> bytes:  # noqa: ARG002 - the port's words
        """Refuse; raises `KeyMissingError`."""
        raise KeyMissingError(key_id="that signs checkpoints")

    def public_keys(self) -> Mapping[str, str]:
        """Return none."""
        return {}

    def hand_overs(self) -> Sequence[HandOver]:
        """Return none."""
        return ()

    def hand_over(self, *, after: int) -> HandOver:  # noqa: ARG002 - the port's words
        """Refuse; raises `KeyMissingError`."""
        raise KeyMissingError(key_id="that signs checkpoints")


class NoSecondPlace:
    """Keeps nothing: the default of an engine that was given no second place for checkpoints."""

    def last(self) -> Written | None:
        """Return none."""
        return None

    def append(self, written: Sequence[Written], *, day: datetime) -> None:
        """Keep nothing."""


class NoPrinter:
    """Prints nothing: the default of an engine that was given no printer."""

    def pdf(self, html: str) -> bytes:  # noqa: ARG002 - the port's words
        """Refuse; raises `PrintingError`."""
        raise PrintingError(problem="This system prints nothing.", remedy="Print the page itself.")

    def problem(self) -> str:
        """Say that there is none."""
        return "This system prints nothing."


class NoGateways:
    """Knows no gateway: the default of an engine that was given none."""

    def channel(self, name: str, url: str) -> Channel:  # noqa: ARG002 - the port's words
        """Refuse; raises `GatewayError`."""
        raise GatewayError(channel=name, problem="this system has no gateways.")

    def host(self, name: str, url: str) -> str:  # noqa: ARG002 - the port's words
        """Refuse; raises `GatewayError`."""
        raise GatewayError(channel=name, problem="this system has no gateways.")


@dataclass(frozen=True)
class Engine(Asks):
    """One assembled system. `definitions` compiles by content hash; `library` gives what is published now.

    `lint` checks the texts of files by name; `whole_calendar` adds public holidays and added days to a calendar.
    `channels` are the installation's own, `gateways` makes those that organisations set up in the database.
    `hub_line` posts a sealed message to the address of another hub and returns its answer.
    `clock` is the time of cases, which the demo can move forward; `wall_clock` is the time of sessions, never moved.
    """

    clock: Clock
    wall_clock: Clock
    entropy: Entropy
    vault: Vault
    key_keeper: FileKeyKeeper
    periods: PeriodFolders
    files: Files
    passwords: Argon2Passwords
    codes: TotpCodes
    is_common_password: Callable[[str], bool]
    fingerprints: NameTokens
    renderer: TemplateRenderer
    papers: PaperRenderer
    registry: Registry
    catalogue: StepCatalogue
    definitions: Mapping[str, CompiledWorkflow]
    library: Callable[[], Published]
    begin: Callable[[Viewer | None], AbstractContextManager[Transaction]]
    reader: Reader
    draw: Callable[[Drawing], str]
    lint: Callable[[Mapping[str, str], Definitions], tuple[Finding, ...]]
    refresh_definitions: Callable[[], None]
    whole_calendar: Callable[[Calendar, Iterable[StoredDay]], Calendar]
    hub_keys: HubKeyFile
    hub_line: Callable[[str, bytes], bytes] = post
    channels: Mapping[str, Channel] = field(default_factory=dict)
    gateways: Gateways = field(default_factory=NoGateways)
    printer: Printer = field(default_factory=NoPrinter)
    tombstones: Tombstones = field(default_factory=NoTombstones)
    portal_url: str = ""
    demo: bool = False
    factor_for_all: bool = True
    factor_at_latest: date | None = None
    signer: Signer = field(default_factory=Unsigned)
    anchors: Anchors = field(default_factory=NoSecondPlace)
    faults: Callable[[Iterable[Path]], Iterable[AuditFault]] = _no_faults
    broken_chains: Callable[[], Iterable[tuple[str, int]]] = _none_broken
    state_differences: Callable[[], Iterable[StateDifference]] = _none_differ
    dispose: Callable[[], None] = _nothing
    uptime: Callable[[], Uptime] = _always_starting

    def transaction(self, viewer: Viewer | None = None) -> AbstractContextManager[Transaction]:
        """Begin a transaction: for a viewer, to whom the database then gives only their rows, or for the system."""
        return self.begin(viewer)

    def reading(self, viewer: Viewer | None = None) -> AbstractContextManager[Reading]:
        """Begin a transaction that only reads what a viewer may see."""
        return self.reader.reading(viewer)
