"""How the API says no: problem details (RFC 9457) by the stable code of what went wrong, without anybody's data."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.core.policy import Viewer
from engine.errors import IcmcError, InvalidAnswersError

API: Final = "/api/v1"
"""Where the API begins: here everything is JSON, and no cookie counts."""
MEDIA_TYPE: Final = "application/problem+json"
_TYPE: Final = "urn:icmc:problem:"
_TITLES: Final = {
    HTTPStatus.UNAUTHORIZED: "A key that counts is needed",
    HTTPStatus.CONFLICT: "This does not fit what was done before",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "Send JSON",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "This is too long",
}
"""What a program is told in other words than people on a page."""
_OUTSIDE: Final = {
    HTTPStatus.BAD_REQUEST: "This is not the host under which ICMC answers",
    HTTPStatus.FORBIDDEN: "A browser sent this from another site",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "This is too long",
}
"""Why a request comes to no route."""


class FieldProblem(BaseModel):
    """What does not fit at one place of a request."""

    model_config = ConfigDict(frozen=True)

    pointer: Annotated[str, Field(description="JSON pointer (RFC 6901) into the body, or the name of a parameter")]
    detail: str


class ProblemDetails(BaseModel):
    """Why a request was not carried out; `type` is a stable code, the words may change."""

    model_config = ConfigDict(frozen=True)

    type: Annotated[str, Field(pattern=f"^{_TYPE}[a-z0-9-]+$")]
    title: str
    status: int
    detail: str = ""
    errors: tuple[FieldProblem, ...] = ()


def asks_as_program(scope: Scope) -> bool:
    """Whether a request is for the API."""
    path: str = scope["path"]
    return path == API or path.startswith(f"{API}/")


def program_of(request: Request) -> Viewer | None:
    """Return whose key a request came with; None before that is known."""
    viewer: Viewer | None = getattr(request.state, "program", None)
    return viewer


def problem(
    status: HTTPStatus,
    title: str,
    detail: str = "",
    *,
    error: IcmcError | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with problem details; `error` brings its code, and its problems field by field."""
    errors: tuple[FieldProblem, ...] = ()
    if isinstance(error, InvalidAnswersError):
        detail, errors = "", tuple(_fields(error.problems))
    code = error.code if error else status.phrase.lower().replace(" ", "-")
    said = ProblemDetails(
        type=_TYPE + code, title=_TITLES.get(status, title), status=status.value, detail=detail, errors=errors
    )
    return Response(said.model_dump_json(), status, headers=headers, media_type=MEDIA_TYPE)


class RefuseAsProblem:
    """Answer a program with problem details where a layer outside the routes says no in plain text."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not asks_as_program(scope):
            await self._app(scope, receive, send)
            return
        is_replaced = False

        async def as_problem(message: Message) -> None:
            nonlocal is_replaced
            if message["type"] == "http.response.start" and message["status"] in _OUTSIDE:
                told = {name.lower(): value for name, value in message["headers"]}
                if not told.get(b"content-type", b"").startswith(b"application/"):
                    is_replaced, status = True, HTTPStatus(message["status"])
                    await problem(status, _OUTSIDE[status])(scope, receive, send)
            if not is_replaced:
                await send(message)

        await self._app(scope, receive, as_problem)


def problems_of_request(request: Request, error: RequestValidationError) -> dict[str, str]:
    """Return what does not fit of the parameters of a request to the API; nothing where a part of its path does not."""
    wrong = [(str(one["loc"][0]), str(one["loc"][-1]), str(one["msg"])) for one in error.errors()]
    if not asks_as_program(request.scope) or any(where == "path" for where, _, _ in wrong):
        return {}
    return {name: sentence for _, name, sentence in wrong}


def _fields(problems: Mapping[str, str]) -> Iterator[FieldProblem]:
    for name, sentence in problems.items():
        yield FieldProblem(pointer=name, detail=sentence)
