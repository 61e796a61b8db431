"""Which line of a published definition brings a step, a time limit or a message; what none brings, a person did."""

from collections.abc import Mapping
from typing import NamedTuple

from engine.core import events as ev
from engine.core.compiled import CompiledStep, CompiledWorkflow
from engine.core.deadlines.keep import is_time_of
from engine.core.library import Library
from engine.core.records import Deadline, Purpose, Step
from engine.core.state import CaseState


class Line(NamedTuple):
    """A line of a published definition: what it is called, its version, and the place in its file (`steps.fir`)."""

    title: str
    version: int
    place: str

    def __str__(self) -> str:
        """Return it as people are told it."""
        return f"{self.title}, version {self.version}: {self.place}"


def line_of_step(
    step: Step, state: CaseState, definitions: Mapping[str, CompiledWorkflow], library: Library
) -> Line | None:
    """Return what brings a step: its own line, a follow-up, or the level of a ladder; None where a person did."""
    added = step.added
    if added is None:
        found = definitions.get(state.runs[step.run_id].definition_hash)
        return _line(found, f"steps.{step.key}") if found and step.key in found.steps else None
    if added.origin is not None:
        found = definitions.get(added.origin.definition)
        return _follow_up(found, added.origin.step, added.origin.follow_up) if found else None
    late = next((one for one in _all(state) if one.id == added.for_deadline), None)
    return level_line(late, int(added.settings.get("level", 1)), library) if late else None


def line_of_deadline(
    deadline: Deadline, state: CaseState, definitions: Mapping[str, CompiledWorkflow], library: Library
) -> Line | None:
    """Return what says how long a step may take, or when it opens; None where the person did who added the step."""
    step = state.steps.get(deadline.step_id)
    if step is not None and step.added is not None:
        return line_of_step(step, state, definitions, library)
    found = definitions.get(state.runs[deadline.run_id].definition_hash)
    own = found.steps.get(deadline.key) if found else None
    part = part_of(own, deadline) if own else ""
    return _line(found, f"steps.{deadline.key}.{part}") if found and part else None


def level_line(deadline: Deadline, level: int, library: Library) -> Line | None:
    """Return the level of a ladder that is raised."""
    ladder = library.ladder_of(deadline)
    known = ladder is not None and 0 < level <= len(ladder.levels)
    return Line(ladder.title, ladder.version, f"levels.{level}") if ladder and known else None


def line_of_event(
    event: ev.Event, state: CaseState, definitions: Mapping[str, CompiledWorkflow], library: Library
) -> Line | None:
    """Return what brings a step, a time limit or a message of which an event tells; None of what a person did."""
    match event:
        case ev.LevelRaised() | ev.LevelMissed():
            return level_line(event.deadline, event.level, library)
        case ev.StepOpened() | ev.StepHeld() | ev.StepScheduled() | ev.StepSkipped():
            return line_of_step(event.step, state, definitions, library)
        case ev.DeadlineSet() | ev.DeadlineMoved() | ev.DeadlineWarned() | ev.DeadlineBreached():
            return line_of_deadline(event.deadline, state, definitions, library)
    return None


def _all(state: CaseState) -> tuple[Deadline, ...]:
    return (*state.deadlines.values(), *state.past.values())


def _line(definition: CompiledWorkflow, place: str) -> Line:
    return Line(definition.workflow.title, definition.workflow.version, place)


def _follow_up(definition: CompiledWorkflow, at: str, name: str) -> Line | None:
    own = definition.steps.get(at)
    declared = own.follow_ups if own else definition.follow_ups.get(at, ())
    place = f"steps.{at}.follow_ups.{name}" if own else f"follow_ups.{at}.{name}"
    return _line(definition, place) if name in {one.name for one in declared} else None


def part_of(step: CompiledStep, deadline: Deadline) -> str:
    """Name the part of a step that a deadline is an instance of; empty where there is none."""
    spec = step.spec
    match deadline.purpose:
        case Purpose.APPROVAL:
            return "approve" if spec.approve else ""
        case Purpose.OPENING:
            return next((name for name in ("not_before", "repeat", "wait") if getattr(spec, name)), "")
    for number, time in enumerate(step.times):
        if is_time_of(time, deadline):
            return f"time.{number + 1}" if spec.time else "uses"
    return ""
