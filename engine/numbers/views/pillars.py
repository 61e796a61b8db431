"""What is counted as it stands: of one's own units by pillar, and of a workflow over its cases."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, distinct, func, or_, select

from engine.cases.visibility import late_by, late_from, not_denied
from engine.core.policy import Action, Viewer, can, units_that_let
from engine.core.records import LIVE, StepStatus
from engine.db.reading import Reading
from engine.db.shape import DEADLINE, DEADLINE_IS_OPEN, OPENING, RUN, STEP, UNIT, is_one_of
from engine.errors import NotAllowedError, NotFoundError
from engine.numbers.records import OwnUnit, PillarLine, PillarsView
from engine.numbers.suppression import WHOLE, shown

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


LEAST_INSIDE: Final = 5
"""The least number of cases that is shown to those who may see each of them."""


class StepNumbers(NamedTuple):
    """Cases that are at a step now, those that are late there, and how long half of those stayed that have left it.

    Counts are rounded to fives; what is None is withheld, since it is of few cases.
    """

    here: int | None = None
    late: int | None = None
    median: timedelta | None = None


def process(reading: Reading, viewer: Viewer, workflow: str) -> Mapping[str, StepNumbers]:
    """Return the numbers of each step of a workflow in the units that let the viewer count, whatever the version.

    Raises `NotAllowedError`.
    """
    if not can(viewer, Action.SEE_STATISTICS):
        raise NotAllowedError(actor=viewer.name, action=Action.SEE_STATISTICS.value)
    is_live, is_ended = STEP.c.status.in_(LIVE), and_(STEP.c.status == StepStatus.ENDED, STEP.c.opened_at.is_not(None))
    is_late = and_(DEADLINE_IS_OPEN, late_by(DEADLINE.c.due_at, late_from(DEADLINE), reading.now))
    late = select(DEADLINE.c.step_id).where(is_late, DEADLINE.c.purpose != OPENING)
    stayed = func.percentile_cont(0.5).within_group(STEP.c.ended_at - STEP.c.opened_at)
    asked = select(
        STEP.c.key,
        func.count(distinct(STEP.c.case_id)).filter(is_live).label("here"),
        func.count(distinct(STEP.c.case_id)).filter(is_live, STEP.c.id.in_(late)).label("late"),
        func.count(distinct(STEP.c.case_id)).filter(is_ended).label("gone"),
        stayed.filter(is_ended).label("median"),
    ).select_from(STEP.join(RUN, RUN.c.id == STEP.c.run_id))
    of = [RUN.c.workflow == workflow, STEP.c.added.is_(None), not_denied(viewer, STEP.c.case_id)]
    if not viewer.is_system:
        of.append(STEP.c.unit_id.in_(sorted(units_that_let(viewer, Action.SEE_STATISTICS))))
    rows = reading.rows(asked.where(*of).group_by(STEP.c.key))
    counts = {(WHOLE, f"{row['key']} {name}"): int(row[name]) for row in rows for name in ("here", "late")}
    parts = (((WHOLE, f"{row['key']} late"), (WHOLE, f"{row['key']} here")) for row in rows)
    told = shown(counts, {}, within=parts, least=LEAST_INSIDE)
    return {
        row["key"]: StepNumbers(
            told[WHOLE, f"{row['key']} here"], told[WHOLE, f"{row['key']} late"],
            row["median"] if row["gone"] >= LEAST_INSIDE else None,
        )
        for row in rows
    }  # fmt: skip
