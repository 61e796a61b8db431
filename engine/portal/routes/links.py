"""The link of a message: one page, one button, and nothing changes by looking."""

from fastapi import APIRouter
from starlette.responses import Response

from engine.adapters.sql.queries.links import link as link_view
from engine.portal.dependencies import Posted, SignedIn
from engine.usecases.acknowledge import acknowledge_by_link

router = APIRouter()


@router.get("/a/{token}")
def link(visit: SignedIn, token: str) -> Response:
    """Ask whether it was seen; names case and step only to those who see the case."""
    found = visit.engine.ask_all(link_view, visit.viewer, token)
    return visit.page("link.html", title="Have you seen this?", link=found, command_id=visit.new_command())


@router.post("/a/{token}")
def seen(visit: SignedIn, token: str, form: Posted) -> Response:
    """Say that it was seen."""
    command_id = visit.command_of(form)
    acknowledge_by_link(visit.engine, token, viewer=visit.viewer, command_id=command_id)
    return visit.go(f"/a/{token}", said="acknowledged")
