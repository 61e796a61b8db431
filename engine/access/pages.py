"""Who may see a case, by which way and until when; recusals; seeing a case of another unit in an emergency."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from engine.access.actions.emergency import answer_emergency_access, emergency_access
from engine.access.actions.recusals import answer_lift, end_recusal, recuse
from engine.access.records import LONGEST_HOURS, REASONS
from engine.access.views import case_access, emergencies_to_confirm, my_emergencies
from engine.access.views import emergency as emergency_view
from engine.cases.actions.deciding import note_reading
from engine.core.access import RecusalReason
from engine.core.policy import Action
from engine.errors import InvalidAnswersError
from engine.overview.views.case import case_page
from engine.people.viewer import actors, units
from engine.web.dependencies import Posted, SignedIn, tried
from engine.web.languages import say
from engine.web.posted import FIRST, Again, clean, text, typed, uuid_or_none, whole_number
from engine.web.visit import Visit

router = APIRouter()
_REASONS_OF_RECUSAL: Final[Mapping[str, Mapping[str, str]]] = {
    RecusalReason.CONFLICT_OF_INTEREST: {
        "relative": "A relative or friend of someone in the case",
        "named_in_case": "They are mentioned in the case",
        "interest": "They stand to gain or lose by the outcome",
        "concern_about_staff": "There is a concern about how they work",
        "own_wish": "They asked for it",
    },
    RecusalReason.DENIED: {
        "danger": "They could put the person in danger",
        "named_in_case": "They are mentioned in the case",
        "leak": "They leaked information",
        "persons_wish": "The person asked for it",
        "court_order": "A court ordered it",
    },
}
GROUPS: Final[Mapping[str, str]] = {
    RecusalReason.CONFLICT_OF_INTEREST: "A conflict of interest",
    RecusalReason.DENIED: "They must not see it",
}
LIFTING: Final[Mapping[str, str]] = {
    "mistake": "It was a mistake",
    "no_longer": "The reason no longer applies",
    "persons_wish": "The person asked for it",
    "court_order": "A court ordered it",
}


@router.get("/cases/{case_id}/access")
def access(visit: SignedIn, case_id: UUID) -> Response:
    """Show who may see a case, and who has no part in it."""
    return _page(visit, case_id)


@router.post("/cases/{case_id}/access/recusals")
def recused(visit: SignedIn, case_id: UUID, form: Posted) -> Response:
    """Let a person or a unit never see a case."""
    kind, _, code = text(form, "reason_code").partition(":")
    reason = RecusalReason(kind) if kind in _REASONS_OF_RECUSAL else RecusalReason.DENIED

    def act(command_id: UUID) -> None:
        recuse(
            visit.engine, case_id, viewer=visit.viewer, command_id=command_id, reason=reason,
            reason_code=code if code in _REASONS_OF_RECUSAL[reason] else "", actor_id=uuid_or_none(form, "actor_id"),
            unit_id=uuid_or_none(form, "unit_id"),
        )  # fmt: skip

    return tried(visit, form, act, partial(_page, visit, case_id), to=f"/cases/{case_id}/access", said="recused")


@router.post("/cases/{case_id}/access/recusals/{recusal_id}/end")
def ended(visit: SignedIn, case_id: UUID, recusal_id: UUID, form: Posted) -> Response:
    """End a conflict of interest, or ask that somebody may see a case again."""
    command_id, reason = visit.command_of(form), text(form, "reason_code")
    try:
        waits = end_recusal(
            visit.engine, case_id, recusal_id, viewer=visit.viewer, command_id=command_id,
            reason_code=reason if reason in LIFTING else "",
        )  # fmt: skip
    except InvalidAnswersError as error:
        shown = {f"end-{recusal_id}": sentence for sentence in error.problems.values()}
        return _page(visit, case_id, again=Again(shown, command_id=command_id))
    return visit.go(f"/cases/{case_id}/access", said="lift_asked" if waits else "recusal_over")


@router.post("/cases/{case_id}/access/requests/{request_id}")
def recusal_answered(visit: SignedIn, case_id: UUID, request_id: UUID, form: Posted) -> Response:
    """Agree that somebody may see a case again, or not."""
    command_id = visit.command_of(form, text(form, "answer"))
    approved = text(form, "answer") == "yes"
    answer_lift(
        visit.engine, case_id, request_id, viewer=visit.viewer, command_id=command_id, approved=approved
    )  # fmt: skip
    return visit.go(f"/cases/{case_id}/access", said="lifted" if approved else "not_lifted")


def _page(visit: Visit, case_id: UUID, *, again: Again = FIRST) -> Response:
    shown, seen = visit.soon(case_access, case_id), visit.soon(case_page, case_id)
    visit.soon(actors)
    visit.soon(units)
    found, case = shown(), seen()
    people = {actor.id: actor.name for actor in visit.ask(actors) if not actor.disabled}
    people.pop(visit.viewer.actor_id, None)
    return visit.page(
        "access.html",
        title=say("Who may see case {number}", number=case.number),
        section="track",
        zone=case.zone,
        case=case,
        access=found,
        people=list(people.items()),
        units=[(unit, name) for unit, name in visit.ask(units) if name != found.unit],
        reasons=_REASONS_OF_RECUSAL,
        groups=GROUPS,
        lifting=LIFTING,
        again=again,
    )


@router.get("/emergency-access")
def emergency(visit: SignedIn, number: Annotated[str, Query(max_length=40)] = "") -> Response:
    """Show the form, what the viewer asked for, and what they have to confirm."""
    return _page_of_emergency(visit, Again(typed={"number": clean(number)}))


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
        return _page_of_emergency(visit, Again(error.problems, typed(form), command_id))
    return visit.go("/emergency-access", said="emergency")


@router.get("/emergency-access/{request_id}")
def one(visit: SignedIn, request_id: UUID) -> Response:
    """Show who opened a case and why, to those who have to confirm it."""
    found = visit.ask(emergency_view, request_id)
    note_reading(visit.engine, visit.viewer, found.case_id, "emergency-access", ("narrative",), subject_id=request_id)
    return visit.page(
        "emergency-access-one.html", title=say("Emergency access: case {case_number}", case_number=found.case_number),
        section="track",
        emergency=found,
        reasons=REASONS, command_id=visit.new_command(),
    )  # fmt: skip


@router.post("/emergency-access/{request_id}")
def emergency_answered(visit: SignedIn, request_id: UUID, form: Posted) -> Response:
    """Confirm it, or end it at once."""
    command_id = visit.command_of(form, text(form, "approved"))
    approved = text(form, "approved") == "yes"
    answer_emergency_access(visit.engine, request_id, viewer=visit.viewer, command_id=command_id, approved=approved)
    return visit.go("/emergency-access", said="emergency_confirmed" if approved else "emergency_ended")


def _page_of_emergency(visit: Visit, again: Again) -> Response:
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
