"""Who acts, who is on call, who is away, and who is not told."""

from datetime import datetime
from uuid import UUID

from engine.views.base import View


class ActorView(View):
    """A person or service that acts, as lists show them."""

    id: UUID
    name: str
    email: str
    unit: str
    unit_id: UUID
    roles: tuple[str, ...]
    disabled: bool


class ShiftView(View):
    """Who is on call for a unit, from when to when; `is_now` while it lasts."""

    id: UUID
    unit_id: UUID
    unit: str
    zone: str
    actor_id: UUID
    actor: str
    starts_at: datetime
    ends_at: datetime
    taken_from: str | None
    is_now: bool


class AbsenceView(View):
    """When somebody is away, and who stands in."""

    id: UUID
    actor_id: UUID
    actor: str
    deputy: str | None
    starts_at: datetime
    ends_at: datetime
    is_now: bool


class ConflictView(View):
    """Somebody who is not told of a case."""

    actor_id: UUID
    actor: str
    reason_code: str
    noted_by: str | None
    noted_at: datetime
