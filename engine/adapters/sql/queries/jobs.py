"""Jobs as lists show them, with where Prefect did each."""

from uuid import UUID

from sqlalchemy import Select, select

from engine import views as vw
from engine.adapters.sql.queries.reading import Reading, Row
from engine.adapters.sql.queries.shape import CASE, JOB, STEP
from engine.adapters.sql.visibility import step_shown_to


def jobs_of_case(reading: Reading, viewer: vw.Viewer, case_id: UUID) -> tuple[vw.JobView, ...]:
    """List the jobs of a case that the viewer was found to see, without those for steps that are not shown."""
    is_shown = JOB.c.step_id.is_(None) | step_shown_to(viewer, STEP.c.path, CASE.c.id, now=reading.now)
    rows = reading.rows(
        select_jobs()
        .outerjoin(STEP, STEP.c.id == JOB.c.step_id)
        .where(JOB.c.case_id == case_id, is_shown)
        .order_by(JOB.c.created_at, JOB.c.id)
    )
    return tuple(job_view(row) for row in rows)


def select_jobs() -> Select[tuple[object, ...]]:
    """Give the statement that fetches what a view of a job needs."""
    return select(JOB, CASE.c.number).select_from(JOB.join(CASE, CASE.c.id == JOB.c.case_id))


def job_view(row: Row) -> vw.JobView:
    """Make the view of one job."""
    same = ("id", "case_id", "kind", "task", "status", "attempt", "ready_at", "finished_at", "done_by")
    more = ("flow_run_id", "task_run_id", "error_code")
    return vw.JobView(case_number=row["number"], **{name: row[name] for name in (*same, *more)})
