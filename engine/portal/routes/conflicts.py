"""Who is not told of a case, since they may be part of what it is about."""

from collections.abc import Mapping
from functools import partial
from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.adapters.sql.queries.case_page import case_page
from engine.adapters.sql.queries.duty import conflicts as conflicts_view
from engine.adapters.sql.queries.viewer import actors
from engine.errors import InvalidAnswersError
from engine.portal.dependencies import Posted, SignedIn
from engine.portal.posted import text, uuid_or_none
from engine.portal.presenters.forms import summary_of
from engine.portal.trying import tried
from engine.portal.visit import Visit
from engine.usecases.conflicts import end_conflict, note_conflict

router = APIRouter()
REASONS: Final[Mapping[str, str]] = {
    "relative": "A relative or friend of someone in the case",
    "named_in_case": "They are mentioned in the case",
    "interest": "They stand to gain or lose by the outcome",
    "concern_about_staff": "There is a concern about how they work",
    "own_wish": "They asked for it",
}


@router.get("/cases/{case_id}/conflicts")
def conflicts(visit: SignedIn, case_id: UUID) -> Response:
    """Show who is not told of a case."""
    return _page(visit, case_id)


@router.post("/cases/{case_id}/conflicts")
def noted(visit: SignedIn, case_id: UUID, form: Posted) -> Response:
    """Let no message of a case reach somebody."""

    def act(command_id: UUID) -> None:
        who, reason = _chosen(form)
        note_conflict(
            visit.engine, case_id, viewer=visit.viewer, command_id=command_id, actor_id=who, reason_code=reason
        )

    return tried(visit, form, act, partial(_page, visit, case_id), to=f"/cases/{case_id}/conflicts", said="conflict")


@router.post("/cases/{case_id}/conflicts/{actor_id}/end")
def ended(visit: SignedIn, case_id: UUID, actor_id: UUID, form: Posted) -> Response:
    """Let somebody be told of a case again."""
    command_id = visit.command_of(form)
    end_conflict(visit.engine, case_id, viewer=visit.viewer, command_id=command_id, actor_id=actor_id)
    return visit.go(f"/cases/{case_id}/conflicts", said="conflict_over")


def _chosen(form: Posted) -> tuple[UUID, str]:
    reason, who = text(form, "reason_code"), uuid_or_none(form, "actor_id")
    if who is None or reason not in REASONS:
        problems = {} if who else {"actor_id": "Choose a person."}
        raise InvalidAnswersError(problems if reason in REASONS else {**problems, "reason_code": "Choose a reason."})
    return who, reason


def _page(
    visit: Visit,
    case_id: UUID,
    *,
    errors: Mapping[str, str] | None = None,
    given: Mapping[str, str] | None = None,
    command_id: UUID | None = None,
) -> Response:
    found = visit.engine.ask(conflicts_view, visit.viewer, case_id)
    case = visit.engine.ask(case_page, visit.viewer, case_id)
    people = {
        actor.id: actor
        for actor in visit.engine.ask(actors, visit.viewer)
        if not actor.disabled and actor.id != visit.viewer.actor_id
    }
    return visit.page(
        "conflicts.html",
        title=f"Conflicts of interest, case {case.number}",
        section="track",
        status=422 if errors else 200,
        zone=case.zone,
        case=case,
        conflicts=found,
        people=list(people.values()),
        reasons=REASONS,
        errors=errors or {},
        problems=summary_of(errors),
        typed=given or {},
        command_id=command_id or visit.new_command(),
    )
