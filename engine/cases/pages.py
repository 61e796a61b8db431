"""Take reports in: from somebody who is signed in, or from the public, who come back with a number and a code."""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID, uuid5

from fastapi import APIRouter, Depends, Form, Request
from pydantic import JsonValue
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response

from engine.builtin import REPORT
from engine.cases.actions.open import MOST_REPORTS_IN_AN_HOUR, OpenedCase, open_case
from engine.cases.actions.public import (
    NotTaken,
    Progress,
    Puzzle,
    Receipt,
    Returned,
    add_words,
    come_back,
    from_public_page,
    is_solved,
    puzzle_for,
    receipt_code,
    take_report,
    takes_public_reports,
    tries_of,
)
from engine.cases.records import ChangedContentError
from engine.core.policy import Action
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.overview.views.case import case_page
from engine.people.viewer import units
from engine.plugin.copies import OF_ONE_ASKED, REFUSED, is_refused, kept_of
from engine.plugin.fields import FieldSpec
from engine.plugin.registry import Registry
from engine.web.dependencies import Posted, SignedIn
from engine.web.forms import controls, problem_lines, questions
from engine.web.languages import say
from engine.web.pages import render
from engine.web.posted import answers, clean, text, uuid_or_none, with_typed
from engine.web.security import network_of
from engine.web.turns import sleep_out_of_turn
from engine.web.visit import Visit, frame, portal_of
from engine.work.actions.complete import complete_work_item
from engine.work.records import FieldView
from engine.work.views.worklist import work_item

router = APIRouter()

_TITLE: Final = "Contact"
"""What a history or a tab shows of these pages: nothing that gives away what somebody did there."""
_ZONE: Final = "UTC"
_AGAIN_AFTER: Final = "3600"
_SENT_BEFORE: Final = (
    "You have sent this page before, and what you wrote then was kept. Send it again only if this is about something"
    " else. To add to what you told us, use the number and the code that you were given."
)
_LATER: Final = (
    "So many reports are arriving that we cannot take this one now. What you wrote is still here, but it is not kept:"
    " send it again in an hour, or call."
)
_SOLVE: Final = "Many reports are arriving. Answer the small question at the end, and send it again."
_NOT_SOLVED: Final = "That was not the number. Here is another question."


@router.get("/report")
def report(visit: SignedIn) -> Response:
    """Ask the few questions without which a report cannot be saved."""
    visit.must(Action.OPEN_CASE)
    return _report_page(visit, visit.new_command())


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
        return _report_page(visit, command_id, typed=typed, problems=error.problems, unit_id=unit_id)
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


