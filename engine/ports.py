"""What the actions need of the world: protocols that adapters serve."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import BinaryIO, Final, NamedTuple, Protocol
from uuid import UUID

from engine.core.files import Scan
from engine.core.history import Written
from engine.core.retention import Tombstone

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]


class Clock(Protocol):
    """The source of the present time."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...

    def look_again(self) -> None:
        """Read again by how much the clock was moved, where it can be."""
        ...


class StoredKey(NamedTuple):
    """A data key as the database has it. `wrapped_by` is an id of the key file, or `<organisation>/<version>`.

    `period` is the id of the period key that is mixed in; empty where there are no periods.
    """

    version: int
    wrapped: bytes
    wrapped_by: str
    period: str = ""


class SurvivingKey(NamedTuple):
    """A data key that outlives a period, as it is kept outside the database for backups of before."""

    owner_id: UUID | str
    version: int
    wrapped: bytes
    wrapped_by: str
    period: str


class KeyPeriod(NamedTuple):
    """A period (UTC) whose key is mixed into what wraps every key, and thrown away after `ends_at`.

    `wrapped_by` names the keys of the key file, any of which opens its key.
    """

    id: str
    begun_at: datetime
    ends_at: datetime
    wrapped_by: tuple[str, ...]


class Vault(Protocol):
    """Seals what must not be readable in the database. A seal is bound to its table, row and column."""

    def encrypt(
        self, value: JsonValue, *, key_of: UUID, table: str, row: UUID, column: str, unit_id: UUID | None = None
    ) -> bytes:
        """Encrypt a value under the key of a case, a person or places.

        `unit_id` says whose organisation's key wraps a new key, for an owner that is not stored yet.
        """
        ...

    def encrypt_bytes(
        self, plain: bytes, *, key_of: UUID, table: str, row: UUID, column: str, unit_id: UUID | None = None
    ) -> bytes:
        """Encrypt bytes as `seal` does values."""
        ...

    def decrypt(self, encrypted: bytes, *, table: str, row: UUID, column: str) -> JsonValue:
        """Decrypt; raises `DamagedError` or `KeyMissingError`."""
        ...

    def decrypt_bytes(self, encrypted: bytes, *, table: str, row: UUID, column: str) -> bytes:
        """Decrypt bytes; raises `DamagedError` or `KeyMissingError`."""
        ...

    def make_ready(self, owners: Iterable[UUID]) -> None:
        """Fetch the newest keys of several owners in one question, so that each need not be asked for by itself."""
        ...

    def make_new(self, owners: Sequence[UUID], *, organisation_id: UUID | None) -> None:
        """Make the first keys of owners that are new, all at once; raises `KeyMissingError` when one cannot be kept."""
        ...

    def blind(self, kind: str, value: str) -> bytes:
        """Return the token under which a value can be found again without being readable."""
        ...

    def rewrap(self, owner: UUID, stored: StoredKey, *, organisation_id: UUID | None) -> StoredKey:
        """Wrap a key anew: by the newest key of an organisation, or else by the current key of the key file."""
        ...

    def renew(self, owner: UUID, after: int, *, unit_id: UUID | None = None) -> int:
        """Make the version of a key that follows version `after`; returns the newest. Raises `KeyMissingError`."""
        ...

    def blinds(self, kind: str, value: str) -> Mapping[str, bytes]:
        """Return the tokens by every key that is used now, by its id: what is written has them all."""
        ...

    @property
    def found_by(self) -> str:
        """The id of the key of the tokens by which persons are found now."""
        ...

    def look_again(self) -> None:
        """Ask at once whether keys were destroyed or changed, which is asked each second otherwise."""
        ...

    def made_for(self, index_key: str) -> str:
        """Return the id under which tokens of persons are made by a key of blind tokens in the period of now."""
        ...

    def finding(self, kind: str, value: str, *, organisation_id: UUID | None = None) -> Mapping[str, bytes]:
        """Return the tokens by which a person is found, by the id of their key, that of `found_by` first.

        They die with the period. With an organisation they are of its own.
        """
        ...

    def for_unit(self, key_id: str, tokens: Sequence[bytes], unit_id: UUID) -> list[bytes]:
        """Return tokens of all as they are kept for one unit: no other unit's are like them, for who has no key."""
        ...

    def from_unit(self, key_id: str, tokens: Sequence[bytes], unit_id: UUID) -> list[bytes]:
        """Return tokens as they are for all from what is kept for a unit; nothing where the key was dropped."""
        ...

    def sign(self, previous: bytes, canonical: bytes) -> bytes:
        """Return the next link of an event chain."""
        ...

    def chain_keys(self) -> Sequence["ChainKey"]:
        """Return all keys that have signed links, the newest first."""
        ...


