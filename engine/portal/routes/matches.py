"""What other units ask about persons of our cases, and whom to call about one that we asked about."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.adapters.sql.queries.sharing import matches as matches_view
from engine.errors import AlreadyEndedError
from engine.portal.dependencies import Posted, SignedIn
from engine.portal.posted import text
from engine.portal.visit import Visit
from engine.usecases.matches import answer_match, mark_match_seen

router = APIRouter()


@router.get("/matches")
def matches(visit: SignedIn) -> Response:
    """List what other units ask, and which have answered."""
    return _page(visit)


@router.post("/matches/{match_id}/seen")
def seen(visit: SignedIn, match_id: UUID) -> Response:
    """Note that a lead has seen an alert."""
    mark_match_seen(visit.engine, match_id, viewer=visit.viewer)
    return visit.go("/matches", said="match_seen")


@router.post("/matches/{match_id}/answer")
def answered(visit: SignedIn, match_id: UUID, form: Posted) -> Response:
    """Answer to what another unit asks: only of a yes it hears."""
    try:
        answer_match(visit.engine, match_id, viewer=visit.viewer, answer=text(form, "answer"))
    except AlreadyEndedError as error:
        return _page(visit, error=str(error))
    return visit.go("/matches", said="match_answered")


def _page(visit: Visit, *, error: str = "") -> Response:
    found = visit.engine.ask(matches_view, visit.viewer)
    return visit.page(
        "matches.html", title="Known to another unit", section="transmit", status=422 if error else 200,
        questions=[one for one in found if one.is_question], matches=[one for one in found if not one.is_question],
        problems=[("#questions", error)] if error else [],
    )  # fmt: skip
