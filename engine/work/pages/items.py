"""One work item: its form, its approval, and what follows from it."""

from collections.abc import Container, Iterator, Mapping
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import JsonValue
from starlette.responses import Response

from engine.cases.actions.deciding import note_reading
from engine.cases.answers import refuse_copies
from engine.core.policy import Action
from engine.deadlines.records import LateView, late_views
from engine.documents.actions.attachments import files_of
from engine.documents.pages import with_files
from engine.errors import AlreadyEndedError, ConflictError, InvalidAnswersError, NotFoundError
from engine.people.records import ActorView
from engine.people.viewer import actors
from engine.plugin.copies import is_refused, kept_anyway, kept_of, not_asked, stopping
from engine.web.dependencies import Posted, SignedIn
from engine.web.forms import TypedText, controls, is_touched, laid_out, problem_lines, questions, typed_texts
from engine.web.languages import say
from engine.web.posted import (
    BESIDE,
    LATE_REASONS,
    answers,
    drawn,
    instant,
    posted,
    text,
    to_keep,
    whole_number,
    with_typed,
)
from engine.web.visit import Visit
from engine.work.actions.complete import DONE, approve_work_item, complete_work_item
from engine.work.actions.items import claim_work_item, save_draft
from engine.work.actions.papers import appointment_file, has_appointment
from engine.work.records import FieldView, FormView, WorkItemView
from engine.work.views.followed import what_followed
from engine.work.views.form import item_form
from engine.work.views.worklist import proposed_doer, work_item

router = APIRouter()


@router.get("/items/{item_id}")
def item_page(visit: SignedIn, item_id: UUID) -> Response:
    """Open an item; one that is over is told as such, not as an error."""
    form = visit.soon(item_form, item_id)
    visit.soon(proposed_doer, item_id)
    visit.soon(actors)
    try:
        view = form()
    except AlreadyEndedError:
        item = visit.ask(work_item, item_id)
        return visit.page("item-over.html", title=_title(item), section="manage", item=item)
    known = {field.sensitivity for field in view.fields if field.value is not None} - {"open"}
    note_reading(
        visit.engine, visit.viewer, view.item.case_id, "form", tuple(known), subject_id=view.item.step_id
    )  # fmt: skip
    return _form_page(visit, view, command_id=visit.new_command())


@router.post("/items/{item_id}")
def answer(visit: SignedIn, item_id: UUID, form: Posted) -> Response:
    """Save a draft, complete the item, or say that it cannot be done; sending twice is one effect."""
    view, item, fields = _what_was_asked(visit, item_id)
    typed = _honoured(visit, item, answers(form, fields, visit.viewer.zone))
    try:
        if text(form, "action") == "take":
            return _take(visit, item, form, typed, is_changed=view is not None and _is_changed(visit, view, form))
        if text(form, "action") == "draft":
            beside = to_keep(form, visit.viewer.zone)
            save_draft(visit.engine, item_id, viewer=visit.viewer, answers=typed, beside=beside)
            return visit.go(f"/items/{item_id}", said="draft")
        return _complete(visit, item_id, form, typed)
    except InvalidAnswersError as error:
        if view is None:
            raise
        return _form_page(visit, view, command_id=_command(visit, form), form=form, typed=typed, error=error)
    except (ConflictError, AlreadyEndedError) as error:
        return _conflict_page(visit, item, typed_texts(form, fields), error)


@router.post("/items/{item_id}/approve")
def approve(visit: SignedIn, item_id: UUID, form: Posted) -> Response:
    """Approve what somebody else answered, or send it back."""
    item = visit.ask(work_item, item_id)
    approved = text(form, "approved") == "yes"
    try:
        was_approved = approve_work_item(
            visit.engine, item_id, viewer=visit.viewer, revision=whole_number(form, "revision"),
            command_id=visit.command_of(form, text(form, "approved")), approved=approved,
        )  # fmt: skip
    except (ConflictError, AlreadyEndedError) as error:
        return _conflict_page(visit, item, (), error)
    return visit.go(f"/items/{item_id}/done", said="approved" if was_approved else "returned")


