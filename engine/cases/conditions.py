"""What of work and time is late, and whose units are looked at, as SQL conditions."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, ScalarSelect, and_, func, literal, select

from engine.core.policy import Viewer, visible_units
from engine.db.columns import uuids
from engine.db.shape import DEADLINE, DEADLINE_IS_OPEN, OPENING, UNIT


def nearest_due(step_id: ColumnElement[UUID]) -> ScalarSelect[datetime]:
    """Give when the next open limit of a step falls due: of its answer, or of its approval."""
    return (
        select(func.min(DEADLINE.c.due_at))
        .where(DEADLINE.c.step_id == step_id, DEADLINE_IS_OPEN, DEADLINE.c.purpose != OPENING)
        .scalar_subquery()
    )


def late_from(deadline: FromClause) -> ColumnElement[datetime]:
    """Give from when on a deadline is late, as `Deadline.late_from` does."""
    return func.coalesce(deadline.c.late_at, deadline.c.due_at)


def nearest_late(step_id: ColumnElement[UUID]) -> ScalarSelect[datetime]:
    """Give from when on an open limit of a step is late, the first one that will be."""
    return (
        select(func.min(late_from(DEADLINE)))
        .where(DEADLINE.c.step_id == step_id, DEADLINE_IS_OPEN, DEADLINE.c.purpose != OPENING)
        .scalar_subquery()
    )


def late_by(due_at: ColumnElement[datetime], late: ColumnElement[datetime], now: datetime) -> ColumnElement[bool]:
    """Give the condition that `lateness.is_overdue` is, for what is counted where it lies.

    Nothing is late before it is due: an index over due times finds it.
    """
    return and_(due_at <= now, late <= now)


def units_of(viewer: Viewer) -> FromClause:
    """Give the viewer's units as something to select from, with the column `id`."""
    return chosen_units(None if viewer.is_system else visible_units(viewer))


def chosen_units(ids: Iterable[UUID] | None) -> FromClause:
    """Give these units, or all of them for None, as something to select from, with the column `id`."""
    if ids is None:
        return select(UNIT.c.id).subquery("units")
    return func.unnest(literal(sorted(ids), uuids())).table_valued("id").render_derived(name="units")
