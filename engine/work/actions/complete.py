"""Complete a work item, approve what another person answered, or send it back."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from pydantic import JsonValue

from engine.assembly import Engine
from engine.cases.actions.deciding import Decided, carry_out, keep_who_did_it, require_member, would_be
from engine.cases.answers import check_answers, event_instant, excluded_intervals, open_outputs, questions_of
from engine.cases.housekeeping import FirstAnswer, HousekeepingStore, mark_of, require_same
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core import consequences as verbs
from engine.core.consequences import WorkItem, compiled_step
from engine.core.events import CaseClosed, Event, StepOpened, StepSubmitted
from engine.core.policy import Viewer, roles_in
from engine.core.records import Step
from engine.core.records import item_id as id_of_item
from engine.core.retention import key_of_step
from engine.core.settle import asks_whether_done, is_left_to_itself
from engine.core.state import CaseState
from engine.core.steps import UnknownOutcomeError
from engine.core.time.reckoning import is_late_entry
from engine.core.values import RunSteps
from engine.db.transaction import Transaction
from engine.errors import ConflictError, InvalidAnswersError, NotFoundError
from engine.language.conditions.values import Lookup, Value
from engine.messages.actions.recipients import notify_of_approval, notify_of_return
from engine.persons.actions.persons import note_for_statement
from engine.plugin.context import Outcome
from engine.plugin.copies import is_refused, kept_of
from engine.plugin.registry import UnknownStepTypeError
from engine.plugin.steps import BECAUSE
from engine.sharing.actions.releasing import notify_of_prepared
from engine.work.actions.answers import mind_copies, require_colleagues, told_apart, with_hashes
from engine.work.store import ItemStore

DONE = "done"
REASON = "_reason"
LATE_REASON = "_late_reason"
_CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Completion:
    """What completing an item led to: the items that are there now because of it."""

    case_id: UUID
    next_item_ids: tuple[UUID, ...]
    case_closed: bool


class _Ending(NamedTuple):
    """How a step ends, for which declared reason (`because`), and what is said of it in words."""

    outcome: str
    because: str
    reason: str
    late_reason: str
    happened_at: datetime | None
    is_typed_in: bool


def complete_work_item(
    engine: Engine,
    item_id: UUID,
    *,
    viewer: Viewer,
    revision: int,
    command_id: UUID,
    outcome: str = DONE,
    answers: Mapping[str, JsonValue],
    happened_at: datetime | None = None,
    reason: str = "",
    late_reason: str = "",
    is_typed_in: bool = False,
) -> Completion:
    """End a step with the answers of a person, who must be its assignee or a candidate of an item nobody has.

    The same `command_id` gets the first answer again. `revision` is the item's when its form was opened. An outcome
    other than done needs a reason: in words, or after a colon one that the step type declares (`not_needed:moved_on`).
    With `is_typed_in`, as for whoever types it in, what happened long before needs `late_reason`, and what is asked
    before a form takes copies must be answered. Raises `ConflictError`, `AlreadyEndedError`, `NotACandidateError`,
    `InvalidAnswersError`, `NotFoundError`; `LawyersNoteError` for the statement of somebody who is victim and suspect.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        state, item, known, _ = tx.of(CaseStore).lock_item(item_id, command_id)
        require_member(viewer, state, kind="work item")
        content = (item_id, outcome, _of_the_form(engine, item, answers), happened_at, reason, late_reason)
        if known is not None:
            require_same(known, mark_of(engine.vault, *content))
            return _completion(FirstAnswer(known))
        tx.writes.hold()
        step = _step_to_answer(state, item, viewer, revision)
        ending = _Ending(*_why(engine, step, outcome, reason), late_reason, happened_at, is_typed_in)
        decided = _end(engine, tx, state, item, step, ending, answers, viewer=viewer, now=now)
        tx.of(ItemStore).drop_draft(item_id)
        answer = _answer(state, decided.events)
        mark = mark_of(engine.vault, *content)
        tx.of(HousekeepingStore).remember(command_id, answer, case_id=state.case.id, at=now, mark=mark)
        tx.commit()
        return _completion(answer)


