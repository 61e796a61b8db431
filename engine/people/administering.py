"""What an administrator looks after: their own organisation; those of the hub's body, everybody's units and people."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from engine.core.policy import ROLES_THAT_MAY, Action, Viewer, can, units_that_let
from engine.db.transaction import Transaction
from engine.errors import NotAllowedError, NotFoundError
from engine.people.records import Unit
from engine.people.store import DirectoryStore
from engine.ports import ActorRecord

LEADS: Final = tuple(sorted(role.value for role in ROLES_THAT_MAY[Action.AGREE_ROLE]))
"""The roles that lead a unit."""


def require_administrator(viewer: Viewer) -> None:
    """Refuse whoever does not manage people; raises `NotAllowedError`."""
    require_any(viewer, Action.MANAGE_PEOPLE)


def require_any(viewer: Viewer, *actions: Action) -> None:
    """Refuse whoever may do none of some things anywhere; raises `NotAllowedError`."""
    if not any(can(viewer, action) for action in actions):
        raise NotAllowedError(actor=viewer.name, action=actions[0].value)


def unit_looked_after(tx: Transaction, viewer: Viewer, unit_id: UUID) -> Unit:
    """Load a unit that an administrator looks after; raises `NotFoundError`, as for one that there is not."""
    unit = tx.of(DirectoryStore).unit(unit_id)
    if unit is None or not looks_after(tx, viewer, unit.organisation_id):
        raise NotFoundError(kind="unit")
    return unit


def person_looked_after(tx: Transaction, viewer: Viewer, actor_id: UUID) -> ActorRecord:
    """Load somebody whom an administrator looks after; raises `NotFoundError`, as for one who is not there."""
    person = tx.of(DirectoryStore).actor(actor_id)
    if person is None or not looks_after(tx, viewer, person.organisation_id):
        raise NotFoundError(kind="person")
    return person


def looks_after(
    tx: Transaction, viewer: Viewer, organisation_id: UUID | None, action: Action = Action.MANAGE_PEOPLE
) -> bool:
    """Whether somebody does something for an organisation: their own, any for the hub's body and for this machine."""
    if viewer.is_system:
        return True
    own = {unit.organisation_id for unit in map(tx.of(DirectoryStore).unit, units_that_let(viewer, action)) if unit}
    hub = tx.of(DirectoryStore).hub()
    return (hub is not None and hub in own) or (organisation_id is not None and organisation_id in own)


def hub_units(tx: Transaction) -> tuple[UUID, ...]:
    """Return the units of the hub's body."""
    hub = tx.of(DirectoryStore).hub()
    return tuple(unit.id for unit in tx.of(DirectoryStore).units() if hub is not None and unit.organisation_id == hub)


def leads_of(tx: Transaction, unit_id: UUID, *, but: Collection[UUID | None]) -> list[ActorRecord]:
    """Return those who lead a unit and can act, without those named in `but`."""
    here = tx.of(DirectoryStore).holders(roles=LEADS, unit_id=unit_id)
    return [one for one in here if not one.disabled and one.id not in but]
