"""Sign in, become one of the demo's people, sign out."""

from typing import Annotated, cast
from urllib.parse import unquote
from uuid import UUID

import anyio
from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from engine.errors import SignInError
from engine.portal.pages import render
from engine.portal.posted import clean
from engine.portal.presenters.people import NOBODY, groups_of
from engine.portal.security import COOKIE, forget_session, local_path, set_session
from engine.portal.slow_down import SlowDown
from engine.portal.visit import frame, portal_of
from engine.usecases.sign_in import become, sign_in, sign_out

router = APIRouter()


@router.get("/sign-in")
def page(request: Request, next: str = "") -> Response:  # noqa: A002 - the name in the address
    """Ask who it is."""
    return _page(request, next_path=next)


async def guesser(request: Request, email: Annotated[str, Form(max_length=320)] = "") -> str:
    """Give the key under which failures are counted, after the wait that earlier failures have earned."""
    host = request.client.host if request.client else ""
    key = f"{host} {email.strip().lower()}"
    wait = _slow_down(request).wait_for(key, portal_of(request).engine.wall_clock.now())
    await anyio.sleep(wait.total_seconds())
    return key


@router.post("/sign-in")
def sign_in_now(
    request: Request,
    key: Annotated[str, Depends(guesser)],
    email: Annotated[str, Form(max_length=320)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form(max_length=500)] = "",  # noqa: A002 - the name in the form
) -> Response:
    """Begin a session, or say in the same words whatever was wrong."""
    engine = portal_of(request).engine
    try:
        token = sign_in(engine, email=clean(email), password=password)
    except SignInError as error:
        _slow_down(request).note_failure(key, engine.wall_clock.now())
        return _page(request, next_path=next, email=email, problem=str(error), status=403)
    _slow_down(request).note_success(key)
    return _signed_in(request, token, next)


@router.post("/become")
def become_now(
    request: Request,
    actor_id: Annotated[UUID, Form()],
    next: Annotated[str, Form(max_length=500)] = "",  # noqa: A002 - the name in the form
) -> Response:
    """Become one of the demo's people, and go on to where they wanted to go."""
    return _signed_in(request, become(portal_of(request).engine, actor_id), next)


@router.post("/sign-out")
def sign_out_now(request: Request) -> Response:
    """End the session."""
    token = request.cookies.get(COOKIE, "")
    if token:
        sign_out(portal_of(request).engine, token)
    response = RedirectResponse("/sign-in", status_code=303)
    forget_session(response, request)
    return response


def _signed_in(request: Request, token: str, next_path: str) -> Response:
    response = RedirectResponse(local_path(unquote(next_path)), status_code=303)
    set_session(response, request, token)
    return response


def _page(request: Request, *, next_path: str, email: str = "", problem: str = "", status: int = 200) -> Response:
    portal = portal_of(request)
    people = portal.engine.queries.actors(NOBODY) if portal.engine.demo else ()
    context = frame(portal, request, None, title="Sign in") | {
        "next_path": local_path(unquote(next_path)), "email": email, "problem": problem, "groups": groups_of(people),
    }  # fmt: skip
    return HTMLResponse(render("sign-in.html", context), status_code=status)


def _slow_down(request: Request) -> SlowDown:
    return cast("SlowDown", request.app.state.slow_down)