def _end(
    engine: Engine,
    tx: Transaction,
    state: CaseState,
    item: WorkItem,
    step: Step,
    ending: _Ending,
    answers: Mapping[str, JsonValue],
    *,
    viewer: Viewer,
    now: datetime,
) -> Decided:
    """End a step as was said, keep its answers, and notify whom that concerns."""
    is_done = ending.outcome == DONE
    if is_done:
        note_for_statement(engine, tx, state, step, by=viewer.actor_id, now=now)
        state = mind_copies(engine, tx, state, item, answers, by=viewer.actor_id, now=now)
        answers = with_hashes(tx, state, engine.registry.get(step.uses), answers)
    command = _command(engine, state, step, ending, answers, now, viewer)
    if is_done:
        require_colleagues(tx, state, engine.registry.get(step.uses), answers, by=viewer.actor_id)
    if ending.because:
        command = replace(command, outputs={BECAUSE: ending.because}, reason_code=ending.because)
    if asks_whether_done(step) and not (is_done and answers.get("decision") == "yes"):
        _require_other_work(engine, tx, state, command, now=now)
    if ending.is_typed_in and is_late_entry(command.happened_at, now) and not ending.late_reason.strip():
        raise InvalidAnswersError({"late_reason": "Say why this is being entered only now. Do not write names."})
    command = replace(command, answers_hash=_keep(engine, tx, state, step, ending, answers, now=now))
    decided = carry_out(engine, tx, state, command, actor_id=viewer.actor_id, now=now)
    keep_who_did_it(tx, item, viewer)
    _notify(engine, tx, decided, step, by=viewer.actor_id, now=now)
    return decided


def _keep(
    engine: Engine,
    tx: Transaction,
    state: CaseState,
    step: Step,
    ending: _Ending,
    answers: Mapping[str, JsonValue],
    *,
    now: datetime,
) -> str:
    """Keep the answers that may be kept, and the words beside them, encrypted; return the hash of what is stored."""
    words = {REASON: ending.reason, LATE_REASON: ending.late_reason}
    kept = dict(_honoured(engine, tx, state, step, answers)) | {name: text for name, text in words.items() if text}
    encrypted = tx.of(ItemStore).keep_answers(
        kept, case_id=state.case.id, unit_id=state.case.unit_id, step_id=step.id, turn=step.turn, at=now,
        key_of=key_of_step(step), apart=told_apart(engine, step.uses),
    )  # fmt: skip
    return hashlib.sha256(encrypted).hexdigest()


def _notify(engine: Engine, tx: Transaction, decided: Decided, step: Step, *, by: UUID, now: datetime) -> None:
    """Notify who approves the step that was answered, and whom what is prepared waits for."""
    asks = any(isinstance(event, StepSubmitted) for event in decided.events)
    approval = tx.of(ItemStore).open_of_step(step.id) if asks else None
    if approval is not None and approval.approval:
        notify_of_approval(engine, tx, decided.state, approval, by=by, now=now)
    notify_of_prepared(engine, tx, decided.state, step.id, now=now)


def _why(engine: Engine, step: Step, outcome: str, reason: str) -> tuple[str, str, str]:
    """Return how a step ends, the declared reason that was chosen, empty for none, and the reason in words."""
    ending, _, because = outcome.partition(":")
    if not because:
        return ending, "", reason
    step_type = engine.registry.step_types.get(step.uses)
    offered = next((codes for name, codes in (step_type.reasons if step_type else {}).items() if name == ending), {})
    if because not in offered:
        raise InvalidAnswersError({"outcome": "Choose one of the reasons that are offered."})
    return ending, because, ". ".join(words for words in (offered[because], reason.strip()) if words)


