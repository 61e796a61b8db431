"""Where answers are kept apart, the hash of a file in an answer, and what no copy is kept of."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from uuid import UUID

from engine.assembly import Engine
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core.consequences import WorkItem
from engine.core.library import Library
from engine.core.policy import Viewer
from engine.core.records import LIVE, RunStatus
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.documents.actions.attachments import require_adding
from engine.documents.store import FileStore
from engine.errors import DamagedError, InvalidAnswersError, KeyMissingError, UnknownStepTypeError
from engine.language.names import RestrictedCategory
from engine.plugin.copies import OPENED_AT_ONCE, problems_of_copies, steps_opened, stopping
from engine.plugin.fields import FieldKind, FieldSpec
from engine.plugin.following import OpensAtOnce
from engine.plugin.steps import StepType
from engine.ports import JsonValue
from engine.work.actions.follow_ups import bring_follow_ups
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
    brought = steps_opened(fields, answers, before.proposals)
    also = tuple(_to_open(engine, state, brought, step.id.hex, tx.library(), now))
    state = bring_follow_ups(engine, tx, state, cm.BringFollowUps(step.id, also=also), now=now)
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
            also = tuple(_to_open(engine, state, OPENED_AT_ONCE, mark, tx.library(), now))
            bring_follow_ups(engine, tx, state, cm.BringFollowUps(step.id, also=also), now=now)
            tx.commit()


def _to_open(
    engine: Engine, state: CaseState, brought: Iterable[OpensAtOnce], mark: str, library: Library, now: datetime
) -> Iterator[cm.Following]:
    """Return what is to open at once, but for what the same mark has brought before and what is still to be done."""
    added = [(one.added.watches, one.status) for one in state.steps.values() if one.added is not None]
    for opened in brought:
        name = f"{opened.name}_{mark}"
        is_open = any(of.startswith(f"{opened.name}_") and status in LIVE for of, status in added)
        step_type = engine.registry.step_types.get(opened.uses)
        if step_type is not None and not is_open and all(of != name for of, _ in added):
            country, of_country = state.case.jurisdiction.partition("-")[0], opened.law.partition("-")[0]
            law = opened.law if country == of_country and library.versions(opened.law) else ""
            yield cm.Following(
                name, opened.uses, opened.title, due_at=None if law else now + opened.within, law=law, from_at=now,
                ladder=opened.ladder, settings=opened.settings, roles=step_type.roles,
            )  # fmt: skip


def _files_named(fields: tuple[FieldSpec, ...], answers: Mapping[str, JsonValue]) -> set[UUID]:
    ids = (id_of_file(answers.get(spec.name)) for spec in fields if spec.kind is FieldKind.FILE)
    return {file_id for file_id in ids if file_id is not None}


def _told(problem: str, answer: JsonValue, held: set[UUID]) -> str:
    return f"{_HELD_BACK}{problem}" if id_of_file(answer) in held else problem