def _report_page(
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


@router.get("/tell")
def page(request: Request) -> Response:
    """Ask for a report from whoever comes; where none is taken, say whom to ring."""
    engine = portal_of(request).engine
    if not takes_public_reports(engine):
        return _shown(request, "tell-off.html", title=_TITLE)
    return _contact_page(request, engine.entropy.uuid())


@router.post("/tell")
def sent(request: Request, form: Posted) -> Response:
    """Take a report, and show its number and its code, once; the same page sent again opens nothing new."""
    engine = portal_of(request).engine
    page_id = uuid_or_none(form, "command_id") or engine.entropy.uuid()
    command_id = uuid5(page_id, request.url.path)
    typed = answers(form, _asked(engine.registry), _ZONE)
    step_type = engine.registry.get(REPORT)
    token, number = text(form, "puzzle"), text(form, "number")
    try:
        found = take_report(
            engine, answers=kept_of(step_type, from_public_page(typed)), command_id=command_id,
            network=network_of(request), has_solved=is_solved(engine, command_id, token=token, answer=number),
        )  # fmt: skip
    except InvalidAnswersError as error:
        return _contact_page(request, page_id, typed=typed, problems=error.problems)
    except ChangedContentError:
        return _contact_page(request, engine.entropy.uuid(), typed=typed, said=_SENT_BEFORE)
    match found:
        case Receipt():
            return _shown(
                request, "reported.html", title=_TITLE, receipt=found,
                is_kept=not is_refused(step_type, typed),
            )  # fmt: skip
        case NotTaken.PUZZLE:
            puzzle = puzzle_for(engine, command_id)
            return _contact_page(
                request, page_id, typed=typed, said="" if token else _SOLVE, puzzle=puzzle, is_wrong=bool(token)
            )
        case NotTaken.LATER:
            return _contact_page(request, page_id, typed=typed, said=_LATER, status=HTTPStatus.TOO_MANY_REQUESTS)
        case NotTaken.OFF:
            return _shown(request, "tell-off.html", title=_TITLE, status=HTTPStatus.CONFLICT)


def _contact_page(
    request: Request,
    page_id: UUID,
    *,
    typed: Mapping[str, JsonValue] | None = None,
    problems: Mapping[str, str] | None = None,
    said: str = "",
    puzzle: Puzzle | None = None,
    is_wrong: bool = False,
    status: int = HTTPStatus.UNPROCESSABLE_ENTITY,
) -> Response:
    """Show the questions, with what was typed and why it was not taken."""
    engine = portal_of(request).engine
    fields = _asked(engine.registry)
    asked = with_typed(fields, typed) if typed is not None else fields
    shown = controls(asked, zone=_ZONE, now=engine.clock.now(), errors=problems)
    lines = problem_lines(shown, problems or {})
    lines += [("#number", _NOT_SOLVED)] if is_wrong else []
    return _shown(
        request, "tell.html", title=_TITLE, status=HTTPStatus.OK if typed is None else status,
        command_id=page_id, questions=shown, problems=lines, refused=said, puzzle=puzzle,
        puzzle_error=_NOT_SOLVED if is_wrong else "",
    )  # fmt: skip


def _asked(registry: Registry) -> tuple[FieldView, ...]:
    """Return the first questions of the report, in the words for somebody who tells it themselves."""
    specs = registry.get(REPORT).fields
    return questions(_to_the_public(spec) for spec in specs if spec.first_bite)


def _to_the_public(spec: FieldSpec) -> FieldSpec:
    choices = spec.choices
    if spec.asks_consent:
        choices = {value: words for value, words in choices.items() if value in OF_ONE_ASKED}
    return replace(spec, label=spec.public_label or spec.label, help=spec.public_help or spec.help, choices=choices)


def _shown(request: Request, template: str, *, title: str, status: int = HTTPStatus.OK, **more: object) -> Response:
    """Answer with a page for nobody in particular; no cookie is set."""
    context = frame(portal_of(request), request, None, title=title) | more
    headers = {"Retry-After": _AGAIN_AFTER} if status == HTTPStatus.TOO_MANY_REQUESTS else None
    return HTMLResponse(render(template, context), status_code=status, headers=headers)


_LONGEST: Final = 40
Short = Annotated[str, Form(max_length=_LONGEST)]


@router.get("/progress")
def progress(request: Request) -> Response:
    """Ask for the case number and the receipt code."""
    return _progress_page(request, None, "")


async def wait_for_number(request: Request, number: Short = "") -> None:
    """Wait as long as earlier wrong codes for this number or from this network have earned."""
    engine, network = portal_of(request).engine, network_of(request)
    tries = await run_in_threadpool(tries_of, engine, number=clean(number), network=network)
    await sleep_out_of_turn(request, (await run_in_threadpool(tries.wait)).total_seconds())


@router.post("/progress", dependencies=[Depends(wait_for_number)])
def returned(request: Request, number: Short = "", code: Short = "") -> Response:
    """Say how far the case is and what was answered, or that number and code do not belong together."""
    engine = portal_of(request).engine
    found = come_back(engine, number=clean(number), code=clean(code), network=network_of(request))
    return _progress_page(request, found, clean(number), clean(code))


@router.post("/progress/add", dependencies=[Depends(wait_for_number)])
def added(request: Request, form: Posted, number: Short = "", code: Short = "") -> Response:
    """Keep what somebody adds to what they reported; the same page sent again adds nothing."""
    engine, words, number, code = portal_of(request).engine, text(form, "words"), clean(number), clean(code)
    page_id = uuid_or_none(form, "command_id") or engine.entropy.uuid()
    known = {"number": number, "code": code, "network": network_of(request)}
    try:
        found = add_words(engine, words=words, command_id=uuid5(page_id, request.url.path), **known)
    except InvalidAnswersError as error:
        problem = error.problems["words"]
        again = come_back(engine, **known)
        return _progress_page(request, again, number, code, words=words, problem=problem, page_id=page_id)
    return _progress_page(request, found, number, code, words="" if found.has_added else words)


def _progress_page(
    request: Request,
    found: Returned | None,
    number: str,
    code: str = "",
    *,
    words: str = "",
    problem: str = "",
    page_id: UUID | None = None,
) -> Response:
    is_wrong = found is not None and found.progress is Progress.UNKNOWN
    is_shown = found is not None and not is_wrong
    status = HTTPStatus.FORBIDDEN if is_wrong else HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
    return _shown(
        request, "progress.html", title=_TITLE, status=status,
        found=found if is_shown else None, number=number, code=code if is_shown else "", is_wrong=is_wrong,
        words=words, problem=problem, command_id=page_id or portal_of(request).engine.entropy.uuid(), zone=_ZONE,
    )  # fmt: skip
