"""Steps that somebody adds to a run: discretionary ones of its workflow, and those that it did not foresee."""

from engine.domain import commands as cm
from engine.domain import events as ev
from engine.domain.draft import Draft
from engine.domain.opening import begin, new_step, open_step
from engine.domain.paths import path_of_round
from engine.domain.records import LIVE, AddedStep, Run, RunStatus, Step, StepStatus, step_id
from engine.errors import AlreadyEndedError, ConflictError, NotFoundError


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
    if added.watches and waits_for_its_time and run.status is not RunStatus.OPEN:
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
