"""What waits for a second person, and what is told in confidence about one of us."""

from collections.abc import Iterable
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.access.views import concerns as concerns_view
from engine.approvals.actions.approvals import HANDLERS, Answer, Handler
from engine.approvals.actions.concerns import KINDS, STATUSES, answer_concern, raise_concern, read_concern
from engine.approvals.records import ApprovalKind, OwnApprovalError, WaitingView
from engine.approvals.views import waiting as waiting_view
from engine.errors import AlreadyEndedError, ConflictError, InvalidAnswersError, NotFoundError, NotPossibleError
from engine.people.viewer import actors
from engine.web.dependencies import Posted, SignedIn
from engine.web.posted import FIRST, Again, text, typed, uuid_or_none
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
    except (AlreadyEndedError, ConflictError, OwnApprovalError, NotPossibleError) as error:
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


@router.get("/concerns")
def concerns(visit: SignedIn) -> Response:
    """Show the form, and what was told by the viewer or to them."""
    return _page_of_concerns(visit)


@router.post("/concerns")
def told(visit: SignedIn, form: Posted) -> Response:
    """Tell it to one person."""
    command_id = visit.command_of(form)
    try:
        raise_concern(
            visit.engine, viewer=visit.viewer, command_id=command_id, kind=text(form, "kind"),
            about_id=uuid_or_none(form, "about_id"), case_number=text(form, "case_number"), words=text(form, "words"),
        )  # fmt: skip
    except InvalidAnswersError as error:
        return _page_of_concerns(visit, again=Again(error.problems, typed(form), command_id))
    return visit.go("/concerns", said="concern")


@router.get("/concerns/{concern_id}")
def concern(visit: SignedIn, concern_id: UUID) -> Response:
    """Show one, to who told it and to whom it was told."""
    return _one(visit, concern_id)


@router.post("/concerns/{concern_id}")
def concern_answered(visit: SignedIn, concern_id: UUID, form: Posted) -> Response:
    """Say how it stands."""
    command_id = visit.command_of(form)
    try:
        answer_concern(
            visit.engine, concern_id, viewer=visit.viewer, command_id=command_id, status=text(form, "status"),
            words=text(form, "words"),
        )  # fmt: skip
    except InvalidAnswersError as error:
        return _one(visit, concern_id, again=Again(error.problems, typed(form)))
    return visit.go(f"/concerns/{concern_id}", said="concern_answered")


def _page_of_concerns(visit: Visit, *, again: Again = FIRST) -> Response:
    people = {one.id: one.name for one in visit.ask(actors) if not one.disabled}
    return visit.page(
        "concerns.html",
        title="Report a concern about a colleague",
        concerns=visit.ask(concerns_view),
        people=tuple(people.items()),
        kinds=KINDS,
        statuses=STATUSES,
        again=again,
    )


def _one(visit: Visit, concern_id: UUID, *, again: Again = FIRST) -> Response:
    found, words, answer = read_concern(visit.engine, concern_id, viewer=visit.viewer)
    line = next(one for one in visit.ask(concerns_view) if one.id == concern_id)
    return visit.page(
        "concern.html",
        title="A concern",
        concern=line,
        case_number=found.case_number,
        words=words,
        answer=answer,
        answered_at=found.answered_at,
        kinds=KINDS,
        statuses=STATUSES,
        again=again,
    )
