"""Who is looking, and the people and units of the network."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by

from engine.core.policy import Action, Membership, Viewer, can
from engine.db.reading import Reading
from engine.db.shape import ACTOR, DEMO, MEMBERSHIP, UNIT
from engine.errors import NotFoundError
from engine.people.records import ActorView


def as_viewer(reading: Reading, actor_id: UUID) -> Viewer:
    """Return an actor as a viewer, in the zone of the first unit by name; raises `NotFoundError`."""
    rows = reading.rows(
        select(ACTOR.c.name, ACTOR.c.language, MEMBERSHIP.c.unit_id, MEMBERSHIP.c.role, UNIT.c.zone)
        .select_from(ACTOR.outerjoin(MEMBERSHIP).outerjoin(UNIT, UNIT.c.id == MEMBERSHIP.c.unit_id))
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


def units(reading: Reading, _who: Viewer) -> tuple[tuple[UUID, str], ...]:
    """List the units of the network by name: every member may know who the others are."""
    rows = reading.rows(select(UNIT.c.id, UNIT.c.name).order_by(UNIT.c.name, UNIT.c.id))
    return tuple((row["id"], row["name"]) for row in rows)


def demo_condition() -> ColumnElement[bool]:
    """Return the condition that holds only in a demo installation."""
    return exists(select(DEMO.c.since))


def _known_to(who: Viewer) -> ColumnElement[bool]:
    if can(who, Action.MANAGE_PEOPLE):
        return true()
    return MEMBERSHIP.c.unit_id.in_(who.unit_ids) | (ACTOR.c.demo & demo_condition())
