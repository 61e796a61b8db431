"""How a step begins: opened, or held by a gate; and when the next round of a repeated one is."""

from datetime import datetime, timedelta
from uuid import UUID

from dateutil.relativedelta import relativedelta

from engine.domain import events as ev
from engine.domain.compiled import CompiledStep
from engine.domain.counting import due_at
from engine.domain.draft import Draft
from engine.domain.records import Run, Step, StepStatus, step_id
from engine.domain.values import RunView, truth_of
from engine.spec.conditions.evaluate import Truth
from engine.spec.limits import Counting, TimeLimit

MISSING = "missing-step-type"


def open_step(draft: Draft, run: Run, step: CompiledStep, element: str) -> None:
    """Open the first occurrence of a step, or hold it when a gate is shut."""
    path = first_path(step, element)
    gate = shut_gate(draft.view(run.id), step, element)
    if gate:
        draft.emit(ev.StepHeld(step=new_step(run.id, step, path, StepStatus.HELD, gate=gate)))
    else:
        draft.emit(ev.StepOpened(step=new_step(run.id, step, path, StepStatus.READY, opened_at=draft.now)))


def shut_gate(view: RunView, step: CompiledStep, path: str) -> str | None:
    """Name the first gate that holds a step; None when all are open. A gate that is unknown is shut."""
    lookup = view.lookup(path)
    for name in step.gates:
        if truth_of(view.compiled.gates[name].condition, lookup) is not Truth.TRUE:
            return name
    return MISSING if step.info is None else None


def new_step(run_id: UUID, step: CompiledStep, path: str, status: StepStatus, **more: object) -> Step:
    """Make the record of a step that has just been reached."""
    return Step(
        id=step_id(run_id, step.key, path), run_id=run_id, key=step.key, path=path, uses=step.spec.uses,
        automatic=bool(step.info and step.info.automatic), status=status, **more,
    )  # fmt: skip


def first_path(step: CompiledStep, element: str) -> str:
    """Give the path of a step's first occurrence for an element."""
    return f"{element}/r:1".lstrip("/") if step.spec.repeat else element


def next_round_at(view: RunView, step: CompiledStep, base: str, number: int, run: Run) -> datetime | None:
    """Give the instant at which a round of a repeated step opens: so many periods after the first one opened."""
    first = view.state.steps.get(step_id(run.id, step.key, f"{base}/r:1".lstrip("/")))
    if first is None or first.opened_at is None or step.every is None:
        return None
    return _times(first.opened_at, step.every, number - 1, run)


def _times(start: datetime, every: TimeLimit, number: int, run: Run) -> datetime:
    if every.counting is Counting.CALENDAR:
        from_zone = (
            due_at(start, TimeLimit(f"P{every.months * number}M"), zone=run.zone, calendar=None)
            if every.months and number
            else start
        )
        return from_zone + relativedelta(days=every.days * number)
    return start + timedelta(seconds=every.seconds * number)
