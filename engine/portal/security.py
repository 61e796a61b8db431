"""What every answer of the portal carries, and what becomes of a request that fails."""

import logging
import traceback
from collections.abc import Callable
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE: Final = "icmc_session"
LARGEST_BODY: Final = 1_000_000
"""Bytes; forms are text."""

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PAPER_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; sandbox"
)
"""For documents of a case: they bring their own style, and may do nothing else."""

HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Robots-Tag": "noindex",
}
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})

log = logging.getLogger("icmc.portal")


class Headers:
    """Add the headers of `HEADERS` to every answer that does not set them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


class CatchFailures:
    """Answer a request that fails with a page and an id; the log has the id and the place, never the content."""

    def __init__(self, app: ASGIApp, *, page: Callable[[Request, str], Response], new_id: Callable[[], str]) -> None:
        self._app, self._page, self._new_id = app, page, new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as error:  # noqa: BLE001 - whatever failed, the person gets a page and an id
            failure = self._new_id()
            log.error(  # noqa: TRY400 - a traceback would show values
                "request_failed",
                extra={"failure": failure, "error": type(error).__name__, "where": _where(error)},
            )
            if not started and scope["type"] == "http":
                await self._page(Request(scope), failure)(scope, receive, send)


def set_session(response: Response, request: Request, token: str) -> None:
    """Give the browser its session; only plain http on this very machine may do without a secure connection."""
    response.set_cookie(
        COOKIE, token, httponly=True, samesite="lax", secure=not is_plain_loopback(request), path="/"
    )  # fmt: skip


def forget_session(response: Response, request: Request) -> None:
    """Take the session from the browser."""
    response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=not is_plain_loopback(request), path="/")


def is_plain_loopback(request: Request) -> bool:
    """Say whether the portal is reached without encryption from this very machine."""
    return request.url.scheme == "http" and request.url.hostname in _LOOPBACK


def is_unprotected(request: Request) -> bool:
    """Say whether the portal is reached without encryption over a network: nobody can sign in like that."""
    return request.url.scheme == "http" and not is_plain_loopback(request)


def local_path(target: str) -> str:
    """Give a path of this portal to go on to; the home page for anything else."""
    is_path = target.startswith("/") and not target.startswith("//") and "\\" not in target and target.isprintable()
    return target if is_path else "/"


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames[-4:]))