class ChainKey(Protocol):
    """A key that signed links of chains, by which they are proved."""

    @property
    def until(self) -> int | None:
        """The checkpoint up to which links of this key count; None for no end."""
        ...

    def sign(self, previous: bytes, canonical: bytes) -> bytes:
        """Return the link that this key makes."""
        ...


class IndexKeys(NamedTuple):
    """Keys of blind tokens: the one that is searched by, the one that follows, and the one that it followed."""

    current: str
    coming: str | None
    old: str | None


class ChainKeys(NamedTuple):
    """The key that signs links, and the older ones, each with the checkpoint up to which its links count."""

    current: str
    older: Mapping[str, int | None]


class HandOver(NamedTuple):
    """A key that signs checkpoints names the one that follows it: `after` is the last checkpoint before.

    `public` is the new key (Ed25519, base64); the old one made the signature.
    """

    before: str
    key_id: str
    public: str
    after: int
    signature: bytes


class Signer(Protocol):
    """Signs checkpoints with a key that the database does not have."""

    @property
    def key_id(self) -> str:
        """The id of the key that signs."""
        ...

    def sign(self, text: bytes) -> bytes:
        """Return the signature of a text."""
        ...

    def public_keys(self) -> Mapping[str, str]:
        """Return the public keys by id, the current one first, each as PEM."""
        ...

    def hand_overs(self) -> Sequence[HandOver]:
        """Return which key named which, the first one first."""
        ...

    def hand_over(self, *, after: int) -> HandOver:
        """Let a new key sign from the checkpoint on that comes after `after`; raises `SettingsError`."""
        ...


class Anchors(Protocol):
    """The second place of checkpoints, to which lines are only added."""

    def last(self) -> Written | None:
        """Return the last checkpoint that can be read there."""
        ...

    def append(self, written: Sequence[Written], *, day: datetime) -> None:
        """Add checkpoints and wait until they are kept; raises `SettingsError`."""
        ...


class Looked(NamedTuple):
    """What a file is, and the copy of it without metadata, in parts; None where none can be made."""

    media_type: str
    copy: Iterator[bytes] | None


class Files(Protocol):
    """Looks at files before they are kept."""

    def opened(self, content: BinaryIO, name: str) -> Looked:
        """Return the media type that name and content agree on, and the copy, read to its end before the next file.

        Raises `FileRefusedError`, and `BusyError` while others are opened for long.
        """
        ...

    def scan(self, content: BinaryIO) -> Scan:
        """Ask the scanner."""
        ...


class TextProblem(NamedTuple):
    """What is wrong with a text, as the end of a sentence that begins with its name; lines count from 1.

    `is_doubt` when it only asks for a second look.
    """

    line: int
    says: str
    is_doubt: bool = False


NO_TEXTS: Final[Mapping[str, str]] = MappingProxyType({})


class Rendered(NamedTuple):
    """A message in words: plain text, and HTML; that is empty where nothing shows it."""

    subject: str
    body: str
    html: str


NO_PAPERS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType({})


class PaperPart(StrEnum):
    """What words are on a paper: a whole paragraph or item of a list, a piece of one, or what names something."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "item"
    PIECE = "piece"
    LABEL = "label"
    SIGNATURE = "signature"


class PaperWords(NamedTuple):
    """Words of a paper as the release has them, with `{name}` where a value stands, and the values they may name."""

    release: str
    part: PaperPart
    names: tuple[str, ...]
    may_name: tuple[str, ...]


class Printer(Protocol):
    """Lays papers out as PDF."""

    def pdf(self, html: str) -> bytes:
        """Return a paper as PDF; raises `PrintingError`."""
        ...

    def problem(self) -> str:
        """Say what is missing, with the command that adds it; empty when papers can be printed."""
        ...


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What leaves by a channel: the same words, id and date at every try. `html` may be empty."""

    to: str
    subject: str
    body: str
    html: str
    message_id: str
    written_at: datetime


class Sending(Protocol):
    """An open channel: several messages over one connection, which it opens again when it broke."""

    def send(self, message: Outgoing) -> None:
        """Send one message, or raise `DeliveryError`: not at all, or perhaps (then it is sent again with its id)."""
        ...


class Channel(Protocol):
    """A way out of the system."""

    def open(self) -> AbstractContextManager[Sending]:
        """Begin to send; raises `DeliveryError` with `away` when nobody answers."""
        ...


