"""The state of a case, and how an event changes it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from engine.domain import events as ev
from engine.domain.records import (
    Case,
    CasePerson,
    CaseStatus,
    Deadline,
    DeadlineStatus,
    Interval,
    Run,
    RunStatus,
    Scalar,
    Step,
)


@dataclass(frozen=True, slots=True)
class CaseState:
    """All that the domain needs to know of a case. `deadlines` holds the open ones only."""

    case: Case
    report: Mapping[str, Scalar] = field(default_factory=dict)
    persons: tuple[CasePerson, ...] = ()
    runs: Mapping[UUID, Run] = field(default_factory=dict)
    steps: Mapping[UUID, Step] = field(default_factory=dict)
    deadlines: Mapping[UUID, Deadline] = field(default_factory=dict)
    facts: Mapping[str, Scalar] = field(default_factory=dict)
    intervals: tuple[Interval, ...] = ()


def replay(events: Iterable[ev.Event]) -> CaseState:
    """Give the state that a case's events lead to; the first must be `CaseOpened`."""
    stream = iter(events)
    first = next(stream)
    if not isinstance(first, ev.CaseOpened):
        message = "a case begins with CaseOpened"
        raise TypeError(message)
    state = CaseState(case=first.case, report=first.report)
    for event in stream:
        state = evolve(state, event)
    return state


def evolve(state: CaseState, event: ev.Event) -> CaseState:  # noqa: PLR0911 - one return for each sort of event
    """Give the state after an event."""
    match event:
        case ev.CaseOpened():
            return CaseState(case=event.case, report=event.report)
        case ev.CaseClosed():
            closed = state.case.model_copy(update={"status": CaseStatus.CLOSED, "closed_at": event.at})
            return replace(state, case=closed)
        case ev.CaseReopened():
            opened = state.case.model_copy(update={"status": CaseStatus.OPEN, "closed_at": None})
            return replace(state, case=opened)
        case ev.PersonAdded():
            return replace(state, persons=(*state.persons, event.person))
        case ev.PersonRemoved():
            return replace(state, persons=tuple(_removed(person, event) for person in state.persons))
        case ev.RunStarted():
            return replace(state, runs={**state.runs, event.run.id: event.run})
        case ev.RunEnded():
            status = RunStatus.ABORTED if event.aborted else RunStatus.OVER
            run = state.runs[event.run_id].model_copy(update={"status": status})
            return replace(state, runs={**state.runs, run.id: run})
        case ev.FactRecorded():
            return replace(state, facts={**state.facts, event.name: event.value})
        case ev.IntervalRecorded():
            return replace(state, intervals=(*_others(state, event.interval), event.interval))
        case _:
            return _evolve_step_or_deadline(state, event)


def _evolve_step_or_deadline(state: CaseState, event: ev.Event) -> CaseState:
    if isinstance(event, ev.STEP_EVENTS):
        return replace(state, steps={**state.steps, event.step.id: event.step})
    if not isinstance(event, ev.DEADLINE_EVENTS):
        message = f"an event of an unknown sort: {event.type}"
        raise TypeError(message)
    deadlines = {**state.deadlines, event.deadline.id: event.deadline}
    if event.deadline.status is not DeadlineStatus.OPEN:
        del deadlines[event.deadline.id]
    return replace(state, deadlines=deadlines)


def _removed(person: CasePerson, event: ev.PersonRemoved) -> CasePerson:
    gone = person.person_id == event.person_id and person.role.value == event.role and person.removed_at is None
    return person.model_copy(update={"removed_at": event.at}) if gone else person


def _others(state: CaseState, interval: Interval) -> tuple[Interval, ...]:
    """Leave out the interval that this one completes: same step, name and start."""
    key = (interval.step_id, interval.name, interval.start)
    return tuple(known for known in state.intervals if (known.step_id, known.name, known.start) != key)
