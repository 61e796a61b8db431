"""Copies in spreadsheets."""

from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.core.policy import Action
from engine.core.retention import PURPOSES_OF_COPIES, ROWS_ALONE, CopyMark
from engine.errors import InvalidAnswersError, NotAllowedError
from engine.imports.htcds import as_htcds
from engine.overview.actions.exports import answer_copy, ask_copy, fetch_copy, link_to_copy
from engine.overview.views.copies import as_csv
from engine.overview.views.copies import copies as copies_view
from engine.retention.records import SheetView
from engine.web.dependencies import Posted, SignedIn
from engine.web.posted import FIRST, Again, text, typed
from engine.web.times import local
from engine.web.visit import Visit

router = APIRouter()
WHAT: Final = {"cases": "Cases", "steps": "Steps", "limits": "Time limits", "htcds": "Cases as HTCDS 2.0"}


@router.get("/copies")
def copies(visit: SignedIn) -> Response:
    """List the copies that were asked for, with the form to ask for one."""
    return _page(visit)


@router.post("/copies")
def asked(visit: SignedIn, form: Posted) -> Response:
    """Ask for a copy."""
    given = typed(form)
    try:
        ask_copy(
            visit.engine, viewer=visit.viewer, what=text(form, "what"),
            purpose_code=text(form, "purpose_code"),
            chosen={name: text(form, name) for name in ("status", "since", "until")}, command_id=visit.command_of(form),
        )  # fmt: skip
    except InvalidAnswersError as error:
        return _page(visit, again=Again(error.problems, given))
    return visit.go("/copies", said="copy_asked")


@router.post("/copies/{copy_id}/answer")
def answered(visit: SignedIn, copy_id: UUID, form: Posted) -> Response:
    """Agree to a large copy as a second person, or refuse it; who asked takes it back."""
    answer_copy(visit.engine, copy_id, viewer=visit.viewer, agreed=text(form, "agreed") == "yes")
    return visit.go("/copies", said="answered")


@router.post("/copies/{copy_id}/link")
def ready(visit: SignedIn, copy_id: UUID) -> Response:
    """Return who asked the button by which a copy is fetched, once."""
    token = link_to_copy(visit.engine, copy_id, viewer=visit.viewer)
    return visit.page("copy-ready.html", title="Download the copy", section="track", copy_id=copy_id, token=token)


@router.post("/copies/{copy_id}/file")
def file(visit: SignedIn, copy_id: UUID, form: Posted) -> Response:
    """Hand a copy over, once."""
    fetched = fetch_copy(
        visit.engine, copy_id, token=text(form, "token"), viewer=visit.viewer, write=_written,
        at=local(visit.now, visit.viewer.zone),
    )  # fmt: skip
    ends, kind = ("json", "application/json") if fetched.what == "htcds" else ("csv", "text/csv; charset=utf-8")
    name = f"icmc-copy-{fetched.number}.{ends}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(fetched.content, media_type=kind, headers=headers)


def _written(sheet: SheetView, mark: CopyMark) -> bytes:
    return as_htcds(sheet, mark) if sheet.what == "htcds" else as_csv(sheet, mark)


def _page(visit: Visit, *, again: Again = FIRST) -> Response:
    may_export, may_answer = visit.may(Action.EXPORT), visit.may(Action.APPROVE_EXPORT)
    if not may_export and not may_answer:
        raise NotAllowedError(actor=visit.viewer.name, action=Action.EXPORT.value)
    return visit.page(
        "copies.html",
        title="Copies",
        section="track",
        copies=visit.ask(copies_view),
        what=WHAT,
        purposes=PURPOSES_OF_COPIES,
        rows_alone=ROWS_ALONE,
        may_export=may_export,
        may_answer=may_answer,
        again=again,
    )
