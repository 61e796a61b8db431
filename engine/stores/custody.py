"""What a restored backup brings back, and what is let go of it."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID


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
