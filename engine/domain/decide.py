"""What follows from a command: the pure core that the live system, the simulator and the replayer share."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from engine.domain import commands as cm
from engine.domain import events as ev
from engine.domain.compiled import CompiledStep, CompiledWorkflow
from engine.domain.deadlines import breached
from engine.domain.draft import Draft
from engine.domain.library import Library
from engine.domain.opening import open_step
from engine.domain.records import (
    LIVE,
    CasePerson,
    CaseStatus,
    Deadline,
    Interval,
    Run,
    RunStatus,
    Step,
    StepStatus,
    step_id,
)
from engine.domain.settle import settle
from engine.domain.state import CaseState
from engine.domain.timers import BREACH, OPENING, schedule, with_next
from engine.domain.values import truth_of
from engine.errors import AlreadyEndedError, NotFoundError, UnknownOutcomeError
from engine.spec.conditions.evaluate import Truth


def decide(
    definitions: Mapping[str, CompiledWorkflow], library: Library, state: CaseState, command: cm.Command, now: datetime
) -> tuple[ev.Event, ...]:
    """Give the events that follow from a command at `now` (aware, UTC).

    The same arguments always give the same events. Raises `NotFoundError` for what is not in the case,
    `AlreadyEndedError` for what is over, `UnknownOutcomeError` for an outcome that the step type does not have.
    """
    draft = Draft(state, definitions, library, now)
    if state.case.status is CaseStatus.CLOSED and not isinstance(command, cm.ReopenCase | cm.FireDeadline):
        raise AlreadyEndedError(kind="case")
    _apply(draft, command)
    settle(draft)
    return tuple(draft.events)


def _apply(draft: Draft, command: cm.Command) -> None:  # noqa: C901, PLR0912 - one line for each command
    match command:
        case cm.StartRun():
            _start_run(draft, command)
        case cm.CompleteStep():
            _complete(draft, command)
        case cm.ApproveStep():
            _approve(draft, command)
        case cm.AddStep():
            _add(draft, command)
        case cm.CancelStep():
            _cancel(draft, _live_step(draft, command.step_id), command.reason_code)
        case cm.RecordFact():
            if draft.state.facts.get(command.name) != command.value:
                draft.emit(ev.FactRecorded(name=command.name, value=command.value, source=command.source))
        case cm.RecordInterval():
            _record_interval(draft, command.interval)
        case cm.AddPerson():
            _add_person(draft, command)
        case cm.RemovePerson():
            _remove_person(draft, command)
        case cm.FireDeadline():
            _fire(draft, command)
        case cm.Acknowledge():
            _acknowledge(draft, command)
        case cm.AbortRun():
            _abort(draft, command)
        case cm.ReopenCase():
            draft.emit(ev.CaseReopened(at=draft.now, reason_code=command.reason_code))


def _start_run(draft: Draft, command: cm.StartRun) -> None:
    if command.run_id in draft.state.runs:
        return
    compiled = draft.definitions[command.definition_hash]
    calendar = draft.library.calendar(command.jurisdiction)
    run = Run(
        id=command.run_id,
        workflow=compiled.workflow.workflow,
        version=compiled.workflow.version,
        definition_hash=command.definition_hash,
        started_at=command.started_at,
        zone=calendar.zone,
        calendar=calendar.name,
        jurisdiction=command.jurisdiction,
    )
    draft.emit(ev.RunStarted(run=run))


def _complete(draft: Draft, command: cm.CompleteStep) -> None:
    step = _open_step(draft, command.step_id)
    compiled = _compiled(draft, step)
    if compiled and compiled.info and command.outcome not in compiled.info.outcomes:
        raise UnknownOutcomeError(step_type=step.uses, outcome=command.outcome)
    for interval in command.intervals:
        _record_interval(draft, interval)
    for name, value in command.facts.items():
        draft.emit(ev.FactRecorded(name=name, value=value, source=step.key))
    answered = step.model_copy(
        update={
            "outcome": command.outcome, "outputs": dict(command.outputs), "ended_at": command.happened_at,
            "recorded_at": draft.now, "completed_by": command.by, "revision": step.revision + 1,
        },
    )  # fmt: skip
    if compiled and compiled.spec.approve and command.outcome == "done":
        draft.emit(ev.StepSubmitted(step=answered.model_copy(update={"status": StepStatus.APPROVAL})))
        return
    _end(draft, answered, compiled, command)


def _end(draft: Draft, answered: Step, compiled: CompiledStep | None, command: cm.CompleteStep | None) -> None:
    ended = answered.model_copy(update={"status": StepStatus.ENDED})
    ended = ended.model_copy(update={"series_over": _series_is_over(draft, ended, compiled)})
    draft.emit(
        ev.StepEnded(
            step=ended,
            answers_hash=command.answers_hash if command else "",
            reason_code=command.reason_code if command else "",
        ),
    )
    if compiled is None:
        return
    lookup = draft.view(ended.run_id).lookup(ended.base_path)
    for fact, condition in compiled.sets.items():
        truth = truth_of(condition, lookup)
        if truth is not Truth.UNKNOWN and draft.state.facts.get(fact) != (truth is Truth.TRUE):
            draft.emit(ev.FactRecorded(name=fact, value=truth is Truth.TRUE, source=ended.key))


def _series_is_over(draft: Draft, ended: Step, compiled: CompiledStep | None) -> bool:
    if compiled is None or compiled.spec.repeat is None:
        return True
    if ended.round >= compiled.spec.repeat.times:
        return True
    if compiled.until is None:
        return False
    after = Draft(draft.state, draft.definitions, draft.library, draft.now)
    after.emit(ev.StepEnded(step=ended))
    return truth_of(compiled.until, after.view(ended.run_id).lookup(ended.base_path)) is Truth.TRUE


def _approve(draft: Draft, command: cm.ApproveStep) -> None:
    step = draft.state.steps.get(command.step_id)
    if step is None:
        raise NotFoundError(kind="step")
    if step.status is not StepStatus.APPROVAL:
        raise AlreadyEndedError(kind="approval")
    if command.approved:
        answered = step.model_copy(update={"recorded_at": draft.now, "revision": step.revision + 1})
        _end(draft, answered, _compiled(draft, step), None)
        return
    returned = step.model_copy(
        update={
            "status": StepStatus.READY, "outcome": None, "outputs": {}, "ended_at": None, "recorded_at": None,
            "completed_by": None, "turn": step.turn + 1, "revision": step.revision + 1,
        },
    )  # fmt: skip
    draft.emit(ev.StepReturned(step=returned, by=command.by))


def _add(draft: Draft, command: cm.AddStep) -> None:
    run = draft.state.runs.get(command.run_id)
    if run is None:
        raise NotFoundError(kind="run")
    if run.status is not RunStatus.OPEN:
        raise AlreadyEndedError(kind="run")
    if step_id(run.id, command.key, command.path) in draft.state.steps:
        return
    if command.added is None:
        _call(draft, run, command)
        return
    step = Step(
        id=step_id(run.id, command.key, command.path), run_id=run.id, key=command.key, path=command.path,
        uses=command.added.uses, automatic=command.automatic, status=StepStatus.READY, opened_at=draft.now,
        added=command.added, series_over=True,
    )  # fmt: skip
    draft.emit(ev.StepOpened(step=step))


def _call(draft: Draft, run: Run, command: cm.AddStep) -> None:
    """Open a discretionary step of the definition."""
    step = draft.view(run.id).compiled.steps.get(command.key)
    if step is None or not step.waits_to_be_called:
        raise NotFoundError(kind="discretionary step")
    open_step(draft, run, step, command.path)


def _cancel(draft: Draft, step: Step, reason_code: str) -> None:
    changes = {
        "status": StepStatus.CANCELLED,
        "recorded_at": draft.now,
        "series_over": True,
        "revision": step.revision + 1,
    }
    draft.emit(ev.StepCancelled(step=step.model_copy(update=changes), reason_code=reason_code))


def _record_interval(draft: Draft, interval: Interval) -> None:
    if interval.step_id not in draft.state.steps and not any(
        deadline.step_id == interval.step_id for deadline in draft.state.deadlines.values()
    ):
        raise NotFoundError(kind="step")
    if interval not in draft.state.intervals:
        draft.emit(ev.IntervalRecorded(interval=interval))


def _add_person(draft: Draft, command: cm.AddPerson) -> None:
    known = [p for p in draft.state.persons if p.person_id == command.person_id and p.role is command.role]
    if not any(person.removed_at is None for person in known):
        person = CasePerson(person_id=command.person_id, role=command.role, added_at=draft.now)
        draft.emit(ev.PersonAdded(person=person))


def _remove_person(draft: Draft, command: cm.RemovePerson) -> None:
    draft.emit(ev.PersonRemoved(person_id=command.person_id, role=command.role.value, at=draft.now))
    left = f"person:{command.person_id}"
    for step in list(draft.state.steps.values()):
        if step.status not in LIVE or step.base_path != left:
            continue
        compiled = _compiled(draft, step)
        if compiled is not None and left not in draft.view(step.run_id).elements(compiled):
            _cancel(draft, step, "person_removed")


def _fire(draft: Draft, command: cm.FireDeadline) -> None:
    deadline = draft.state.deadlines.get(command.deadline_id)
    if deadline is None:
        return
    for at, name in schedule(deadline, draft.library):
        if name not in deadline.fired and at <= draft.now:
            deadline = _fire_one(draft, deadline, at, name)


def _fire_one(draft: Draft, deadline: Deadline, at: datetime, name: str) -> Deadline:
    if name == OPENING:
        _open_scheduled(draft, deadline)
        return deadline
    if name == BREACH:
        return breached(draft, deadline)
    fired = with_next(deadline.model_copy(update={"fired": (*deadline.fired, name)}), draft.library)
    if name.startswith("w:"):
        draft.emit(ev.DeadlineWarned(deadline=fired, firing=name, planned_at=at))
    else:
        level, _, again = name.removeprefix("l:").partition(".")
        draft.emit(ev.LevelRaised(deadline=fired, level=int(level), round=int(again or 1), planned_at=at))
    return fired


def _open_scheduled(draft: Draft, deadline: Deadline) -> None:
    step = draft.state.steps.get(deadline.step_id)
    if step is not None and step.status is StepStatus.SCHEDULED:
        changes = {"status": StepStatus.READY, "opened_at": deadline.due_at, "revision": step.revision + 1}
        draft.emit(ev.StepOpened(step=step.model_copy(update=changes)))


def _acknowledge(draft: Draft, command: cm.Acknowledge) -> None:
    deadline = draft.state.deadlines.get(command.deadline_id)
    if deadline is None:
        raise NotFoundError(kind="deadline")
    if deadline.acknowledged_at is None:
        seen = deadline.model_copy(update={"acknowledged_at": draft.now})
        draft.emit(ev.DeadlineAcknowledged(deadline=seen, by=command.by))


def _abort(draft: Draft, command: cm.AbortRun) -> None:
    run = draft.state.runs.get(command.run_id)
    if run is None:
        raise NotFoundError(kind="run")
    if run.status is not RunStatus.OPEN:
        raise AlreadyEndedError(kind="run")
    for step in list(draft.state.steps.values()):
        if step.run_id == run.id and step.status in LIVE:
            _cancel(draft, step, command.reason_code)
    draft.emit(ev.RunEnded(run_id=run.id, aborted=True, at=draft.now))


def _open_step(draft: Draft, of: UUID) -> Step:
    step = draft.state.steps.get(of)
    if step is None:
        raise NotFoundError(kind="step")
    if step.status is not StepStatus.READY:
        raise AlreadyEndedError(kind="step")
    return step


def _live_step(draft: Draft, of: UUID) -> Step:
    step = draft.state.steps.get(of)
    if step is None:
        raise NotFoundError(kind="step")
    if step.status not in LIVE:
        raise AlreadyEndedError(kind="step")
    return step


def _compiled(draft: Draft, step: Step) -> CompiledStep | None:
    if step.added is not None:
        return None
    return draft.view(step.run_id).compiled.steps.get(step.key)
