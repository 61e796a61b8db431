"""Keep the deadlines of a case as they should be: set, moved, ended, breached."""

from uuid import UUID

from engine.domain import events as ev
from engine.domain.draft import Draft
from engine.domain.opening import open_step
from engine.domain.records import Deadline, DeadlineStatus, Purpose, StepStatus
from engine.domain.timers import BREACH, wanted_deadlines, with_next


def settle_deadlines(draft: Draft) -> None:
    """Compare the deadlines that should run with those that do: set, move or end each that differs."""
    wanted: dict[UUID, Deadline] = {}
    for run in draft.open_runs():
        for deadline in wanted_deadlines(draft.view(run.id), draft.library):
            wanted[deadline.id] = deadline
    for known in list(draft.state.deadlines.values()):
        if known.id not in wanted:
            _end(draft, known)
    for deadline in wanted.values():
        _set_or_move(draft, deadline)


def _end(draft: Draft, known: Deadline) -> None:
    step = draft.state.steps.get(known.step_id)
    ended_at = step.ended_at if step and step.status is StepStatus.ENDED else None
    if known.purpose is Purpose.APPROVAL and step:
        ended_at = step.recorded_at
    if ended_at and ended_at > known.due_at and known.breached_at is None and known.purpose is not Purpose.OPENING:
        known = breached(draft, known)
    status = DeadlineStatus.MET if ended_at else DeadlineStatus.ENDED
    changes = {"status": status, "ended_at": ended_at or draft.now, "next_at": None, "next_firing": None}
    draft.emit(ev.DeadlineEnded(deadline=known.model_copy(update=changes)))


def breached(draft: Draft, deadline: Deadline) -> Deadline:
    """Record a breach, dated at the due instant, and open what it leads to."""
    changes = {"breached_at": deadline.due_at, "fired": (*deadline.fired, BREACH)}
    passed = with_next(deadline.model_copy(update=changes), draft.library)
    draft.emit(ev.DeadlineBreached(deadline=passed))
    _open_on_breach(draft, passed)
    return passed


def _set_or_move(draft: Draft, wanted: Deadline) -> None:
    known = draft.state.deadlines.get(wanted.id)
    if known is None:
        current = with_next(wanted, draft.library)
        draft.emit(ev.DeadlineSet(deadline=current))
    elif (known.due_at, known.started_at, known.limit, known.ladder) == (
        wanted.due_at,
        wanted.started_at,
        wanted.limit,
        wanted.ladder,
    ):
        return
    else:
        kept = {"breached_at": known.breached_at, "fired": known.fired, "acknowledged_at": known.acknowledged_at}
        current = with_next(wanted.model_copy(update=kept), draft.library)
        draft.emit(ev.DeadlineMoved(before=known.due_at, deadline=current))
    if current.due_at < draft.now and current.breached_at is None and current.purpose is not Purpose.OPENING:
        breached(draft, current)


def _open_on_breach(draft: Draft, deadline: Deadline) -> None:
    """Open the steps that a breach of this deadline leads to, each once."""
    view = draft.view(deadline.run_id)
    breached_step = view.compiled.steps.get(deadline.key)
    if breached_step is None:
        return
    targets = {target for time in breached_step.times for target in time.spec.on_breach}
    element = "/".join(part for part in deadline.path.split("/") if not part.startswith("r:"))
    for key in view.compiled.order:
        step = view.compiled.steps[key]
        path = element if step.spec.for_each else ""
        if key in targets and view.latest(key, path) is None:
            open_step(draft, draft.state.runs[deadline.run_id], step, path)
