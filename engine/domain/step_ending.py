"""How a step ends: answered, approved or sent back, called off; and what is recorded with it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from engine.domain import commands as cm
from engine.domain import events as ev
from engine.domain.compiled import CompiledStep
from engine.domain.deadlines import move_deadlines
from engine.domain.delays import note_owner
from engine.domain.draft import Draft
from engine.domain.records import LIVE, Scalar, Step, StepInterval, StepStatus
from engine.domain.state import evolve
from engine.domain.values import RunSteps, truth_of
from engine.errors import AlreadyEndedError, NotFoundError, UnknownOutcomeError
from engine.spec.conditions.evaluate import Truth


def complete(draft: Draft, command: cm.CompleteStep) -> None:
    """End a step that is ready, or pass it on to the second person who must approve it."""
    step = _known_step(draft, command.step_id)
    if step.status is not StepStatus.READY:
        raise AlreadyEndedError(kind="step")
    compiled = compiled_of(draft, step)
    if compiled and compiled.info and command.outcome not in compiled.info.outcomes:
        raise UnknownOutcomeError(step_type=step.uses, outcome=command.outcome)
    for interval in command.intervals:
        record_interval(draft, interval)
    if command.intervals:
        move_deadlines(draft, step.run_id)
    for name, value in command.facts.items():
        record_fact(draft, name, value, source=step.key)
    answered = step.model_copy(
        update={
            "outcome": command.outcome, "outputs": _plain(command.outputs), "ended_at": command.happened_at,
            "recorded_at": draft.now, "completed_by": command.by, "revision": step.revision + 1,
        },
    )  # fmt: skip
    if compiled and compiled.spec.approve and command.outcome == "done":
        draft.emit(ev.StepSubmitted(step=answered.model_copy(update={"status": StepStatus.APPROVAL})))
    else:
        _end(draft, answered, compiled, command.answers_hash, command.reason_code)


def approve(draft: Draft, command: cm.ApproveStep) -> None:
    """End a step that waits for its second person, or give it back to be answered again."""
    step = _known_step(draft, command.step_id)
    if step.status is not StepStatus.APPROVAL:
        raise AlreadyEndedError(kind="approval")
    if command.approved:
        answered = step.model_copy(update={"recorded_at": draft.now, "revision": step.revision + 1})
        _end(draft, answered, compiled_of(draft, step))
        return
    returned = step.model_copy(
        update={
            "status": StepStatus.READY, "opened_at": draft.now, "outcome": None, "outputs": {}, "ended_at": None,
            "recorded_at": None, "completed_by": None, "turn": step.turn + 1, "revision": step.revision + 1,
        },
    )  # fmt: skip
    draft.emit(ev.StepReturned(step=returned, by=command.by))


def cancel(draft: Draft, step: Step, reason_code: str) -> None:
    """Call a step off; a series is over with it."""
    changes = {
        "status": StepStatus.CANCELLED, "recorded_at": draft.now, "series_over": True, "revision": step.revision + 1,
    }  # fmt: skip
    draft.emit(ev.StepCancelled(step=step.model_copy(update=changes), reason_code=reason_code))


def record_fact(draft: Draft, name: str, value: Scalar, *, source: str) -> None:
    """Say that a fact is so; nothing happens when it was so before."""
    known, plain = draft.state.facts.get(name), _plain({name: value})[name]
    if known != plain or type(known) is not type(plain):
        draft.emit(ev.FactRecorded(name=name, value=plain, source=source))


def record_interval(draft: Draft, interval: StepInterval) -> None:
    """Record a stretch of time on a step that has been reached, or whose limit runs already."""
    if interval.step_id not in draft.state.steps and not any(
        deadline.step_id == interval.step_id for deadline in draft.state.deadlines.values()
    ):
        raise NotFoundError(kind="step")
    same = (interval.step_id, interval.name, interval.start)
    if any(known.has_place for known in draft.state.intervals if (known.step_id, known.name, known.start) == same):
        interval = interval.model_copy(update={"has_place": True})
    if interval not in draft.state.intervals:
        draft.emit(ev.IntervalRecorded(interval=interval))


def live_step(draft: Draft, of: UUID) -> Step:
    """Find a step that still has something to be done; raises `NotFoundError`, `AlreadyEndedError`."""
    step = _known_step(draft, of)
    if step.status not in LIVE:
        raise AlreadyEndedError(kind="step")
    return step


def compiled_of(draft: Draft, step: Step) -> CompiledStep | None:
    """Find what the definition says of a step; None for one that a caseworker added."""
    return None if step.added is not None else draft.view(step.run_id).compiled.steps.get(step.key)


def _end(
    draft: Draft, answered: Step, compiled: CompiledStep | None, answers_hash: str = "", reason_code: str = ""
) -> None:
    ended = answered.model_copy(update={"status": StepStatus.ENDED})
    ended = ended.model_copy(update={"series_over": _series_is_over(draft, ended, compiled)})
    draft.emit(ev.StepEnded(step=ended, answers_hash=answers_hash, reason_code=reason_code))
    note_owner(draft, ended)
    if compiled is None:
        return
    for fact, condition in compiled.sets.items():
        lookup = draft.view(ended.run_id).lookup(ended.base_path, compiled.spec.for_each)
        truth = truth_of(condition, lookup)
        if truth is not Truth.UNKNOWN:
            record_fact(draft, fact, truth is Truth.TRUE, source=ended.key)


def _series_is_over(draft: Draft, ended: Step, compiled: CompiledStep | None) -> bool:
    if compiled is None or compiled.spec.repeat is None or ended.round >= compiled.spec.repeat.times:
        return True
    if compiled.until is None:
        return False
    after = evolve(draft.state, ev.StepEnded(step=ended))
    lookup = RunSteps(draft.view(ended.run_id).compiled, after, ended.run_id).lookup(
        ended.base_path, compiled.spec.for_each
    )
    return truth_of(compiled.until, lookup) is Truth.TRUE


def _known_step(draft: Draft, of: UUID) -> Step:
    step = draft.state.steps.get(of)
    if step is None:
        raise NotFoundError(kind="step")
    return step


def _plain(values: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """Keep instants as text in UTC, as storage does, so that what was loaded equals what was decided."""
    return {
        name: value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
    }
