"""How a step is added and how it ends, and what is recorded with it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.compiled import CompiledStep
from engine.core.deadlines.keep import move_deadlines, note_owner
from engine.core.draft import Draft, begin, new_step, open_step
from engine.core.records import LIVE, AddedStep, Run, RunStatus, Scalar, Step, StepInterval, StepStatus, step_id
from engine.core.state import evolve
from engine.core.values import RunSteps, path_of_round, truth_of
from engine.errors import AlreadyEndedError, ConflictError, NotFoundError, NotPossibleError
from engine.language.conditions.tree import Condition
from engine.language.conditions.values import Truth


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


def abort(draft: Draft, run: Run, reason_code: str) -> None:
    """End a run before its steps are settled: what is open in it is called off, with the reason."""
    for step in draft.state.live.values():
        if step.run_id == run.id:
            cancel(draft, step, reason_code)
    draft.emit(ev.RunEnded(run_id=run.id, aborted=True, at=draft.now))


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
    """Whether nothing of a step follows by itself: no further round, and no way back."""
    if compiled is None or compiled.spec.standing:
        return compiled is None
    if compiled.back is not None and compiled.spec.back is not None:
        return ended.round > compiled.spec.back.times or not _holds_after(draft, ended, compiled, compiled.back)
    if compiled.spec.repeat is None or ended.round >= compiled.spec.repeat.rounds:
        return True
    return compiled.until is not None and _holds_after(draft, ended, compiled, compiled.until)


def _holds_after(draft: Draft, ended: Step, compiled: CompiledStep, condition: Condition) -> bool:
    """Whether a condition is true once a step has ended."""
    after = evolve(draft.state, ev.StepEnded(step=ended))
    lookup = RunSteps(draft.view(ended.run_id).compiled, after, ended.run_id).lookup(
        ended.base_path, compiled.spec.for_each
    )
    return truth_of(condition, lookup) is Truth.TRUE


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


def add(draft: Draft, command: cm.AddStep) -> None:
    """Open a step that somebody calls for, once; a run that was over goes on with it, one that was aborted does not."""
    run = draft.state.runs.get(command.run_id)
    if run is None:
        raise NotFoundError(kind="run")
    if run.status is RunStatus.ABORTED:
        raise AlreadyEndedError(kind="run")
    if command.added is None:
        _call(draft, run, command)
    else:
        _add_unforeseen(draft, run, command, command.added)


def _call(draft: Draft, run: Run, command: cm.AddStep) -> None:
    """Open a discretionary step of the definition: whoever calls it need not wait for what it comes after.

    Once its last round is over it can be called again, as a further round; while that is open, nothing is added.
    """
    view = draft.view(run.id)
    step = view.compiled.steps.get(command.key)
    if step is None or not step.waits_to_be_called or command.path not in view.elements(step):
        raise NotFoundError(kind="discretionary step")
    latest = view.latest(step.key, command.path)
    if latest is None:
        _go_on(draft, run)
        open_step(draft, run, step, command.path)
    elif latest.status not in LIVE:
        _go_on(draft, run)
        path = path_of_round(command.path, latest.round + 1)
        begin(draft, step, new_step(run.id, step, path, StepStatus.READY))


def _add_unforeseen(draft: Draft, run: Run, command: cm.AddStep, added: AddedStep) -> None:
    """Open an added step, once; one that is for a deadline only while that deadline is open.

    One that is to be opened later waits until then, and makes no run that is over go on when a step asked for it.
    """
    of_step = step_id(run.id, command.key, command.path)
    known = draft.state.steps.get(of_step)
    if command.key in draft.view(run.id).compiled.steps or (known is not None and known.added != added):
        raise ConflictError(kind="step")
    if known is not None or (added.for_deadline and added.for_deadline not in draft.state.deadlines):
        return
    waits_for_its_time = added.opens_at is not None and added.opens_at > draft.now
    if added.follow_up and waits_for_its_time and run.status is not RunStatus.OPEN:
        return
    _go_on(draft, run)
    step = Step(
        id=of_step, run_id=run.id, key=command.key, path=command.path, uses=added.uses, automatic=command.automatic,
        status=StepStatus.READY, opened_at=draft.now, added=added, series_over=True,
    )  # fmt: skip
    if waits_for_its_time:
        waits = {"status": StepStatus.SCHEDULED, "opened_at": None, "opens_at": added.opens_at}
        draft.emit(ev.StepScheduled(step=step.model_copy(update=waits)))
    else:
        draft.emit(ev.StepOpened(step=step))


def _go_on(draft: Draft, run: Run) -> None:
    if run.status is RunStatus.OVER:
        draft.emit(ev.RunReopened(run_id=run.id, at=draft.now))


class UnknownOutcomeError(NotPossibleError):
    """Raised when a step is ended with an outcome that its step type does not allow."""

    code = "unknown-outcome"
    sentence = "{step_type} cannot end as {outcome}."
