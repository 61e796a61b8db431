"""The home page with its four doors."""

from fastapi import APIRouter
from starlette.responses import Response

from engine.adapters.sql.queries.cases import count_cases
from engine.adapters.sql.queries.notices import unread
from engine.adapters.sql.queries.worklist import work_counts
from engine.domain.policy import Action
from engine.portal.dependencies import SignedIn

router = APIRouter()


@router.get("/")
def home(visit: SignedIn) -> Response:
    """Show the four doors, with what waits behind each."""
    counts = visit.engine.ask(work_counts, visit.viewer, zone=visit.viewer.zone)
    may_see = visit.may(Action.SEE_CASES)
    return visit.page(
        "home.html",
        title="Home",
        section="home",
        counts=counts,
        cases=visit.engine.ask(count_cases, visit.viewer) if may_see else 0,
        unread=visit.engine.ask(unread, visit.viewer),
        may_report=visit.may(Action.OPEN_CASE),
        may_work=visit.may(Action.WORK),
        may_see=may_see,
        may_publish=visit.may(Action.PUBLISH),
        may_see_board=visit.may(Action.SEE_BOARD),
    )
