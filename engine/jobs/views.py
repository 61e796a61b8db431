"""Jobs as lists show them, cases in which nothing goes on, and those whose step no installed pillar can do."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, Select, Subquery, exists, func, select, true

from engine.cases.visibility import step_shown_to
from engine.core.consequences import JobKind
from engine.core.draft import MISSING
from engine.core.policy import Viewer
from engine.core.records import LIVE
from engine.db.reading import Known, Reading, Row, few
from engine.db.shape import (
    CASE,
    CASE_IS_OPEN,
    DEFINITION,
    ITEM,
    ITEM_IS_OPEN,
    JOB,
    JOB_HAS_FAILED,
    RUN,
    STEP,
    STEP_IS_HELD_BACK,
    UNIT,
    is_one_of,
)
from engine.language.names import type_in_plain_words
from engine.overview.records import JobView, StuckView, UnservedView
from engine.plugin.registry import broken_promises


def jobs_of_case(reading: Reading, viewer: Viewer, case_id: UUID) -> tuple[JobView, ...]:
    """List the jobs of a case that the viewer was found to see, without those for steps that are not shown."""
    is_shown = JOB.c.step_id.is_(None) | step_shown_to(viewer, STEP.c.path, CASE.c.id, now=reading.present)
    rows = reading.rows(
        select_jobs()
        .outerjoin(STEP, STEP.c.id == JOB.c.step_id)
        .where(JOB.c.case_id == case_id, is_shown)
        .order_by(JOB.c.created_at, JOB.c.id)
    )
    return tuple(job_view(reading.known, row) for row in rows)


def select_jobs() -> Select[tuple[object, ...]]:
    """Return the statement that fetches what a view of a job needs."""
    return select(JOB, CASE.c.number).select_from(JOB.join(CASE, CASE.c.id == JOB.c.case_id))


_ABOUT: Final[Mapping[str, str]] = {
    "prepare": "Preparing “{title}”",
    "conclude": "What follows from “{title}”",
    "run": "{title}",
    "deliver": "Sending messages",
    "escalate": "Notifying the next level",
}


def job_view(known: Known, row: Row | Mapping[str, Any]) -> JobView:
    """Make the view of one job."""
    step_type = known.step_type(row["task"])
    title = step_type.title if step_type else type_in_plain_words(row["task"])
    same = ("id", "case_id", "kind", "task", "status", "attempt", "ready_at", "finished_at", "done_by")
    more = ("flow_run_id", "task_run_id", "error_code")
    about = _ABOUT.get(row["kind"], "{title}").format(title=title)
    return JobView(case_number=row["number"], title=about, **{name: row[name] for name in (*same, *more)})


_LINES = 100
OF_A_STEP: Final = (JobKind.PREPARE.value, JobKind.CONCLUDE.value, JobKind.RUN.value)
"""The kinds of jobs without which a step does not go on."""
_JOB: Final = "job_"


def stuck(
    reading: Reading, of_units: ColumnElement[bool], *, offset: int = 0, limit: int = _LINES
) -> tuple[tuple[StuckView, ...], int]:
    """List the first open cases in which nothing can happen by itself and nobody is asked, with why; count them all."""
    idle = _idle(of_units)
    worked_on = exists().where(JOB.c.case_id == idle.c.id, JOB.c.status.in_(("ready", "claimed", "held")))
    explained = exists().where(
        STEP.c.case_id == idle.c.id, STEP_IS_HELD_BACK, func.coalesce(STEP.c.gate, "") != MISSING
    )
    page = (
        select(idle, func.count().over().label("of"))
        .where(~worked_on, ~explained)
        .order_by(idle.c.opened_at, idle.c.number)
        .offset(offset)
        .limit(few(limit))
        .subquery("page")
    )
    rows = reading.rows(_with_why(page))
    return tuple(_stuck_view(reading.known, row) for row in rows), rows[0]["of"] if rows else 0


def _idle(of_units: ColumnElement[bool]) -> CTE:
    """Return the open cases in which nobody is asked."""
    asked = exists().where(ITEM.c.case_id == CASE.c.id, ITEM_IS_OPEN)
    return (
        select(CASE.c.id, CASE.c.number, CASE.c.opened_at, CASE.c.unit_id)
        .where(CASE_IS_OPEN, of_units, ~asked)
        .cte("idle")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )


def _with_why(page: Subquery) -> Select[Any]:
    """Add to each stuck case the job that failed first, the step that is open longest, and when a step ended last."""
    job = (
        select(JOB)
        .where(JOB.c.case_id == page.c.id, JOB_HAS_FAILED, JOB.c.kind.in_(OF_A_STEP))
        .order_by(JOB.c.finished_at, JOB.c.id)
        .limit(1)
        .lateral("failed")
    )
    of_step = (STEP.c.id, STEP.c.key, STEP.c.uses, STEP.c.gate, STEP.c.added, STEP.c.opened_at, RUN.c.definition_hash)
    step = (
        select(*of_step)
        .select_from(STEP.join(RUN, RUN.c.id == STEP.c.run_id))
        .where(STEP.c.case_id == page.c.id, is_one_of(STEP.c.status, *sorted(status.value for status in LIVE)))
        .order_by(STEP.c.opened_at, STEP.c.id)
        .limit(1)
        .lateral("step_of")
    )
    last = select(func.max(STEP.c.ended_at).label("ended_at")).where(STEP.c.case_id == page.c.id).lateral("last")
    joined = page.outerjoin(UNIT, UNIT.c.id == page.c.unit_id).outerjoin(job, true())
    return (
        select(
            page.c.id, page.c.number, page.c.of, UNIT.c.name.label("unit"),
            step.c.id.label("step_id"), step.c.key, step.c.uses, step.c.gate, step.c.added, step.c.definition_hash,
            func.coalesce(step.c.opened_at, last.c.ended_at, page.c.opened_at).label("since"),
            *(column.label(f"{_JOB}{column.name}") for column in job.c),
        )
        .select_from(joined.outerjoin(step, true()).outerjoin(last, true()))
        .order_by(page.c.opened_at, page.c.number)
    )  # fmt: skip


def _stuck_view(known: Known, row: Row) -> StuckView:
    case = {"case_id": row["id"], "number": row["number"], "unit": row["unit"] or "", "since": row["since"]}
    if row[f"{_JOB}id"] is not None:
        of_job = {name.removeprefix(_JOB): value for name, value in row.items() if name.startswith(_JOB)}
        job = job_view(known, {**of_job, "number": row["number"]})
        since = job.finished_at or job.ready_at
        return StuckView(**case | {"since": since}, why="failed", title=job.title, step_id=of_job["step_id"], job=job)
    if row["step_id"] is None:
        return StuckView(**case, why="nothing")
    title = known.title(row["definition_hash"], row["key"], row["uses"], row["added"])
    why = "missing" if row["gate"] == MISSING else "unasked"
    return StuckView(**case, why=why, title=title, uses=row["uses"], step_id=row["step_id"])


def unserved(reading: Reading, of_units: ColumnElement[bool]) -> tuple[UnservedView, ...]:
    """List step types that are missing or changed under open steps, each with its reason and the cases' numbers."""
    of = [STEP.c.uses, RUN.c.definition_hash]
    kinds = reading.rows(_open_steps(of_units, *of).group_by(*of).order_by(*of))
    relied_on = _contracts(reading, {row["definition_hash"] for row in kinds})
    found: dict[tuple[str, str], list[str]] = {}
    for row in kinds:
        problem = _problem(reading, row["uses"], relied_on.get(row["definition_hash"], {}))
        if problem:
            found.setdefault((row["uses"], problem), []).append(row["definition_hash"])
    views = [reading.soon(_view, reading, of_units, *what, hashes) for what, hashes in found.items()]
    return tuple(view() for view in views)


