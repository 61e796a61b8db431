"""What becomes of a request of somebody who has to sign in or to prove something first: they are brought back."""

from typing import Final
from urllib.parse import quote
from uuid import UUID

from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from engine.assembly import Engine
from engine.errors import InvalidAnswersError, StepUpNeededError
from engine.sign_in.actions.account import keep_form
from engine.sign_in.actions.sessions import who_was_signed_in
from engine.web.dependencies import EnrolFirstError, NotSignedInError, posted_form
from engine.web.posted import without_refused
from engine.web.security import session_token
from engine.web.uploads import FieldSent, is_upload, posted_parts
from engine.web.visit import portal_of

_ENROL: Final = "/account/second-factor"
_NOT_KEPT: Final = (
    "/sign-in",
    "/sign-out",
    "/become",
    "/step-up",
    "/account",
    "/invitation",
    "/first",
    "/forgot",
    "/kept",
)
"""Pages whose forms are about signing in: there is nothing to keep."""


def add_proving(app: FastAPI) -> None:
    """Send people to sign in, to prove who they are, or to set up their second factor, and bring them back."""

    @app.exception_handler(NotSignedInError)
    async def sign_in_first(request: Request, error: NotSignedInError) -> Response:
        kept = await _keep(request) if request.method == "POST" else None
        wanted = f"/kept/{kept}" if kept else error.next_path
        return _go("/sign-in", wanted)

    @app.exception_handler(StepUpNeededError)
    async def prove_first(request: Request, error: StepUpNeededError) -> Response:
        if request.method == "POST":
            kept = await _keep(request)
            wanted = f"/kept/{kept}" if kept else "/account"
        else:
            query = f"?{request.url.query}" if request.url.query else ""
            wanted = quote(f"{request.url.path}{query}")
        return _go("/step-up", wanted, factor=error.factor)

    @app.exception_handler(EnrolFirstError)
    def enrol_first(_request: Request, _error: EnrolFirstError) -> Response:
        return RedirectResponse(_ENROL, status_code=303)


def _go(path: str, wanted: str, *, factor: bool = False) -> Response:
    query = "&".join(part for part in (f"next={wanted}" if wanted else "", "factor=yes" if factor else "") if part)
    return RedirectResponse(f"{path}?{query}" if query else path, status_code=303)


async def _keep(request: Request) -> UUID | None:
    """Keep the form of a request for whose session it is or was; None when there is nobody or nothing to keep."""
    path = request.url.path
    if path.startswith(_NOT_KEPT):
        return None
    try:
        form = await _without_file(request) if is_upload(request.scope) else await posted_form(request)
    except (HTTPException, InvalidAnswersError):
        return None
    return await run_in_threadpool(_keep_now, portal_of(request).engine, session_token(request), path, form)


async def _without_file(request: Request) -> FormData:
    """Read what was typed beside a file over the file itself: nothing of it is kept, not even for a moment."""
    return FormData([(sent.name, sent.value) async for sent in posted_parts(request) if isinstance(sent, FieldSent)])


def _keep_now(engine: Engine, token: str, path: str, form: FormData) -> UUID | None:
    actor_id = who_was_signed_in(engine, token) if token else None
    texts = without_refused(form, engine.registry.step_types.values())
    return keep_form(engine, actor_id, path=path, fields=texts) if actor_id else None
