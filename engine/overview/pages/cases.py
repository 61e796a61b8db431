"""Track: one case, its steps, history and papers."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from engine.approvals.pages import asked_of_case
from engine.approvals.views import waiting
from engine.cases.actions.deciding import TELLS_WORDS, note_reading, read_reasons
from engine.core.policy import Action
from engine.core.records import LIVE
from engine.deadlines.records import late_views
from engine.deadlines.views.law_here import points_to
from engine.errors import NotAllowedError, NotFoundError
from engine.overview.pages.board import run_links
from engine.overview.pages.glance import (
    ROWS,
    ROWS_WHEN_LATE,
    Tab,
    late_lines,
    ledger_by_step,
    safety_of,
    tabs_of,
    time_line,
)
from engine.overview.pages.plan import declared_facts, lane_groups, what_waits
from engine.overview.records import CaseView, EventView, StepView
from engine.overview.views.case import case_news
from engine.overview.views.case import case_page as case_page_view
from engine.overview.views.history import HistoryPart, case_history
from engine.persons.views.person import case_links
from engine.sharing.actions.releasing import prepared_referral
from engine.web.dependencies import SignedIn
from engine.web.languages import say, speaker
from engine.web.visit import Visit
from engine.work.actions.answers import reveal_answers
from engine.work.records import AnswerView, ProposedView
from engine.work.views.worklist import proposed_doer

router = APIRouter()
LINES: Final = 40
"""How many lines of a history are shown at once."""
_UNFOLDED: Final = 6
"""So many of the latest stand open when a history is first opened."""
_LONGEST_KEY: Final = 64


@router.get("/cases/{case_id}")
def case_page(visit: SignedIn, case_id: UUID) -> Response:
    """Show a case at a glance: who and how safe, what is next, what is late, where it stands, what is new."""
    seen, links = visit.soon(case_page_view, case_id), visit.soon(case_links, case_id)
    asked, news = visit.soon(waiting, case_id), visit.soon(case_news, case_id, say=speaker())
    case, linked = seen(), links()
    known = visit.engine.registry
    return _tab(
        visit,
        case,
        "now",
        "case.html",
        linked=linked,
        asked=asked_of_case(asked()),
        news=news(),
        safety=safety_of(case.steps, known.step_types),
        groups=lane_groups([installed.pillar for installed in known.installed], case.steps),
        waiting=what_waits(case.steps),
        late=late_lines(case, visit.viewer.actor_id),
        held=[step for step in case.steps if step.status == "held"],
        may_change=Action.CHANGE_PLAN in case.allowed and not any(link.is_into for link in linked),
        may_steer=Action.STEER in case.allowed,
        has_facts=bool(declared_facts(case, visit.engine.definitions)),
        has_story=visit.portal.demo is not None and visit.portal.demo.has_story(case_id),
    )


@router.get("/cases/{case_id}/steps")
def case_steps(visit: SignedIn, case_id: UUID, pillar: Annotated[str, Query(max_length=_LONGEST_KEY)] = "") -> Response:
    """Show the steps of a case by pillar, one of them unfolded, and its automatic work to administrators."""
    case = visit.ask(case_page_view, case_id)
    pillars = [installed.pillar for installed in visit.engine.registry.installed]
    runs = run_links(case.jobs, visit.portal.prefect_ui_url) if visit.may(Action.SEE_BOARD) else ()
    return _tab(
        visit, case, "steps", "case-steps.html", groups=lane_groups(pillars, case.steps), opened=pillar,
        runs_in_prefect=runs,
    )  # fmt: skip


@router.get("/cases/{case_id}/people")
def case_people(visit: SignedIn, case_id: UUID) -> Response:
    """Show the persons of a case, its facts, and what the answers suggest."""
    seen, points = visit.soon(case_page_view, case_id), visit.soon(points_to, case_id)
    case = seen()
    safety = safety_of(case.steps, visit.engine.registry.step_types)
    return _tab(visit, case, "people", "case-people.html", points=points(), safety=safety)


@router.get("/cases/{case_id}/time")
def case_time(visit: SignedIn, case_id: UUID) -> Response:
    """Show the time limits of a case as a picture and in words, whom to ring, and who was told."""
    case = visit.ask(case_page_view, case_id)
    late = late_views(case.deadlines, case_id=case.id, case_number=case.number, but=visit.viewer.actor_id)
    return _tab(
        visit,
        case,
        "time",
        "case-time.html",
        picture=time_line(case, now=visit.engine.clock.now(), rows=ROWS_WHEN_LATE if late else ROWS),
        late=late,
        may_ring=case.is_own and Action.WORK in case.allowed,
        may_reveal=case.is_own and Action.REVEAL in case.allowed,
        running=sorted((one for one in case.deadlines if one.ended_at is None), key=lambda one: one.due_at),
        past=[one for one in case.deadlines if one.ended_at is not None],
        ledger=ledger_by_step(case.escalations),
    )


@router.get("/cases/{case_id}/papers")
def case_papers(visit: SignedIn, case_id: UUID) -> Response:
    """Show the papers of a case."""
    case = visit.ask(case_page_view, case_id)
    return _tab(visit, case, "papers", "case-papers.html", may_release=Action.RELEASE in case.allowed)


@router.get("/cases/{case_id}/sharing")
def case_sharing(visit: SignedIn, case_id: UUID) -> Response:
    """Lead to what left a case, who may see it, and how long it is kept."""
    return _tab(visit, visit.ask(case_page_view, case_id), "sharing", "case-sharing.html")


def _tab(visit: Visit, case: CaseView, key: str, template: str, **shown: Any) -> Response:  # noqa: ANN401 - what the template takes
    """Show a page of a case, if there is anything on it for the viewer; that they looked is written down first."""
    tabs = tabs_of(case)
    tab = next((tab for tab in tabs if tab.key == key), None)
    if tab is None:
        raise NotFoundError(kind="page")
    note_reading(visit.engine, visit.viewer, case.id, "case", ())
    plain = say("Case {number}", number=case.number)
    title = plain if key == "now" else say("{text}: case {number}", text=say(tab.text), number=case.number)
    return visit.page(
        template, title=title, section="track",
        zone=case.zone, case=case, tabs=tabs, tab=tab, command_id=visit.new_command(), **shown,
    )  # fmt: skip


@router.get("/cases/{case_id}/history")
def history(
    visit: SignedIn,
    case_id: UUID,
    before: Annotated[int | None, Query(ge=1)] = None,
    after: Annotated[int | None, Query(ge=0)] = None,
) -> Response:
    """Tell the history of a case in words, without content: the latest lines, or those before or after a number."""
    part = HistoryPart(LINES + 1, before, after)
    seen, told = visit.soon(case_page_view, case_id), visit.soon(case_history, case_id, part=part, say=speaker())
    case, found = seen(), told()
    events = found[:LINES] if after is not None else found[-LINES:]
    note_reading(visit.engine, visit.viewer, case_id, "history", ())
    may_read = Action.REVEAL in case.allowed and any(event.type in TELLS_WORDS for event in events)
    has_later = len(found) > LINES if after is not None else before is not None
    folded = max(len(events) - _UNFOLDED, 0) if before is None and after is None else 0
    return _history(visit, case, events, may_read=may_read, has_later=has_later, folded=folded)


@router.post("/cases/{case_id}/history/words")
def words(visit: SignedIn, case_id: UUID) -> Response:
    """Show in which words people said why, once; that this was done is recorded first."""
    found = read_reasons(visit.engine, case_id, viewer=visit.viewer)
    case = visit.ask(case_page_view, case_id)
    return _history(visit, case, visit.ask(case_history, case_id, say=speaker()), words=found)


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
        title=say("{title}, case {number}", title=say(step.title), number=case.number),
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
    folded: int = 0,
) -> Response:
    return visit.page(
        "history.html", title=say("History of case {number}", number=case.number), section="track",
        zone=case.zone, case=case, tabs=tabs_of(case), tab=Tab("history", "", ""),
        events=events, words=words or {}, has_read=words is not None, may_read=may_read,
        has_earlier=bool(events) and events[0].seq > 1, has_later=has_later,
        folded=folded,
    )  # fmt: skip