def _of_the_form(engine: Engine, item: WorkItem, answers: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    """Return the answers to the questions of the step type, which pages read alike once the item is over too."""
    step_type = engine.registry.step_types.get(item.uses)
    names = {spec.name for spec in step_type.fields} if step_type else set()
    return {name: value for name, value in answers.items() if name in names and value not in (None, "", [])}


def _honoured(
    engine: Engine, tx: Transaction, state: CaseState, step: Step, answers: Mapping[str, JsonValue]
) -> Mapping[str, JsonValue]:
    """Return the answers that may be kept; after a no, what the report had kept before goes too."""
    step_type = engine.registry.step_types.get(step.uses)
    if step_type is None:
        return {}  # nobody knows which of its answers name somebody
    kept = kept_of(step_type, answers)
    if is_refused(step_type, answers):
        tx.of(HousekeepingStore).cut_report(state.case.id, frozenset(kept))
    return kept


def _require_other_work(
    engine: Engine, tx: Transaction, state: CaseState, command: cm.CompleteStep, *, now: datetime
) -> None:
    """Refuse a no to whether a case is done while it would close with that answer."""
    if is_left_to_itself(would_be(engine, tx, state, command, now=now)):
        problem = (
            "Nothing else is open, so the case would close. First add what is still to be done, on the page of"
            " the case."
        )
        raise InvalidAnswersError({"decision": problem})


def _step_to_answer(state: CaseState, item: WorkItem, viewer: Viewer, revision: int) -> Step:
    _require_right(item, viewer, state.case.unit_id, revision)
    step = state.steps.get(item.step_id)
    if step is None or item.approval:
        raise NotFoundError(kind="work item to answer")
    return step


def _require_right(item: WorkItem, viewer: Viewer, unit_id: UUID, revision: int) -> None:
    verbs.require_open(item)
    if item.assignee_id is not None and item.assignee_id != viewer.actor_id:
        raise ConflictError(kind="work item")
    verbs.require_candidate(item, actor_id=viewer.actor_id, roles=roles_in(viewer, unit_id), name=viewer.name)
    if item.revision != revision:
        raise ConflictError(kind="work item")


def _command(
    engine: Engine,
    state: CaseState,
    step: Step,
    ending: _Ending,
    answers: Mapping[str, JsonValue],
    now: datetime,
    viewer: Viewer,
) -> cm.CompleteStep:
    outcome = ending.outcome
    step_type, compiled = engine.registry.step_types.get(step.uses), compiled_step(step, state, engine.definitions)
    questions = questions_of(compiled)
    of_before = compiled.info.outcomes if compiled and compiled.info else tuple(Outcome)  # its pillar is not here
    if outcome not in (step_type.outcomes if step_type else of_before):
        raise UnknownOutcomeError(step_type=step.uses, outcome=outcome)
    if outcome == DONE:
        if step_type is None:
            raise UnknownStepTypeError(step_type=step.uses)
        known = _known(engine, state, step)
        check_answers(step_type, answers, questions=questions, elsewhere=known, is_first_needed=ending.is_typed_in)
    elif not ending.reason.strip():
        raise InvalidAnswersError({"reason": "Say why, in a few words."})
    when = event_instant(step_type, answers if outcome == DONE else {}, ending.happened_at, now)
    if when > now + _CLOCKS_DIFFER:
        raise InvalidAnswersError(
            {(step_type and step_type.event_time_field) or "happened_at": "This is in the future."}
        )
    return cm.CompleteStep(
        step_id=step.id,
        outcome=outcome,
        happened_at=min(when, now),
        outputs=open_outputs(step_type, answers, questions=questions) if outcome == DONE else {},
        intervals=excluded_intervals(step_type, answers, step.id) if outcome == DONE else (),
        by=viewer.actor_id,
        reason_code=outcome if outcome != DONE else "",
    )


def _known(engine: Engine, state: CaseState, step: Step) -> Lookup:
    """Return what the conditions of questions may name beside their own form; it is gathered when one of them asks."""
    known: list[Lookup] = []

    def find(name: tuple[str, ...]) -> Value:
        if not known:
            definition = engine.definitions[state.runs[step.run_id].definition_hash]
            compiled = compiled_step(step, state, engine.definitions)
            over = compiled.spec.for_each if compiled else None
            known.append(RunSteps(definition, state, step.run_id).lookup(step.base_path, over))
        return known[0](name)

    return find


def _answer(state: CaseState, events: tuple[Event, ...]) -> dict[str, JsonValue]:
    opened = [event.step for event in events if isinstance(event, StepOpened) and not event.step.automatic]
    return {
        "case_id": str(state.case.id),
        "next_item_ids": [str(id_of_item(step.id, turn=step.turn, approval=False)) for step in opened],
        "case_closed": any(isinstance(event, CaseClosed) for event in events),
    }


def _completion(answer: Mapping[str, JsonValue]) -> Completion:
    items = answer["next_item_ids"]
    following = tuple(UUID(str(item)) for item in items) if isinstance(items, list) else ()
    return Completion(UUID(str(answer["case_id"])), following, bool(answer["case_closed"]))


def approve_work_item(
    engine: Engine, item_id: UUID, *, viewer: Viewer, revision: int, command_id: UUID, approved: bool
) -> bool:
    """Approve a step, or return it to be answered again; returns whether it was approved.

    Nobody approves their own answer. Raises as `complete_work_item` does.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        state, item, known, _ = tx.of(CaseStore).lock_item(item_id, command_id)
        require_member(viewer, state, kind="work item")
        if known is not None:
            return bool(FirstAnswer(known)["approved"])
        tx.writes.hold()
        if not item.approval:
            raise NotFoundError(kind="approval")
        verbs.require_open(item)
        verbs.require_candidate(
            item, actor_id=viewer.actor_id, roles=roles_in(viewer, state.case.unit_id), name=viewer.name
        )
        if item.revision != revision or item.assignee_id not in {None, viewer.actor_id}:
            raise ConflictError(kind="work item")
        command = cm.ApproveStep(step_id=item.step_id, approved=approved, by=viewer.actor_id)
        decided = carry_out(engine, tx, state, command, actor_id=viewer.actor_id, now=now)
        keep_who_did_it(tx, item, viewer)
        again = None if approved else tx.of(ItemStore).open_of_step(item.step_id)
        if again is not None:
            answered_by = state.steps[item.step_id].completed_by
            notify_of_return(engine, tx, decided.state, again, answered_by, by=viewer.actor_id, now=now)
        tx.of(HousekeepingStore).remember(command_id, {"approved": approved}, case_id=state.case.id, at=now)
        tx.commit()
        return approved
