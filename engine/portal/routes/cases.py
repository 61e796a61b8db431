"""Track: the list of cases, one case, its steps, history and papers."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse, Response

from engine.domain.policy import Action
from engine.errors import NotFoundError
from engine.portal.dependencies import SignedIn
from engine.portal.posted import clean
from engine.portal.presenters.lanes import lane_groups, what_waits
from engine.portal.presenters.prefect_links import run_links
from engine.portal.security import PAPER_POLICY
from engine.portal.visit import Visit
from engine.usecases.readings import note_reading
from engine.usecases.reveal_answers import open_document, reveal_answers
from engine.views import AnswerView, CaseView, StepView

router = APIRouter()
PAGE: Final = 50


@router.get("/cases")
def cases(
    visit: SignedIn,
    status: str = "open",
    number: Annotated[str, Query(max_length=40)] = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """List the cases that the viewer may see, those with the nearest deadline first."""
    number = clean(number)
    wanted = status if status in {"open", "closed"} else "open"
    offset = (page - 1) * PAGE
    found = visit.engine.queries.cases(visit.viewer, status=wanted, number=number, offset=offset, limit=PAGE + 1)
    return visit.page(
        "cases.html",
        title="Cases",
        section="track",
        cases=found[:PAGE],
        status_shown=wanted,
        number=number,
        page=page,
        has_more=len(found) > PAGE,
        may_break_glass=visit.may(Action.BREAK_GLASS),
        count=visit.engine.queries.count_cases(visit.viewer, status=wanted),
        may_see_statistics=visit.may(Action.SEE_STATISTICS),
        may_see_keeping=visit.may(Action.SEE_KEEPING),
    )


@router.get("/cases/{case_id}")
def case_page(visit: SignedIn, case_id: UUID) -> Response:
    """Show a case: the lanes of its pillars, its deadlines, its ledger."""
    case = visit.engine.queries.case(visit.viewer, case_id)
    linked = visit.engine.queries.case_links(visit.viewer, case_id)
    note_reading(visit.engine, visit.viewer, case_id, "case", ())
    pillars = [installed.pillar for installed in visit.engine.registry.installed]
    return visit.page(
        "case.html",
        title=f"Case {case.number}",
        section="track",
        zone=case.zone,
        case=case,
        linked=linked,
        groups=lane_groups(pillars, case.steps),
        waiting=what_waits(case.steps),
        running=[deadline for deadline in case.deadlines if deadline.ended_at is None],
        past=[deadline for deadline in case.deadlines if deadline.ended_at is not None],
        held=[step for step in case.steps if step.status == "held"],
        runs_in_prefect=run_links(case.jobs, visit.portal.prefect_ui_url) if visit.may(Action.SEE_BOARD) else (),
        may_change=visit.may(Action.CHANGE_PLAN) and not any(link.is_into for link in linked),
        may_steer=visit.may(Action.STEER),
        may_see_readings=visit.may(Action.SEE_READINGS),
        may_see_keeping=visit.may(Action.SEE_KEEPING),
        may_see_access=visit.may(Action.SEE_ACCESS),
        command_id=visit.new_command(),
    )


@router.get("/cases/{case_id}/history")
def history(visit: SignedIn, case_id: UUID) -> Response:
    """Tell the history of a case in words, without content."""
    case = visit.engine.queries.case(visit.viewer, case_id)
    events = visit.engine.queries.history(visit.viewer, case_id)
    note_reading(visit.engine, visit.viewer, case_id, "history", ())
    title = f"History of case {case.number}"
    return visit.page("history.html", title=title, section="track", zone=case.zone, case=case, events=events)


@router.get("/cases/{case_id}/steps/{step_id}")
def step_page(visit: SignedIn, case_id: UUID, step_id: UUID) -> Response:
    """Show one step with its answers, masked where they identify somebody."""
    case, step = _step(visit, case_id, step_id)
    note_reading(visit.engine, visit.viewer, case_id, "step", (), subject_id=step_id)
    return _step_page(visit, case, step, step.answers, revealed=False)


@router.post("/cases/{case_id}/steps/{step_id}/reveal")
def reveal(visit: SignedIn, case_id: UUID, step_id: UUID) -> Response:
    """Show the masked answers of a step once; that this was done is recorded first."""
    case, step = _step(visit, case_id, step_id)
    answers = reveal_answers(visit.engine, step_id, case_id=case_id, viewer=visit.viewer)
    return _step_page(visit, case, step, answers, revealed=True)


@router.get("/documents/{document_id}")
def paper(visit: SignedIn, document_id: UUID) -> Response:
    """Show a paper of a case as it is printed; it may bring its own style and do nothing else."""
    html = open_document(visit.engine, document_id, viewer=visit.viewer)
    return HTMLResponse(html, headers={"Content-Security-Policy": PAPER_POLICY})


def _step(visit: Visit, case_id: UUID, step_id: UUID) -> tuple[CaseView, StepView]:
    case = visit.engine.queries.case(visit.viewer, case_id)
    for step in case.steps:
        if step.id == step_id:
            return case, step
    raise NotFoundError(kind="step")


def _step_page(
    visit: Visit, case: CaseView, step: StepView, answers: tuple[AnswerView, ...], *, revealed: bool
) -> Response:
    return visit.page(
        "step.html",
        title=f"{step.title}, case {case.number}",
        section="track",
        zone=case.zone,
        case=case,
        step=step,
        answers=answers,
        revealed=revealed,
        may_reveal=visit.may(Action.REVEAL) and any(answer.masked for answer in answers),
        deadlines=[deadline for deadline in case.deadlines if deadline.step_id == step.id],
    )
