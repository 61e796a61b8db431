"""Units, people, and who is on duty."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from engine.domain.duty import Absence, Conflict, Shift
from engine.ports import ActorRecord


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


class Directory(Protocol):
    """People and units."""

    def add_organisation(self, organisation_id: UUID, *, name: str, kind: str = "ngo") -> None:
        """Write an organisation, unless it is there already."""
        ...

    def add_unit(
        self, unit_id: UUID, *, organisation_id: UUID, name: str, jurisdiction: str, zone: str, contact: str = ""
    ) -> None:
        """Write a unit, unless it is there already."""
        ...

    def hub(self) -> UUID | None:
        """Give the organisation that is the hub's body, which keeps what is everybody's; None where none is named."""
        ...

    def make_hub(self, organisation_id: UUID) -> None:
        """Make an organisation the hub's body; the one before is it no longer."""
        ...

    def is_untouched(self, unit_id: UUID) -> bool:
        """Say whether a unit has no people but administrators, has never kept a case, and was never sent one."""
        ...

    def unit(self, unit_id: UUID) -> Unit | None:
        """Load a unit."""
        ...

    def units(self) -> tuple[Unit, ...]:
        """Load every unit."""
        ...

    def add_actor(
        self,
        actor_id: UUID,
        *,
        name: str,
        email: str,
        password_hash: str | None = None,
        demo: bool = False,
        supervisor_id: UUID | None = None,
    ) -> None:
        """Write an actor, unless the id is there already."""
        ...

    def add_role(self, actor_id: UUID, *, unit_id: UUID, role: str) -> None:
        """Give an actor a role in a unit."""
        ...

    def set_disabled(self, actor_id: UUID, *, disabled: bool) -> None:
        """Let an actor act, or no longer."""
        ...

    def set_password(self, actor_id: UUID, password_hash: str) -> None:
        """Write the hash of a new password."""
        ...

    def password_of(self, actor_id: UUID) -> str | None:
        """Give the hash of somebody's password."""
        ...

    def names_around(self, unit_ids: Collection[UUID]) -> tuple[str, ...]:
        """List the names of units and of the organisations that they belong to."""
        ...

    def change_unit(self, unit_id: UUID, *, name: str, language: str, contact: str) -> None:
        """Write what a unit is called, speaks, and may be called by."""
        ...

    def change_actor(self, actor_id: UUID, **values: object) -> None:
        """Write a name, a language, a supervisor or that an actor is a service."""
        ...

    def take_role(self, actor_id: UUID, *, unit_id: UUID, role: str) -> bool:
        """Take a role in a unit from an actor; gives whether they had it."""
        ...

    def has_role(self, actor_id: UUID, *, unit_id: UUID, role: str) -> bool:
        """Say whether an actor has a role in a unit."""
        ...

    def memberships(self, actor_id: UUID) -> tuple[tuple[UUID, str], ...]:
        """List the units of an actor with each role in them."""
        ...

    def is_service(self, actor_id: UUID) -> bool:
        """Say whether an actor is a program."""
        ...

    def supervised_by(self, actor_id: UUID) -> tuple[UUID, ...]:
        """List who has an actor as their supervisor."""
        ...

    def is_unserved(self, unit_id: UUID, role: str) -> bool:
        """Say whether open work of a unit waits for a role, and nobody there who acts has it or another one for it."""
        ...

    def hold_roles(self) -> None:
        """Keep others from changing who administers until the transaction ends."""
        ...

    def count_actors(self) -> int:
        """Count the actors."""
        ...

    def actor(self, actor_id: UUID) -> ActorRecord | None:
        """Load an actor with units and roles."""
        ...

    def holders(self, *, roles: tuple[str, ...], unit_id: UUID | None = None) -> tuple[ActorRecord, ...]:
        """Load who has one of these roles, in a unit or anywhere, be they disabled or away or not."""
        ...

    def with_role(self, *, unit_id: UUID, roles: tuple[str, ...], now: datetime) -> tuple[ActorRecord, ...]:
        """Load who has one of these roles in a unit, can act, and is not away."""
        ...

    def with_role_anywhere(self, *, roles: tuple[str, ...], now: datetime) -> tuple[ActorRecord, ...]:
        """Load who has one of these roles in any unit, can act, and is not away."""
        ...

    def credentials(self, email: str) -> Credentials | None:
        """Load what signing in needs, by e-mail address."""
        ...


class Duty(Protocol):
    """Who is on call, who is away, and who must not be told of a case."""

    def add_shift(self, shift: Shift, *, by: UUID | None, at: datetime) -> None:
        """Write a shift."""
        ...

    def shift(self, shift_id: UUID) -> Shift | None:
        """Load a shift that was not called off."""
        ...

    def shifts(self, unit_id: UUID, *, since: datetime) -> tuple[Shift, ...]:
        """Load the shifts of a unit that end after an instant, the earliest first."""
        ...

    def on_call(self, unit_id: UUID, *, at: datetime) -> tuple[Shift, ...]:
        """Load the shifts of a unit that cover an instant."""
        ...

    def end_shift(self, shift_id: UUID, *, at: datetime) -> None:
        """Let a shift end at an instant."""
        ...

    def cancel_shift(self, shift_id: UUID, *, at: datetime) -> None:
        """Call a shift off."""
        ...

    def add_absence(self, absence: Absence, *, by: UUID | None, at: datetime) -> None:
        """Write an absence."""
        ...

    def absence(self, absence_id: UUID) -> Absence | None:
        """Load an absence that was not called off."""
        ...

    def absences(self, actor_id: UUID, *, since: datetime) -> tuple[Absence, ...]:
        """Load the absences of somebody that end after an instant, the earliest first."""
        ...

    def away(self, actor_ids: Collection[UUID], *, at: datetime) -> Mapping[UUID, Absence]:
        """Load which of these people are away at an instant."""
        ...

    def end_absence(self, absence_id: UUID, *, at: datetime) -> None:
        """Let an absence end at an instant; one that has not begun is called off."""
        ...

    def who_cannot_act(self, *, at: datetime) -> tuple[UUID, ...]:
        """List who has claimed items and is disabled, or away at an instant."""
        ...

    def items_of(self, actor_id: UUID) -> tuple[tuple[UUID, UUID], ...]:
        """List the open items that somebody has claimed: item and case, the oldest first."""
        ...

    def add_conflict(self, conflict: Conflict, *, by: UUID | None, at: datetime) -> None:
        """Write that somebody must not be told of a case; a conflict that had ended begins again."""
        ...

    def end_conflict(self, case_id: UUID, actor_id: UUID, *, at: datetime) -> bool:
        """Say that somebody may be told again; gives whether there was a conflict."""
        ...

    def conflicts_of(self, case_id: UUID) -> tuple[Conflict, ...]:
        """Load the conflicts of interest of a case that hold."""
        ...

    def conflicted(self, case_id: UUID) -> frozenset[UUID]:
        """Give who must not be told of a case."""
        ...
