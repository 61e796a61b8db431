"""Answers that are kept apart, shown masked or as a recorded act, and what follows from them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from pydantic import JsonValue

from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.cases.actions.deciding import (
    carry_out,
    classes_of_step,
    reading_of,
    require_access,
    require_pace,
)
from engine.cases.store import CaseStore
from engine.cases.views.sight import revealed_answers, revealed_places
from engine.core import commands as cm
from engine.core.access import CaseAccess, may_tell, names_shown, shows_person, shows_step
from engine.core.consequences import WorkItem
from engine.core.policy import Action, Viewer
from engine.core.records import CaseStatus, RunStatus, Step, StepStatus
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.deadlines.records import StretchView
from engine.documents.actions.attachments import require_adding
from engine.documents.store import FileStore
from engine.errors import DamagedError, InvalidAnswersError, KeyMissingError, NotFoundError
from engine.language.catalogue import THIS_STEP
from engine.language.names import RestrictedCategory
from engine.people.actions.by_step import NOT_A_COLLEAGUE, colleague
from engine.persons.records import CasePersonView
from engine.persons.views.person import revealed_person
from engine.plugin.copies import is_new, problems_of_copies, stopping
from engine.plugin.fields import FieldSpec
from engine.plugin.kinds import FieldKind
from engine.plugin.registry import UnknownStepTypeError
from engine.plugin.steps import StepType
from engine.retention.store import RetentionStore
from engine.sign_in.actions.account import require_step_up
from engine.work.records import AnswerView
from engine.work.store import ItemStore


def told_apart(engine: Engine, uses: str) -> frozenset[str]:
    """Name the questions of a step type whose answers are of the sealed class of shelter addresses."""
    try:
        fields = engine.registry.get(uses).fields
    except UnknownStepTypeError:
        return frozenset()
    return frozenset(spec.name for spec in fields if spec.restricted_category is RestrictedCategory.SHELTER_ADDRESS)


_UNREADABLE = "This file can no longer be read: it was erased or is damaged. Choose another one."
_NOT_THE_SAME = "This is not the hash of the file that you chose. Leave this empty: the system fills it in."


def with_hashes(
    tx: Transaction, state: CaseState, step_type: StepType, answers: Mapping[str, JsonValue]
) -> Mapping[str, JsonValue]:
    """Return the answers with the hash of each file of the case that they name, where the form has a question for it.

    A text that names no file of the case, such as the number of a paper, is left as it is. Raises `InvalidAnswersError`
    for a hash that is not that of the file, and for a file that can be read no more.
    """
    found: dict[str, JsonValue] = {}
    known = None
    for spec in step_type.fields:
        file_id = id_of_file(answers.get(spec.hash_of)) if spec.hash_of else None
        if file_id is None:
            continue
        if known is None:
            known = {file.id for file in tx.of(FileStore).of_case(state.case.id) if not file.is_deferred}
        if file_id not in known:
            raise InvalidAnswersError({spec.hash_of: "Choose one of the files of this case."})
        made, said = _hash_of(tx, file_id, asked=spec.hash_of), answers.get(spec.name)
        if said and str(said).lower() != made:
            raise InvalidAnswersError({spec.name: _NOT_THE_SAME})
        found[spec.name] = made
    return {**answers, **found}


def _hash_of(tx: Transaction, file_id: UUID, *, asked: str) -> str:
    try:
        return str(tx.of(FileStore).details(file_id)["sha256"])
    except (DamagedError, KeyMissingError):
        raise InvalidAnswersError({asked: _UNREADABLE}) from None


def id_of_file(answer: JsonValue) -> UUID | None:
    """Return the id of the file of a case that an answer names; None for another text."""
    try:
        return UUID(answer) if isinstance(answer, str) else None
    except ValueError:
        return None


def require_colleagues(
    tx: Transaction, state: CaseState, step_type: StepType, answers: Mapping[str, JsonValue], *, by: UUID
) -> None:
    """Refuse an answer that names as a colleague who is none of whoever answers; raises `InvalidAnswersError`."""
    asked = [spec.name for spec in step_type.fields if spec.kind is FieldKind.COLLEAGUE and answers.get(spec.name)]
    unit_id = state.case.unit_id
    wrong = [name for name in asked if colleague(tx, str(answers[name]), unit_id=unit_id, of=by) is None]
    if wrong:
        raise InvalidAnswersError(dict.fromkeys(wrong, NOT_A_COLLEAGUE))


_HELD_BACK = "This file is locked now: no one can open it any more, and the police say what happens with it. "


def mind_copies(
    engine: Engine,
    tx: Transaction,
    state: CaseState,
    item: WorkItem,
    answers: Mapping[str, JsonValue],
    *,
    by: UUID | None,
    now: datetime,
) -> CaseState:
    """See to what follows at once from an answer after which no copy is kept; returns the case after it.

    The steps that it brings are opened, and each file of the case that the answers or the draft before them name is
    held back. Where the answers still have a copy, all this is kept, and they are refused with `InvalidAnswersError`.
    """
    step, step_type = state.steps.get(item.step_id), engine.registry.step_types.get(item.uses)
    fields = step_type.fields if step_type else ()
    if step is None or not stopping(fields, answers):
        return state
    before = tx.of(ItemStore).draft(item.id)
    if is_new(fields, answers, before.proposals):
        told = {spec.name: str(answers[spec.name]) for spec in stopping(fields, answers)}
        state = bring_follow_ups(engine, tx, state, cm.BringFollowUps(step.id, told, at_once=True), now=now)
    named = _files_named(fields, before.answers) | _files_named(fields, answers)
    held: set[UUID] = set()
    for file_id in sorted(named):
        if tx.of(FileStore).defer(file_id, case_id=state.case.id):
            state = tx.of(CaseStore).note(state, "FileHeldBack", {"file_id": str(file_id)}, actor_id=by, at=now)
            held.add(file_id)
    problems = problems_of_copies(fields, answers)
    if problems:
        tx.commit()
        raise InvalidAnswersError({name: _told(problem, answers.get(name), held) for name, problem in problems.items()})
    return state


def notify_of_child(engine: Engine, case_id: UUID, *, viewer: Viewer) -> None:
    """Open the steps that tell of a child who might be shown, where a file was about to be added to a case.

    Doing it again opens nothing twice while they are to be done. Raise `NotFoundError` and `NotAllowedError` as adding
    the file does.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        require_adding(tx, viewer, case_id, now=now)
        state = tx.of(CaseStore).lock(case_id)
        of_case = [one for one in state.steps.values() if not one.base_path]
        step = max(of_case, key=lambda one: state.runs[one.run_id].status is RunStatus.OPEN, default=None)
        if step is not None:
            mark = f"file_{sum(one.added is not None for one in state.steps.values())}"
            told = {"child_shown": "yes", THIS_STEP: mark}
            bring_follow_ups(engine, tx, state, cm.BringFollowUps(step.id, told, at_once=True), now=now)
            tx.commit()


