"""Time limits, and the ledger of what ladders did."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from engine.ports import DueDeadline


class LinkedLevel(NamedTuple):
    """What the link of a message leads to."""

    deadline_id: UUID
    case_id: UUID
    recipient_id: UUID


class Ledger(Protocol):
    """The ledger of escalations."""

    def who_was_told(self, deadline_id: UUID) -> frozenset[UUID]:
        """Give everybody whom a level of a deadline's ladder has told."""
        ...

    def by_link(self, link_hash: str) -> LinkedLevel | None:
        """Find the deadline, and the recipient, of the message that an opaque link was made for, by its hash."""
        ...

    def acknowledge(self, deadline_id: UUID, *, by: UUID, at: datetime) -> int:
        """Say that the levels that have told somebody so far have been seen; gives how many that is news of."""
        ...


class Deadlines(Protocol):
    """Due deadlines."""

    def due(self, *, now: datetime, most: int, besides: Iterable[UUID] = ()) -> tuple[DueDeadline, ...]:
        """List the deadlines of which something is due: the critical ones first, then the oldest."""
        ...

    def next_at(self) -> datetime | None:
        """Give the instant at which something is due next; it may lie in the past."""
        ...

    def hold(self, deadline_id: UUID, *, until: datetime) -> None:
        """Set a deadline aside for a while that could not be fired, so that the others go on."""
        ...

    def release(self, deadline_id: UUID) -> None:
        """Say that a deadline that had been set aside was fired after all."""
        ...

    def release_all(self) -> int:
        """Let every deadline that was set aside be tried again at once; gives how many."""
        ...
