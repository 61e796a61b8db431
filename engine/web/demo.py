"""The demo: let time pass, read what would have been sent, play a story on."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.cases.views.lists import cases
from engine.core.policy import Action
from engine.errors import NotFoundError
from engine.messages.views import demo_mailbox
from engine.overview.views.case import case_page
from engine.web.dependencies import Posted, SignedIn
from engine.web.posted import text
from engine.web.visit import DemoControls, Visit

router = APIRouter()
SPANS: Final[Mapping[str, tuple[str, timedelta]]] = {
    "PT10M": ("Let 10 minutes pass", timedelta(minutes=10)),
    "PT6H": ("Let 6 hours pass", timedelta(hours=6)),
    "P3D": ("Let 3 days pass", timedelta(days=3)),
}


@router.get("/demo")
def demo(visit: SignedIn) -> Response:
    """Show the demo's clock, its cases and its mailbox."""
    _controls(visit)
    mails, found = visit.soon(demo_mailbox), visit.soon(cases, limit=20) if visit.may(Action.SEE_CASES) else tuple
    return visit.page(
        "demo.html",
        title="Training" if visit.portal.is_training else "Demo",
        section="demo",
        spans=SPANS,
        cases=found(),
        has_story=visit.portal.demo.has_story if visit.portal.demo else None,
        mails=mails(),
    )


@router.post("/demo/time")
def pass_time(visit: SignedIn, form: Posted) -> Response:
    """Let time pass; everything that falls due on the way happens as it would live."""
    span = SPANS.get(text(form, "span"))
    if span is None:
        raise NotFoundError(kind="span of time")
    is_over = _controls(visit).let_time_pass(span[1]) is not False
    return visit.go("/demo", said="time" if is_over else "passing")


@router.post("/demo/cases/{case_id}/play")
def play(visit: SignedIn, case_id: UUID) -> Response:
    """Play the rest of the story that a case belongs to."""
    controls = _controls(visit)
    visit.ask(case_page, case_id)
    is_over = controls.play_rest(case_id) is not False
    return visit.go(f"/cases/{case_id}", said="played" if is_over else "playing")


def _controls(visit: Visit) -> DemoControls:
    if visit.portal.demo is None:
        raise NotFoundError(kind="demo")
    return visit.portal.demo
