"""Let everything follow that follows by itself, until nothing more does."""

from uuid import UUID

from engine.domain import events as ev
from engine.domain.compiled import CompiledStep
from engine.domain.deadlines import settle_deadlines
from engine.domain.draft import Draft
from engine.domain.opening import first_path, new_step, next_round_at, open_step, shut_gate
from engine.domain.readiness import Readiness, Standing, readiness, standing_at
from engine.domain.records import LIVE, CaseStatus, RunStatus, Step, StepStatus
from engine.domain.values import RunView


def settle(draft: Draft) -> None:
    """Open, hold and skip steps, keep deadlines, end runs, close the case; settling twice adds nothing."""
    before = -1
    while len(draft.events) != before:
        before = len(draft.events)
        for run in draft.open_runs():
            while _advance(draft, run.id):
                pass
        settle_deadlines(draft)
    for run in draft.open_runs():
        if _is_over(draft.view(run.id)):
            draft.emit(ev.RunEnded(run_id=run.id, at=draft.now))
    _close(draft)


def _advance(draft: Draft, run_id: UUID) -> bool:
    """Go through all steps once; says whether anything changed."""
    changed = False
    for key in draft.view(run_id).compiled.order:
        view = draft.view(run_id)
        step = view.compiled.steps[key]
        for element in view.elements(step):
            changed |= _advance_at(draft, draft.view(run_id), step, element)
    return changed


def _advance_at(draft: Draft, view: RunView, step: CompiledStep, element: str) -> bool:
    record = view.latest(step.key, element)
    if record is None:
        return False if step.waits_to_be_called else _reach(draft, view, step, element)
    if record.status is StepStatus.HELD and shut_gate(view, step, element) is None:
        opened = record.model_copy(update={"status": StepStatus.READY, "gate": None, "opened_at": draft.now})
        draft.emit(ev.StepOpened(step=opened))
        return True
    if step.spec.repeat and record.status is StepStatus.ENDED and not record.series_over:
        return _next_round(draft, view, step, element, record)
    return False


def _reach(draft: Draft, view: RunView, step: CompiledStep, element: str) -> bool:
    ready = readiness(view, step, element)
    path = first_path(step, element)
    if ready is Readiness.WAIT:
        return False
    if ready is Readiness.DEAD:
        skipped = new_step(view.run_id, step, path, StepStatus.SKIPPED, recorded_at=draft.now, series_over=True)
        draft.emit(ev.StepSkipped(step=skipped))
    else:
        open_step(draft, view.state.runs[view.run_id], step, element)
    return True


def _next_round(draft: Draft, view: RunView, step: CompiledStep, element: str, last: Step) -> bool:
    number = last.round + 1
    path = f"{element}/r:{number}".lstrip("/")
    opens_at = next_round_at(view, step, element, number, view.state.runs[view.run_id])
    if opens_at is not None and opens_at > draft.now:
        scheduled = new_step(view.run_id, step, path, StepStatus.SCHEDULED, opens_at=opens_at)
        draft.emit(ev.StepScheduled(step=scheduled))
    else:
        draft.emit(ev.StepOpened(step=new_step(view.run_id, step, path, StepStatus.READY, opened_at=draft.now)))
    return True


def _is_over(view: RunView) -> bool:
    steps = [step for step in view.state.steps.values() if step.run_id == view.run_id]
    if any(step.status in LIVE for step in steps):
        return False
    return all(
        standing_at(view, step, element) is not Standing.PENDING
        for step in view.compiled.steps.values()
        for element in view.elements(step)
    )


def _close(draft: Draft) -> None:
    runs = draft.state.runs.values()
    if draft.state.case.status is CaseStatus.OPEN and runs and all(run.status is not RunStatus.OPEN for run in runs):
        draft.emit(ev.CaseClosed(at=draft.now))
