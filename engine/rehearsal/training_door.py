"""The door of training: it takes tickets, and leads each browser into its own space and into no other."""

from typing import Final
from urllib.parse import urlsplit

from modern_csrf.asgi import BlockCrossOriginRequests
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from engine.errors import BusyError
from engine.machine import SystemClock
from engine.rehearsal.tickets import PASS_LASTS, Tickets
from engine.rehearsal.training_spaces import TrainingSpaces
from engine.sign_in.pages import HARMLESS
from engine.web.languages import SpeakLanguage
from engine.web.pages import STATIC, render
from engine.web.security import (
    TRAINING_COOKIE,
    ProtectingHeaders,
    RefuseStrangeHeaders,
    is_plain_loopback,
    on_host,
)
from engine.web.uploads import LimitBodies
from engine.web.visit import outer_frame

_COOKIE: Final = "icmc_training"
_OWN: Final = "/training/"
_BUSY: Final = "icmc.busy"
_THIS_MACHINE: Final = ("127.0.0.1", "localhost", "[::1]")


class TrainingDoor:
    """Serves the spaces to whoever has a pass for one; the pass is given for a ticket of the hub."""

    def __init__(self, spaces: TrainingSpaces, tickets: Tickets, *, address: str, hub: str) -> None:
        """Begin over spaces; `address` is what people open, `hub` where they come from."""
        self._spaces, self._tickets, self._hub = spaces, tickets, hub
        routes = [
            Route("/training/enter", self._ask, methods=["GET"]),
            Route("/training/enter", self._enter, methods=["POST"]),
            Route("/training/again", self._start_again, methods=["POST"]),
            Route("/exit", lambda _: RedirectResponse(HARMLESS, status_code=303)),
            Mount("/static", StaticFiles(directory=STATIC)),
            Route("/{anything:path}", self._closed, methods=["GET", "POST"]),
        ]
        hosts = [*_THIS_MACHINE, *filter(None, [urlsplit(address).hostname])]
        self._outside = Starlette(
            routes=routes,
            exception_handlers={BusyError: lambda request, _: self._busy(request)},
            middleware=[
                Middleware(ProtectingHeaders),
                Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False),
                Middleware(RefuseStrangeHeaders),
                Middleware(LimitBodies),
                Middleware(BlockCrossOriginRequests),
                Middleware(SpeakLanguage),
            ],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request: in its space, or at the door."""
        space = None
        if scope["type"] == "http" and not scope["path"].startswith(_OWN):
            space = self._space_of(Request(scope))
        try:
            inside = await run_in_threadpool(self._spaces.app_of, space) if space else None
        except BusyError:
            inside, scope[_BUSY] = None, True
        await (inside or self._outside)(scope, receive, send)

    async def _ask(self, request: Request) -> Response:
        """Ask whether they want to begin: what only loads a page takes no ticket."""
        return self._page(request, "Training", ticket=request.query_params.get("ticket", ""))

    async def _enter(self, request: Request) -> Response:
        """Take a ticket."""
        async with request.form(max_files=0) as form:
            ticket = self._tickets.take(str(form.get("ticket", "")))
        if ticket is None:
            return self._page(request, "This way into training is over", status=403)
        session = await run_in_threadpool(self._spaces.enter, ticket.space, ticket.roles)
        return self._let_in(request, ticket.space, session, to="/")

    async def _start_again(self, request: Request) -> Response:
        """Make the space anew of whoever has the pass for it."""
        space = self._space_of(request)
        if space is None:
            return self._page(request, "Training", status=403)
        session = await run_in_threadpool(self._spaces.start_again, space)
        return self._let_in(request, space, session, to="/?said=afresh")

    async def _closed(self, request: Request) -> Response:
        return self._busy(request) if _BUSY in request.scope else self._page(request, "Training", status=403)

    def _busy(self, request: Request) -> Response:
        """Answer whose space is still at work on what they asked for before."""
        return self._page(request, "This takes too long just now", is_busy=True, status=503)

    def _space_of(self, request: Request) -> str | None:
        return self._tickets.space_of(request.cookies.get(on_host(_COOKIE, request), ""))

    def _let_in(self, request: Request, space: str, session: str, *, to: str) -> Response:
        response = RedirectResponse(to, status_code=303)
        for name, value in ((_COOKIE, self._tickets.pass_to(space)), (TRAINING_COOKIE, session)):
            response.set_cookie(
                on_host(name, request), value, max_age=int(PASS_LASTS.total_seconds()), httponly=True, samesite="lax",
                secure=not is_plain_loopback(request), path="/",
            )  # fmt: skip
        return response

    def _page(
        self, request: Request, title: str, *, ticket: str = "", is_busy: bool = False, status: int = 200
    ) -> Response:
        context = outer_frame(request, title=title, now=SystemClock().now(), demo=True, training=True)
        page = render("training.html", context | {"ticket": ticket, "is_busy": is_busy, "hub": self._hub})
        return HTMLResponse(page, status_code=status)