def _files_named(fields: tuple[FieldSpec, ...], answers: Mapping[str, JsonValue]) -> set[UUID]:
    ids = (id_of_file(answers.get(spec.name)) for spec in fields if spec.kind is FieldKind.FILE)
    return {file_id for file_id in ids if file_id is not None}


def _told(problem: str, answer: JsonValue, held: set[UUID]) -> str:
    return f"{_HELD_BACK}{problem}" if id_of_file(answer) in held else problem


_ANSWERED = frozenset({StepStatus.ENDED, StepStatus.APPROVAL})


def reveal_answers(engine: Engine, step_id: UUID, *, case_id: UUID, viewer: Viewer) -> tuple[AnswerView, ...]:
    """Return all answers of a step, unmasked; that it was done is written first, and without that nothing is shown.

    Raises `NotFoundError`, `NotAllowedError`, `TooOftenError`, `AuditUnavailableError`.
    """
    _record_step(engine, step_id, case_id=case_id, viewer=viewer, event="AnswersRevealed", what="answers")
    return engine.ask(revealed_answers, viewer, step_id)


def reveal_places(engine: Engine, step_id: UUID, *, case_id: UUID, viewer: Viewer) -> tuple[StretchView, ...]:
    """Return where the recorded times of a step led; that it was done is written first, as for its answers.

    It tells where somebody is or was. Raises what `reveal_answers` raises, and `StepUpNeededError` for a viewer who has
    not just proved a second factor.
    """
    require_step_up(engine, viewer, factor=True)
    _record_step(engine, step_id, case_id=case_id, viewer=viewer, event="PlacesRevealed", what="places")
    return engine.ask(revealed_places, viewer, step_id)


