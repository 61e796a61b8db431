"""A decision in the making, and how a step begins in it: opened, or held by a gate."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from uuid import UUID

from engine.core import events as ev
from engine.core.compiled import CompiledStep, CompiledWorkflow
from engine.core.library import Library
from engine.core.records import Run, RunStatus, Step, StepStatus, step_id
from engine.core.state import CaseState, evolve
from engine.core.time.counting import due_at
from engine.core.values import RunSteps, path_of_round, truth_of
from engine.errors import NotFoundError
from engine.language.conditions.tree import Condition
from engine.language.conditions.values import Truth
from engine.language.limits import Counting, TimeLimit


class Draft:
    """Collects events while a decision is made, or one after the other in a case that is simulated; never shared."""

    def __init__(
        self, state: CaseState, definitions: Mapping[str, CompiledWorkflow], library: Library, now: datetime
    ) -> None:
        """Begin with the state as it was."""
        self.state = state
        self.definitions = definitions
        self.library = library
        self.now = now
        self.events: list[ev.Event] = []
        self.cause = ""
        self.plans_again = False
        self.settled: CaseState | None = None
        self._views: dict[UUID, RunSteps] = {}
        self._seen: tuple[UUID, RunSteps] | None = None

    def go_on(self, now: datetime) -> None:
        """Begin with the next decision, at `now`, from the state after the one before."""
        self.now, self.events, self.cause, self.plans_again = now, [], "", False

    def is_settled(self) -> bool:
        """Whether all has followed that follows: since that was so, only deadlines changed, and no step is to open."""
        if self.settled is None or self.plans_again or not self.state.has_steps_of(self.settled):
            return False
        waiting = (one.opens_at for one in self.state.live.values() if one.status is StepStatus.SCHEDULED)
        return all(at is None or at > self.now for at in waiting)

    def emit(self, event: ev.Event) -> None:
        """Add an event, and go on from the state after it."""
        self.events.append(event)
        self.state = evolve(self.state, event)
        self._seen = None
        if isinstance(event, ev.STEP_EVENTS):
            view = self._views.get(event.step.run_id)
            if view is not None:
                self._views[event.step.run_id] = view.with_step(self.state, event.step)

    def view(self, run_id: UUID) -> RunSteps:
        """See a run through its definition, as things stand now; raises `NotFoundError` without the definition."""
        if self._seen is not None and self._seen[0] is run_id:
            return self._seen[1]
        found = self._views.get(run_id)
        if found is None or found.state is not self.state:
            definition = self.definitions.get(self.state.runs[run_id].definition_hash)
            if definition is None:
                raise NotFoundError(kind="definition")
            found = self._views[run_id] = RunSteps(definition, self.state, run_id, earlier=found)
        self._seen = (run_id, found)
        return found

    def open_runs(self) -> list[Run]:
        """List the runs that go on and whose definition is at hand."""
        return [
            run
            for run in self.state.runs.values()
            if run.status is RunStatus.OPEN and self.definitions.get(run.definition_hash) is not None
        ]


HAPPENED, TIME_OUT = "done", "blocked_by_other_body"
"""How a step ends that waits for an event: it has happened, or its time is out."""
MISSING = "missing-step-type"
"""What holds a step whose pillar is not installed."""
LEFT = "person_removed"
"""Why a step is called off whose person is no longer among those it is done for; it waits until they are again."""


def open_step(draft: Draft, run: Run, step: CompiledStep, element: str) -> None:
    """Open an occurrence of a step that was not reached before, or hold it when a gate is shut."""
    begin(draft, step, new_step(run.id, step, next_path(draft.view(run.id), step, element), StepStatus.READY))


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


def hear(draft: Draft, view: RunSteps, step: CompiledStep, condition: Condition, record: Step) -> bool:
    """End a step that waits for an event once that has happened, or as blocked once its time is out.

    Where the event is the answer of a step, each of its answers is looked at, not the last one alone.
    """
    event, at = step.spec.wait.event if step.spec.wait else None, (record.base_path, step.spec.for_each)
    seen = [view.lookup(*at, answer=one) for one in view.answers(event, *at)] if event else [view.lookup(*at)]
    has_happened = any(truth_of(condition, lookup) is Truth.TRUE for lookup in seen)
    is_out = record.opens_at is not None and record.opens_at <= draft.now
    if has_happened or is_out:
        ended_at = draft.now if has_happened or record.opens_at is None else record.opens_at
        changes = {
            "status": StepStatus.ENDED, "outcome": HAPPENED if has_happened else TIME_OUT, "ended_at": ended_at,
            "recorded_at": draft.now, "series_over": True, "revision": record.revision + 1,
        }  # fmt: skip
        draft.emit(ev.StepEnded(step=record.model_copy(update=changes)))
    return has_happened or is_out


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
    return path_of_round(element, 1) if step.has_rounds else element


def next_path(view: RunSteps, step: CompiledStep, element: str) -> str:
    """Return the path of the occurrence that is to be reached: the first, or one after a loop went back."""
    number = view.loop_round(step.key, element)
    return path_of_round(element, number) if number > 1 else first_path(step, element)


def next_round_at(
    view: RunSteps, step: CompiledStep, element: str, number: int, run: Run, library: Library
) -> datetime | None:
    """Give the instant (UTC) at which a round of a repeated step opens: so many periods after the first one opened."""
    first = view.first(step.key, element)
    if first is None or first.opened_at is None or step.spec.repeat is None:
        return None
    is_even = isinstance(step.spec.repeat.every, str)
    waits = [_times(step.waits[0], number - 1)] if is_even else _together(step.waits[: number - 1])
    at, calendar = first.opened_at, library.calendars.get(run.calendar or "")
    for wait in waits:
        at = due_at(at, wait, zone=run.zone, calendar=calendar)
    return at


def _together(waits: Iterable[TimeLimit]) -> Iterator[TimeLimit]:
    """Yield waits in order, those that count alike in one go: of P1M and P2M the three months."""
    for counting, alike in groupby(waits, key=lambda wait: wait.counting):
        found = list(alike)
        total = {name: sum(getattr(wait, name) for wait in found) for name in ("months", "days", "seconds")}
        yield _limit_of(counting, **total)


def _times(every: TimeLimit, number: int) -> TimeLimit:
    """Return a period so many times over; months are counted in one go, so that a short one shortens no other."""
    return _limit_of(
        every.counting, months=every.months * number, days=every.days * number, seconds=every.seconds * number
    )


def _limit_of(counting: Counting, *, months: int, days: int, seconds: int) -> TimeLimit:
    match counting:
        case Counting.CALENDAR:
            return TimeLimit(f"P{months}M{days}D")
        case Counting.WORKING_DAYS:
            return TimeLimit(f"P{days}WD")
        case Counting.WORKING_HOURS:
            return TimeLimit(f"PT{seconds // 3600}WH")
        case Counting.ELAPSED:
            return TimeLimit(f"PT{seconds}S")
