"""Who may see a case, by which way and until when; and who has no part in it."""

from collections.abc import Mapping
from functools import partial
from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.access.actions.recusals import answer_lift, end_recusal, recuse
from engine.access.views import case_access
from engine.core.access import RecusalReason
from engine.errors import InvalidAnswersError
from engine.overview.views.case import case_page
from engine.people.viewer import actors, units
from engine.web.dependencies import Posted, SignedIn
from engine.web.posted import FIRST, Again, text, uuid_or_none
from engine.web.trying import tried
from engine.web.visit import Visit

router = APIRouter()
REASONS: Final[Mapping[str, Mapping[str, str]]] = {
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
    reason = RecusalReason(kind) if kind in REASONS else RecusalReason.DENIED

    def act(command_id: UUID) -> None:
        recuse(
            visit.engine, case_id, viewer=visit.viewer, command_id=command_id, reason=reason,
            reason_code=code if code in REASONS[reason] else "", actor_id=uuid_or_none(form, "actor_id"),
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
def answered(visit: SignedIn, case_id: UUID, request_id: UUID, form: Posted) -> Response:
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
        title=f"Who may see case {case.number}",
        section="track",
        zone=case.zone,
        case=case,
        access=found,
        people=list(people.items()),
        units=[(unit, name) for unit, name in visit.ask(units) if name != found.unit],
        reasons=REASONS,
        groups=GROUPS,
        lifting=LIFTING,
        again=again,
    )
