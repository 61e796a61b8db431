"""Which answer each error gets: the place that knows HTTP statuses."""

import logging
import re
from functools import partial
from http import HTTPStatus
from typing import Final
from uuid import UUID

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from engine.audit.records import AuditUnavailableError
from engine.cases.actions.deciding import note_refusal
from engine.cases.records import TooManyReportsError
from engine.core.consequences import NotACandidateError
from engine.core.policy import Viewer
from engine.definitions.records import UnknownLawLimitError
from engine.documents.records import PrintingError
from engine.errors import (
    AlreadyEndedError,
    BusyError,
    ConflictError,
    IcmcError,
    InvalidAnswersError,
    KeyMissingError,
    NotAllowedError,
    NotFoundError,
    NotPossibleError,
    SettingsError,
    TooOftenError,
)
from engine.people.records import LastAdministratorError, LinkOverError, LinkWaitsError
from engine.plugin.registry import UnknownStepTypeError
from engine.sign_in.actions.account import SECRETS
from engine.sign_in.records import SignInError, TooSoonError
from engine.web.dependencies import MOST_FIELDS, EnrolFirstError, NotSignedInError, typed_lines, visit_of
from engine.web.pages import render
from engine.web.problems import asks_as_program, problem, problems_of_request, program_of
from engine.web.turns import TooMuchAtOnceError, aside
from engine.web.visit import bare_frame, frame, portal_of

log = logging.getLogger(__name__)

