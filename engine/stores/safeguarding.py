"""Concerns about staff, and cases opened in an emergency."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class Concern(NamedTuple):
    """What was told in confidence to one person about one of us, without its words (UTC)."""

    id: UUID
    kind: str
    about_id: UUID
    case_number: str
    raised_by: UUID
    raised_at: datetime
    recipient_id: UUID
    status: str
    answered_at: datetime | None


class GlassRequest(NamedTuple):
    """That somebody asked to see a case that is not theirs (UTC); the ids are empty where nothing was opened."""

    id: UUID
    actor_id: UUID
    number: str
    case_id: UUID | None
    grant_id: UUID | None
    approval_id: UUID | None
    reason_code: str
    hours: int
    asked_at: datetime
    ends_at: datetime


class OpenGlass(NamedTuple):
    """A request by which a case was opened (UTC)."""

    id: UUID
    actor_id: UUID
    case_id: UUID | None
    grant_id: UUID | None
    approval_id: UUID | None
    asked_at: datetime
