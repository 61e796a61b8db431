"""What is proved: audit streams, readings, checkpoints, escalations."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol
from uuid import UUID

from engine.domain.checkpoints import Checkpoint, Head, Written
from engine.domain.records import Deadline
from engine.views import AuditProblem


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


class Reading(NamedTuple):
    """Somebody looked at what identifies people of a case; `what` says at which part, `classes` of which sort it is."""

    case_id: UUID
    actor_id: UUID | None
    at: datetime
    what: str
    subject_id: UUID | None
    classes: tuple[str, ...]
    roles: tuple[str, ...]


class AuditLog(Protocol):
    """What happens beside cases, and who looked at what: chained, and never changed or removed."""

    def note(self, stream: Stream, type_: str, body: Mapping[str, Any], *, actor_id: UUID | None, at: datetime) -> None:
        """Add an event to a stream; ids, codes and counts only, no personal data."""
        ...

    def knows_signer(self, key_id: str) -> bool:
        """Say whether the public half of a key that signs checkpoints was recorded."""
        ...

    def replaced_signers(self) -> tuple[tuple[int, datetime], ...]:
        """List after which checkpoints a restore found another key that signs, and when it did (UTC)."""
        ...

    def note_reading(self, reading: Reading) -> None:
        """Add that somebody looked at what identifies people of a case."""
        ...

    def count_readings(self, actor_id: UUID, *, of: Collection[str], since: datetime) -> int:
        """Count how often somebody has looked at some parts of cases after an instant."""
        ...

    def opened(self, *, since: datetime, until: datetime) -> tuple[tuple[UUID, int], ...]:
        """Count how many cases each person has opened after one instant and up to another."""
        ...

    def median_hour(self, actor_id: UUID, *, since: datetime, until: datetime) -> float:
        """Give the median of how many cases somebody opened in an hour, of the hours with any; 0 for none."""
        ...


class Checkpoints(Protocol):
    """The signed word of how far every chain has come."""

    def take_turn(self) -> bool:
        """Say whether no other transaction makes a checkpoint; then none does until this one ends."""
        ...

    def last(self) -> Checkpoint | None:
        """Load the newest checkpoint."""
        ...

    def moved(self, *, most: int) -> tuple[Head, ...]:
        """List chains that are not where a checkpoint has seen them."""
        ...

    def totals(self) -> tuple[int, int]:
        """Count the chains, and their links."""
        ...

    def add(self, written: Written) -> None:
        """Write a checkpoint with the heads of the chains that had moved."""
        ...

    def since(self, number: int) -> Iterable[Written]:
        """Load the checkpoints from a number on, in order."""
        ...


class EscalationAudits(Protocol):
    """What the escalation auditor reads and finds."""

    def late(self, *, until: datetime, most: int) -> tuple[UUID, ...]:
        """List open deadlines of which something is due since before `until`."""
        ...

    def swept(self, *, after: str, most: int) -> tuple[UUID, ...]:
        """List open deadlines by id, those after `after`; empty for the beginning."""
        ...

    def fired(self, *, since: datetime, until: datetime, most: int) -> tuple[tuple[UUID, datetime], ...]:
        """List the deadlines of which a level or the breach was recorded between two instants, and when, in order."""
        ...

    def read(self, ids: Sequence[UUID]) -> Iterable[Audited]:
        """Read deadlines with all that is kept of them, each as it is at one moment."""
        ...

    def keep(self, audit_id: UUID, *, checked: int, problems: Sequence[AuditProblem], at: datetime) -> None:
        """Keep what a pass found; what is older than 90 days is forgotten."""
        ...
