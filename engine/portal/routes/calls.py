"""Who is to be rung about what is late of a step, and what came of it."""

from collections.abc import Mapping
from functools import partial
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.adapters.sql.queries.case_page import case_page
from engine.domain.policy import Action
from engine.errors import NotFoundError
from engine.portal.dependencies import Posted, SignedIn
from engine.portal.posted import instant, text, uuid_or_none
from engine.portal.presenters.forms import summary_of
from engine.portal.trying import tried
from engine.portal.visit import Visit
from engine.usecases.calls import note_call
from engine.usecases.readings import note_reading
from engine.views import late_views

router = APIRouter()
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


def _page(
    visit: Visit,
    case_id: UUID,
    step_id: UUID,
    *,
    errors: Mapping[str, str] | None = None,
    given: Mapping[str, str] | None = None,
    command_id: UUID | None = None,
) -> Response:
    case = visit.engine.ask(case_page, visit.viewer, case_id)
    step = next((step for step in case.steps if step.id == step_id), None)
    if step is None:
        raise NotFoundError(kind="step")
    strips = late_views(case.deadlines, case_id=case_id, case_number=case.number, but=visit.viewer.actor_id)
    return visit.page(
        "calls.html",
        title=f"Late: ring someone. {step.title}, case {case.number}",
        section="manage",
        status=422 if errors else 200,
        case=case,
        step=step,
        late=[strip for strip in strips if strip.deadline.step_id == step_id],
        may_ring=case.is_own and Action.WORK in case.allowed,
        may_reveal=case.is_own and Action.REVEAL in case.allowed,
        errors=errors or {},
        problems=summary_of(errors),
        typed=given or {},
        command_id=command_id or visit.new_command(),
    )
