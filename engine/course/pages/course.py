"""How a case goes on: opened again, closed early, another workflow begun, a step called off."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.approvals.records import NoSecondPersonError
from engine.cases.records import CANCEL_REASONS, CLOSE_REASONS, REOPEN_REASONS
from engine.core.policy import Action
from engine.core.records import LIVE
from engine.course.actions.closing import close_case, reopen_case
from engine.course.actions.steer import cancel_step, start_run
from engine.definitions.views import published_workflows
from engine.errors import InvalidAnswersError
from engine.overview.records import StepView
from engine.overview.views.case import case_page
from engine.web.dependencies import Posted, SignedIn, tried
from engine.web.languages import say
from engine.web.posted import FIRST, Again, text
from engine.web.visit import Visit

router = APIRouter()


@dataclass(frozen=True, slots=True)
class CourseQuestion:
    """What a page of this family asks: why, in which words, which workflow; and what it says before."""

    heading: str
    intro: str
    button: str
    reasons: Mapping[str, str]
    words: str = ""
    workflow: str = ""


REOPEN: Final = CourseQuestion(
    "Open this case again",
    "What was done stays as it is. The case is back on the worklists with the next step that you add, or with a"
    " workflow that begins in it. Any proposal to erase it because its retention time was over is cancelled.",
    "Open this case again", REOPEN_REASONS, "Why, in your own words?", "Which workflow begins? (optional)",
)  # fmt: skip
CLOSE: Final = CourseQuestion(
    "Close this case",
    "Everything that is open is cancelled, and no time limit runs any longer. While something is open, a second"
    " person (supervisor, nodal officer or safeguarding lead) has to agree, and nothing is cancelled before that. The"
    " case can be opened again.",
    "Close this case", CLOSE_REASONS, "Why, in your own words? (optional)",
)  # fmt: skip
START: Final = CourseQuestion(
    "Begin another workflow",
    "It runs alongside the workflows that the case already has, with the same persons and facts. Its first steps"
    " appear at once.",
    "Begin this workflow", {}, workflow="Which workflow?",
)  # fmt: skip
CANCEL: Final = CourseQuestion(
    "Cancel this step",
    "It is removed from the worklists, and its time limit ends; if it was already late, that stays on record.",
    "Cancel this step", CANCEL_REASONS, "Why, in your own words? (optional)",
)  # fmt: skip


@router.get("/cases/{case_id}/reopen")
def reopen_form(visit: SignedIn, case_id: UUID) -> Response:
    """Ask why a case is opened again."""
    visit.must(Action.STEER, case_id)
    return _page(visit, case_id, REOPEN)


@router.post("/cases/{case_id}/reopen")
def reopened(visit: SignedIn, case_id: UUID, form: Posted) -> Response:
    """Open it again."""
    visit.must(Action.STEER, case_id)

    def act(command_id: UUID) -> None:
        reopen_case(
            visit.engine, case_id, viewer=visit.viewer, command_id=command_id, reason_code=text(form, "reason_code"),
            words=text(form, "words"), workflow=chosen_workflow(visit, form, needed=False),
        )  # fmt: skip

    return _try(visit, case_id, form, REOPEN, act, said="reopened")


@router.get("/cases/{case_id}/close")
def close_form(visit: SignedIn, case_id: UUID) -> Response:
    """Ask why a case is closed."""
    visit.must(Action.STEER, case_id)
    return _page(visit, case_id, CLOSE)


@router.post("/cases/{case_id}/close")
def closed(visit: SignedIn, case_id: UUID, form: Posted) -> Response:
    """Close it."""
    visit.must(Action.STEER, case_id)

    def act(command_id: UUID) -> str:
        is_closed = close_case(
            visit.engine, case_id, viewer=visit.viewer, command_id=command_id, reason_code=text(form, "reason_code"),
            words=text(form, "words"),
        )  # fmt: skip
        return "closed" if is_closed else "closing_asked"

    return _try(visit, case_id, form, CLOSE, act, said="closed")


@router.get("/cases/{case_id}/begin")
def start_form(visit: SignedIn, case_id: UUID) -> Response:
    """Ask which workflow begins."""
    visit.must(Action.STEER, case_id)
    return _page(visit, case_id, START)


@router.post("/cases/{case_id}/begin")
def started(visit: SignedIn, case_id: UUID, form: Posted) -> Response:
    """Begin it."""
    visit.must(Action.STEER, case_id)

    def act(command_id: UUID) -> None:
        workflow = chosen_workflow(visit, form, needed=True) or ""
        start_run(visit.engine, case_id, viewer=visit.viewer, command_id=command_id, workflow=workflow)

    return _try(visit, case_id, form, START, act, said="begun")


@router.get("/cases/{case_id}/steps/{step_id}/cancel")
def cancel_form(visit: SignedIn, case_id: UUID, step_id: UUID) -> Response:
    """Ask why a step is called off."""
    visit.must(Action.CHANGE_PLAN, case_id)
    return _page(visit, case_id, CANCEL, step=_step(visit, case_id, step_id))


@router.post("/cases/{case_id}/steps/{step_id}/cancel")
def cancelled(visit: SignedIn, case_id: UUID, step_id: UUID, form: Posted) -> Response:
    """Call it off."""
    visit.must(Action.CHANGE_PLAN, case_id)

    def act(command_id: UUID) -> None:
        cancel_step(
            visit.engine, step_id, case_id=case_id, viewer=visit.viewer, command_id=command_id,
            reason_code=text(form, "reason_code"), words=text(form, "words"),
        )  # fmt: skip

    return _try(visit, case_id, form, CANCEL, act, said="cancelled", step_id=step_id)


def chosen_workflow(visit: Visit, form: Posted, *, needed: bool) -> str | None:
    """Return the workflow that was chosen, None where none was `needed`; raises `InvalidAnswersError`."""
    chosen = text(form, "workflow")
    if not chosen and not needed:
        return None
    if chosen not in {name for name, *_ in visit.engine.ask_all(published_workflows)}:
        raise InvalidAnswersError({"workflow": "Choose a workflow."})
    return chosen


def _step(visit: Visit, case_id: UUID, step_id: UUID) -> StepView:
    return visit.ask(case_page, case_id).step(step_id)


def _try(
    visit: Visit, case_id: UUID, form: Posted, asked: CourseQuestion, act: Callable[[UUID], str | None], *, said: str,
    step_id: UUID | None = None,
) -> Response:  # fmt: skip
    def page(*, again: Again) -> Response:
        return _page(visit, case_id, asked, step=_step(visit, case_id, step_id) if step_id else None, again=again)

    also = ("reason_code", (NoSecondPersonError,))
    return tried(visit, form, act, page, to=f"/cases/{case_id}", said=said, also=also)


def _page(
    visit: Visit,
    case_id: UUID,
    asked: CourseQuestion,
    *,
    step: StepView | None = None,
    again: Again = FIRST,
) -> Response:
    case = visit.ask(case_page, case_id)
    workflows = [(name, title) for name, _, _, title in visit.engine.ask_all(published_workflows)]
    return visit.page(
        "case-course.html",
        title=say("{heading}, case {number}", heading=say(asked.heading), number=case.number),
        section="track",
        case=case,
        asked=asked,
        step=step,
        is_over=step is not None and step.status not in LIVE,
        workflows=workflows if asked.workflow else (),
        again=again,
    )
