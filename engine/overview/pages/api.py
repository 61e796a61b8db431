"""What other programs may ask, with a key of a service account: counts, never a case."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header, Request
from starlette.responses import JSONResponse, Response

from engine.errors import NotAllowedError, SignInError
from engine.overview.views.board import admin_board
from engine.people.actions.service_accounts import BOARD, viewer_of_key
from engine.web.visit import portal_of

router = APIRouter(prefix="/api")
_SCHEME = "Bearer "


@router.get("/board")
def board(request: Request, authorization: Annotated[str, Header(max_length=200)] = "") -> Response:
    """Return the counts of the board."""
    engine = portal_of(request).engine
    key = authorization.removeprefix(_SCHEME) if authorization.startswith(_SCHEME) else ""
    try:
        view = engine.ask_board(admin_board, viewer_of_key(engine, key, scope=BOARD))
    except SignInError:
        return _refused(HTTPStatus.UNAUTHORIZED, "A key that counts is needed.")
    except NotAllowedError:
        return _refused(HTTPStatus.FORBIDDEN, "This key is not for that.")
    return JSONResponse(
        {
            "open_cases": view.open_cases,
            "open_items": view.open_items,
            "overdue": view.overdue_count,
            "stuck": view.stuck_count,
            "failed_jobs": view.failed_count,
            "waiting_jobs": view.waiting_jobs,
            "dead_deliveries": view.dead_deliveries,
            "is_prefect_away": view.fallback_since is not None,
            "held_jobs": view.held_count,
            "why_jobs_wait": [reason.code for reason in view.why_jobs_wait],
        }
    )


def _refused(status: HTTPStatus, problem: str) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if status is HTTPStatus.UNAUTHORIZED else None
    return JSONResponse({"problem": problem}, status_code=status, headers=headers)
