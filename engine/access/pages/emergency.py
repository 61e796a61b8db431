"""Seeing a case of another unit in an emergency: asking, and confirming as a second person."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from engine.access.actions.emergency import answer_emergency_access, emergency_access
from engine.access.records import LONGEST_HOURS, REASONS
from engine.access.views import emergencies_to_confirm, my_emergencies
from engine.access.views import emergency as emergency_view
from engine.cases.actions.reasons import note_reading
from engine.core.policy import Action
from engine.errors import InvalidAnswersError
from engine.web.dependencies import Posted, SignedIn
from engine.web.posted import Again, clean, text, typed, whole_number
from engine.web.visit import Visit

router = APIRouter()


@router.get("/emergency-access")
def emergency(visit: SignedIn, number: Annotated[str, Query(max_length=40)] = "") -> Response:
    """Show the form, what the viewer asked for, and what they have to confirm."""
    return _page(visit, Again(typed={"number": clean(number)}))


@router.post("/emergency-access")
def asked(visit: SignedIn, form: Posted) -> Response:
    """Ask to see a case: the answer is the same whether there is such a case or not."""
    command_id = visit.command_of(form)
    try:
        emergency_access(
            visit.engine, viewer=visit.viewer, command_id=command_id, number=text(form, "number"),
            reason_code=text(form, "reason_code"), words=text(form, "words"), hours=whole_number(form, "hours"),
        )  # fmt: skip
    except InvalidAnswersError as error:
        return _page(visit, Again(error.problems, typed(form), command_id))
    return visit.go("/emergency-access", said="emergency")


@router.get("/emergency-access/{request_id}")
def one(visit: SignedIn, request_id: UUID) -> Response:
    """Show who opened a case and why, to those who have to confirm it."""
    found = visit.ask(emergency_view, request_id)
    note_reading(visit.engine, visit.viewer, found.case_id, "emergency-access", ("narrative",), subject_id=request_id)
    return visit.page(
        "emergency-access-one.html", title=f"Emergency access: case {found.case_number}", section="track",
        emergency=found,
        reasons=REASONS, command_id=visit.new_command(),
    )  # fmt: skip


@router.post("/emergency-access/{request_id}")
def answered(visit: SignedIn, request_id: UUID, form: Posted) -> Response:
    """Confirm it, or end it at once."""
    command_id = visit.command_of(form, text(form, "approved"))
    approved = text(form, "approved") == "yes"
    answer_emergency_access(visit.engine, request_id, viewer=visit.viewer, command_id=command_id, approved=approved)
    return visit.go("/emergency-access", said="emergency_confirmed" if approved else "emergency_ended")


def _page(visit: Visit, again: Again) -> Response:
    return visit.page(
        "emergency-access.html",
        title="Emergency access to a case",
        section="track",
        may_ask=visit.may(Action.EMERGENCY_ACCESS),
        mine=visit.ask(my_emergencies),
        waiting=visit.ask(emergencies_to_confirm),
        reasons=REASONS,
        hours=range(1, LONGEST_HOURS + 1),
        again=again,
    )
