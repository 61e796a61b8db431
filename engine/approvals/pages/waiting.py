"""What waits for a second person: one list, with the words and the page of each kind, and the answer."""

from collections.abc import Iterable
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.approvals.actions.handlers import HANDLERS, Answer, Handler
from engine.approvals.records import ApprovalKind, WaitingView
from engine.approvals.views import waiting as waiting_view
from engine.errors import (
    AlreadyEndedError,
    ConflictError,
    ConsentError,
    InvalidAnswersError,
    NotFoundError,
    OwnApprovalError,
    RetentionError,
)
from engine.web.dependencies import Posted, SignedIn
from engine.web.posted import FIRST, Again, text
from engine.web.visit import Visit

router = APIRouter()


def asked_of_case(views: Iterable[WaitingView]) -> tuple[tuple[WaitingView, Handler], ...]:
    """Return what waits for a second person about a case; a merge is told with the other case."""
    return tuple((one, HANDLERS[one.kind]) for one in views if one.kind != ApprovalKind.MERGE)


@router.get("/waiting")
def waiting(visit: SignedIn) -> Response:
    """List what the viewer may answer, and what they wait for themselves."""
    return _page(visit)


@router.post("/waiting/{request_id}")
def answered(visit: SignedIn, request_id: UUID, form: Posted) -> Response:
    """Agree to it, or refuse; who asked only takes it back."""
    found = next((one for one in visit.ask(waiting_view) if one.id == request_id), None)
    if found is None:
        raise NotFoundError(kind="request")
    answer = text(form, "answer")
    if answer not in {"yes", "no"}:
        return _page(visit, again=Again({f"of-{request_id}": "Choose an answer."}))
    command_id = visit.command_of(form, answer)
    try:
        HANDLERS[found.kind].answer(Answer(visit.engine, found, visit.viewer, command_id, answer == "yes"))
    except InvalidAnswersError as error:
        return _page(visit, again=Again({f"of-{request_id}": next(iter(error.problems.values()))}))
    except (AlreadyEndedError, ConflictError, ConsentError, RetentionError, OwnApprovalError) as error:
        return _page(visit, again=Again({f"of-{request_id}": str(error)}))
    return visit.go("/waiting", said="answered")


def _page(visit: Visit, *, again: Again = FIRST) -> Response:
    lines = [(one, HANDLERS[one.kind]) for one in visit.ask(waiting_view)]
    return visit.page(
        "waiting.html",
        title="Waiting for a second person",
        section="waiting",
        to_answer=[line for line in lines if line[0].may_answer],
        mine=[line for line in lines if not line[0].may_answer],
        again=again,
    )
