"""Let everything follow that follows by itself; and what stands against closing a case."""

import hashlib
from typing import Final, NamedTuple

from engine.core import events as ev
from engine.core.compiled import CompiledStep
from engine.core.deadlines.keep import settle_deadlines
from engine.core.draft import Draft
from engine.core.opening import begin, first_path, new_step, open_round, open_step
from engine.core.readiness import Readiness, StepStanding, readiness, standing_at
from engine.core.records import CaseStatus, DeadlineStatus, Run, RunStatus, Step, StepStatus
from engine.core.state import CaseState
from engine.core.steps import cancel
from engine.core.values import RunSteps

DEADLINE_OVER = "deadline_over"
"""Why a step is called off that was opened for a deadline that has ended."""
RUN_OVER = "run_over"
"""Why a step is called off that was added to a run whose workflow does not wait for it."""


def settle(draft: Draft) -> None:
    """Open, hold and skip steps, keep deadlines, end runs, close the case; settling twice adds nothing.

    In a case that rests nothing follows, and no time runs.
    """
    if draft.state.case.rests:
        settle_deadlines(draft)
        return
    _advance_all(draft)
    while settle_deadlines(draft) | _call_off_what_is_over(draft):
        _advance_all(draft)
    for run in draft.open_runs():
        if _is_over(draft.view(run.id)):
            draft.emit(ev.RunEnded(run_id=run.id, at=draft.now))
    _close(draft)


def _call_off_what_is_over(draft: Draft) -> bool:
    """Call off the steps that nothing needs any more; says whether there were any."""
    over = [(step, DEADLINE_OVER) for step in _for_ended_deadlines(draft)]
    over += [
        (step, RUN_OVER)
        for run in draft.open_runs()
        for step in _not_waited_for(draft, run) or _waiting_alone(draft, run)
    ]
    for step, reason in over:
        cancel(draft, step, reason)
    return bool(over)


def _for_ended_deadlines(draft: Draft) -> list[Step]:
    """List the steps that a level opened for a deadline that has ended."""
    return [
        step
        for step in draft.state.live.values()
        if step.added is not None and step.added.for_deadline is not None
        if step.added.for_deadline not in draft.state.deadlines
    ]


def _not_waited_for(draft: Draft, run: Run) -> list[Step]:
    """List the added steps of a run that ends with the last step that its workflow foresaw.

    A run that goes on only for what was added to it later waits for that, whatever its workflow says.
    """
    view = draft.view(run.id)
    live = [step for step in view.state.live.values() if step.run_id == run.id]
    if view.compiled.workflow.close.unless != "nothing" or any(step.added is None for step in live):
        return []
    if not any(isinstance(event, ev.STEP_EVENTS) and _is_foreseen(event.step, run) for event in draft.events):
        return []
    over = {step.id for step in _for_ended_deadlines(draft)}
    return [step for step in live if step.id not in over] if _is_passed(view) else []


def _waiting_alone(draft: Draft, run: Run) -> list[Step]:
    """List the added steps that wait to be opened, when nothing else of their run is left: they keep no run open."""
    view = draft.view(run.id)
    live = [step for step in view.state.live.values() if step.run_id == run.id]
    if not live or any(step.added is None or step.status is not StepStatus.SCHEDULED for step in live):
        return []
    return live if _is_passed(view) else []


def _is_foreseen(step: Step, run: Run) -> bool:
    return step.run_id == run.id and step.added is None


def _advance_all(draft: Draft) -> None:
    for run in draft.open_runs():
        _open_what_waited(draft, run)
        while _advance(draft, run):
            pass


def _open_what_waited(draft: Draft, run: Run) -> None:
    """Open the added steps whose appointed time has come."""
    for step in draft.state.live.values():
        is_waiting = step.run_id == run.id and step.added is not None and step.status is StepStatus.SCHEDULED
        if is_waiting and step.opens_at is not None and step.opens_at <= draft.now:
            opened = {"status": StepStatus.READY, "opened_at": step.opens_at, "revision": step.revision + 1}
            draft.emit(ev.StepOpened(step=step.model_copy(update=opened)))


def _advance(draft: Draft, run: Run) -> bool:
    """Go through all steps once; says whether anything changed."""
    changed = False
    view = draft.view(run.id)
    for key, step in view.compiled.in_order:
        for element in view.elements(step) if view.is_within_reach(key) else ():
            if _advance_at(draft, run, view, step, element):
                changed, view = True, draft.view(run.id)
    return changed


