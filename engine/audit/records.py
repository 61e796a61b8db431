"""What the audit tells: streams, readings; who looked, and what happened to the person."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from engine.core.policy import View
from engine.core.records import Deadline
from engine.errors import IcmcError


@dataclass(frozen=True, slots=True)
class AuditedEvent:
    """An event of a deadline's breach or of one of its levels; instants as the chain has them, in text."""

    type: str
    level: str
    due_at: str | None
    breached_at: str | None


@dataclass(frozen=True, slots=True)
class AuditedMessage:
    """A message of a line of the ledger, and the channels that it goes by."""

    recipient_id: UUID
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AuditedLine:
    """A line of the ledger with its messages."""

    level: int
    round: int
    is_missed: bool
    recipient_ids: tuple[UUID, ...]
    messages: tuple[AuditedMessage, ...]


@dataclass(frozen=True, slots=True)
class Audited:
    """A deadline with everything that is kept of what fired of it, at one moment."""

    deadline: Deadline
    failures: int
    events: tuple[AuditedEvent, ...]
    lines: tuple[AuditedLine, ...]


Stream = Literal[
    "people",
    "sign-in",
    "keys",
    "keeping",
    "channels",
    "definitions",
    "access",
    "safeguarding",
    "rows",
    "hubs",
    "jobs",
]
"""The chains of what happens beside cases; `rows` keeps what each row said that opens a door."""


class RecordedReading(NamedTuple):
    """Somebody looked at what identifies people of a case; `what` says at which part, `classes` of which sort it is."""

    case_id: UUID
    actor_id: UUID | None
    at: datetime
    what: str
    subject_id: UUID | None
    classes: tuple[str, ...]
    roles: tuple[str, ...]


class AuditLine(View):
    """One line of the audit (UTC): who, when, of which class and in which case; never content."""

    at: datetime
    actor: str
    actor_id: UUID | None
    what: str
    classes: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    case_number: str = ""


class ReaderLine(View):
    """Who looked at a case, on which day of the case's zone, how often, and at what."""

    day: str
    actor: str
    roles: tuple[str, ...]
    times: int
    what: tuple[str, ...]
    last_at: datetime


class AccountLine(View):
    """What happened in a case as the person may read it (UTC): by which role, never by whom."""

    at: datetime
    role: str
    text: str


class EmergencyLine(View):
    """A request of one's own to see a case in an emergency (UTC): the same whether there is such a case or not."""

    number: str
    reason_code: str
    asked_at: datetime
    ends_at: datetime


class EmergencyView(View):
    """A case of one's unit that somebody opened in an emergency (UTC); `answer` is empty while nobody has confirmed."""

    id: UUID
    case_id: UUID
    case_number: str
    actor: str
    actor_unit: str
    is_mine: bool
    reason_code: str
    words: str
    asked_at: datetime
    ends_at: datetime
    answer_by: datetime
    answered_by: str
    answer: str


class ConcernLine(View):
    """What was told in confidence (UTC), to who told it and to whom it was told."""

    id: UUID
    kind: str
    about: str
    status: str
    raised_at: datetime
    is_mine: bool


class AuditUnavailableError(IcmcError):
    """Raised when it cannot be written down that somebody looks at or does something: then it is not done."""

    code = "audit-unavailable"
    sentence = "This cannot be done now, because it cannot be recorded who did it. Try again soon."


class HandOver(NamedTuple):
    """A key that signs checkpoints names the one that follows it: `after` is the last checkpoint before.

    `public` is the new key (Ed25519, base64); the old one made the signature.
    """

    before: str
    key_id: str
    public: str
    after: int
    signature: bytes
