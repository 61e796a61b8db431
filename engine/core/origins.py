"""Which line of a published definition brings a step, a time limit or a message; what none brings, a person did."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from engine.core import events as ev
from engine.core.compiled import CompiledFollowUp, CompiledStep, CompiledWorkflow
from engine.core.deadlines.keep import is_time_of
from engine.core.library import Library
from engine.core.records import AddedStep, Deadline, Origin, Purpose, Step
from engine.core.state import CaseState


class Line(NamedTuple):
    """A line of a published definition: what it is called, its version, and the place in its file (`steps.fir`)."""

    title: str
    version: int
    place: str

    def __str__(self) -> str:
        """Return it as people are told it."""
        return f"{self.title}, version {self.version}: {self.place}"


Find = Callable[[str], CompiledWorkflow | None]
"""Finds a definition by its hash."""


def line_of_step(
    step: Step, state: CaseState, definitions: Mapping[str, CompiledWorkflow], library: Library
) -> Line | None:
    """Return what brings a step: its own line, a follow-up, or the level of a ladder; None where a person did."""
    late = next((one for one in _all(state) if step.added and one.id == step.added.for_deadline), None)
    return line_of(step.key, step.added, state.runs[step.run_id].definition_hash, definitions.get, library, late=late)


def line_of(
    key: str,
    added: AddedStep | None,
    definition_hash: str,
    find: Find,
    library: Library,
    *,
    late: Deadline | None = None,
    of: Deadline | None = None,
) -> Line | None:
    """Return what brings a step, or a time limit `of` it; `late` is the deadline that it was opened for, if any."""
    if added is None:
        found = find(definition_hash)
        own = found.steps.get(key) if found else None
        part = part_of(own, of) if own and of else ""
        return _line(found, f"steps.{key}{f'.{part}' if of else ''}") if found and own and (part or not of) else None
    if added.origin is not None:
        return _follow_up(added.origin, find)
    return level_line(late, int(added.settings.get("level", 1)), library) if late else None


def line_of_deadline(
    deadline: Deadline, state: CaseState, definitions: Mapping[str, CompiledWorkflow], library: Library
) -> Line | None:
    """Return what says how long a step may take, or when it opens; None where the person did who added the step."""
    step = state.steps.get(deadline.step_id)
    if step is not None and step.added is not None:
        return line_of_step(step, state, definitions, library)
    hash_ = state.runs[deadline.run_id].definition_hash
    return line_of(deadline.key, None, hash_, definitions.get, library, of=deadline)


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


def declared_as(origin: Origin, find: Find) -> CompiledFollowUp | None:
    """Return the follow-up that a definition declares; None where it is not at hand, or has none of this name."""
    found = find(origin.definition)
    own = found.steps.get(origin.step) if found else None
    declared = own.follow_ups if own else found.follow_ups.get(origin.step, ()) if found else ()
    return next((one for one in declared if one.name == origin.follow_up), None)


def _follow_up(origin: Origin, find: Find) -> Line | None:
    found = find(origin.definition)
    if found is None or declared_as(origin, find) is None:
        return None
    at = f"steps.{origin.step}.follow_ups" if origin.step in found.steps else f"follow_ups.{origin.step}"
    return _line(found, f"{at}.{origin.follow_up}{'.again_latest' if origin.again else ''}")


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
