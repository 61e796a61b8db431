"""Who is on call, who is away, and who is not told of a case."""

from uuid import UUID

from sqlalchemy import select

from engine import views as vw
from engine.adapters.sql.queries.reading import Reading
from engine.adapters.sql.queries.shape import ABSENCE, ACTOR, CASE, CONFLICT, MEMBERSHIP, SHIFT, UNIT
from engine.adapters.sql.visibility import kept_by
from engine.domain.policy import Action, can, units_that_let
from engine.errors import NotAllowedError, NotFoundError

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


def conflicts(reading: Reading, viewer: vw.Viewer, case_id: UUID) -> tuple[vw.ConflictView, ...]:
    """List who is not told of a case, for who may steer it in the unit that keeps it.

    Whoever is in conflict with it themselves gets the answer for what does not exist: `NotFoundError`. Raises
    `NotAllowedError`.
    """
    seen = select(CASE.c.id, CASE.c.unit_id).where(CASE.c.id == case_id, kept_by(viewer))
    noter = ACTOR.alias("noter")
    rows = reading.rows(
        select(
            CONFLICT.c.actor_id, ACTOR.c.name.label("actor"), CONFLICT.c.reason_code,
            noter.c.name.label("noted_by"), CONFLICT.c.noted_at,
        )
        .select_from(
            CONFLICT.join(ACTOR, ACTOR.c.id == CONFLICT.c.actor_id)
            .outerjoin(noter, noter.c.id == CONFLICT.c.noted_by)
        )
        .where(CONFLICT.c.case_id == case_id, CONFLICT.c.ended_at.is_(None))
        .order_by(ACTOR.c.name, ACTOR.c.id)
    )  # fmt: skip
    case = reading.first(seen)
    if case is None:
        raise NotFoundError(kind="case")
    if not can(viewer, Action.STEER, unit_id=case["unit_id"]):
        raise NotAllowedError(actor=viewer.name, action=Action.STEER.value)
    return tuple(vw.ConflictView(**row) for row in rows)
