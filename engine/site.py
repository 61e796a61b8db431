"""Make the portal: one FastAPI application over one assembled engine."""

import sys
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI
from modern_csrf.asgi import BlockCrossOriginRequests
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

from engine.access import pages as access
from engine.api import pages as api
from engine.approvals import pages as approvals
from engine.assembly import Engine
from engine.audit import pages as audit
from engine.cases import pages as reports
from engine.core.policy import Viewer
from engine.course.pages import changes, course, diary, moving
from engine.deadlines import pages as deadlines
from engine.definitions.pages import (
    calendar_form,
    calendars,
    ladders,
    law,
    message_texts,
    paper_texts,
    rotas,
    simulating,
    studio,
    versions,
    workflows,
)
from engine.definitions.rehearsed import Rehearsal
from engine.documents import pages as documents
from engine.hubs import pages as hubs
from engine.imports import pages as imports
from engine.messages import pages as messages
from engine.numbers import pages as numbers
from engine.overview.pages import board, list_of_cases
from engine.overview.pages import cases as overview_cases
from engine.people.pages import duty, people
from engine.persons.pages import finding, persons, subject
from engine.retention import pages as retention
from engine.sharing.pages import partners, sharing
from engine.sign_in import pages as sign_in
from engine.web import demo
from engine.web.dependencies import add_proving
from engine.web.failures import add_failure_pages, busy_page, failure_page
from engine.web.languages import SpeakLanguage
from engine.web.pages import STATIC, static_url
from engine.web.problems import RefuseAsProblem
from engine.web.security import CatchFailures, Compress, ProtectingHeaders, RefuseStrangeHeaders
from engine.web.turns import InTurn
from engine.web.uploads import LimitBodies
from engine.web.visit import DemoControls, Portal
from engine.work.pages import items, worklist

_ROUTES: Final = (
    audit,
    access,
    approvals,
    board,
    documents,
    sign_in,
    people,
    reports,
    worklist,
    items,
    list_of_cases,
    overview_cases,
    changes,
    course,
    diary,
    moving,
    persons,
    finding,
    deadlines,
    duty,
    sharing,
    partners,
    hubs,
    messages,
    studio,
    simulating,
    ladders,
    message_texts,
    paper_texts,
    rotas,
    versions,
    workflows,
    calendars,
    calendar_form,
    law,
    retention,
    numbers,
    imports,
    subject,
    api,
    demo,
)
_THIS_MACHINE: Final = ("127.0.0.1", "localhost", "[::1]")
_KEPT_OPEN: Final = 75
"""Seconds for which a connection waits for its next request: longer than people read and than proxies keep theirs, so
that none is closed in the moment in which an answer is sent over it."""
_SWITCH_SECONDS: Final = 0.001
"""How long a thread at work may keep the one waiting that takes requests in."""
_FOR_EVER: Final = "public, max-age=31536000, immutable"


def create_app(
    engine: Engine,
    *,
    demo: DemoControls | None = None,
    prefect_ui_url: str | None = None,
    rehearsal: Rehearsal | None = None,
    practise: Callable[[Viewer], str | None] = lambda _viewer: None,
) -> FastAPI:
    """Make the portal. `demo` is given in a demo only; `prefect_ui_url` is where admins see Prefect's own pages.

    `rehearsal` says what would happen by a draft; `practise` where somebody's training space is.
    """
    app = FastAPI(title="ICMC", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    portal = Portal(engine, demo if engine.demo else None, prefect_ui_url, rehearsal, practise=practise)
    app.state.portal, app.state.is_training = portal, portal.is_training
    app.mount("/static", _OurFiles(directory=STATIC))
    for routes in _ROUTES:
        app.include_router(routes.router)
    app.include_router(board.counts_router)
    add_failure_pages(app)
    add_proving(app)
    app.add_middleware(SpeakLanguage)
    app.add_middleware(InTurn, sessions=portal.sessions, busy=busy_page)
    app.add_middleware(BlockCrossOriginRequests)
    app.add_middleware(LimitBodies)
    app.add_middleware(RefuseStrangeHeaders)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=_hosts(engine.portal_url), www_redirect=False)
    app.add_middleware(RefuseAsProblem)
    app.add_middleware(CatchFailures, page=failure_page, new_id=lambda: engine.entropy.uuid().hex[:8])
    app.add_middleware(Compress)
    app.add_middleware(ProtectingHeaders)
    return app


def serve(app: ASGIApp, host: str, port: int, *, proxies: Sequence[str] = ()) -> None:
    """Serve the portal until it is told to stop; `proxies` are believed what they say of a request."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    uvicorn.Server(server_config(app, host, port, proxies=proxies)).run()


def server_config(app: ASGIApp, host: str, port: int, *, proxies: Sequence[str] = ()) -> uvicorn.Config:
    """Return how the portal is served: requests are not logged, since addresses name cases.

    Where a request comes from, and over what, is believed of the addresses and networks in `proxies` alone.
    """
    return uvicorn.Config(
        app, host=host, port=port, access_log=False, server_header=False, log_level="warning",
        proxy_headers=bool(proxies), forwarded_allow_ips=list(proxies), timeout_keep_alive=_KEPT_OPEN,
    )  # fmt: skip


def _hosts(portal_url: str) -> list[str]:
    """Return the names under which the portal may be called, so that a foreign name cannot be pointed at it."""
    host = urlsplit(portal_url).hostname or ""
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - read, not bound
        return ["*"]
    return [*_THIS_MACHINE, *([host] if host else [])]


class _OurFiles(StaticFiles):
    """Files whose address changes with their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Let browsers keep what they asked for by the address that it has now."""
        response = await super().get_response(path, scope)
        asked = f"/static/{path}?{scope['query_string'].decode('latin-1')}"
        if response.status_code in {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED} and asked == static_url(path):
            response.headers["Cache-Control"] = _FOR_EVER
        return response