@router.get("/items/{item_id}/appointment.ics")
def appointment(visit: SignedIn, item_id: UUID) -> Response:
    """Return the appointment of an item for a calendar: the case's number, room and time, and nobody's name."""
    made = appointment_file(visit.engine, item_id, viewer=visit.viewer)
    headers = {"Content-Disposition": f'attachment; filename="{made.name}"'}
    return Response(made.text, media_type="text/calendar", headers=headers)


@router.get("/items/{item_id}/done")
def done(visit: SignedIn, item_id: UUID) -> Response:
    """Say what was done, what followed from it, and what the viewer can do next."""
    followed = visit.ask(what_followed, item_id)
    title = say("Saved: case {number}", number=followed.item.case_number)
    return visit.page("done.html", title=title, section="manage", item=followed.item, followed=followed)


def _take(
    visit: Visit, item: WorkItemView, form: Posted, typed: Mapping[str, JsonValue], *, is_changed: bool
) -> Response:
    """Claim an item from its own page, and keep what was typed into the form before."""
    if is_changed:
        refuse_copies(visit.engine.registry.step_types.get(item.uses), typed)
    claim_work_item(visit.engine, item.id, viewer=visit.viewer, command_id=_command(visit, form))
    if is_changed:
        beside = to_keep(form, visit.viewer.zone)
        save_draft(visit.engine, item.id, viewer=visit.viewer, answers=typed, beside=beside)
    return visit.go(f"/items/{item.id}", said="claimed")


def _is_changed(visit: Visit, view: FormView, form: Posted) -> bool:
    """Return whether something was typed that the page had not shown."""
    zone = visit.viewer.zone
    return is_touched(form, controls(view.fields, zone=zone, now=visit.now)) or posted(form) != drawn(view.beside, zone)


def _complete(visit: Visit, item_id: UUID, form: Posted, typed: Mapping[str, JsonValue]) -> Response:
    cannot = text(form, "action") == "cannot"
    outcome = text(form, "outcome") if cannot else DONE
    if not outcome or (cannot and outcome == DONE):
        raise InvalidAnswersError({"outcome": "Choose why it cannot be done."})
    complete_work_item(
        visit.engine, item_id, viewer=visit.viewer, revision=whole_number(form, "revision"),
        command_id=_command(visit, form), outcome=outcome, answers={} if cannot else typed,
        happened_at=_happened_at(visit, form), reason=text(form, "reason"), late_reason=text(form, "late_reason"),
        is_typed_in=True,
    )  # fmt: skip
    return visit.go(f"/items/{item_id}/done")


def _happened_at(visit: Visit, form: Posted) -> datetime | None:
    read = instant(form, "happened_at", visit.viewer.zone)
    if read is None and text(form, "happened_at"):
        raise InvalidAnswersError({"happened_at": "Give a date and time, such as 2026-03-07 18:40."})
    return read


def _what_was_asked(visit: Visit, item_id: UUID) -> tuple[FormView | None, WorkItemView, tuple[FieldView, ...]]:
    """Return the form while the item is open; afterwards its questions only, so that nothing typed is lost."""
    try:
        view = visit.ask(item_form, item_id)
    except AlreadyEndedError:
        item = visit.ask(work_item, item_id)
        step_type = visit.engine.registry.step_types.get(item.uses)
        return None, item, questions(step_type.fields if step_type else ())
    return view, view.item, view.fields


def _form_page(
    visit: Visit,
    view: FormView,
    *,
    command_id: UUID,
    form: Posted | None = None,
    typed: Mapping[str, JsonValue] | None = None,
    error: InvalidAnswersError | None = None,
) -> Response:
    problems = error.problems if error else {}
    asked = with_typed(view.fields, typed) if typed is not None else view.fields
    honoured = _still_asked(visit, view.item, asked)
    fields, is_stopped = _without_copies(visit, view.item, _with_files(visit, view.item, honoured), problems)
    shown = controls(fields, zone=visit.viewer.zone, now=visit.now, errors=problems)
    layout = laid_out(fields, shown)
    return visit.page(
        "approval.html" if view.item.is_approval else "item.html",
        title=_title(view.item),
        section="manage",
        status=422 if error else 200,
        view=view,
        item=view.item,
        layout=layout,
        is_stopped=is_stopped,
        beside=posted(form) if form else drawn(view.beside, visit.viewer.zone),
        late_reasons=LATE_REASONS,
        errors=problems,
        problems=[*problem_lines(shown, problems), *_problems_beside(problems, layout.names)],
        revision=whole_number(form, "revision") if form else view.item.revision,
        command_id=command_id,
        is_others=view.item.assignee is not None and not view.item.is_mine,
        may_give=view.item.assignee is not None and (view.item.is_mine or visit.may(Action.DELEGATE)),
        colleagues=_colleagues(visit, view.item),
        has_appointment=has_appointment(visit.engine, view.item),
        proposed=visit.ask(proposed_doer, view.item.id),
        may_delegate=visit.may(Action.DELEGATE),
        late=_late(visit, view),
        may_reveal=visit.may(Action.REVEAL),
    )


