"""Take a report in: few questions, and a case number at once."""

from collections.abc import Mapping
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.builtin import REPORT
from engine.cases.actions.open import MOST_REPORTS_IN_AN_HOUR, OpenedCase, open_case
from engine.cases.actions.returning import receipt_code
from engine.core.policy import Action
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.overview.views.case import case_page
from engine.people.viewer import units
from engine.plugin.copies import REFUSED, is_refused, kept_of
from engine.ports import JsonValue
from engine.web.dependencies import Posted, SignedIn
from engine.web.forms import controls, problem_lines, questions
from engine.web.languages import say
from engine.web.posted import answers, text, uuid_or_none, with_typed
from engine.web.visit import Visit
from engine.work.actions.complete import complete_work_item
from engine.work.records import FieldView
from engine.work.views.worklist import work_item

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
    typed = _honoured(visit, answers(form, fields, visit.viewer.zone), said_no=text(form, "action") == REFUSED)
    unit_id = uuid_or_none(form, "unit_id") or next(iter(visit.viewer.unit_ids), UUID(int=0))
    try:
        opened = open_case(
            visit.engine, answers=typed, unit_id=unit_id, viewer=visit.viewer, command_id=command_id,
            most_in_an_hour=MOST_REPORTS_IN_AN_HOUR,
        )  # fmt: skip
    except InvalidAnswersError as error:
        return _page(visit, command_id, typed=typed, problems=error.problems, unit_id=unit_id)
    item = None if _is_all_told(visit, opened, form, typed) else opened.item_id
    query = {"item": str(item)} if item else {}
    if is_refused(visit.engine.registry.get(REPORT), typed):
        query["kept"] = "no"
    return visit.go(f"/cases/{opened.case_id}/saved", **query)


@router.get("/cases/{case_id}/saved")
def saved(visit: SignedIn, case_id: UUID, item: UUID | None = None, who: str = "", kept: str = "") -> Response:
    """Say under which number the report was saved, who may be told it, and what comes next.

    The number and its code are read out only to the one who is to have them: `who` says whether that is who listens.
    """
    case = visit.ask(case_page, case_id)
    following = visit.ask(work_item, item) if item else None
    is_theirs = who == "theirs"
    return visit.page(
        "saved.html", title=say("Saved: case {number}", number=case.number),
        section="report", case=case, item=following, who=who,
        is_kept=kept != "no", receipt=_receipt(visit, case_id) if is_theirs else "",
        progress_address=f"{visit.engine.portal_url}/progress",
    )  # fmt: skip


def _honoured(visit: Visit, typed: Mapping[str, JsonValue], *, said_no: bool) -> dict[str, JsonValue]:
    """Return what may be kept: after a no nothing that was told goes any further, wherever it was typed."""
    step_type = visit.engine.registry.get(REPORT)
    return kept_of(step_type, {**typed, step_type.consent: REFUSED} if said_no else typed)


def _is_all_told(visit: Visit, opened: OpenedCase, form: Posted, typed: Mapping[str, JsonValue]) -> bool:
    """End the report of somebody who said no where the law asks for nothing more: there is nothing left to write."""
    step_type = visit.engine.registry.get(REPORT)
    if not is_refused(step_type, typed) or typed.get("is_child_suspected") != "no" or opened.item_id is None:
        return False
    item = visit.ask(work_item, opened.item_id)
    if not item.is_mine:
        return False
    complete_work_item(
        visit.engine, item.id, viewer=visit.viewer, revision=item.revision, command_id=visit.command_of(form, "told"),
        answers={"received_at": visit.now.isoformat(), **typed},
    )  # fmt: skip
    return True


def _receipt(visit: Visit, case_id: UUID) -> str:
    """Return the receipt code to those who work in the unit of the case, and to nobody else."""
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
    names = dict(visit.ask(units))
    return visit.page(
        "report.html",
        title="Report",
        section="report",
        status=422 if problems else 200,
        command_id=command_id,
        before=shown[:_words_begin(visit)],
        words=shown[_words_begin(visit) :],
        problems=problem_lines(shown, problems or {}),
        units=[(unit, names[unit]) for unit in visit.viewer.unit_ids if unit in names],
        unit_id=unit_id,
    )  # fmt: skip


def _words_begin(visit: Visit) -> int:
    """Return how many questions come before those for what the person tells."""
    asked = [spec for spec in visit.engine.registry.get(REPORT).fields if spec.first_bite]
    return max((number for number, spec in enumerate(asked, start=1) if spec.kept_anyway == "true"), default=0)


def _first_questions(visit: Visit) -> tuple[FieldView, ...]:
    specs = visit.engine.registry.get(REPORT).fields
    return questions(spec for spec in specs if spec.first_bite)
