"""How units keep their limits, in numbers only."""

from fastapi import APIRouter
from starlette.responses import Response

from engine.adapters.sql.queries.delays import delays as delays_view
from engine.domain.limit_reasons import DELAY_OWNERS
from engine.portal.dependencies import SignedIn

router = APIRouter()


@router.get("/delays")
def delays(visit: SignedIn) -> Response:
    """Count by unit and month what was kept, and what was late by whose delay it was."""
    lines = visit.engine.ask_board(delays_view, visit.viewer)
    return visit.page("delays.html", title="Kept and late", section="board", lines=lines, owners=DELAY_OWNERS)
