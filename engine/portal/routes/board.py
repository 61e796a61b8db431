"""The board: what runs, waits, is late, fails or is stuck, and the buttons to mend it."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.adapters.sql.queries.board import admin_board
from engine.domain.policy import Action
from engine.portal.dependencies import SignedIn
from engine.portal.presenters.prefect_links import run_links
from engine.portal.routes.health import TOO_OLD
from engine.usecases.serve_jobs import retry_job, service_age

router = APIRouter()


@router.get("/board")
def board(visit: SignedIn) -> Response:
    """Show the state of the whole system, by ids and states only."""
    view = visit.engine.ask_board(admin_board, visit.viewer)
    age = service_age(visit.engine, "deadlines")
    return visit.page(
        "board.html",
        title="Board",
        section="board",
        board=view,
        failed=run_links(view.failed_jobs, visit.portal.prefect_ui_url),
        held=run_links(view.held_jobs, visit.portal.prefect_ui_url),
        recent=run_links(view.recent_flow_runs, visit.portal.prefect_ui_url),
        deadlines_age=age,
        deadlines_late=age is None or age > TOO_OLD,
        prefect_ui_url=visit.portal.prefect_ui_url,
        may_mend=visit.may(Action.MEND),
        may_see=visit.may(Action.SEE_CASES),
        may_keep_channels=visit.may(Action.KEEP_CHANNELS),
    )


@router.post("/jobs/{job_id}/retry")
def retry(visit: SignedIn, job_id: UUID) -> Response:
    """Try a failed job again."""
    retry_job(visit.engine, job_id, viewer=visit.viewer)
    return visit.go("/board", said="retried")
