"""Whether a step that has not been reached can begin, must wait, or will never begin."""

from enum import StrEnum

from engine.domain.compiled import CompiledStep
from engine.domain.records import LIVE, StepStatus
from engine.domain.values import RunView, truth_of
from engine.spec.conditions.evaluate import Truth
from engine.spec.workflow import Join, JoinMode


class Readiness(StrEnum):
    """What the steps before a step, and its choice and condition, say of it."""

    WAIT = "wait"
    DEAD = "dead"
    LIVE = "live"


class Standing(StrEnum):
    """How one step before stands, seen from the step after it."""

    PENDING = "pending"
    ENDED = "ended"
    DEAD = "dead"


def readiness(view: RunView, step: CompiledStep, path: str) -> Readiness:
    """Say whether a step that has not been reached can begin at `path`, must wait, or will never begin."""
    before = _join(view, step, step.after, path)
    if before is not Readiness.LIVE:
        return before
    if step.choice is not None:
        chosen = _chosen(view, step, path)
        if chosen is None:
            return Readiness.WAIT
        if chosen != step.branch:
            return Readiness.DEAD
    if step.condition is None:
        return Readiness.LIVE
    truth = truth_of(step.condition, view.lookup(path))
    return {Truth.TRUE: Readiness.LIVE, Truth.FALSE: Readiness.DEAD, Truth.UNKNOWN: Readiness.WAIT}[truth]


def standing_at(view: RunView, before: CompiledStep, element: str) -> Standing:
    """Say how one occurrence of a step stands, seen from the steps after it; a series stands as a whole."""
    record = view.latest(before.key, element)
    if record is None:
        return Standing.DEAD if before.waits_to_be_called else Standing.PENDING
    if record.status in LIVE:
        return Standing.PENDING
    if record.status is not StepStatus.ENDED:
        return Standing.DEAD
    return Standing.PENDING if before.spec.repeat and not record.series_over else Standing.ENDED


def _chosen(view: RunView, step: CompiledStep, path: str) -> int | None:
    """Give the number of the branch taken; None while an earlier branch is unknown."""
    choice = view.compiled.choices[step.choice or ""]
    lookup = view.lookup(path)
    for number, condition in enumerate(choice.conditions):
        truth = truth_of(condition, lookup)
        if truth is Truth.UNKNOWN:
            return None
        if truth is Truth.TRUE:
            return number
    return len(choice.conditions)


def _join(view: RunView, step: CompiledStep, join: Join, path: str) -> Readiness:
    if not join.steps:
        return Readiness.LIVE
    stand = [_standing(view, step, before, path) for before in join.steps]
    ended, pending = stand.count(Standing.ENDED), stand.count(Standing.PENDING)
    if join.mode is JoinMode.ALL:
        if pending:
            return Readiness.WAIT
        return Readiness.LIVE if ended else Readiness.DEAD
    needed = join.n if join.mode is JoinMode.N else 1
    if ended >= needed:
        return Readiness.LIVE
    return Readiness.WAIT if ended + pending >= needed else Readiness.DEAD


def _standing(view: RunView, step: CompiledStep, key: str, path: str) -> Standing:
    before = view.compiled.steps.get(key)
    if before is None:
        return Standing.DEAD
    same = before.spec.for_each and before.spec.for_each == step.spec.for_each
    elements = (path,) if same else view.elements(before)
    found = [standing_at(view, before, element) for element in elements]
    if Standing.PENDING in found:
        return Standing.PENDING
    return Standing.ENDED if Standing.ENDED in found else Standing.DEAD