def _advance_at(draft: Draft, run: Run, view: RunSteps, step: CompiledStep, element: str) -> bool:
    record = view.latest(step.key, element)
    if record is None:
        return False if step.waits_to_be_called else _reach(draft, run, view, step, element)
    match record.status:
        case StepStatus.HELD:
            return begin(draft, step, record)
        case StepStatus.SCHEDULED if record.opens_at is None or record.opens_at <= draft.now:
            return begin(draft, step, record, at=record.opens_at)
        case StepStatus.ENDED if step.spec.repeat and not record.series_over:
            open_round(draft, run, step, element, record.round + 1)
            return True
        case _:
            return False


def _reach(draft: Draft, run: Run, view: RunSteps, step: CompiledStep, element: str) -> bool:
    match readiness(view, step, element):
        case Readiness.LIVE:
            open_step(draft, run, step, element)
        case Readiness.DEAD:
            draft.emit(ev.StepSkipped(step=_skipped(draft, run, step, element)))
        case _:
            return False
    return True


def _skipped(draft: Draft, run: Run, step: CompiledStep, element: str) -> Step:
    path = first_path(step, element)
    return new_step(run.id, step, path, StepStatus.SKIPPED, recorded_at=draft.now, series_over=True)


def _is_over(view: RunSteps) -> bool:
    """Return whether nothing of a run is open and nothing can follow; then no time of it runs any more, either."""
    is_live = any(step.run_id == view.run_id for step in view.state.live.values())
    return not is_live and _is_passed(view)


def _is_passed(view: RunSteps) -> bool:
    """Return whether every step that the workflow foresaw has been passed, in one way or another."""
    return all(
        standing_at(view, step, element) is not StepStanding.PENDING
        for step in view.compiled.steps.values()
        for element in view.elements(step)
    )


def _close(draft: Draft) -> None:
    """Close the case with its last run; a case that was opened again stays open until a run ends in it."""
    if draft.state.case.status is not CaseStatus.OPEN or not any(isinstance(e, ev.RunEnded) for e in draft.events):
        return
    if all(run.status is not RunStatus.OPEN for run in draft.state.runs.values()):
        draft.emit(ev.CaseClosed(at=draft.now))


DECIDES: Final = "core.decide"
"""The step in which somebody says yes or no, and why."""
_ASKS_WHETHER_DONE: Final = "after_"


class Advice(NamedTuple):
    """How much is open in a case that somebody wants to close: workflows, steps, steps held by a gate, time limits.

    `late` are the limits that were breached. With no workflow open nothing stands against it.
    """

    workflows: int
    steps: int
    held: int
    limits: int
    late: int


def advice_against(state: CaseState) -> Advice:
    """Count what is open in a case."""
    live = state.live.values()
    limits = [one for one in state.deadlines.values() if one.status is DeadlineStatus.OPEN]
    return Advice(
        workflows=sum(run.status is RunStatus.OPEN for run in state.runs.values()),
        steps=len(live),
        held=sum(step.status is StepStatus.HELD for step in live),
        limits=len(limits),
        late=sum(one.breached_at is not None for one in limits),
    )


def is_left_to_itself(state: CaseState) -> bool:
    """Whether a case is closed, or nothing is open in it but automatic work: people have nothing more to do in it."""
    live = state.live.values()
    is_left = all(step.automatic and step.status is StepStatus.READY for step in live)
    return state.case.status is CaseStatus.CLOSED or (bool(live) and is_left)


def key_that_asks_whether_done(of: str) -> str:
    """Return the key of an added step in which somebody says whether a case is done, after something came back."""
    return f"{_ASKS_WHETHER_DONE}{of}"


def asks_whether_done(step: Step) -> bool:
    """Return whether a step was added so that somebody says whether the case is done."""
    return step.added is not None and step.uses == DECIDES and step.key.startswith(_ASKS_WHETHER_DONE)


def stands(state: CaseState) -> str:
    """Return a hash of what is open: another one means that what was to be closed has changed."""
    open_now = [f"{run.id}" for run in state.runs.values() if run.status is RunStatus.OPEN]
    open_now += map(str, state.live)
    return hashlib.sha256("|".join(sorted(open_now)).encode()).hexdigest()
