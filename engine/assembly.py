"""The collaborators that every action is given."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from engine.audit.signing_key import SigningKeyFile
from engine.audit.store import AnchorFiles
from engine.core.compiled import CompiledWorkflow
from engine.core.library import Library as Published
from engine.core.policy import Viewer
from engine.db.reading import Asks, Reader, Reading
from engine.db.transaction import Transaction
from engine.definitions.records import StoredDay
from engine.documents.looking import LocalFiles
from engine.documents.printing import PdfPrinter
from engine.documents.templates import PaperRenderer
from engine.hubs.envelope import HubKeyFile, post
from engine.keys.key_changes import FileKeyKeeper
from engine.keys.periods import PeriodFolders
from engine.keys.vault import Vault
from engine.language.calendars import Calendar
from engine.language.catalogue import StepCatalogue
from engine.language.diagram import Drawing
from engine.language.findings import Finding
from engine.language.library import Definitions
from engine.machine import Clock, Entropy, Uptime
from engine.messages.records import Channel, Gateways
from engine.messages.templates import TemplateRenderer
from engine.overview.records import AuditFault, StateDifference
from engine.persons.tokens import NameTokens
from engine.plugin.registry import Registry
from engine.retention.store import TombstoneFile
from engine.sign_in.passwords import Argon2Passwords, TotpCodes


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
    uptime: Callable[[], Uptime]
    entropy: Entropy
    vault: Vault
    key_keeper: FileKeyKeeper
    periods: PeriodFolders
    files: LocalFiles
    passwords: Argon2Passwords
    codes: TotpCodes
    is_common_password: Callable[[str], bool]
    fingerprints: NameTokens
    renderer: TemplateRenderer
    papers: PaperRenderer
    printer: PdfPrinter
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
    channels: Mapping[str, Channel]
    gateways: Gateways
    tombstones: TombstoneFile
    signer: SigningKeyFile
    anchors: AnchorFiles
    faults: Callable[[Iterable[Path]], Iterable[AuditFault]]
    broken_chains: Callable[[], Iterable[tuple[str, int]]]
    state_differences: Callable[[], Iterable[StateDifference]]
    dispose: Callable[[], None]
    hub_line: Callable[[str, bytes], bytes] = post
    portal_url: str = ""
    demo: bool = False
    factor_for_all: bool = True
    factor_at_latest: date | None = None

    def transaction(self, viewer: Viewer | None = None) -> AbstractContextManager[Transaction]:
        """Begin a transaction: for a viewer, to whom the database then gives only their rows, or for the system."""
        return self.begin(viewer)

    def reading(self, viewer: Viewer | None = None) -> AbstractContextManager[Reading]:
        """Begin a transaction that only reads what a viewer may see."""
        return self.reader.reading(viewer)
