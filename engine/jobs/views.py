"""Jobs as lists show them, and cases whose step no installed pillar can do."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select

from engine.cases.visibility import step_shown_to
from engine.core.policy import Viewer
from engine.core.records import LIVE
from engine.db.reading import Known, Reading, Row
from engine.db.shape import CASE, CASE_IS_OPEN, DEFINITION, JOB, RUN, STEP, is_one_of
from engine.language.names import type_in_plain_words
from engine.overview.records import JobView, UnservedView
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


def job_view(known: Known, row: Row) -> JobView:
    """Make the view of one job."""
    step_type = known.step_type(row["task"])
    title = step_type.title if step_type else type_in_plain_words(row["task"])
    same = ("id", "case_id", "kind", "task", "status", "attempt", "ready_at", "finished_at", "done_by")
    more = ("flow_run_id", "task_run_id", "error_code")
    about = _ABOUT.get(row["kind"], "{title}").format(title=title)
    return JobView(case_number=row["number"], title=about, **{name: row[name] for name in (*same, *more)})


_LINES = 100


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
    return f"The step type {uses} was changed: {broken[0]}" if broken else ""
