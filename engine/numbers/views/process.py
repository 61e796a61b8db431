"""A workflow over real cases: how many are at each step, how long they stay there, and what is late."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, NamedTuple

from sqlalchemy import and_, distinct, func, select

from engine.cases.visibility import late_by, late_from, not_denied
from engine.core.policy import Action, Viewer, can, units_that_let
from engine.core.records import LIVE, StepStatus
from engine.db.reading import Reading
from engine.db.shape import DEADLINE, DEADLINE_IS_OPEN, OPENING, RUN, STEP
from engine.errors import NotAllowedError
from engine.numbers.suppression import WHOLE, shown

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
