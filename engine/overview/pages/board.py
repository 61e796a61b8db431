"""The home page, the board for people and for programs with a key, and whether all is well."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import JSONResponse, Response

from engine.assembly import Engine
from engine.cases.views.lists import count_cases
from engine.core.policy import Action
from engine.deadlines.actions.clock import clock_jump
from engine.errors import InvalidAnswersError, NotAllowedError
from engine.jobs.actions.serve import pause_jobs, resume_jobs, retry_job, service_age, skip_job
from engine.jobs.records import PAUSE_REASONS, SKIP_REASONS
from engine.messages.views import unread
from engine.numbers.charts import GREEN, GREY, RED, TEAL, columns
from engine.overview.records import BACKUP_IS_OLD, MAIL_IS_LATE, BoardDay, JobView
from engine.overview.views.board import admin_board
from engine.overview.views.board import board_list as board_list_view
from engine.people.actions.program_keys import BOARD, viewer_of_key
from engine.people.records import KeyTooOftenError
from engine.sign_in.records import SignInError
from engine.web.dependencies import Posted, SignedIn
from engine.web.languages import say
from engine.web.posted import text
from engine.web.turns import watched
from engine.web.visit import Visit, portal_of
from engine.work.views.worklist import work_counts

counts_router = APIRouter(prefix="/api")
_SCHEME = "Bearer "


@counts_router.get("/board")
def counts(request: Request, authorization: Annotated[str, Header(max_length=200)] = "") -> Response:
    """Return the counts of the board."""
    engine = portal_of(request).engine
    key = authorization.removeprefix(_SCHEME) if authorization.startswith(_SCHEME) else ""
    try:
        view = engine.ask_board(admin_board, viewer_of_key(engine, key, scope=BOARD))
    except SignInError:
        return _refused(HTTPStatus.UNAUTHORIZED, "A key that counts is needed.")
    except NotAllowedError:
        return _refused(HTTPStatus.FORBIDDEN, "This key is not for that.")
    except KeyTooOftenError as error:
        return _refused(HTTPStatus.TOO_MANY_REQUESTS, str(error))
    return JSONResponse(
        {
            "open_cases": view.open_cases,
            "open_items": view.open_items,
            "overdue": view.overdue_count,
            "stuck": view.stuck_count,
            "failed_jobs": view.failed_count,
            "waiting_jobs": view.waiting_jobs,
            "dead_deliveries": view.dead_deliveries,
            "is_prefect_away": view.fallback_since is not None,
            "held_jobs": view.held_count,
            "why_jobs_wait": [reason.code for reason in view.why_jobs_wait],
        }
    )


def _refused(status: HTTPStatus, problem: str) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if status is HTTPStatus.UNAUTHORIZED else None
    return JSONResponse({"problem": problem}, status_code=status, headers=headers)


@dataclass(frozen=True, slots=True)
class RunLink:
    """A job with the address of its flow run in Prefect's pages; empty when Prefect did not do it or has no pages."""

    job: JobView
    href: str


def run_links(jobs: Iterable[JobView], prefect_ui_url: str | None) -> tuple[RunLink, ...]:
    """Return each job its link."""
    return tuple(RunLink(job, _href(job, prefect_ui_url)) for job in jobs)


def _href(job: JobView, prefect_ui_url: str | None) -> str:
    if prefect_ui_url is None or job.flow_run_id is None:
        return ""
    return f"{prefect_ui_url.rstrip('/')}/runs/flow-run/{job.flow_run_id}"


router = APIRouter()


@router.get("/")
def home(visit: SignedIn) -> Response:
    """Show the four doors, with what waits behind each."""
    may_see = visit.may(Action.SEE_CASES)
    counts, news = visit.soon(work_counts, zone=visit.viewer.zone), visit.soon(unread)
    cases = visit.soon(count_cases) if may_see else int
    return visit.page(
        "home.html",
        title="Home",
        section="home",
        counts=counts(),
        cases=cases(),
        unread=news(),
        may_report=visit.may(Action.OPEN_CASE),
        may_work=visit.may(Action.WORK),
        may_see=may_see,
        may_publish=visit.may(Action.PUBLISH),
        may_see_board=visit.may(Action.SEE_BOARD),
    )


TOO_OLD: Final = timedelta(seconds=120)


@router.get("/health")
async def health() -> JSONResponse:
    """Say that the portal answers, without a thread that people could hold."""
    return JSONResponse({"status": "ok"})


@router.get("/health/deadlines")
async def deadlines(request: Request) -> Response:
    """Be red (503) when nobody has looked at the deadlines for 120 seconds, or the clock has jumped and none fires."""
    return await watched(partial(_deadlines, portal_of(request).engine))


def _deadlines(engine: Engine) -> JSONResponse:
    age, jump = service_age(engine, "deadlines"), clock_jump(engine)
    is_late = age is None or age > TOO_OLD
    said: dict[str, object] = {
        "status": "late" if is_late else "paused" if jump else "ok",
        "seconds_since_last_pass": None if age is None else round(age.total_seconds(), 1),
    }
    if jump is not None:
        said["problem"] = jump.in_words
    return JSONResponse(said, status_code=200 if said["status"] == "ok" else 503)