_ID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_AGAIN: Final = {"Retry-After": "10"}
_IN_A_WHILE: Final = {"Retry-After": "600"}
_NOT_NOW: Final = "This cannot be done now"
_KEEPER: Final = (
    "A key of this system is missing, so what is needed here cannot be read. Tell whoever keeps the system running: the"
    " command icmc doctor says which key, and what to do."
)
_REFUSALS: Final = (NotFoundError, NotAllowedError, NotACandidateError, TooOftenError)
_STATUSES: Final = (
    (AuditUnavailableError, HTTPStatus.SERVICE_UNAVAILABLE),
    (TooOftenError, HTTPStatus.TOO_MANY_REQUESTS),
    (NotFoundError, HTTPStatus.NOT_FOUND),
    (UnknownStepTypeError, HTTPStatus.SERVICE_UNAVAILABLE),
    (UnknownLawLimitError, HTTPStatus.NOT_FOUND),
    (NotAllowedError, HTTPStatus.FORBIDDEN),
    (NotACandidateError, HTTPStatus.FORBIDDEN),
    (TooSoonError, HTTPStatus.TOO_MANY_REQUESTS),
    (SignInError, HTTPStatus.FORBIDDEN),
    (LinkOverError, HTTPStatus.GONE),
    (LinkWaitsError, HTTPStatus.TOO_EARLY),
    (LastAdministratorError, HTTPStatus.CONFLICT),
    (ConflictError, HTTPStatus.CONFLICT),
    (AlreadyEndedError, HTTPStatus.CONFLICT),
    (InvalidAnswersError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (PrintingError, HTTPStatus.SERVICE_UNAVAILABLE),
    (NotPossibleError, HTTPStatus.UNPROCESSABLE_ENTITY),
)
_LATER: Final = (
    (TooMuchAtOnceError, HTTPStatus.TOO_MANY_REQUESTS, "This was too much at once"),
    (TooManyReportsError, HTTPStatus.TOO_MANY_REQUESTS, "You have sent many reports"),
    (IcmcError, HTTPStatus.SERVICE_UNAVAILABLE, "This takes too long just now"),
)
"""What can be sent again later."""
_WORDS: Final = {
    HTTPStatus.BAD_REQUEST: ("This request could not be read", "Go back, and try once more."),
    HTTPStatus.FORBIDDEN: ("You are not allowed to do this", ""),
    HTTPStatus.NOT_FOUND: (
        "There is nothing here",
        "The address could be mistyped, or you are not allowed to see what it leads to.",
    ),
    HTTPStatus.METHOD_NOT_ALLOWED: (
        "This address cannot be used like that",
        "Go to the home page and start from there.",
    ),
    HTTPStatus.CONFLICT: ("Someone else was faster", ""),
    HTTPStatus.REQUEST_TIMEOUT: (
        "It did not arrive in time",
        "Your connection could be slow. Go back, and send it again.",
    ),
    HTTPStatus.GONE: ("This is over", ""),
    HTTPStatus.TOO_EARLY: ("Not yet", ""),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("This is too long", "Send less text at once."),
    HTTPStatus.TOO_MANY_REQUESTS: ("Too many tries", ""),
    HTTPStatus.SERVICE_UNAVAILABLE: (_NOT_NOW, ""),
    HTTPStatus.UNPROCESSABLE_ENTITY: ("Something is not right", ""),
}


def add_failure_pages(app: FastAPI) -> None:
    """Make every error end in a page."""
    app.add_exception_handler(BusyError, busy_page)
    app.add_exception_handler(TooMuchAtOnceError, busy_page)

    @app.exception_handler(TooManyReportsError)
    async def reported_enough(request: Request, error: TooManyReportsError) -> Response:
        await run_in_threadpool(_is_refusal_noted, request, error)
        return await busy_page(request, error)

    @app.exception_handler(KeyMissingError)
    @app.exception_handler(SettingsError)
    def not_in_order(request: Request, error: IcmcError) -> Response:
        log.error("not_in_order", extra={"code": error.code, "path": getattr(request.scope.get("route"), "path", "")})
        if asks_as_program(request.scope):
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, _NOT_NOW, error=error)
        context = bare_frame(portal_of(request), request, title=_NOT_NOW) | {"heading": _NOT_NOW, "message": _KEEPER}
        return HTMLResponse(render("refused.html", context), status_code=HTTPStatus.SERVICE_UNAVAILABLE)

    @app.exception_handler(IcmcError)
    def said_no(request: Request, error: IcmcError) -> Response:
        status = next((code for kind, code in _STATUSES if isinstance(error, kind)), None)
        if status is None:
            raise error
        if isinstance(error, _REFUSALS) and not _is_refusal_noted(request, error):
            return _page(request, HTTPStatus.SERVICE_UNAVAILABLE, str(AuditUnavailableError()))
        is_nothing = status is HTTPStatus.NOT_FOUND  # which of several ids was not found would tell that the others are
        return _page(request, status, "" if is_nothing else str(error), error=error)

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        return _page(request, HTTPStatus(error.status_code), "", headers=dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    def not_an_id(request: Request, error: RequestValidationError) -> Response:
        wrong = problems_of_request(request, error)
        if wrong:
            return _page(request, HTTPStatus.UNPROCESSABLE_ENTITY, "", error=InvalidAnswersError(wrong))
        return _page(request, HTTPStatus.NOT_FOUND, "")


async def busy_page(request: Request, error: Exception) -> Response:
    """Say what to do, and whom to ring, with what was typed, without asking the database for anything."""
    if asks_as_program(request.scope):
        return _later(error)
    again = await _typed(request) if request.method == "POST" else []
    return await aside(partial(_busy_page, request, error, again))


def _later(error: Exception) -> Response:
    status, title = next((status, title) for kind, status, title in _LATER if isinstance(error, kind))
    wait = _IN_A_WHILE if isinstance(error, TooManyReportsError) else _AGAIN
    return problem(status, title, error=error if isinstance(error, IcmcError) else None, headers=wait)


def _busy_page(request: Request, error: Exception, again: list[tuple[str, str]] | None) -> Response:
    portal = portal_of(request)
    status, title = next((status, title) for kind, status, title in _LATER if isinstance(error, kind))
    context = bare_frame(portal, request, title=title)
    query = f"?{request.url.query}" if request.url.query else ""
    context |= {
        "message": str(error),
        "path": f"{request.url.path}{query}",
        "again": again,
        "is_once": again is not None and any(name == "command_id" for name, _ in again),
        "shown": typed_lines(again, portal.engine.registry.step_types) if again else (),
    }
    return HTMLResponse(render("busy.html", context), status_code=status, headers=_AGAIN)


def failure_page(request: Request, failure: str) -> Response:
    """Say that something went wrong, with the id under which the log has it."""
    if asks_as_program(request.scope):
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong", f"The log has it as {failure}.")
    context = bare_frame(portal_of(request), request, title="Something went wrong") | {"failure": failure}
    return HTMLResponse(render("failed.html", context), status_code=HTTPStatus.INTERNAL_SERVER_ERROR)


def _page(
    request: Request,
    status: HTTPStatus,
    message: str,
    *,
    headers: dict[str, str] | None = None,
    error: IcmcError | None = None,
) -> Response:
    heading, advice = _WORDS.get(status, (status.phrase.capitalize(), ""))
    if asks_as_program(request.scope):
        later = _IN_A_WHILE if status is HTTPStatus.TOO_MANY_REQUESTS else {}
        return problem(status, heading, message, error=error, headers=later | (headers or {}))
    context = frame(portal_of(request), request, _who(request), title=heading)
    context |= {"heading": heading, "message": message or advice}
    return HTMLResponse(render("refused.html", context), status_code=status, headers=headers)


async def _typed(request: Request) -> list[tuple[str, str]] | None:
    """Return what was posted, so that it can be sent again; None for what cannot: a file, or a secret."""
    try:
        form = await request.form(max_files=0, max_fields=MOST_FIELDS)
    except (HTTPException, RuntimeError):
        return None
    texts = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    return None if any(name in SECRETS for name, _ in texts) else texts or None


def _is_refusal_noted(request: Request, error: IcmcError) -> bool:
    """Write who was refused what, by the pattern of its address; returns False when that cannot be written."""
    viewer = _who(request)
    if viewer is None:
        return True
    pattern = getattr(request.scope.get("route"), "path", "")
    asked = [UUID(value) for value in map(str, request.path_params.values()) if _ID.fullmatch(value)]
    try:
        note_refusal(
            portal_of(request).engine, viewer, f"{request.method} {pattern}", error.code,
            subject_id=asked[-1] if asked else None,
        )  # fmt: skip
    except AuditUnavailableError:
        return False
    return True


def _who(request: Request) -> Viewer | None:
    """Return who is signed in, so that they keep their navigation on a page that says no; or whose key was used."""
    if asks_as_program(request.scope):
        return program_of(request)
    try:
        return visit_of(request).viewer
    except (NotSignedInError, EnrolFirstError):
        return None
