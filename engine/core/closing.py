"""What stands against closing a case: work, gates and time limits that are open. Pure."""

import hashlib
from typing import Final, NamedTuple

from engine.core.records import LIVE, CaseStatus, DeadlineStatus, RunStatus, Step, StepStatus
from engine.core.state import CaseState

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
    live = [step for step in state.steps.values() if step.status in LIVE]
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
    live = [step for step in state.steps.values() if step.status in LIVE]
    is_left = all(step.automatic and step.status is StepStatus.READY for step in live)
    return state.case.status is CaseStatus.CLOSED or (bool(live) and is_left)


def key_that_asks_whether_done(of: str) -> str:
    """Give the key of an added step in which somebody says whether a case is done, after something came back."""
    return f"{_ASKS_WHETHER_DONE}{of}"


def asks_whether_done(step: Step) -> bool:
    """Say whether a step was added so that somebody says whether the case is done."""
    return step.added is not None and step.uses == DECIDES and step.key.startswith(_ASKS_WHETHER_DONE)


def stands(state: CaseState) -> str:
    """Give a hash of what is open: another one means that what was to be closed has changed."""
    open_now = [f"{run.id}" for run in state.runs.values() if run.status is RunStatus.OPEN]
    open_now += [f"{step.id}" for step in state.steps.values() if step.status in LIVE]
    return hashlib.sha256("|".join(sorted(open_now)).encode()).hexdigest()
