"""What is counted of one's own units as it stands: the steps and time limits of each pillar."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, distinct, func, or_, select

from engine.cases.visibility import late_by, late_from, not_denied
from engine.core.policy import Action, Viewer, can, units_that_let
from engine.db.reading import Reading
from engine.db.shape import DEADLINE, DEADLINE_IS_OPEN, OPENING, STEP, UNIT, is_one_of
from engine.errors import NotAllowedError, NotFoundError
from engine.numbers.records import OwnUnit, PillarLine, PillarsView

_IS_LIVE = is_one_of(STEP.c.status, "scheduled", "held", "ready", "approval")
_IS_DONE = is_one_of(STEP.c.status, "ended")
_PILLAR = func.split_part(STEP.c.uses, ".", 1)
Span = tuple[datetime, datetime]


def pillars(reading: Reading, viewer: Viewer, span: Span, *, unit_id: UUID | None = None) -> PillarsView:
    """Count the steps of each pillar in the units that let the viewer count, or in one of them.

    `span` is the beginning and the end (excluded) in UTC. Whoever counts here sees the cases themselves: nothing is
    withheld. Raises `NotAllowedError`, and `NotFoundError` for a unit that is not theirs.
    """
    if not can(viewer, Action.SEE_STATISTICS):
        raise NotAllowedError(actor=viewer.name, action=Action.SEE_STATISTICS.value)
    mine = units_that_let(viewer, Action.SEE_STATISTICS)
    if unit_id is not None and unit_id not in mine and not viewer.is_system:
        raise NotFoundError(kind="unit")
    units = mine if unit_id is None else {unit_id}
    named = select(UNIT.c.id, UNIT.c.name).order_by(UNIT.c.name, UNIT.c.id)
    known = reading.soon(reading.rows, named if viewer.is_system else named.where(UNIT.c.id.in_(sorted(mine))))
    steps = reading.soon(reading.rows, _steps(viewer, span, units))
    limits = reading.soon(reading.rows, _limits(reading, viewer, span, units))
    found: dict[str, dict[str, int]] = {}
    for row in (*steps(), *limits()):
        found.setdefault(row["pillar"], {}).update((name, row[name]) for name in row if name != "pillar")
    return PillarsView(
        units=tuple(OwnUnit(id=row["id"], name=row["name"]) for row in known()),
        lines=tuple(PillarLine(key=key, **counts) for key, counts in sorted(found.items())),
    )


def _steps(viewer: Viewer, span: Span, units: Collection[UUID]) -> Select[Any]:
    opened, done = _within(STEP.c.opened_at, span), and_(_IS_DONE, _within(STEP.c.ended_at, span))
    return (
        select(
            _PILLAR.label("pillar"),
            func.count().filter(opened).label("opened"),
            func.count().filter(done).label("done"),
            func.count().filter(_IS_LIVE).label("open"),
        )
        .where(_of_units(viewer, STEP.c.unit_id, STEP.c.case_id, units), or_(opened, done, _IS_LIVE))
        .group_by(_PILLAR)
    )


def _limits(reading: Reading, viewer: Viewer, span: Span, units: Collection[UUID]) -> Select[Any]:
    fell_due = _within(DEADLINE.c.due_at, span)
    overdue = and_(DEADLINE_IS_OPEN, late_by(DEADLINE.c.due_at, late_from(DEADLINE), reading.now))
    was_met = is_one_of(DEADLINE.c.status, "met")
    return (
        select(
            _PILLAR.label("pillar"),
            func.count(distinct(STEP.c.id)).filter(overdue).label("overdue"),
            func.count().filter(fell_due, was_met, DEADLINE.c.breached_at.is_(None)).label("kept"),
            func.count().filter(fell_due, DEADLINE.c.breached_at.is_not(None)).label("late"),
        )
        .select_from(DEADLINE.join(STEP, STEP.c.id == DEADLINE.c.step_id))
        .where(_of_units(viewer, DEADLINE.c.unit_id, DEADLINE.c.case_id, units), DEADLINE.c.purpose != OPENING)
        .where(or_(fell_due, overdue))
        .group_by(_PILLAR)
    )


def _of_units(
    viewer: Viewer, unit: ColumnElement[UUID], case: ColumnElement[UUID], units: Collection[UUID]
) -> ColumnElement[bool]:
    """Return the condition for what some units keep, without the cases that are denied to the viewer."""
    if viewer.is_system and not units:
        return unit.is_not(None)
    return and_(unit.in_(sorted(units)), not_denied(viewer, case))


def _within(column: ColumnElement[Any], span: Span) -> ColumnElement[bool]:
    return and_(column >= span[0], column < span[1])
