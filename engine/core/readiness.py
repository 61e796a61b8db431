"""Whether a step that was not reached can begin, and what keeps a run from going on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from engine.core.compiled import CompiledStep
from engine.core.draft import MISSING
from engine.core.records import LIVE, RunStatus, Step, StepStatus
from engine.core.values import RunSteps, truth_of
from engine.language.conditions.evaluate import explain
from engine.language.conditions.rendering import in_words
from engine.language.conditions.tree import Condition
from engine.language.conditions.values import UNKNOWN, Truth
from engine.language.names import in_running_words
from engine.language.workflow import Join, JoinMode


class Readiness(StrEnum):
    """What the steps before a step, and its choice and condition, say of it."""

    WAIT = "wait"
    DEAD = "dead"
    LIVE = "live"
    UNCALLED = "uncalled"


class StepStanding(StrEnum):
    """How one step before stands, seen from the step after it."""

    PENDING = "pending"
    ENDED = "ended"
    DEAD = "dead"
    UNCALLED = "uncalled"


_OF_NOBODY = {
    Readiness.WAIT: StepStanding.PENDING,
    Readiness.DEAD: StepStanding.DEAD,
    Readiness.LIVE: StepStanding.ENDED,
    Readiness.UNCALLED: StepStanding.UNCALLED,
}

_FIRST_OF_MANY = (StepStanding.PENDING, StepStanding.ENDED, StepStanding.UNCALLED, StepStanding.DEAD)
"""How a step for each person stands as a whole: as the first of these in which it stands for anybody."""


def readiness(view: RunSteps, step: CompiledStep, element: str) -> Readiness:
    """Return whether a step that has not been reached can begin for `element`, must wait, or will never begin.

    It is uncalled while all that could lead to it waits to be added, or to be opened by a breach.
    """
    led_to = _led_to(view, step, element)
    if led_to is not Readiness.LIVE or step.condition is None:
        return led_to
    truth = truth_of(step.condition, view.lookup(element, step.spec.for_each))
    return {Truth.TRUE: Readiness.LIVE, Truth.FALSE: Readiness.DEAD, Truth.UNKNOWN: Readiness.WAIT}[truth]


def is_led_to(view: RunSteps, step: CompiledStep, element: str) -> bool:
    """Return whether what comes before a step lets it begin, whatever its choice and its condition say."""
    return _join(view, step, step.after, element) is Readiness.LIVE


def standing_at(view: RunSteps, step: CompiledStep, element: str) -> StepStanding:
    """Say how one occurrence of a step stands, seen from the steps after it; a series stands as a whole."""
    known = view.standings.get((step.key, element))
    if not isinstance(known, StepStanding):
        known = view.standings[step.key, element] = _standing_at(view, step, element)
    return known


def is_ruled_out(view: RunSteps, step: CompiledStep, element: str) -> bool:
    """Return whether a step that has not been reached would be skipped, by what is known already."""
    lookup = view.lookup(element, step.spec.for_each)
    if step.condition is not None and truth_of(step.condition, lookup) is Truth.FALSE:
        return True
    if step.choice is None:
        return False
    chosen = chosen_branch(view, step, element)
    return chosen is not None and chosen != step.branch


def chosen_branch(view: RunSteps, step: CompiledStep, element: str) -> int | None:
    """Return the number of the branch that is taken of a step's choice; None while an earlier one is unknown."""
    choice = view.compiled.choices[step.choice or ""]
    lookup = view.lookup(element, step.spec.for_each)
    for number, condition in enumerate(choice.conditions):
        truth = truth_of(condition, lookup)
        if truth is Truth.UNKNOWN:
            return None
        if truth is Truth.TRUE:
            return number
    return len(choice.conditions)


def _standing_at(view: RunSteps, step: CompiledStep, element: str) -> StepStanding:
    record = view.latest(step.key, element)
    if step.spec.standing:
        return StepStanding.ENDED
    if record is None:
        return StepStanding.UNCALLED if _is_uncalled(view, step, element) else StepStanding.PENDING
    if record.status in LIVE:
        return StepStanding.PENDING
    if step.spec.repeat and record.status is StepStatus.ENDED and not record.series_over:
        return StepStanding.PENDING
    was_done = record.status is StepStatus.ENDED if step.loop else view.ended(step.key, element) is not None
    return StepStanding.ENDED if was_done else StepStanding.DEAD


def _is_uncalled(view: RunSteps, step: CompiledStep, element: str) -> bool:
    if step.waits_to_be_called:
        return True
    return step.key in view.compiled.called and _join(view, step, step.after, element) is Readiness.UNCALLED


def _led_to(view: RunSteps, step: CompiledStep, element: str) -> Readiness:
    """Say what the steps before, and the choice, say of a step: its own condition is not asked."""
    before = _join(view, step, step.after, element)
    if before is not Readiness.LIVE or step.choice is None:
        return before
    chosen = chosen_branch(view, step, element)
    if chosen is None:
        return Readiness.WAIT
    return Readiness.LIVE if chosen == step.branch else Readiness.DEAD


def _join(view: RunSteps, step: CompiledStep, join: Join, element: str) -> Readiness:
    if not join.steps:
        return Readiness.LIVE
    stand = [_standing(view, step, before, element) for before in join.steps]
    ended, pending, uncalled = (
        stand.count(StepStanding.ENDED), stand.count(StepStanding.PENDING), stand.count(StepStanding.UNCALLED),
    )  # fmt: skip
    if join.mode is JoinMode.ALL:
        needed, is_early = 1, pending > 0
    else:
        needed, is_early = (join.n if join.mode is JoinMode.N else 1), False
    if ended >= needed and not is_early:
        return Readiness.LIVE
    if ended + pending >= needed:
        return Readiness.WAIT
    return Readiness.UNCALLED if ended + pending + uncalled >= needed else Readiness.DEAD


def _standing(view: RunSteps, step: CompiledStep, key: str, element: str) -> StepStanding:
    before = view.compiled.steps.get(key)
    if before is None:
        return StepStanding.DEAD
    is_same = element and before.spec.for_each is not None and before.spec.for_each == step.spec.for_each
    elements = (element,) if is_same else view.elements(before)
    if len(elements) == 1:
        return standing_at(view, before, elements[0])
    if not elements:
        return _of_nobody(view, before)
    found = {standing_at(view, before, one) for one in elements}
    return next(standing for standing in _FIRST_OF_MANY if standing in found)


def _of_nobody(view: RunSteps, step: CompiledStep) -> StepStanding:
    """Say how a step stands that is done for each person, when there is nobody: it is passed once it is reached."""
    return StepStanding.UNCALLED if step.waits_to_be_called else _OF_NOBODY[_led_to(view, step, "")]


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
    elif record.status is StepStatus.SCHEDULED and step.wait is not None and record.opens_at is None:
        words = in_words(step.wait, lambda path: _title(view, path))
        yield StepFinding(step.key, UNANSWERED, f"“{step.title}” is waiting without an end until {words}.", element)
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
    """Return whether something that is open can still give this value, itself or by what follows from it."""
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
    step = view.compiled.steps.get(path[0])
    if len(path) == 1:
        fact = view.compiled.workflow.facts.get(path[0])
        return step.title if step else fact.title if fact and fact.title else in_running_words(path[0])
    info = step.info if step else None
    labels = {**(info.labels if info else {}), **{one.id: one.label for one in (step.spec.questions if step else ())}}
    return f"{step.title if step else path[0]}: {labels.get(path[-1], in_running_words(path[-1])).rstrip('?')}"
