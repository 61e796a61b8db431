"""Who is looking, the people and units of the network, and which of them the viewer administers."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by

from engine.core.policy import ROLES_THAT_MAY, THE_PUBLIC, Action, Membership, Viewer, can, units_that_let
from engine.db.reading import Reading
from engine.db.shape import ACTOR, DEMO, MEMBERSHIP, UNIT
from engine.db.transaction import Transaction
from engine.errors import NotAllowedError, NotFoundError
from engine.people.records import ActorRecord, ActorView, Unit
from engine.people.store import DirectoryStore


def as_viewer(reading: Reading, actor_id: UUID) -> Viewer:
    """Return an actor as a viewer, in the zone of the first unit by name; raises `NotFoundError`."""
    is_theirs = MEMBERSHIP.c.actor_id == ACTOR.c.id
    lasts = or_(MEMBERSHIP.c.ends_at.is_(None), MEMBERSHIP.c.ends_at > func.now())
    rows = reading.rows(
        select(ACTOR.c.name, ACTOR.c.language, MEMBERSHIP.c.unit_id, MEMBERSHIP.c.role, UNIT.c.zone)
        .select_from(
            ACTOR.outerjoin(MEMBERSHIP, and_(is_theirs, lasts)).outerjoin(UNIT, UNIT.c.id == MEMBERSHIP.c.unit_id)
        )
        .where(ACTOR.c.id == actor_id, ~ACTOR.c.disabled)
        .order_by(UNIT.c.name, MEMBERSHIP.c.role)
    )
    if not rows:
        raise NotFoundError(kind="actor")
    return viewer_from(actor_id, rows)


def viewer_from(actor_id: UUID, rows: Sequence[Mapping[Any, Any]]) -> Viewer:
    """Return an actor as a viewer from a row for each of their roles, in the order of units."""
    member = [row for row in rows if row["unit_id"] is not None]
    zone = {"zone": member[0]["zone"]} if member else {}
    return Viewer(
        actor_id=actor_id,
        name=rows[0]["name"],
        language=rows[0]["language"],
        unit_ids=tuple(dict.fromkeys(row["unit_id"] for row in member)),
        roles=tuple(dict.fromkeys(row["role"] for row in member)),
        memberships=tuple(
            Membership(unit_id=unit, roles=tuple(row["role"] for row in member if row["unit_id"] == unit))
            for unit in dict.fromkeys(row["unit_id"] for row in member)
        ),
        **zone,
    )


def actors(reading: Reading, who: Viewer) -> tuple[ActorView, ...]:
    """List the people of the viewer's units, once for each unit; in the demo all who are invented, too.

    Who manages people is shown everybody.
    """
    roles = func.array_agg(aggregate_order_by(MEMBERSHIP.c.role, MEMBERSHIP.c.role))
    rows = reading.rows(
        select(
            ACTOR.c.id, ACTOR.c.name, ACTOR.c.email, ACTOR.c.disabled,
            UNIT.c.id.label("unit_id"), UNIT.c.name.label("unit"), roles.label("roles"),
        )
        .select_from(MEMBERSHIP.join(ACTOR, ACTOR.c.id == MEMBERSHIP.c.actor_id).join(UNIT))
        .where(_known_to(who))
        .group_by(ACTOR.c.id, UNIT.c.id)
        .order_by(UNIT.c.name, ACTOR.c.name, ACTOR.c.id)
    )  # fmt: skip
    return tuple(ActorView(**{**row, "roles": tuple(row["roles"])}) for row in rows)


def colleagues(reading: Reading, who: Viewer, unit_id: UUID) -> dict[str, str]:
    """Return who else of the viewer's units belongs to the organisation of a unit: name and address, by address.

    They are those whom an answer may name as a colleague.
    """
    ours = select(UNIT.c.organisation_id).where(UNIT.c.id == unit_id).scalar_subquery()
    rows = reading.rows(
        select(ACTOR.c.email, ACTOR.c.name)
        .distinct()
        .select_from(ACTOR.join(MEMBERSHIP, MEMBERSHIP.c.actor_id == ACTOR.c.id))
        .where(MEMBERSHIP.c.unit_id.in_(who.unit_ids), ACTOR.c.organisation_id == ours, ACTOR.c.id != who.actor_id)
        .where(~ACTOR.c.disabled, ~ACTOR.c.is_service)
        .order_by(ACTOR.c.name, ACTOR.c.email)
    )
    return {row["email"]: f"{row['name']}, {row['email']}" for row in rows}


def units(reading: Reading, _who: Viewer) -> tuple[tuple[UUID, str], ...]:
    """List the units of the network by name: every member may know who the others are."""
    rows = reading.rows(select(UNIT.c.id, UNIT.c.name).order_by(UNIT.c.name, UNIT.c.id))
    return tuple((row["id"], row["name"]) for row in rows)


def places(reading: Reading, _who: Viewer) -> tuple[str, ...]:
    """List the jurisdictions in which units of the network work."""
    rows = reading.rows(select(UNIT.c.jurisdiction).distinct().order_by(UNIT.c.jurisdiction))
    return tuple(row["jurisdiction"] for row in rows)


def name_of_actor(actor_id: ColumnElement[UUID | None]) -> ColumnElement[str | None]:
    """Return the name of who did something, in a statement that joins the people: the public page has none there."""
    return case((actor_id == THE_PUBLIC.actor_id, THE_PUBLIC.name), else_=ACTOR.c.name).label("name")


def demo_condition() -> ColumnElement[bool]:
    """Return the condition that holds only in a demo installation."""
    return exists(select(DEMO.c.since))


def _known_to(who: Viewer) -> ColumnElement[bool]:
    if can(who, Action.MANAGE_PEOPLE):
        return true()
    return MEMBERSHIP.c.unit_id.in_(who.unit_ids) | (ACTOR.c.demo & demo_condition())


_ADMINISTRATORS: Final = tuple(role.value for role in ROLES_THAT_MAY[Action.MANAGE_PEOPLE])
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


def who_answers_for(tx: Transaction, unit_id: UUID, *, but: Collection[UUID | None]) -> list[ActorRecord]:
    """Return those who lead a unit and those who manage people, who can act, without those named in `but`."""
    admins = tx.of(DirectoryStore).holders(roles=_ADMINISTRATORS)
    found = {one.id: one for one in (*leads_of(tx, unit_id, but=but), *admins) if not one.disabled}
    return [one for one in found.values() if one.id not in but]


def leads_of(tx: Transaction, unit_id: UUID, *, but: Collection[UUID | None]) -> list[ActorRecord]:
    """Return those who lead a unit and can act, without those named in `but`."""
    here = tx.of(DirectoryStore).holders(roles=LEADS, unit_id=unit_id)
    return [one for one in here if not one.disabled and one.id not in but]
