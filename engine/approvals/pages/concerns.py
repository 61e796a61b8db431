"""What is told in confidence about one of us."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.access.views import concerns as concerns_view
from engine.approvals.actions.concerns import KINDS, STATUSES, answer_concern, raise_concern, read_concern
from engine.errors import InvalidAnswersError
from engine.people.viewer import actors
from engine.web.dependencies import Posted, SignedIn
from engine.web.posted import FIRST, Again, text, typed, uuid_or_none
from engine.web.visit import Visit

router = APIRouter()


@router.get("/concerns")
def concerns(visit: SignedIn) -> Response:
    """Show the form, and what was told by the viewer or to them."""
    return _page(visit)


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
        return _page(visit, again=Again(error.problems, typed(form), command_id))
    return visit.go("/concerns", said="concern")


@router.get("/concerns/{concern_id}")
def concern(visit: SignedIn, concern_id: UUID) -> Response:
    """Show one, to who told it and to whom it was told."""
    return _one(visit, concern_id)


@router.post("/concerns/{concern_id}")
def answered(visit: SignedIn, concern_id: UUID, form: Posted) -> Response:
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


def _page(visit: Visit, *, again: Again = FIRST) -> Response:
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
