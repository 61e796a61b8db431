"""Who is on call, and who is away."""

from sqlalchemy import select

from engine import views as vw
from engine.adapters.sql.queries.reading import Reading
from engine.adapters.sql.queries.shape import ABSENCE, ACTOR, MEMBERSHIP, SHIFT, UNIT
from engine.domain.policy import Action, can, units_that_let

_MOST = 200


def shifts(reading: Reading, viewer: vw.Viewer) -> tuple[vw.ShiftView, ...]:
    """List the shifts of the viewer's units that are not over, the earliest first."""
    giver = ACTOR.alias("giver")
    statement = (
        select(
            SHIFT.c.id, SHIFT.c.unit_id, UNIT.c.name.label("unit"), UNIT.c.zone, SHIFT.c.actor_id,
            ACTOR.c.name.label("actor"), SHIFT.c.starts_at, SHIFT.c.ends_at, giver.c.name.label("taken_from"),
        )
        .select_from(
            SHIFT.join(UNIT, UNIT.c.id == SHIFT.c.unit_id)
            .join(ACTOR, ACTOR.c.id == SHIFT.c.actor_id)
            .outerjoin(giver, giver.c.id == SHIFT.c.taken_from)
        )
        .where(SHIFT.c.cancelled_at.is_(None), SHIFT.c.ends_at > reading.now)
        .order_by(UNIT.c.name, SHIFT.c.starts_at, SHIFT.c.id)
        .limit(_MOST)
    )  # fmt: skip
    if not viewer.is_system:
        statement = statement.where(SHIFT.c.unit_id.in_(viewer.unit_ids))
    return tuple(vw.ShiftView(**row, is_now=row["starts_at"] <= reading.now) for row in reading.rows(statement))


def absences(reading: Reading, viewer: vw.Viewer) -> tuple[vw.AbsenceView, ...]:
    """List the absences that are not over: the viewer's own, and those of the people whose shifts they plan."""
    deputy = ACTOR.alias("deputy")
    statement = (
        select(
            ABSENCE.c.id, ABSENCE.c.actor_id, ACTOR.c.name.label("actor"), deputy.c.name.label("deputy"),
            ABSENCE.c.starts_at, ABSENCE.c.ends_at,
        )
        .select_from(
            ABSENCE.join(ACTOR, ACTOR.c.id == ABSENCE.c.actor_id)
            .outerjoin(deputy, deputy.c.id == ABSENCE.c.deputy_id)
        )
        .where(ABSENCE.c.cancelled_at.is_(None), ABSENCE.c.ends_at > reading.now)
        .order_by(ABSENCE.c.starts_at, ACTOR.c.name, ABSENCE.c.id)
        .limit(_MOST)
    )  # fmt: skip
    if not viewer.is_system:
        mine = ABSENCE.c.actor_id == viewer.actor_id
        units = units_that_let(viewer, Action.MANAGE_ROTA)
        colleagues = select(MEMBERSHIP.c.actor_id).where(MEMBERSHIP.c.unit_id.in_(units))
        planned = mine | ABSENCE.c.actor_id.in_(colleagues) if can(viewer, Action.MANAGE_ROTA) else mine
        statement = statement.where(planned)
    return tuple(vw.AbsenceView(**row, is_now=row["starts_at"] <= reading.now) for row in reading.rows(statement))
