"""Move running cases to another workflow or version: one from its page, or all from the page of the version."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from engine.core.moving import OtherStepTypeError
from engine.core.policy import Action
from engine.core.records import RunStatus
from engine.course.actions.moving import move_run, preview_move, propose_move
from engine.course.actions.moving_all import move_cases, plan_moves, start_moves, stop_moves, undo_moves
from engine.course.pages.course import chosen_workflow
from engine.definitions.views import published_workflows
from engine.errors import AlreadyEndedError, ConflictError, InvalidAnswersError
from engine.overview.views.case import case_page
from engine.web.dependencies import Posted, SignedIn, tried
from engine.web.forms import Item
from engine.web.languages import say
from engine.web.posted import FIRST, Again, text, uuid_or_none, whole_number
from engine.web.visit import Visit

router = APIRouter()
Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
Number = Annotated[int, Query(ge=1, le=1_000_000)]
_AT_ONCE = 20
"""So many cases are moved before the page answers; a schedule moves the others."""
_WITH_WORK = {
    "stay": "These cases stay on their version, with their work",
    "cancel": "It is cancelled, and begins again if the case is moved back",
}


@router.get("/cases/{case_id}/move")
def move_form(visit: SignedIn, case_id: UUID, workflow: str = "", run: UUID | None = None) -> Response:
    """Ask which workflow of the case goes on by which other; once that is chosen, show what that would do."""
    visit.must(Action.STEER, case_id)
    return _page(visit, case_id, workflow, run)


@router.post("/cases/{case_id}/move")
def moved(visit: SignedIn, case_id: UUID, form: Posted) -> Response:
    """Let it go on by that workflow."""
    visit.must(Action.STEER, case_id)
    run_id = uuid_or_none(form, "run_id")

    def act(command_id: UUID) -> None:
        workflow = chosen_workflow(visit, form, needed=True) or ""
        move_run(
            visit.engine, case_id, viewer=visit.viewer, command_id=command_id, workflow=workflow, run_id=run_id
        )  # fmt: skip

    def page(*, again: Again) -> Response:
        return _page(visit, case_id, "", run_id, again=again)

    return tried(visit, form, act, page, to=f"/cases/{case_id}", said="moved")


def _page(visit: Visit, case_id: UUID, workflow: str, run_id: UUID | None, *, again: Again = FIRST) -> Response:
    case = visit.ask(case_page, case_id)
    workflows = [(name, title) for name, _, _, title in visit.engine.ask_all(published_workflows)]
    runs = [run for run in case.runs if run.status == RunStatus.OPEN]
    run = next((one for one in runs if run_id == one.id or len(runs) == 1), None)
    proposal = propose_move(visit.engine, case_id, viewer=visit.viewer, run_id=run.id) if run else None
    chosen = workflow if workflow in dict(workflows) else proposal.workflow if proposal else ""
    preview, problem = None, ""
    if chosen and run:
        try:
            preview = preview_move(visit.engine, case_id, viewer=visit.viewer, workflow=chosen, run_id=run.id)
        except (AlreadyEndedError, OtherStepTypeError) as error:
            problem = str(error)
    return visit.page(
        "case-move.html",
        title=say("Another workflow, case {number}", number=case.number),
        section="track",
        case=case,
        workflows=workflows,
        chosen=chosen,
        proposed=dict(workflows).get(proposal.workflow) if proposal else None,
        reasons=proposal.reasons if proposal else (),
        runs=runs,
        run=run,
        preview=preview,
        problem=problem,
        again=again,
    )


@router.get("/workflows/{name}/move")
def plan(visit: SignedIn, name: Name, version: Number | None = None, after: UUID | None = None) -> Response:
    """Show what moving all cases to a version would do, and how far the moves have come that the viewer asked for."""
    return _plan_page(visit, name, version, after=after)


@router.post("/workflows/{name}/move")
def plan_posted(visit: SignedIn, name: Name, form: Posted) -> Response:
    """Move all cases to a version, stop that, or move them back."""
    version = whole_number(form, "version")

    def act(command_id: UUID) -> Response:
        move_id = uuid_or_none(form, "move_id") or UUID(int=0)
        match text(form, "action"):
            case "stop":
                stop_moves(visit.engine, move_id, viewer=visit.viewer)
            case "undo":
                undo_moves(visit.engine, move_id, viewer=visit.viewer, command_id=command_id)
            case _:
                if text(form, "with_work") not in _WITH_WORK:
                    raise InvalidAnswersError({"with_work": "Choose what becomes of the work that has no place there."})
                start_moves(
                    visit.engine, name, viewer=visit.viewer, command_id=command_id, version=version,
                    cancels=text(form, "with_work") == "cancel",
                )  # fmt: skip
        move_cases(visit.engine, limit=_AT_ONCE)
        return visit.go(f"/workflows/{name}/move", version=str(version), said="moving")

    def page(*, again: Again) -> Response:
        return _plan_page(visit, name, version if version > 0 else None, again=again)

    return tried(visit, form, act, page, also=("move", (ConflictError,)), which=text(form, "action"))


def _plan_page(
    visit: Visit, name: str, version: int | None, *, after: UUID | None = None, again: Again = FIRST
) -> Response:
    return visit.page(
        "workflow-move.html",
        title=say("Move the cases of {name}", name=name),
        section="workflows",
        plan=plan_moves(visit.engine, name, viewer=visit.viewer, version=version, after=after),
        choices=[Item(value, words, checked=False) for value, words in _WITH_WORK.items()],
        again=again,
    )
