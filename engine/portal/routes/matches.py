"""Which other unit may know a person of our cases: whom to call."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.portal.dependencies import SignedIn
from engine.usecases.matches import mark_match_seen

router = APIRouter()


@router.get("/matches")
def matches(visit: SignedIn) -> Response:
    """List the alerts of the viewer's units."""
    found = visit.engine.queries.matches(visit.viewer)
    return visit.page("matches.html", title="Known to another unit", section="transmit", matches=found)


@router.post("/matches/{match_id}/seen")
def seen(visit: SignedIn, match_id: UUID) -> Response:
    """Note that a lead has seen an alert."""
    mark_match_seen(visit.engine, match_id, viewer=visit.viewer)
    return visit.go("/matches", said="match_seen")