def reveal_person(engine: Engine, person_id: UUID, *, case_id: UUID, viewer: Viewer) -> CasePersonView:
    """Return who a person is, unmasked; that it was done is written first, and without that nothing is shown.

    Raises what `reveal_answers` raises.
    """
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        access = _require(engine, tx, viewer, case_id)
        require_pace(engine, tx, viewer, "person")
        is_in_case = any(person.person_id == person_id for person in state.persons)
        if not is_in_case or (access and not shows_person(access, person_id)):
            raise NotFoundError(kind="person")
        _record(engine, tx, state, "PersonRevealed", {"person_id": str(person_id)}, viewer)
        read = reading_of(viewer, case_id, "person", ("identifying",), at=engine.clock.now(), subject_id=person_id)
        tx.of(AuditLogStore).note_reading(read)
        tx.commit()
    return engine.ask(revealed_person, viewer, person_id)


def _require(engine: Engine, tx: Transaction, viewer: Viewer, case_id: UUID) -> CaseAccess | None:
    """Refuse who does not see the case, or may reveal nothing of it: through its unit, a grant or a broken emergency.

    Gives how it is seen; None for this machine, which sees it whole.
    """
    if viewer.is_system:
        return None
    return require_access(tx, viewer, case_id, Action.REVEAL, now=engine.clock.now())


def _record_step(engine: Engine, step_id: UUID, *, case_id: UUID, viewer: Viewer, event: str, what: str) -> None:
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        access = _require(engine, tx, viewer, case_id)
        require_pace(engine, tx, viewer, what)
        step = state.steps.get(step_id)
        if step is None or (access and not _is_there(engine, tx, access, step)):
            raise NotFoundError(kind="part of this case")
        _record(engine, tx, state, event, {"step_id": str(step_id)}, viewer)
        classes = ("place",) if what == "places" else classes_of_step(engine, step.uses)
        read = reading_of(viewer, case_id, what, classes, at=engine.clock.now(), subject_id=step_id)
        tx.of(AuditLogStore).note_reading(read)
        tx.commit()


def _is_there(engine: Engine, tx: Transaction, access: CaseAccess, step: Step) -> bool:
    """Return whether it is shown that a step is there: its time is, or one of the answers that it has."""
    if shows_step(access, step.id, step.path):
        return True
    if step.status not in _ANSWERED or not may_tell(access, step.id, step.uses, step.path):
        return False
    step_type = engine.registry.step_types.get(step.uses)
    classes = {spec.name: spec.restricted_category or "" for spec in (step_type.fields if step_type else ())}
    answers = {**step.outputs, **tx.of(ItemStore).answers(step.id)}
    return bool(names_shown(access, step.uses, step.path, answers, classes))


def _record(
    engine: Engine, tx: Transaction, state: CaseState, event: str, body: dict[str, str], viewer: Viewer
) -> None:
    tx.of(CaseStore).note(state, event, body, actor_id=viewer.actor_id, at=engine.clock.now())


def bring_follow_ups(
    engine: Engine, tx: Transaction, state: CaseState, command: cm.BringFollowUps, *, now: datetime
) -> CaseState:
    """Bring what follows from the answer of a step; return the case after it.

    A case that has closed meanwhile is opened again for what cannot wait, unless it is sealed.
    """
    is_closed = state.case.status is CaseStatus.CLOSED
    if is_closed and tx.of(RetentionStore).restriction_of(state.case.id) is not None:
        command = replace(command, shut=True)
    decided = carry_out(engine, tx, state, command, actor_id=None, now=now)
    if is_closed and decided.state.case.status is CaseStatus.OPEN:
        tx.of(RetentionStore).drop_proposals(state.case.id, by=None, at=now)
    return decided.state