def _open_steps(of_units: ColumnElement[bool], *columns: ColumnElement[Any]) -> Select[Any]:
    is_live = is_one_of(STEP.c.status, *sorted(status.value for status in LIVE))
    steps = STEP.join(CASE, CASE.c.id == STEP.c.case_id).join(RUN, RUN.c.id == STEP.c.run_id)
    return select(*columns).select_from(steps).where(CASE_IS_OPEN, of_units, is_live)


def _view(reading: Reading, of_units: ColumnElement[bool], uses: str, problem: str, hashes: list[str]) -> UnservedView:
    asked = _open_steps(of_units, CASE.c.number).where(STEP.c.uses == uses, RUN.c.definition_hash.in_(hashes))
    rows = reading.rows(asked.distinct().order_by(CASE.c.number))
    numbers = tuple(row["number"] for row in rows)
    return UnservedView(uses=uses, problem=problem, cases=numbers[:_LINES], count=len(numbers))


def _contracts(reading: Reading, hashes: set[str]) -> dict[str, Mapping[str, Any]]:
    query = select(DEFINITION.c.content_hash, DEFINITION.c.contract_hashes)
    rows = reading.rows(query.where(DEFINITION.c.content_hash.in_(sorted(hashes))))
    return {row["content_hash"]: row["contract_hashes"] for row in rows}


def _problem(reading: Reading, uses: str, contracts: Mapping[str, Any]) -> str:
    step_type = reading.known.step_type(uses)
    if step_type is None:
        return f"No installed pillar has the step type {uses}."
    relied_on = contracts.get(uses)
    broken = broken_promises(relied_on, step_type) if isinstance(relied_on, Mapping) else ()
    return f"The step type {uses} was changed: {broken[0].removesuffix('.')}." if broken else ""
