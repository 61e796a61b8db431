"""A referral: work that is offered to another unit, which accepts or declines it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from engine.domain.records import Record
from engine.errors import AlreadyEndedError

KIND = "referral"
"""How the table of what was sent names an offer of work; it may hold other sorts."""


class ReferralStatus(StrEnum):
    """How far a referral has come."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    RECALLED = "recalled"


class Referral(Record):
    """Work of a case, offered to another unit without any field of the case (all instants UTC).

    `released_by` is who offered it; nobody, when a level of a ladder did. `due_at` is when the step it is for is due.
    """

    id: UUID
    case_id: UUID
    unit_id: UUID
    to_unit_id: UUID
    step_id: UUID | None = None
    deadline_id: UUID | None = None
    kind: str = KIND
    status: ReferralStatus = ReferralStatus.OFFERED
    sent_at: datetime
    due_at: datetime | None = None
    answered_at: datetime | None = None
    released_by: UUID | None = None
    answered_by: UUID | None = None
    reason_code: str = ""


def require_unanswered(referral: Referral) -> None:
    """Refuse a referral that was answered, or called back."""
    if referral.status is not ReferralStatus.OFFERED:
        raise AlreadyEndedError(kind="referral")
