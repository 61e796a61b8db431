"""What every answer of the portal carries, and what becomes of a request that fails."""

import gzip
import logging
import re
import traceback
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE: Final = "icmc_session"
"""The session, on this machine itself; over a protected connection its name is bound to the host."""
TRAINING_COOKIE: Final = "icmc_training_session"
"""The same in a training space: a browser gives its cookies to every port of a host."""
LIST_COOKIE: Final = "icmc_list"
"""Which part of the list of cases was looked at last: from a case, the way back leads there."""
DEVICE_COOKIE: Final = "icmc_device"
DEVICE_LASTS: Final = 400 * 24 * 3600
"""Seconds; the longest that browsers keep a cookie."""
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
_COMPRESSED: Final = ("application/pdf", "application/octet-stream")
"""What grows no smaller by it."""
_LONGEST_MARK: Final = 100
_LIST: Final = re.compile(r"[\w=&-]{1,400}", re.ASCII)
_BROWSERS: Final = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"),
    ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
_SYSTEMS: Final = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)  # fmt: skip
_TOLD_BY_BROWSERS: Final = frozenset({b"origin", b"sec-fetch-site", b"host"})
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})

log = logging.getLogger(__name__)


class ProtectingHeaders:
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


class Compress:
    """Compress what a page of ours, or an address that was typed, asks for; see decision 31.

    A site that makes somebody's browser ask learns nothing from how long the answer is: browsers tell that it asks.
    What identifies people is shown in answers to POST alone, and these are never compressed: only a form that comes
    back with its faults (422) is, which shows what its page shows and what was just typed.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._compressed = GZipMiddleware(app, exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, *_COMPRESSED))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        asked = Headers(scope=scope) if scope["type"] == "http" else Headers()
        is_asked_here = asked.get("sec-fetch-site") in {"same-origin", "none"}
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"].startswith("/static/") or (scope["method"] == "GET" and is_asked_here):
            await self._compressed(scope, receive, send)
        elif scope["method"] == "POST" and is_asked_here and "gzip" in asked.get("accept-encoding", ""):
            await self._app(scope, receive, _compress_refusal(send))
        else:
            await self._app(scope, receive, send)


def _compress_refusal(send: Send) -> Send:
    """Send an answer on as it is, but for a form that comes back with its faults: compressed, as its page was."""
    start: Message | None = None
    body = b""

    async def sent(message: Message) -> None:
        nonlocal start, body
        if message["type"] == "http.response.start" and message["status"] == HTTPStatus.UNPROCESSABLE_ENTITY:
            start = message
        elif start is None:
            await send(message)
        else:
            body += message.get("body", b"")
            if not message.get("more_body", False):
                body, headers = gzip.compress(body), MutableHeaders(scope=start)
                headers["Content-Encoding"], headers["Content-Length"] = "gzip", str(len(body))
                headers.add_vary_header("Accept-Encoding")
                await send(start)
                await send({**message, "body": body})

    return sent


class RefuseStrangeHeaders:
    """Refuse a request whose origin or host is not ASCII, as no browser sends it, before anything reads them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and any(k in _TOLD_BY_BROWSERS and not v.isascii() for k, v in scope["headers"]):
            await Response("Unexpected cross-origin request forbidden.", 403)(scope, receive, send)
            return
        await self._app(scope, receive, send)


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


def session_token(request: Request) -> str:
    """Return the token that the browser sent; empty for none."""
    return request.cookies.get(_cookie_name(request), "")


def set_session(response: Response, request: Request, token: str) -> None:
    """Return the browser its session; only plain http on this very machine may do without a secure connection."""
    response.set_cookie(
        _cookie_name(request), token, httponly=True, samesite="lax", secure=not is_plain_loopback(request), path="/"
    )  # fmt: skip


def forget_session(response: Response, request: Request, *, keeps_mark: bool) -> None:
    """Take from the browser all that it has kept of these pages, and the session, unless its mark is to stay.

    The mark of a session that is over says no more than for whom a form is kept that is sent too late.
    """
    if not keeps_mark:
        response.delete_cookie(
            _cookie_name(request), httponly=True, samesite="lax", secure=not is_plain_loopback(request), path="/"
        )
    response.delete_cookie(LIST_COOKIE, httponly=True, samesite="lax", secure=not is_plain_loopback(request), path="/")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'


def keep_list(response: Response, request: Request, query: str) -> None:
    """Let the browser keep, while it is open, which part of the list of cases it was shown."""
    response.set_cookie(
        LIST_COOKIE, query, httponly=True, samesite="lax", secure=not is_plain_loopback(request), path="/"
    )  # fmt: skip


def list_of_cases(request: Request) -> str:
    """Return the address of the part of the list of cases that the browser was shown last, else of all of it."""
    kept = request.cookies.get(LIST_COOKIE, "")
    return f"/cases?{kept}" if _LIST.fullmatch(kept) else "/cases"


def device_mark(request: Request) -> str:
    """Return the mark by which this browser is known again; empty for none."""
    mark = request.cookies.get(DEVICE_COOKIE, "")
    return mark if len(mark) <= _LONGEST_MARK else ""


def set_device(response: Response, request: Request, mark: str) -> None:
    """Let the browser keep its mark."""
    response.set_cookie(
        DEVICE_COOKIE, mark, max_age=DEVICE_LASTS, httponly=True, samesite="lax",
        secure=not is_plain_loopback(request), path="/",
    )  # fmt: skip


def device_words(request: Request) -> str:
    """Say in a few words which browser it is, for the list of somebody's sessions: never all that it tells."""
    told = request.headers.get("user-agent", "")
    browser = next((name for key, name in _BROWSERS if key in told), "A browser")
    system = next((name for key, name in _SYSTEMS if key in told), "")
    return f"{browser} on {system}" if system else browser


def network_of(request: Request) -> str:
    """Return the address from which a request comes; empty when it is not known."""
    return request.client.host if request.client else ""


def is_plain_loopback(request: Request) -> bool:
    """Return whether the portal is reached without encryption from this very machine."""
    return request.url.scheme == "http" and request.url.hostname in _LOOPBACK


def is_unprotected(request: Request) -> bool:
    """Return whether the portal is reached without encryption over a network: nobody can sign in like that."""
    return request.url.scheme == "http" and not is_plain_loopback(request)


def local_path(target: str) -> str:
    """Return a path of this portal to go on to; the home page for anything else."""
    is_path = target.startswith("/") and not target.startswith("//") and "\\" not in target and target.isprintable()
    return target if is_path else "/"


def on_host(name: str, request: Request) -> str:
    """Return the name of a cookie: over a protected connection it is bound to the host."""
    return name if is_plain_loopback(request) else f"__Host-{name}"


def _cookie_name(request: Request) -> str:
    app = request.scope.get("app")
    is_training = app is not None and getattr(app.state, "is_training", False)
    return on_host(TRAINING_COOKIE if is_training else COOKIE, request)


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames[-4:]))
