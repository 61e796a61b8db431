"""Who is looking: the person for whom a view is made, with units and roles."""

from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class View(BaseModel):
    """The base of every view."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Membership(View):
    """A unit of somebody, with the roles that they have in it and nowhere else."""

    unit_id: UUID
    roles: tuple[str, ...]


class Viewer(View):
    """Who is looking: an actor, with the units and roles that decide what they may see.

    `memberships` say which role counts in which unit; `roles` is all of them together, for menus. Without memberships
    every role counts in every unit. `stepped_up_at` (UTC) is when the session last proved who it is; `by_factor` says
    whether with a second factor. With `must_enrol` the roles wait until the second factor that they need is set up.
    """

    actor_id: UUID
    name: str
    unit_ids: tuple[UUID, ...]
    roles: tuple[str, ...]
    language: str = "en"
    zone: str = "Asia/Kolkata"
    is_system: bool = False
    memberships: tuple[Membership, ...] = ()
    session_hash: bytes | None = None
    stepped_up_at: datetime | None = None
    by_factor: bool = False
    must_enrol: bool = False

    def has_role(self, *roles: str) -> bool:
        """Say whether the viewer has one of these roles."""
        return self.is_system or any(role in self.roles for role in roles)


THIS_MACHINE: Final = Viewer(actor_id=UUID(int=0), name="This machine", unit_ids=(), roles=(), is_system=True)
"""Who acts when nobody is named: a schedule, or a command of somebody with access to the machine."""