@router.get("/board")
def board(visit: SignedIn) -> Response:
    """Show the state of the whole system, by ids and states only."""
    view = visit.engine.ask_board(admin_board, visit.viewer, with_days=True)
    return visit.page(
        "board.html",
        title="Board",
        section="board",
        board=view,
        failed=run_links(view.failed_jobs, visit.portal.prefect_ui_url),
        tried=run_links(view.tried_jobs, visit.portal.prefect_ui_url),
        held=run_links(view.held_jobs, visit.portal.prefect_ui_url),
        recent=run_links(view.recent_flow_runs, visit.portal.prefect_ui_url),
        pictures=_pictures(view.days),
        deadlines_age=view.deadlines_age,
        deadlines_late=view.deadlines_age is None or view.deadlines_age > TOO_OLD,
        prefect_ui_url=visit.portal.prefect_ui_url,
        may_mend=visit.may(Action.MEND),
        skip_reasons=SKIP_REASONS,
        pause_reasons=PAUSE_REASONS,
        backup_is_old=BACKUP_IS_OLD,
        mail_is_late=MAIL_IS_LATE,
        real_now=visit.engine.wall_clock.now(),
        ready=run_links(view.ready_jobs, visit.portal.prefect_ui_url),
        may_lead=visit.may(Action.DELEGATE),
        **_may_mend_cases(visit),
        may_keep_channels=visit.may(Action.KEEP_CHANNELS),
    )


@router.get("/board/{name}")
def board_list(visit: SignedIn, name: str, page: Annotated[int, Query(ge=1, le=10_000)] = 1) -> Response:
    """Show one of the lists of the board, by pages."""
    found = visit.engine.ask_board(board_list_view, visit.viewer, name, offset=(page - 1) * _PAGE, limit=_PAGE + 1)
    return visit.page(
        "board-list.html",
        title=_TITLES[name],
        section="board",
        name=name,
        lines=found[:_PAGE],
        runs=run_links((one for one in found[:_PAGE] if isinstance(one, JobView)), visit.portal.prefect_ui_url),
        page=page,
        has_more=len(found) > _PAGE,
        may_mend=visit.may(Action.MEND),
        **_may_mend_cases(visit),
        skip_reasons=SKIP_REASONS,
    )


def _may_mend_cases(visit: Visit) -> dict[str, Any]:
    """Tell what the viewer can do about a case in which nothing goes on."""
    acts = {"may_see": Action.SEE_CASES, "may_plan": Action.CHANGE_PLAN, "may_steer": Action.STEER}
    return {name: visit.may(action) for name, action in acts.items()}


_PAGE: Final = 25
_TITLES: Final = {
    "overdue": "Overdue", "unreached": "No one could be notified", "stuck": "Stuck cases", "failed": "Failed jobs",
    "tried": "Jobs that failed and are tried again", "ready": "Waiting jobs", "held": "Held jobs",
}  # fmt: skip
"""The lists of the board that have pages of their own."""
_BY_DAY: Final = (
    ("opened", "Cases opened", TEAL), ("closed", "Cases closed", GREEN), ("missed", "Time limits missed", RED),
    ("raised", "Escalation levels raised", RED), ("done", "Jobs done by Prefect", GREY),
    ("waiting", "Work items open at the end of the day", TEAL), ("failed", "Jobs that had failed", RED),
    ("stuck", "Stuck cases, at most", RED),
)  # fmt: skip


def _day(day: date) -> str:
    return say("{day} {month}", day=f"{day:%d}", month=say(f"{day:%b}"))


def _pictures(days: Sequence[BoardDay]) -> list[tuple[str, str, str]]:
    """Draw what each day brought; returns for each picture the name of its number, its title and the SVG."""
    return [
        (name, title, columns(say(title), [(_day(day.day), getattr(day, name) or 0) for day in days], colour, say=say))
        for name, title, colour in _BY_DAY
        if any(getattr(day, name) is not None for day in days)
    ]


@router.post("/jobs/pause")
def pause(visit: SignedIn, form: Posted) -> Response:
    """Pause automatic work, for a reason."""
    try:
        pause_jobs(visit.engine, viewer=visit.viewer, reason_code=text(form, "reason"))
    except InvalidAnswersError as error:
        return _refuse(visit, "Nothing was paused", error)
    return visit.go("/board", said="jobs_paused")


@router.post("/jobs/resume")
def resume(visit: SignedIn) -> Response:
    """Let automatic work go on."""
    resume_jobs(visit.engine, viewer=visit.viewer)
    return visit.go("/board", said="jobs_resumed")


@router.post("/jobs/{job_id}/retry")
def retry(visit: SignedIn, job_id: UUID) -> Response:
    """Try a failed job again."""
    retry_job(visit.engine, job_id, viewer=visit.viewer)
    return visit.go("/board", said="retried")


@router.post("/jobs/{job_id}/skip")
def skip(visit: SignedIn, job_id: UUID, form: Posted) -> Response:
    """Leave a failed or held job undone, for a reason."""
    try:
        skip_job(visit.engine, job_id, viewer=visit.viewer, reason_code=text(form, "reason"))
    except InvalidAnswersError as error:
        return _refuse(visit, "Nothing was skipped", error)
    return visit.go("/board", said="skipped")


def _refuse(visit: Visit, heading: str, error: InvalidAnswersError) -> Response:
    message = " ".join(error.problems.values())
    return visit.page("refused.html", title=heading, status=422, section="board", heading=heading, message=message)
