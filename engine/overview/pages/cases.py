"""Track: the list of cases, one case, its steps, history and papers."""

from collections.abc import Mapping
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from engine.approvals.pages.waiting import asked_of_case
from engine.approvals.views import waiting
from engine.cases.actions.reasons import TELLS_WORDS, note_reading, read_reasons
from engine.cases.views.lists import cases as cases_view
from engine.cases.views.lists import count_cases
from engine.core.policy import Action
from engine.core.records import LIVE
from engine.deadlines.records.limits import late_views
from engine.deadlines.views.law_here import points_to
from engine.errors import NotAllowedError, NotFoundError
from engine.overview.pages.board import run_links
from engine.overview.pages.plan import lane_groups, what_waits
from engine.overview.records.cases import CaseView, EventView, StepView
from engine.overview.views.case import case_page as case_page_view
from engine.overview.views.history import Part, case_history
from engine.persons.views.links import case_links
from engine.sharing.actions.prepared import prepared_referral
from engine.web.dependencies import SignedIn
from engine.web.posted import clean
from engine.web.visit import Visit
from engine.work.actions.reveal import reveal_answers
from engine.work.records import AnswerView, ProposedView
from engine.work.views.worklist import proposed_doer

router = APIRouter()
PAGE: Final = 50
LINES: Final = 200
"""How many lines of a history are shown at once."""


@router.get("/cases")
def cases(
    visit: SignedIn,
    status: str = "open",
    number: Annotated[str, Query(max_length=40)] = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """List the cases that the viewer may see, those with the nearest deadline first."""
    number = clean(number)
    wanted = status if status in {"open", "closed", "all"} else "open"
    offset = (page - 1) * PAGE
    counted = visit.soon(count_cases, status=wanted)
    found = visit.ask(cases_view, status=wanted, number=number, offset=offset, limit=PAGE + 1)
    if number and not found:
        wanted = "all"
        counted = visit.soon(count_cases, status=wanted)
        found = visit.ask(cases_view, status=wanted, number=number, offset=offset, limit=PAGE + 1)
    return visit.page(
        "cases.html",
        title="Cases",
        section="track",
        cases=found[:PAGE],
        status_shown=wanted,
        number=number,
        page=page,
        has_more=len(found) > PAGE,
        may_emergency_access=visit.may(Action.EMERGENCY_ACCESS),
        count=counted(),
        may_see_statistics=visit.may(Action.SEE_STATISTICS),
        may_see_retention=visit.may(Action.SEE_RETENTION),
    )


@router.get("/cases/{case_id}")
def case_page(visit: SignedIn, case_id: UUID) -> Response:
    """Show a case: the lanes of its pillars, its deadlines, its ledger."""
    seen, links = visit.soon(case_page_view, case_id), visit.soon(case_links, case_id)
    asked, points = visit.soon(waiting, case_id), visit.soon(points_to, case_id)
    case, linked = seen(), links()
    note_reading(visit.engine, visit.viewer, case_id, "case", ())
    pillars = [installed.pillar for installed in visit.engine.registry.installed]
    return visit.page(
        "case.html",
        title=f"Case {case.number}",
        section="track",
        zone=case.zone,
        case=case,
        linked=linked,
        asked=asked_of_case(asked()),
        points=points(),
        groups=lane_groups(pillars, case.steps),
        waiting=what_waits(case.steps),
        late=late_views(case.deadlines, case_id=case.id, case_number=case.number, but=visit.viewer.actor_id),
        may_ring=case.is_own and Action.WORK in case.allowed,
        may_reveal=case.is_own and Action.REVEAL in case.allowed,
        running=[deadline for deadline in case.deadlines if deadline.ended_at is None],
        past=[deadline for deadline in case.deadlines if deadline.ended_at is not None],
        held=[step for step in case.steps if step.status == "held"],
        may_release=Action.RELEASE in case.allowed,
        runs_in_prefect=run_links(case.jobs, visit.portal.prefect_ui_url) if visit.may(Action.SEE_BOARD) else (),
        may_change=Action.CHANGE_PLAN in case.allowed and not any(link.is_into for link in linked),
        may_steer=Action.STEER in case.allowed,
        may_read=Action.READ_ANSWERS in case.allowed,
        has_story=visit.portal.demo is not None and visit.portal.demo.has_story(case_id),
        may_see_readings=Action.SEE_READINGS in case.allowed,
        may_see_retention=Action.SEE_RETENTION in case.allowed,
        may_see_access=Action.SEE_ACCESS in case.allowed,
        command_id=visit.new_command(),
    )


@router.get("/cases/{case_id}/history")
def history(
    visit: SignedIn,
    case_id: UUID,
    before: Annotated[int | None, Query(ge=1)] = None,
    after: Annotated[int | None, Query(ge=0)] = None,
) -> Response:
    """Tell the history of a case in words, without content: the latest lines, or those before or after a number."""
    part = Part(LINES + 1, before, after)
    seen, told = visit.soon(case_page_view, case_id), visit.soon(case_history, case_id, part=part)
    case, found = seen(), told()
    events = found[:LINES] if after is not None else found[-LINES:]
    note_reading(visit.engine, visit.viewer, case_id, "history", ())
    may_read = Action.REVEAL in case.allowed and any(event.type in TELLS_WORDS for event in events)
    has_later = len(found) > LINES if after is not None else before is not None
    return _history(visit, case, events, may_read=may_read, has_later=has_later)


@router.post("/cases/{case_id}/history/words")
def words(visit: SignedIn, case_id: UUID) -> Response:
    """Show in which words people said why, once; that this was done is recorded first."""
    found = read_reasons(visit.engine, case_id, viewer=visit.viewer)
    case = visit.ask(case_page_view, case_id)
    return _history(visit, case, visit.ask(case_history, case_id), words=found)


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


def _step(visit: Visit, case_id: UUID, step_id: UUID) -> tuple[CaseView, StepView]:
    case = visit.ask(case_page_view, case_id)
    for step in case.steps:
        if step.id == step_id:
            return case, step
    raise NotFoundError(kind="step")


def _may_offer(visit: Visit, case: CaseView, step: StepView) -> bool:
    """Return whether the step has ended with a referral that the viewer can offer."""
    try:
        return prepared_referral(visit.engine, case.id, step.id, viewer=visit.viewer) is not None
    except (NotAllowedError, NotFoundError):
        return False


def _proposed(visit: Visit, step: StepView) -> ProposedView | None:
    """Return whom the step proposes, to who may give it to them."""
    if step.item_id is None or step.assignee is not None or not visit.may(Action.DELEGATE):
        return None
    try:
        return visit.ask(proposed_doer, step.item_id)
    except NotFoundError:
        return None


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
        may_offer=_may_offer(visit, case, step),
        may_cancel=step.status in LIVE and case.status == "open" and Action.CHANGE_PLAN in case.allowed,
        proposed=_proposed(visit, step),
        command_id=visit.new_command(),
        deadlines=[deadline for deadline in case.deadlines if deadline.step_id == step.id],
    )


def _history(
    visit: Visit,
    case: CaseView,
    events: tuple[EventView, ...],
    *,
    words: Mapping[int, str] | None = None,
    may_read: bool = False,
    has_later: bool = False,
) -> Response:
    return visit.page(
        "history.html", title=f"History of case {case.number}", section="track", zone=case.zone, case=case,
        events=events, words=words or {}, has_read=words is not None, may_read=may_read,
        has_earlier=bool(events) and events[0].seq > 1, has_later=has_later,
    )  # fmt: skip