class Gateways(Protocol):
    """Makes channels of the addresses that administrators enter."""

    def channel(self, name: str, url: str) -> Channel:
        """Return the channel of an address; raises `GatewayError` for one that may not be used."""
        ...

    def host(self, name: str, url: str) -> str:
        """Return the host that is spoken to, without any credentials; raises `GatewayError` as `channel` does."""
        ...


class Tombstones(Protocol):
    """The list of what was erased, kept outside the database."""

    def add(self, tombstone: Tombstone) -> None:
        """Add a tombstone, kept for good when this returns; raises `ServiceError` when that is not possible."""
        ...

    def read(self) -> tuple[Tombstone, ...]:
        """Return all tombstones, the earliest first; raises `DamagedError`."""
        ...


Asked = tuple[tuple[tuple[tuple[str, str], ...], ...], ...]
"""What a person is looked for by: of each word one of some ways, of each way all (kind, normalised value) pairs."""


class Entropy(Protocol):
    """The source of what must not be guessable."""

    def uuid(self) -> UUID:
        """Return a random id."""
        ...

    def token(self) -> str:
        """Return a secret of 256 bits, as text."""
        ...

    def case_number(self) -> str:
        """Return a case number that tells nothing: no place, no date, no sequence."""
        ...


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job that a worker holds for a while; `token` must be shown at every later write.

    `asked_by` is the person whose act caused it, and whose rights it needs; None for what the system does by itself.
    """

    id: UUID
    case_id: UUID
    case_number: str
    kind: str
    task_name: str
    token: int
    attempt: int
    retries: int
    retry_delay: float
    timeout: float
    run_id: UUID | None
    step_id: UUID | None
    payload: Mapping[str, JsonValue]
    gateway: str = ""
    critical: bool = False
    announces: tuple[str, ...] = ()
    asked_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Cases with jobs to do, claimed for one flow run of one workflow's deployment."""

    id: UUID
    workflow: str
    case_numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch that is out; `flow_run_id` is None until Prefect has its flow run."""

    id: UUID
    workflow: str
    case_numbers: tuple[str, ...]
    flow_run_id: UUID | None


class JobPause(NamedTuple):
    """Whether automatic work is paused, and whether Prefect was told so, or that it goes on."""

    is_on: bool = False
    is_told: bool = True


@dataclass(frozen=True, slots=True)
class Breach:
    """A deadline that was breached in a pass, for announcements: ids only."""

    case_number: str
    deadline_id: UUID


@dataclass(frozen=True, slots=True)
class FiredReport:
    """What a pass over the deadlines did, and when the next one is due."""

    count: int
    next_due_at: datetime | None
    breaches: tuple[Breach, ...] = ()
    is_paused: bool = False
    """Nothing was fired, since the clock has jumped and nobody has said yet that it is right."""


@dataclass(frozen=True, slots=True)
class ActorRecord:
    """An actor with where and as what they act."""

    id: UUID
    name: str
    email: str
    language: str
    disabled: bool
    unit_ids: tuple[UUID, ...]
    roles: tuple[str, ...]
    supervisor_id: UUID | None = None
    organisation_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to one recipient by one channel; `key` makes a second one impossible.

    It is sent from `send_at` on (at once for None), unless it is `deferred_for` a `storm` or `digest` that counts
    it. `link_hash` is the hash of the link by which it is acknowledged, `code_of` that of the sign-in whose code it
    brings: the words lack link and code, which are put in when it is sent.
    """

    key: str
    case_id: UUID | None
    kind: str
    recipient_id: UUID
    channel: str
    subject: str
    body: str
    link: str
    critical: bool
    escalation_id: UUID | None = None
    html: str = ""
    link_hash: str | None = None
    code_of: bytes | None = None
    send_at: datetime | None = None
    deferred_for: str = ""


@dataclass(frozen=True, slots=True)
class NewEscalation:
    """A line of the ledger."""

    id: UUID
    case_id: UUID
    deadline_id: UUID
    level: int
    round: int
    planned_at: datetime
    fired_at: datetime
    recipient_ids: tuple[UUID, ...]
    channels: tuple[str, ...]
    note: str
    ladder: str = ""
    ladder_version: int = 1
    is_missed: bool = False
    step_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class DueDeadline:
    """A deadline of which something is due."""

    id: UUID
    case_id: UUID
    next_at: datetime
    ladder: str
    critical: bool = False
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Uptime:
    """For how many seconds a machine has been up, sleep included: time that nobody sets.

    `boot` names the machine's start. Two of them can be compared only when they are of the same start.
    """

    boot: str
    seconds: float
