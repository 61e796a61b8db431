"""What is proved: audit streams, readings, checkpoints, escalations."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from engine.domain.records import Deadline


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


Stream = Literal["people", "sign-in", "keys", "keeping", "channels", "definitions", "access", "safeguarding", "rows"]
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
