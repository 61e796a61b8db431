"""How a step begins: opened, or held by a gate; and when the next round of a repeated one is."""

from datetime import datetime
from uuid import UUID

from engine.core import events as ev
from engine.core.compiled import CompiledStep
from engine.core.draft import Draft
from engine.core.library import Library
from engine.core.records import Run, Step, StepStatus, step_id
from engine.core.time.counting import due_at
from engine.core.values import RunSteps, path_of_round, truth_of
from engine.language.conditions.values import Truth
from engine.language.limits import Counting, TimeLimit

MISSING = "missing-step-type"
"""What holds a step whose pillar is not installed."""
LEFT = "person_removed"
"""Why a step is called off whose person is no longer among those it is done for; it waits until they are again."""


def open_step(draft: Draft, run: Run, step: CompiledStep, element: str) -> None:
    """Open the first occurrence of a step, or hold it when a gate is shut."""
    begin(draft, step, new_step(run.id, step, first_path(step, element), StepStatus.READY))


def open_round(draft: Draft, run: Run, step: CompiledStep, element: str, number: int) -> None:
    """Open a further round of a repeated step, hold it, or wait for its time."""
    path = path_of_round(element, number)
    opens_at = next_round_at(draft.view(run.id), step, element, number, run, draft.library)
    if opens_at is not None and opens_at > draft.now:
        scheduled = new_step(run.id, step, path, StepStatus.SCHEDULED, opens_at=opens_at)
        draft.emit(ev.StepScheduled(step=scheduled))
    else:
        begin(draft, step, new_step(run.id, step, path, StepStatus.READY))


def begin(draft: Draft, step: CompiledStep, record: Step, *, at: datetime | None = None) -> bool:
    """Open an occurrence as of `at` (default now), or hold it when a gate is shut; says whether anything changed."""
    gate = shut_gate(draft.view(record.run_id), step, record.base_path)
    if gate is not None and (record.status, record.gate) == (StepStatus.HELD, gate):
        return False
    revision = record.revision + (record.id in draft.state.steps)
    if gate is None:
        changes = {"status": StepStatus.READY, "gate": None, "opened_at": at or draft.now, "revision": revision}
        draft.emit(ev.StepOpened(step=record.model_copy(update=changes)))
    else:
        held = {"status": StepStatus.HELD, "gate": gate, "revision": revision}
        draft.emit(ev.StepHeld(step=record.model_copy(update=held)))
    return True


def open_again(draft: Draft, record: Step, step: CompiledStep | None) -> None:
    """Open a further round in place of one that was called off when its person left; wait for its time if it did."""
    path = path_of_round(record.base_path, record.round + 1)
    changes = {
        "id": step_id(record.run_id, record.key, path), "path": path, "status": StepStatus.READY, "gate": None,
        "recorded_at": None, "series_over": step is None, "opened_at": draft.now, "turn": 1, "revision": 1,
    }  # fmt: skip
    again = record.model_copy(update=changes)
    if again.opens_at is not None and again.opens_at > draft.now:
        waits = {"status": StepStatus.SCHEDULED, "opened_at": None}
        draft.emit(ev.StepScheduled(step=again.model_copy(update=waits)))
    elif step is None:
        draft.emit(ev.StepOpened(step=again))
    else:
        begin(draft, step, again)


def shut_gate(view: RunSteps, step: CompiledStep, element: str) -> str | None:
    """Name the first gate that holds a step; None when all are open. A gate that is unknown is shut."""
    if step.gates:
        lookup = view.lookup(element, step.spec.for_each)
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
    """Return the path of a step's first occurrence for an element."""
    return path_of_round(element, 1) if step.spec.repeat else element


def next_round_at(
    view: RunSteps, step: CompiledStep, element: str, number: int, run: Run, library: Library
) -> datetime | None:
    """Give the instant (UTC) at which a round of a repeated step opens: so many periods after the first one opened."""
    first = view.first(step.key, element)
    if first is None or first.opened_at is None or step.every is None:
        return None
    calendar = library.calendars.get(run.calendar or "")
    return due_at(first.opened_at, _times(step.every, number - 1), zone=run.zone, calendar=calendar)


def _times(every: TimeLimit, number: int) -> TimeLimit:
    """Return a period so many times over; months are counted in one go, so that a short one shortens no other."""
    match every.counting:
        case Counting.CALENDAR:
            return TimeLimit(f"P{every.months * number}M{every.days * number}D")
        case Counting.WORKING_DAYS:
            return TimeLimit(f"P{every.days * number}WD")
        case Counting.WORKING_HOURS:
            return TimeLimit(f"PT{every.seconds // 3600 * number}WH")
        case Counting.ELAPSED:
            return TimeLimit(f"PT{every.seconds * number}S")
