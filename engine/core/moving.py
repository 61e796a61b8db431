"""Let a run go on by another definition: a newer version, or another workflow once more is known of the case."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.compiled import CompiledStep
from engine.core.draft import Draft, open_again
from engine.core.records import LIVE, Deadline, RunStatus, Step, StepStatus
from engine.core.state import CaseState
from engine.core.steps import cancel
from engine.errors import AlreadyEndedError, NotFoundError, OtherStepTypeError, WorkWithoutPlaceError

MOVED = "moved"
"""Why a step is called off that the other definition does not have; it goes on when the run moves back."""


class MovePlan(NamedTuple):
    """What a move does to a case: steps called off and opened, and deadlines before and after (None: not any more)."""

    called_off: tuple[Step, ...]
    opened: tuple[Step, ...]
    deadlines: tuple[tuple[Deadline | None, Deadline | None], ...]


class MoveCheck(NamedTuple):
    """What a move meets: steps of one name that are of another type there, and open ones that are not there."""

    other_types: tuple[str, ...]
    without_place: tuple[str, ...]


def check_move(steps: Iterable[tuple[str, str, bool]], there: Mapping[str, CompiledStep]) -> MoveCheck:
    """Check the foreseen steps of a run (key, step type, whether it is live) against the steps of a definition."""
    known = tuple(steps)
    others = {key for key, uses, _ in known if key in there and there[key].spec.uses != uses}
    gone = {key for key, _, is_live in known if is_live and key not in there}
    return MoveCheck(tuple(sorted(others)), tuple(sorted(gone)))


def move(draft: Draft, command: cm.MoveRun) -> None:
    """Let a run go on by another definition; steps are the same that have one name, and what was done stays.

    What lives and is not in the other definition is called off, and goes on if the run comes back; added steps stay.
    Time limits are counted anew by the other definition, from when they began. Raises `NotFoundError`,
    `AlreadyEndedError` for a run that is over, `OtherStepTypeError` where a step of one name is of another type there,
    `WorkWithoutPlaceError` where open steps are not there and the command does not cancel them.
    """
    run, compiled = draft.state.runs.get(command.run_id), draft.definitions.get(command.definition_hash)
    if run is None or compiled is None:
        raise NotFoundError(kind="run" if run is None else "definition")
    if run.status is not RunStatus.OPEN:
        raise AlreadyEndedError(kind="run")
    if run.definition_hash == command.definition_hash:
        return
    foreseen = [step for step in draft.state.steps.values() if step.run_id == run.id and step.added is None]
    there = compiled.steps
    _require_fit(check_move(((one.key, one.uses, one.status in LIVE) for one in foreseen), there), command)
    for step in foreseen:
        if step.id in draft.state.live and step.key not in there:
            cancel(draft, step.model_copy(update={"gate": MOVED}), MOVED)
    changes = {"workflow": compiled.workflow.workflow, "version": compiled.workflow.version}
    moved = run.model_copy(update=changes | {"definition_hash": command.definition_hash})
    draft.emit(ev.RunMoved(run=moved, before=run.definition_hash))
    for step in foreseen:
        if step.status is StepStatus.CANCELLED and step.gate == MOVED and step.key in there:
            latest = draft.view(run.id).latest(step.key, step.base_path)
            if latest is not None and latest.id == step.id:
                open_again(draft, step, there[step.key])
    draft.cause, draft.plans_again = MOVED, True


def _require_fit(met: MoveCheck, command: cm.MoveRun) -> None:
    if met.other_types:
        raise OtherStepTypeError(steps=", ".join(met.other_types))
    if met.without_place and not command.cancels:
        raise WorkWithoutPlaceError(steps=", ".join(met.without_place))


def plan_of_move(before: CaseState, events: Iterable[ev.Event]) -> MovePlan:
    """Return what the events of a move do to the case as it was before."""
    called_off: list[Step] = []
    opened: list[Step] = []
    deadlines: list[tuple[Deadline | None, Deadline | None]] = []
    for event in events:
        match event:
            case ev.StepCancelled():
                called_off.append(event.step)
            case ev.StepOpened() | ev.StepHeld() | ev.StepScheduled():
                opened.append(event.step)
            case ev.DeadlineSet():
                deadlines.append((None, event.deadline))
            case ev.DeadlineMoved():
                deadlines.append((before.deadlines.get(event.deadline.id), event.deadline))
            case ev.DeadlineEnded():
                deadlines.append((event.deadline, None))
            case _:
                pass
    return MovePlan(tuple(called_off), tuple(opened), tuple(deadlines))
