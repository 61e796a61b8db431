"""What every view has, and who is looking."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict


class View(BaseModel):
    """The base of every view."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Viewer(View):
    """Who is looking: an actor, with the units and roles that decide what they may see."""

    actor_id: UUID
    name: str
    unit_ids: tuple[UUID, ...]
    roles: tuple[str, ...]
    language: str = "en"
    zone: str = "Asia/Kolkata"
    is_system: bool = False

    def has_role(self, *roles: str) -> bool:
        """Say whether the viewer has one of these roles."""
        return self.is_system or any(role in self.roles for role in roles)
