"""What a restored backup brings back, and what is let go of it."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from engine.domain.access import Grant


class Revived(NamedTuple):
    """How much of each kind was ended or suspended after a restore."""

    sessions: int
    keys: int
    invitations: int
    partner_links: int
    grants: int
    requests: int


class RevivedPerson(NamedTuple):
    """Somebody who could act at the time of the backup, with their roles as `role of unit`."""

    id: UUID
    name: str
    email: str
    roles: tuple[str, ...]


class RevivedGrant(NamedTuple):
    """A grant that is suspended: of which case, to which unit, given when (UTC)."""

    case_number: str
    unit: str
    granted_at: datetime


class RevivedOffer(NamedTuple):
    """An offer that waits for an answer: of which case, to which unit, sent when (UTC); None is a partner outside."""

    case_number: str
    unit: str | None
    sent_at: datetime


class Custody(Protocol):
    """What stood at the time of a backup and must not simply go on."""

    def end_all(self, *, at: datetime) -> Revived:
        """End every session, key, invitation and partner's link, suspend every grant, let every request run out."""
        ...

    def suspended(self, *, but: Collection[UUID]) -> tuple[Grant, ...]:
        """Load the grants that are suspended, those of some cases not, the earliest first."""
        ...

    def give_back(self, grant_id: UUID) -> bool:
        """Let a suspended grant hold again; gives whether it was suspended still."""
        ...

    def end_suspended(self) -> None:
        """Write that the grants which are suspended still are over for good."""
        ...

    def people(self) -> tuple[RevivedPerson, ...]:
        """List who can act, by name."""
        ...

    def suspended_grants(self) -> tuple[RevivedGrant, ...]:
        """List the grants that are suspended, the earliest first."""
        ...

    def offers(self) -> tuple[RevivedOffer, ...]:
        """List the referrals that wait for an answer, the earliest first."""
        ...
