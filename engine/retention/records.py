"""What a store of retention gives, and what a restored backup brings back."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class ClosedCase(NamedTuple):
    """A closed case, as a retention policy looks at it (UTC)."""

    id: UUID
    unit_id: UUID
    jurisdiction: str
    zone: str
    closed_at: datetime


class RetentionProposal(NamedTuple):
    """What a retention policy proposes for a case (UTC); `decision` is empty until a person has decided."""

    id: UUID
    case_id: UUID
    act: str
    policy: str
    due_at: datetime
    kept_until: datetime | None
    proposed_at: datetime
    decision: str
    decided_at: datetime | None


class ErasureNotice(NamedTuple):
    """That a unit which was given something of a case is asked to erase its copy (UTC)."""

    id: UUID
    erasure_id: UUID
    case_id: UUID
    unit_id: UUID
    sent_at: datetime
    due_at: datetime
    answered_by: UUID | None = None
    answered_at: datetime | None = None
    answer: str = ""
    case_number: str = ""


class Correction(NamedTuple):
    """That what is known of a person was corrected or remarked upon (UTC); the words are sealed."""

    id: UUID
    case_id: UUID
    person_id: UUID
    kind: str
    reason_code: str
    made_by: UUID | None
    made_at: datetime


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
