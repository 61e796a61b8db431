"""Whether a step that has not been reached can begin, must wait, or will never begin."""

from enum import StrEnum

from engine.domain.compiled import CompiledStep
from engine.domain.records import LIVE, StepStatus
from engine.domain.values import RunSteps, truth_of
from engine.spec.conditions.evaluate import Truth
from engine.spec.workflow import Join, JoinMode


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
    """Say whether a step that has not been reached can begin for `element`, must wait, or will never begin.

    It is uncalled while all that could lead to it waits to be added, or to be opened by a breach.
    """
    led_to = _led_to(view, step, element)
    if led_to is not Readiness.LIVE or step.condition is None:
        return led_to
    truth = truth_of(step.condition, view.lookup(element, step.spec.for_each))
    return {Truth.TRUE: Readiness.LIVE, Truth.FALSE: Readiness.DEAD, Truth.UNKNOWN: Readiness.WAIT}[truth]


def is_led_to(view: RunSteps, step: CompiledStep, element: str) -> bool:
    """Say whether what comes before a step lets it begin, whatever its choice and its condition say."""
    return _join(view, step, step.after, element) is Readiness.LIVE


def standing_at(view: RunSteps, step: CompiledStep, element: str) -> StepStanding:
    """Say how one occurrence of a step stands, seen from the steps after it; a series stands as a whole."""
    known = view.standings.get((step.key, element))
    if not isinstance(known, StepStanding):
        known = view.standings[step.key, element] = _standing_at(view, step, element)
    return known


def is_ruled_out(view: RunSteps, step: CompiledStep, element: str) -> bool:
    """Say whether a step that has not been reached would be skipped, by what is known already."""
    lookup = view.lookup(element, step.spec.for_each)
    if step.condition is not None and truth_of(step.condition, lookup) is Truth.FALSE:
        return True
    if step.choice is None:
        return False
    chosen = chosen_branch(view, step, element)
    return chosen is not None and chosen != step.branch


def chosen_branch(view: RunSteps, step: CompiledStep, element: str) -> int | None:
    """Give the number of the branch that is taken of a step's choice; None while an earlier one is unknown."""
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
    if record is None:
        return StepStanding.UNCALLED if _is_uncalled(view, step, element) else StepStanding.PENDING
    if record.status in LIVE:
        return StepStanding.PENDING
    if step.spec.repeat and record.status is StepStatus.ENDED and not record.series_over:
        return StepStanding.PENDING
    return StepStanding.DEAD if view.ended(step.key, element) is None else StepStanding.ENDED


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
    if not elements:
        return _of_nobody(view, before)
    found = {standing_at(view, before, one) for one in elements}
    return next(standing for standing in _FIRST_OF_MANY if standing in found)


def _of_nobody(view: RunSteps, step: CompiledStep) -> StepStanding:
    """Say how a step stands that is done for each person, when there is nobody: it is passed once it is reached."""
    return StepStanding.UNCALLED if step.waits_to_be_called else _OF_NOBODY[_led_to(view, step, "")]
