"""Take a report in: few questions, and a case number at once."""

from collections.abc import Mapping
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.domain.policy import Action
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.portal.dependencies import Posted, SignedIn
from engine.portal.posted import answers, uuid_or_none, with_typed
from engine.portal.presenters.fields import controls, questions
from engine.portal.presenters.forms import problem_lines
from engine.portal.visit import Visit
from engine.ports import JsonValue
from engine.usecases.open_case import REPORT, open_case
from engine.usecases.receipts import receipt_code
from engine.views import FieldView

router = APIRouter()


@router.get("/report")
def report(visit: SignedIn) -> Response:
    """Ask the few questions without which a report cannot be saved."""
    visit.must(Action.OPEN_CASE)
    return _page(visit, visit.new_command())


@router.post("/report")
def save(visit: SignedIn, form: Posted) -> Response:
    """Open the case; sending the same page twice opens one."""
    visit.must(Action.OPEN_CASE)
    command_id = visit.command_of(form)
    fields = _first_questions(visit)
    typed = answers(form, fields, visit.viewer.zone)
    unit_id = uuid_or_none(form, "unit_id") or next(iter(visit.viewer.unit_ids), UUID(int=0))
    try:
        opened = open_case(visit.engine, answers=typed, unit_id=unit_id, viewer=visit.viewer, command_id=command_id)
    except InvalidAnswersError as error:
        return _page(visit, command_id, typed=typed, problems=error.problems, unit_id=unit_id)
    query = {"item": str(opened.item_id)} if opened.item_id else {}
    return visit.go(f"/cases/{opened.case_id}/saved", **query)


@router.get("/cases/{case_id}/saved")
def saved(visit: SignedIn, case_id: UUID, item: UUID | None = None) -> Response:
    """Say under which number the report was saved, and what comes next."""
    case = visit.engine.queries.case(visit.viewer, case_id)
    following = visit.engine.queries.work_item(visit.viewer, item) if item else None
    return visit.page(
        "saved.html", title=f"Saved: case {case.number}", section="report", case=case, item=following,
        receipt=_receipt(visit, case_id), progress_address=f"{visit.engine.portal_url}/progress",
    )  # fmt: skip


def _receipt(visit: Visit, case_id: UUID) -> str:
    """Give the receipt code to those who work in the unit of the case, and to nobody else."""
    try:
        return receipt_code(visit.engine, case_id, viewer=visit.viewer)
    except (NotAllowedError, NotFoundError):
        return ""


def _page(
    visit: Visit,
    command_id: UUID,
    *,
    typed: Mapping[str, JsonValue] | None = None,
    problems: Mapping[str, str] | None = None,
    unit_id: UUID | None = None,
) -> Response:
    fields = _first_questions(visit)
    asked = with_typed(fields, typed) if typed is not None else fields
    shown = controls(asked, zone=visit.viewer.zone, now=visit.now, errors=problems)
    names = dict(visit.engine.queries.units(visit.viewer))
    return visit.page(
        "report.html",
        title="Report",
        section="report",
        status=422 if problems else 200,
        command_id=command_id,
        controls=shown,
        problems=problem_lines(shown, problems or {}),
        units=[(unit, names[unit]) for unit in visit.viewer.unit_ids if unit in names],
        unit_id=unit_id,
    )  # fmt: skip


def _first_questions(visit: Visit) -> tuple[FieldView, ...]:
    specs = visit.engine.registry.get(REPORT).fields
    return questions(spec for spec in specs if spec.first_bite)
