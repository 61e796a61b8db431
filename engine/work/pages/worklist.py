"""The worklist: what is mine, and what I may take."""

from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.deadlines.views.lists import asked_extensions, late_calls
from engine.messages.actions.channels import preference_of
from engine.people.views import shifts
from engine.web.dependencies import Posted, SignedIn
from engine.web.posted import text, uuid_or_none
from engine.web.security import local_path
from engine.work.actions.items import claim_work_item, delegate_work_item, release_work_item
from engine.work.views.worklist import work_counts, work_item
from engine.work.views.worklist import worklist as worklist_view

router = APIRouter()
_LONGEST: Final = 200


@router.get("/worklist")
def worklist(visit: SignedIn) -> Response:
    """List what the viewer has claimed and what they may take, the most urgent first."""
    zone = preference_of(visit.engine, viewer=visit.viewer).zone or visit.viewer.zone
    found, calls = visit.soon(worklist_view, limit=_LONGEST), visit.soon(late_calls)
    counts, asked = visit.soon(work_counts, zone=zone), visit.soon(asked_extensions)
    on_call = visit.soon(shifts)
    items, late = found(), calls()
    listed = {item.step_id for item in items}
    return visit.page(
        "worklist.html",
        title="My work",
        section="manage",
        mine=[item for item in items if item.is_mine],
        free=[item for item in items if not item.is_mine],
        is_cut=len(items) >= _LONGEST,
        counts=counts(),
        late={strip.deadline.step_id: strip for strip in late},
        late_elsewhere=[strip for strip in late if strip.is_asked and strip.deadline.step_id not in listed],
        asked=asked(),
        on_call=[shift for shift in on_call() if shift.is_now],
        command_id=visit.new_command(),
    )


@router.post("/items/{item_id}/claim")
def claim(visit: SignedIn, item_id: UUID, form: Posted) -> Response:
    """Take an item, and open its form."""
    claim_work_item(visit.engine, item_id, viewer=visit.viewer, command_id=visit.command_of(form))
    return visit.go(f"/items/{item_id}", said="claimed")


@router.post("/items/{item_id}/release")
def release(visit: SignedIn, item_id: UUID, form: Posted) -> Response:
    """Give an item back."""
    release_work_item(visit.engine, item_id, viewer=visit.viewer, command_id=visit.command_of(form))
    return visit.go("/worklist", said="released")


@router.post("/items/{item_id}/delegate")
def delegate(visit: SignedIn, item_id: UUID, form: Posted) -> Response:
    """Give an item to somebody else."""
    to = uuid_or_none(form, "to")
    if to is None:
        visit.ask(work_item, item_id)
        message = "Choose who you are giving it to. Nothing was changed."
        heading = "Nobody was chosen"
        return visit.page("refused.html", title=heading, status=422, section="manage", heading=heading, message=message)
    command_id = visit.command_of(form, str(to))
    delegate_work_item(visit.engine, item_id, to=to, viewer=visit.viewer, command_id=command_id)
    return visit.go(local_path(text(form, "back") or "/worklist"), said="delegated")
