"""What keeps a run from going on: conditions that nothing can answer any more, and step types that are missing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.domain.compiled import CompiledStep
from engine.domain.opening import MISSING
from engine.domain.readiness import chosen_branch, is_led_to
from engine.domain.records import RunStatus, Step, StepStatus
from engine.domain.values import RunSteps, truth_of
from engine.spec.conditions.evaluate import UNKNOWN, Truth, explain
from engine.spec.conditions.tree import Condition
from engine.spec.conditions.words import in_words
from engine.spec.plain_words import in_running_words

UNANSWERED = "unanswered-condition"
WRONG_TYPE = "condition-type"
MISSING_TYPE = "missing-step-type"
LATE_OPENING = "late-opening"
_MOVING = frozenset({StepStatus.READY, StepStatus.APPROVAL, StepStatus.SCHEDULED})
_PATIENCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class StepFinding:
    """One thing that keeps a step from going on. The sentence names steps and facts, never what was answered."""

    step_key: str
    code: str
    sentence: str
    element: str = ""


def findings(view: RunSteps, now: datetime) -> tuple[StepFinding, ...]:
    """List what keeps a run from going on at `now` (UTC), in the order of its steps; nothing for a run that is over."""
    if view.state.runs[view.run_id].status is not RunStatus.OPEN:
        return ()
    return tuple(
        finding
        for key in view.compiled.order
        for element in view.elements(view.compiled.steps[key]) or ("",)
        for finding in _of_step(view, view.compiled.steps[key], element, now)
    )


def _of_step(view: RunSteps, step: CompiledStep, element: str, now: datetime) -> Iterator[StepFinding]:
    record = view.latest(step.key, element)
    if record is None:
        if not step.waits_to_be_called and is_led_to(view, step, element):
            yield from _waiting(view, step, element)
    elif record.status is StepStatus.HELD:
        yield from _held(view, step, element, record)
    elif record.status is StepStatus.SCHEDULED and record.opens_at and record.opens_at + _PATIENCE < now:
        sentence = f"“{step.title}” should have opened at its time: deadlines are not looked at."
        yield StepFinding(step.key, LATE_OPENING, sentence, element)


def _held(view: RunSteps, step: CompiledStep, element: str, record: Step) -> Iterator[StepFinding]:
    if record.gate == MISSING:
        sentence = f"“{step.title}” is waiting: no installed pillar has the step type {step.spec.uses}."
        yield StepFinding(step.key, MISSING_TYPE, sentence, element)
    elif gate := view.compiled.gates.get(record.gate or ""):
        yield from _of_condition(view, step, element, gate.condition)


def _waiting(view: RunSteps, step: CompiledStep, element: str) -> Iterator[StepFinding]:
    """Look at the condition that is asked next: the first unknown one of the step's choice, or its own."""
    lookup = view.lookup(element, step.spec.for_each)
    if step.choice is not None and chosen_branch(view, step, element) is None:
        asked = view.compiled.choices[step.choice].conditions
        yield from _of_condition(view, step, element, next(c for c in asked if truth_of(c, lookup) is Truth.UNKNOWN))
    elif step.condition is not None and view.elements(step):
        yield from _of_condition(view, step, element, step.condition)


def _of_condition(view: RunSteps, step: CompiledStep, element: str, condition: Condition) -> Iterator[StepFinding]:
    parts = explain(condition, view.lookup(element, step.spec.for_each))
    words = in_words(condition, lambda path: _title(view, path))
    problem = next((part.problem for part in parts if part.problem), "")
    if problem:
        sentence = f"“{step.title}” is waiting on a condition that cannot be answered ({words}): {problem}"
        yield StepFinding(step.key, WRONG_TYPE, sentence, element)
        return
    seen = [value for part in parts for value in part.seen]
    missing = {value.path for value in seen if _is_open(value.value)} or {value.path for value in seen}
    if not any(_can_come(view, step, path, element) for path in missing):
        sentence = f"“{step.title}” is waiting, and nothing that is open can give the answer: {words}."
        yield StepFinding(step.key, UNANSWERED, sentence, element)


def _is_open(value: object) -> bool:
    return value is UNKNOWN or (isinstance(value, tuple) and UNKNOWN in value)


def _can_come(view: RunSteps, asking: CompiledStep, path: tuple[str, ...], element: str) -> bool:
    """Say whether something that is open can still give this value, itself or by what follows from it."""
    is_moving = any(step.status in _MOVING for step in view.state.steps.values())
    if len(path) == 1:
        return is_moving
    step = view.compiled.steps.get(path[0])
    if step is None or not is_moving:
        return False
    records = [view.latest(step.key, one) for one in view.related(step, element, asking.spec.for_each)]
    return any(
        not step.waits_to_be_called
        if record is None
        else record.status in _MOVING or record.status is StepStatus.HELD or not record.series_over
        for record in records
    )


def _title(view: RunSteps, path: tuple[str, ...]) -> str:
    if len(path) == 1:
        fact = view.compiled.workflow.facts.get(path[0])
        return fact.title if fact and fact.title else in_running_words(path[0])
    step = view.compiled.steps.get(path[0])
    return f"{step.title if step else path[0]}: {in_running_words(path[-1])}"
