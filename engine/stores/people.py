"""Units, people, and who is on duty."""

from typing import NamedTuple
from uuid import UUID


class Unit(NamedTuple):
    """A unit, as use cases need it."""

    id: UUID
    name: str
    jurisdiction: str
    zone: str
    language: str
    organisation_id: UUID | None = None


class Credentials(NamedTuple):
    """What signing in needs to know of an actor."""

    actor_id: UUID
    password_hash: str | None
    disabled: bool
    demo: bool