def _late(visit: Visit, view: FormView) -> tuple[LateView, ...]:
    deadlines = (view.deadline,) if view.deadline else ()
    but, item = visit.viewer.actor_id, view.item
    return late_views(deadlines, case_id=item.case_id, case_number=item.case_number, but=but)


def _with_files(visit: Visit, item: WorkItemView, fields: tuple[FieldView, ...]) -> tuple[FieldView, ...]:
    """Offer the files of the case at the questions for a file whose hash the system writes."""
    step_type = visit.engine.registry.step_types.get(item.uses)
    names = frozenset(spec.hash_of for spec in step_type.fields if spec.hash_of) if step_type else frozenset[str]()
    if not names:
        return fields
    return with_files(fields, names, files_of(visit.engine, item.case_id, viewer=visit.viewer), visit.viewer.zone)


def _honoured(visit: Visit, item: WorkItemView, typed: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    """Return what may be kept: after a no nothing that was told goes any further."""
    step_type = visit.engine.registry.step_types.get(item.uses)
    return kept_of(step_type, typed) if step_type else typed


def _still_asked(visit: Visit, item: WorkItemView, fields: tuple[FieldView, ...]) -> tuple[FieldView, ...]:
    """Leave out what must not be written down, where who told it said so."""
    step_type = visit.engine.registry.step_types.get(item.uses)
    told = {field.name: field.value for field in fields}
    if step_type is None or not is_refused(step_type, told):
        return fields
    names = kept_anyway(step_type, told)
    return tuple(field for field in fields if field.name in names)


def _without_copies(
    visit: Visit, item: WorkItemView, fields: tuple[FieldView, ...], problems: Mapping[str, str]
) -> tuple[tuple[FieldView, ...], bool]:
    """Leave out the questions that nobody looks at a copy for, and say whether nothing is kept of what was found.

    One in which something is still written stays, so that it can be emptied.
    """
    step_type = visit.engine.registry.step_types.get(item.uses)
    specs = step_type.fields if step_type else ()
    given = {field.name: field.value for field in fields}
    hidden = not_asked(specs, given)
    shown = tuple(f for f in fields if f.name not in hidden or f.name in problems or f.value not in (None, "", []))
    return shown, bool(stopping(specs, given))


def _problems_beside(problems: Mapping[str, str], names: Container[str]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong beside the questions of the form, each with its place."""
    for name, sentence in problems.items():
        if name not in names:
            yield f"#{name}" if name in BESIDE else "#form", sentence


def _conflict_page(
    visit: Visit, item: WorkItemView, typed: tuple[TypedText, ...], error: ConflictError | AlreadyEndedError
) -> Response:
    now_is = _item_or_none(visit, item.id) or item
    return visit.page(
        "conflict.html", title=_title(item), section="manage", status=409, item=now_is, typed=typed, message=str(error)
    )


def _colleagues(visit: Visit, item: WorkItemView) -> tuple[ActorView, ...]:
    return tuple(
        actor
        for actor in visit.ask(actors)
        if actor.id != visit.viewer.actor_id
        and not actor.disabled
        and actor.unit_id in visit.viewer.unit_ids
        and not set(item.candidate_roles).isdisjoint(actor.roles)
    )


def _item_or_none(visit: Visit, item_id: UUID) -> WorkItemView | None:
    try:
        return visit.ask(work_item, item_id)
    except NotFoundError:
        return None


def _command(visit: Visit, form: Posted) -> UUID:
    return visit.command_of(form, text(form, "action"))


def _title(item: WorkItemView) -> str:
    return say("{title}, case {number}", title=say(item.title), number=item.case_number)
