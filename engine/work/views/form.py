"""A work item opened to be answered: its questions, what was typed so far, what is proposed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Select, false, select, true

from engine.cases.sentences import OUTCOMES
from engine.cases.views.lists import role_words
from engine.cases.views.sight import (
    Answers,
    answer_views,
    opened_answers,
    opened_draft,
    opened_notes,
    opened_outputs,
    typed_title,
)
from engine.cases.visibility import positions
from engine.core.access import CaseAccess, Via, covers
from engine.core.compiled import CompiledStep
from engine.core.consequences import NotACandidateError
from engine.core.policy import Viewer, roles_in
from engine.db.reading import Reading, Row
from engine.db.shape import ANSWER, DEADLINE, DOCUMENT, DRAFT, STEP
from engine.deadlines.records import DeadlineView
from engine.deadlines.views.deadlines import deadline_views, of_steps, select_deadlines
from engine.deadlines.views.law_here import LawHere
from engine.documents.views import document_views, select_documents, that_open
from engine.errors import AlreadyEndedError
from engine.keys.vault import Vault
from engine.language.names import in_plain_words
from engine.people.viewer import colleagues
from engine.persons.views.person import guardian_notes
from engine.plugin.context import Outcome
from engine.plugin.fields import FieldSpec
from engine.plugin.kinds import FieldKind
from engine.plugin.steps import StepType
from engine.work.records import BESIDE, AnswerView, FieldView, FormView, WorkItemView
from engine.work.views.items import item_view, may_answer
from engine.work.views.worklist import item_row

APPROVAL_OUTCOMES: Mapping[str, str] = {"approved": "Approve this", "returned": "Send it back"}
"""What can be said of an answer that waits for a second person."""
TYPED_BY_ANOTHER = "Someone else has entered answers here that you may not read. What you save replaces them."
_NOTHING: tuple[object, ...] = (None, "", [])


@dataclass(frozen=True)
class FormRows:
    """What the database holds of a form, answers still sealed."""

    row: Row
    item: WorkItemView
    deadline: DeadlineView | None
    documents: Sequence[Row]
    draft: Row | None
    submitted: Row | None
    warnings: tuple[str, ...] = ()
    is_own_draft: bool = False
    access: CaseAccess | None = None
    colleagues: Mapping[str, str] = field(default_factory=dict)
    opens: frozenset[UUID] = frozenset()
    """The papers whose own page opens for the viewer."""


def item_form(reading: Reading, viewer: Viewer, item_id: UUID) -> FormView:
    """Open a work item to be answered.

    Raises `NotFoundError`, `AlreadyEndedError`, or `NotACandidateError` for one that is not the viewer's to do.
    """
    return _form_view(reading, _form_rows(reading, viewer, item_id), reading.vault)


def _form_rows(reading: Reading, viewer: Viewer, item_id: UUID) -> FormRows:
    """Fetch a form for who has claimed the item, or may.

    Raises `NotFoundError`, `AlreadyEndedError` for an item that is over, `NotACandidateError` for somebody who has no
    business with it. What another has typed who has the item is not fetched.
    """
    row = item_row(reading, viewer, item_id)
    _check(row, viewer)
    case_id, step_id = row["case_id"], row["step_id"]
    is_own = true() if row["assignee_id"] in {None, viewer.actor_id} else false()
    found = reading.soon(positions, reading, {case_id})
    timed = reading.soon(reading.rows, select_deadlines().where(DEADLINE.c.step_id == step_id))
    written = reading.soon(reading.rows, select_documents().where(DOCUMENT.c.step_id == step_id))
    typed = reading.soon(reading.first, select(DRAFT).where(DRAFT.c.item_id == item_id, is_own))
    submitted = reading.soon(reading.first, _submitted(row).where(is_own, true() if row["approval"] else false()))
    law = reading.soon(LawHere(reading, reading.known.library()).read, [case_id])
    warnings = reading.soon(guardian_notes, reading, case_id)
    near = reading.soon(colleagues, reading, viewer, row["unit_id"]) if _asks_colleague(reading, row) else None
    numbers, papers, draft = found(), written(), typed()
    access = None if viewer.is_system else _access(row, viewer)
    return FormRows(
        row=row,
        item=item_view(reading, row, viewer, numbers),
        warnings=warnings(),
        deadline=of_steps(deadline_views(reading, timed(), numbers, law=law())).get(step_id),
        documents=papers,
        draft=draft,
        is_own_draft=draft is not None and draft["saved_by"] == viewer.actor_id,
        access=access,
        opens=that_open(reading.known, viewer, access, papers, {step_id: row}),
        submitted=submitted(),
        colleagues=near() if near else {},
    )


def _asks_colleague(reading: Reading, row: Row) -> bool:
    step_type = reading.known.step_type(row["uses"])
    return step_type is not None and any(spec.kind is FieldKind.COLLEAGUE for spec in step_type.fields)


def _form_view(reading: Reading, rows: FormRows, vault: Vault) -> FormView:
    """Make the view of a form."""
    row = rows.row
    step = None if row["added"] else reading.known.step(row["definition_hash"], row["step_key"])
    step_type = reading.known.step_type(row["uses"])
    fields = reading.known.fields(row["uses"], step)
    typed, proposed, notes = _so_far(rows, fields, vault)
    is_approval = rows.item.is_approval
    return FormView(
        item=rows.item,
        purpose=_purpose(step_type, row["uses"]),
        help=step.spec.help if step else typed_title(vault, row["step_id"], row["encrypted_title"]),
        fields=() if is_approval else tuple(_field(spec, typed, proposed, rows.colleagues) for spec in fields),
        outcomes=APPROVAL_OUTCOMES if is_approval else _outcomes(step_type, step),
        event_time_field=None if is_approval or step_type is None else step_type.event_time_field,
        notes=(*rows.warnings, *_noted(rows, vault), *notes),
        documents=document_views(rows.documents, opens=rows.opens),
        deadline=rows.deadline,
        submitted=_submitted_answers(rows, fields, vault),
        beside={name.removeprefix(BESIDE): str(words) for name, words in typed.items() if name.startswith(BESIDE)},
    )


def _noted(rows: FormRows, vault: Vault) -> tuple[str, ...]:
    draft = rows.draft
    return opened_notes(vault, draft["item_id"], draft["encrypted_notes"]) if draft else ()


def _check(row: Row, viewer: Viewer) -> None:
    if row["status"] not in {"ready", "reserved"}:
        raise AlreadyEndedError(kind="work item")
    if not may_answer(viewer, row):
        raise NotACandidateError(actor=viewer.name, candidate_role=role_words(row["candidate_roles"]))


def _submitted(row: Row) -> Select[tuple[object, ...]]:
    return (
        select(ANSWER, STEP.c.encrypted_outputs)
        .select_from(ANSWER.join(STEP, STEP.c.id == ANSWER.c.step_id))
        .where(ANSWER.c.step_id == row["step_id"], ANSWER.c.turn == STEP.c.turn)
    )


def _access(row: Row, viewer: Viewer) -> CaseAccess:
    """Say how somebody who may do an item sees its case: by their roles in its unit."""
    return CaseAccess(
        case_id=row["case_id"], unit_id=row["unit_id"], via=Via.OWN, roles=roles_in(viewer, row["unit_id"]), fields=None
    )


def _so_far(rows: FormRows, fields: tuple[FieldSpec, ...], vault: Vault) -> tuple[Answers, Answers, tuple[str, ...]]:
    """Give what was typed and what is proposed, and say so where somebody else typed what this viewer may not read."""
    if rows.draft is None:
        return {}, {}, ()
    closed = {
        spec.name for spec in fields
        if spec.restricted_category
        and rows.access
        and not covers(rows.access, f"class:{spec.restricted_category.value}")
    }  # fmt: skip
    proposed = _without(opened_draft(vault, rows.draft, "encrypted_proposals"), closed)
    typed = opened_draft(vault, rows.draft, "encrypted_answers")
    if rows.is_own_draft or closed.isdisjoint(name for name, value in typed.items() if value not in _NOTHING):
        return typed, proposed, ()
    beside = {name for name in typed if name.startswith(BESIDE)}
    return _without(typed, closed | beside), proposed, (TYPED_BY_ANOTHER,)


def _without(answers: Answers, closed: set[str]) -> Answers:
    return {name: value for name, value in answers.items() if name not in closed}


def _submitted_answers(rows: FormRows, fields: tuple[FieldSpec, ...], vault: Vault) -> tuple[AnswerView, ...]:
    """Show all answers to who must approve them: nobody can approve what they cannot read."""
    if rows.submitted is None:
        return ()
    step = rows.submitted
    answers = {**opened_outputs(vault, step["step_id"], step["encrypted_outputs"]), **opened_answers(vault, step)}
    return answer_views(fields, answers, rows.row["zone"], unmasked=True)


def _field(spec: FieldSpec, typed: Answers, proposed: Answers, colleagues: Mapping[str, str]) -> FieldView:
    return FieldView(
        name=spec.name,
        kind=spec.kind.value,
        label=spec.label,
        help=spec.help,
        required=spec.required,
        first_bite=spec.first_bite,
        sensitivity=spec.sensitivity.value,
        choices=colleagues if spec.kind is FieldKind.COLLEAGUE else spec.choices,
        shown_when=spec.shown_when,
        value=typed.get(spec.name, proposed.get(spec.name)),
        proposed=spec.name not in typed and spec.name in proposed,
        comes_first=spec.comes_first,
        is_asked_first=bool(spec.copies_after),
        takes_not_known=spec.takes_not_known,
    )


def _purpose(step_type: StepType | None, uses: str) -> str:
    """Say what the step is for."""
    if step_type is None:
        return (
            f"No installed pillar has the step type {uses}, so this cannot be answered now. Tell whoever keeps the"
            " system running: once the pillar is installed again, it goes on here. If it cannot wait, say below why it"
            " cannot be done."
        )
    return step_type.purpose


def _outcomes(step_type: StepType | None, step: CompiledStep | None) -> Mapping[str, str]:
    offered = [outcome.value for outcome in step_type.outcomes] if step_type else []
    offered = offered or list(step.info.outcomes if step and step.info else Outcome)  # its pillar may not be here
    found = {outcome: OUTCOMES.get(outcome, in_plain_words(outcome)) for outcome in offered}
    for outcome, reasons in (step_type.reasons if step_type else {}).items():
        found |= {f"{outcome.value}:{code}": f"{found[outcome.value]}: {words}" for code, words in reasons.items()}
    return dict(sorted(found.items(), key=lambda one: offered.index(one[0].partition(":")[0])))
