"""Let everything follow that follows by itself; and what stands against closing a case."""

import hashlib
from typing import Final, NamedTuple

from engine.core import events as ev
from engine.core.compiled import CompiledStep
from engine.core.deadlines.keep import settle_deadlines
from engine.core.deadlines.timers import earliest_opening
from engine.core.draft import Draft, begin, hear, new_step, next_path, open_round, open_step
from engine.core.readiness import Readiness, StepStanding, readiness, standing_at
from engine.core.records import LIVE, CaseStatus, DeadlineStatus, Run, RunStatus, Step, StepStatus
from engine.core.state import CaseState
from engine.core.steps import abort, cancel
from engine.core.time.counting import due_at
from engine.core.values import RunSteps, truth_of
from engine.language.conditions.values import Truth
from engine.language.limits import limit_of

DEADLINE_OVER = "deadline_over"
"""Why a step is called off that was opened for a deadline that has ended."""
BRANCH_CANCELLED, ABORTED = "branch_cancelled", "aborted_by_workflow"
"""Why a step is called off whose branch is, or whose run is, by a condition of its workflow."""
RUN_OVER = "run_over"
"""Why a step is called off that was added to a run whose workflow does not wait for it."""


def settle(draft: Draft) -> None:
    """Open, hold and skip steps, keep deadlines, end runs, close the case; settling twice adds nothing.

    In a case that rests nothing follows, and no time runs.
    """
    if draft.is_settled():
        return
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
    draft.settled = draft.state


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
    if view.compiled.workflow.close.unless != "nothing" or any(
        step.added is None and not _keeps_nothing_open(view, step) for step in live
    ):
        return []
    if not any(isinstance(event, ev.STEP_EVENTS) and _is_foreseen(event.step, run) for event in draft.events):
        return []
    over = {step.id for step in _for_ended_deadlines(draft)}
    return [step for step in live if step.id not in over] if _is_passed(view) else []


def _waiting_alone(draft: Draft, run: Run) -> list[Step]:
    """List what keeps no run open, when nothing else of it is left: standing steps, and added ones not opened yet."""
    view = draft.view(run.id)
    live = [step for step in view.state.live.values() if step.run_id == run.id]
    if not live or not all(_keeps_nothing_open(view, step) for step in live):
        return []
    return live if _is_passed(view) else []


def _keeps_nothing_open(view: RunSteps, step: Step) -> bool:
    if step.added is not None:
        return step.status is StepStatus.SCHEDULED
    return view.compiled.steps[step.key].spec.standing


def _is_foreseen(step: Step, run: Run) -> bool:
    return step.run_id == run.id and step.added is None


def _advance_all(draft: Draft) -> None:
    for run in draft.open_runs():
        _open_what_waited(draft, run)
        while not _aborts(draft, run) and (_cancel_branches(draft, run) | _advance(draft, run)):
            pass


def _aborts(draft: Draft, run: Run) -> bool:
    """Whether the workflow of a run ends it before all is done; then it has been ended."""
    view = draft.view(run.id)
    if view.compiled.abort is None or truth_of(view.compiled.abort, view.lookup("")) is not Truth.TRUE:
        return False
    abort(draft, run, ABORTED)
    return True


def _open_what_waited(draft: Draft, run: Run) -> None:
    """Open the added steps whose appointed time has come."""
    for step in draft.state.live.values():
        is_waiting = step.run_id == run.id and step.added is not None and step.status is StepStatus.SCHEDULED
        if is_waiting and step.opens_at is not None and step.opens_at <= draft.now:
            opened = {"status": StepStatus.READY, "opened_at": step.opens_at, "revision": step.revision + 1}
            draft.emit(ev.StepOpened(step=step.model_copy(update=opened)))


