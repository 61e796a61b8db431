"""Delays, calls, and the links of messages."""

from functools import partial
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.cases.actions.reasons import note_reading
from engine.core.deadlines.lateness import DELAY_OWNERS
from engine.core.policy import Action
from engine.deadlines.actions.acknowledge import acknowledge_by_link, note_call
from engine.deadlines.records.limits import late_views
from engine.deadlines.views.lists import delays as delays_view
from engine.deadlines.views.lists import link as link_view
from engine.overview.views.case import case_page
from engine.web.dependencies import Posted, SignedIn
from engine.web.posted import FIRST, Again, instant, text, uuid_or_none
from engine.web.trying import tried
from engine.web.visit import Visit

router = APIRouter()


@router.get("/delays")
def delays(visit: SignedIn) -> Response:
    """Count by unit and month what was kept, and what was late by whose delay it was."""
    lines = visit.engine.ask_board(delays_view, visit.viewer)
    return visit.page("delays.html", title="Kept and late", section="board", lines=lines, owners=DELAY_OWNERS)


_PAGE = "/cases/{case_id}/steps/{step_id}/calls"


@router.get(_PAGE)
def calls(visit: SignedIn, case_id: UUID, step_id: UUID) -> Response:
    """Show whom to ring about a step, and who has."""
    page = _page(visit, case_id, step_id)  # refused before it is written down that anyone read it
    note_reading(visit.engine, visit.viewer, case_id, "case", ())
    return page


@router.post(_PAGE)
def rung(visit: SignedIn, case_id: UUID, step_id: UUID, form: Posted) -> Response:
    """Write down that someone was rung."""
    visit.must(Action.WORK, case_id)
    said = tuple(text(form, name) for name in ("call", "outcome", "called_at", "words"))

    def act(command_id: UUID) -> None:
        note_call(
            visit.engine, step_id, case_id=case_id, viewer=visit.viewer, command_id=command_id,
            call_id=uuid_or_none(form, "call"), outcome=text(form, "outcome"),
            called_at=instant(form, "called_at", visit.viewer.zone), words=text(form, "words"),
        )  # fmt: skip

    to = f"/cases/{case_id}/steps/{step_id}/calls"
    return tried(visit, form, act, partial(_page, visit, case_id, step_id), to=to, said="rung", which="|".join(said))


def _page(visit: Visit, case_id: UUID, step_id: UUID, *, again: Again = FIRST) -> Response:
    case = visit.ask(case_page, case_id)
    step = case.step(step_id)
    strips = late_views(case.deadlines, case_id=case_id, case_number=case.number, but=visit.viewer.actor_id)
    return visit.page(
        "calls.html",
        title=f"Late: ring someone. {step.title}, case {case.number}",
        section="manage",
        case=case,
        step=step,
        late=[strip for strip in strips if strip.deadline.step_id == step_id],
        may_ring=case.is_own and Action.WORK in case.allowed,
        may_reveal=case.is_own and Action.REVEAL in case.allowed,
        again=again,
    )


@router.get("/a/{token}")
def link(visit: SignedIn, token: str) -> Response:
    """Ask whether it was seen; names case and step only to those who see the case."""
    found = visit.engine.ask_all(link_view, visit.viewer, token)
    return visit.page("link.html", title="Have you seen this?", link=found, command_id=visit.new_command())


@router.post("/a/{token}")
def seen(visit: SignedIn, token: str, form: Posted) -> Response:
    """Say that it was seen."""
    command_id = visit.command_of(form)
    acknowledge_by_link(visit.engine, token, viewer=visit.viewer, command_id=command_id)
    return visit.go(f"/a/{token}", said="acknowledged")
