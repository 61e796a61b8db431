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


class RoleView(View):
    """A role of somebody in a unit."""

    unit_id: UUID
    unit: str
    role: str


class MemberView(View):
    """Somebody as who manages people sees them: never a password, a secret or a case (instants UTC)."""

    id: UUID
    name: str
    email: str
    disabled: bool
    is_service: bool
    supervisor_id: UUID | None
    supervisor: str | None
    roles: tuple[RoleView, ...]
    has_password: bool
    has_factor: bool
    factor_since: datetime | None
    recovery_codes: int
    link_until: datetime | None
    seen_at: datetime | None


class UnitView(View):
    """A unit as who manages people sees it; `missing` are roles that it needs and nobody has."""

    id: UUID
    name: str
    organisation: str
    jurisdiction: str
    zone: str
    language: str
    contact: str
    people: int
    missing: tuple[str, ...]


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