def _advance(draft: Draft, run: Run) -> bool:
    """Go through all steps once; says whether anything changed.

    A step is within reach that has been reached, or can be: what leads to it has been, or cannot be told apart.
    """
    changed = False
    view = draft.view(run.id)
    reached, led_by, over = view.reached, view.compiled.led_by, view.over
    for key, step in view.compiled.in_order:
        before = led_by[key]
        if key in over or (before and key not in reached and before.isdisjoint(reached)):
            continue
        for element in view.elements(step):
            if _advance_at(draft, run, view, step, element):
                changed, view = True, draft.view(run.id)
                reached, over = view.reached, view.over
    return changed


def _advance_at(draft: Draft, run: Run, view: RunSteps, step: CompiledStep, element: str) -> bool:
    record = view.latest(step.key, element)
    if record is None:
        return False if step.waits_to_be_called else _reach(draft, run, view, step, element)
    match record.status:
        case StepStatus.HELD:
            return begin(draft, step, record)
        case StepStatus.SCHEDULED if step.wait is not None:
            return hear(draft, view, step, step.wait, record)
        case StepStatus.SCHEDULED if record.opens_at is None or record.opens_at <= draft.now:
            return begin(draft, step, record, at=record.opens_at)
        case StepStatus.ENDED if step.has_rounds and not record.series_over:
            open_round(draft, run, step, element, record.round + 1)
            return True
        case _:
            return False


def _reach(draft: Draft, run: Run, view: RunSteps, step: CompiledStep, element: str) -> bool:
    match readiness(view, step, element):
        case Readiness.LIVE:
            _open(draft, run, view, step, element)
        case Readiness.DEAD:
            draft.emit(ev.StepSkipped(step=_skipped(draft, run, step, element)))
        case _:
            return False
    return True


def _open(draft: Draft, run: Run, view: RunSteps, step: CompiledStep, element: str) -> None:
    """Open a step, or let it wait: for its time, or for the event at which it ends by itself."""
    at = earliest_opening(view, run, step, element, draft.library, draft.now)
    if step.wait is not None:
        limit = step.spec.wait.time_out if step.spec.wait else None
        calendar = draft.library.calendars.get(run.calendar or "")
        at = due_at(draft.now, limit_of(limit), zone=run.zone, calendar=calendar) if limit else None
    elif at is None or at <= draft.now:
        open_step(draft, run, step, element)
        return
    path = next_path(view, step, element)
    draft.emit(ev.StepScheduled(step=new_step(run.id, step, path, StepStatus.SCHEDULED, opens_at=at)))


def _cancel_branches(draft: Draft, run: Run) -> bool:
    """Call off what the conditions of a workflow call off, and open what undoes it; says whether anything changed."""
    before = len(draft.events)
    for one in draft.view(run.id).compiled.cancels:
        for key in one.steps:
            step = draft.view(run.id).compiled.steps[key]
            for element in draft.view(run.id).elements(step):
                lookup = draft.view(run.id).lookup(element, step.spec.for_each)
                if truth_of(one.condition, lookup) is Truth.TRUE:
                    _cancel_at(draft, run, step, element, one.undo.get(key, ""))
    return len(draft.events) > before


def _cancel_at(draft: Draft, run: Run, step: CompiledStep, element: str, undo: str) -> None:
    view = draft.view(run.id)
    record, undoing = view.latest(step.key, element), view.compiled.steps.get(undo)
    if record is None and not step.waits_to_be_called:
        draft.emit(ev.StepSkipped(step=_skipped(draft, run, step, element)))
    elif record is not None and record.status in LIVE:
        cancel(draft, record, BRANCH_CANCELLED)
    if undoing is None or view.ended(step.key, element) is None:
        return
    for at in view.related(undoing, element, step.spec.for_each):
        if draft.view(run.id).latest(undoing.key, at) is None:
            open_step(draft, run, undoing, at)


def _skipped(draft: Draft, run: Run, step: CompiledStep, element: str) -> Step:
    path = next_path(draft.view(run.id), step, element)
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
