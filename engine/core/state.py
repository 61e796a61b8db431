"""The state of a case, and how an event changes it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Final
from uuid import UUID

from engine.core import events as ev
from engine.core.records import (
    LIVE,
    Case,
    CasePerson,
    CaseStatus,
    Deadline,
    DeadlineStatus,
    Run,
    RunStatus,
    Scalar,
    Step,
    StepInterval,
)

_OF_TIME: Final = frozenset({"deadlines", "past"})


@dataclass(frozen=True)
class CaseState:
    """All that the domain needs to know of a case.

    `deadlines` holds the open ones; `past` those that ended after something of them had fired, or was said of them, so
    that nothing is told twice, and no breach, pause or extension forgotten, when such a deadline begins to run again.
    `barred` names the people and units that must not see the case. `owed_in` names the jurisdiction of the partner who
    has taken on a step, or whose answer it waits for; `kept_in` that of the unit that has the case, where it is known.
    """

    case: Case
    report: Mapping[str, Scalar] = field(default_factory=dict)
    persons: tuple[CasePerson, ...] = ()
    runs: Mapping[UUID, Run] = field(default_factory=dict)
    steps: Mapping[UUID, Step] = field(default_factory=dict)
    deadlines: Mapping[UUID, Deadline] = field(default_factory=dict)
    past: Mapping[UUID, Deadline] = field(default_factory=dict)
    facts: Mapping[str, Scalar] = field(default_factory=dict)
    intervals: tuple[StepInterval, ...] = ()
    barred: frozenset[UUID] = frozenset()
    owed_in: Mapping[UUID, str] = field(default_factory=dict)
    kept_in: str = ""

    def with_partner(self, step_id: UUID | None, jurisdiction: str) -> "CaseState":
        """Note where the partner is who owes a step now; nothing for no step."""
        return self if step_id is None else self.but(owed_in={**self.owed_in, step_id: jurisdiction})

    def but(self, **changes: object) -> "CaseState":
        """Return the state with other values for some fields, as `dataclasses.replace` does, in a tenth of its time."""
        state = object.__new__(CaseState)
        state.__dict__.update(self.__dict__, **changes)
        if "steps" in changes:
            state.__dict__.pop("live", None)
        if not _OF_TIME.issuperset(changes):
            state.__dict__.pop("worked_out", None)
        return state

    def has_steps_of(self, other: "CaseState") -> bool:
        """Whether nothing but deadlines is different from another state of the same case, from which this one came."""
        mine, others = self.__dict__, other.__dict__
        return all(mine[one.name] is others[one.name] for one in fields(self) if one.name not in _OF_TIME)

    @cached_property
    def worked_out(self) -> dict[tuple[object, ...], object]:
        """What was worked out of what the case tells and is asked for again; a step that tells nothing changes none."""
        return {}

    @cached_property
    def live(self) -> Mapping[UUID, Step]:
        """The steps that still have something to be done, in the order of `steps`: few of them, late in a long case."""
        return {id_: step for id_, step in self.steps.items() if step.status in LIVE}

    def with_live(self, live: Mapping[UUID, Step]) -> "CaseState":
        """Note which steps are live, where that is known, and return the state."""
        self.__dict__["live"] = live
        return self

    def with_step(self, step: Step) -> "CaseState":
        """Return the state with a step as it is now; the live ones are not looked for again where they are known."""
        known: dict[UUID, Step] | None = self.__dict__.get("live")
        before = self.steps.get(step.id)
        state = self.but(steps={**self.steps, step.id: step})
        if "worked_out" in self.__dict__ and not (step.tells or (before is not None and before.tells)):
            state.__dict__["worked_out"] = self.worked_out
        if known is not None:
            if step.status not in LIVE:
                state.__dict__["live"] = {id_: one for id_, one in known.items() if id_ != step.id}
            elif step.id in known or step.id not in self.steps:  # else it takes its place among them again
                state.__dict__["live"] = {**known, step.id: step}
        return state


def replay(events: Iterable[ev.Event]) -> CaseState:
    """Return the state that a case's events lead to; the first must be `CaseOpened`."""
    stream = iter(events)
    first = next(stream)
    if not isinstance(first, ev.CaseOpened):
        message = "a case begins with CaseOpened"
        raise TypeError(message)
    state = CaseState(case=first.case, report=first.report)
    for event in stream:
        state = evolve(state, event)
    return state


def evolve(state: CaseState, event: ev.Event) -> CaseState:
    """Return the state after an event."""
    if isinstance(event, ev.STEP_EVENTS):
        return state.with_step(event.step)
    if isinstance(event, ev.DEADLINE_EVENTS):
        return _with_deadline(state, event.deadline)
    return _evolve_case(state, event)


def _evolve_case(state: CaseState, event: ev.Event) -> CaseState:  # noqa: C901, PLR0911, PLR0912 - a line each
    match event:
        case ev.CaseOpened():
            return CaseState(case=event.case, report=event.report)
        case ev.CaseClosed():
            closed = state.case.model_copy(update={"status": CaseStatus.CLOSED, "closed_at": event.at})
            return state.but(case=closed)
        case ev.CaseReopened():
            opened = state.case.model_copy(update={"status": CaseStatus.OPEN, "closed_at": None})
            return state.but(case=opened)
        case ev.PersonAdded():
            return state.but(persons=(*_other_links(state, event.person), event.person))
        case ev.PersonRemoved():
            return state.but(persons=tuple(_removed(person, event) for person in state.persons))
        case ev.PersonRoleChanged():
            return state.but(persons=_with_role(state, event))
        case ev.CaseMerged():
            return state.but(case=_merged(state.case, event.into, rests=event.rests))
        case ev.CaseUnmerged():
            return state.but(case=_merged(state.case, None, rests=False))
        case ev.RunStarted() | ev.RunMoved():
            return state.but(runs={**state.runs, event.run.id: event.run})
        case ev.RunEnded():
            return _with_run(state, event.run_id, RunStatus.ABORTED if event.aborted else RunStatus.OVER)
        case ev.RunReopened():
            return _with_run(state, event.run_id, RunStatus.OPEN)
        case ev.FactRecorded():
            return state.but(facts={**state.facts, event.name: event.value})
        case ev.IntervalRecorded():
            return state.but(intervals=(*_others(state, event.interval), event.interval))
        case _:
            message = f"an event of an unknown sort: {event.type}"
            raise TypeError(message)


def _with_run(state: CaseState, run_id: UUID, status: RunStatus) -> CaseState:
    run = state.runs[run_id].model_copy(update={"status": status})
    return state.but(runs={**state.runs, run.id: run})


def _with_deadline(state: CaseState, deadline: Deadline) -> CaseState:
    deadlines, past = dict(state.deadlines), dict(state.past)
    deadlines.pop(deadline.id, None)
    past.pop(deadline.id, None)
    if deadline.status is DeadlineStatus.OPEN:
        deadlines[deadline.id] = deadline
    elif deadline.leaves_traces:
        past[deadline.id] = deadline
    return state.but(deadlines=deadlines, past=past)


def _other_links(state: CaseState, added: CasePerson) -> tuple[CasePerson, ...]:
    """Leave out the link that this one renews: the same person in the same role."""
    return tuple(p for p in state.persons if (p.person_id, p.role) != (added.person_id, added.role))


def _removed(person: CasePerson, event: ev.PersonRemoved) -> CasePerson:
    gone = person.person_id == event.person_id and person.role.value == event.role and person.removed_at is None
    return person.model_copy(update={"removed_at": event.at}) if gone else person


def _with_role(state: CaseState, event: ev.PersonRoleChanged) -> tuple[CasePerson, ...]:
    """Put the changed link in its place; a link in another role follows the old one, which is kept as over."""
    key, changed = (event.person.person_id, event.role), event.person
    if changed.role.value == event.role:
        return tuple(changed if (p.person_id, p.role.value) == key else p for p in state.persons)
    over = {"removed_at": event.at}
    return (
        *(
            p.model_copy(update=over) if (p.person_id, p.role.value) == key and p.removed_at is None else p
            for p in _other_links(state, changed)
        ),
        changed,
    )


def _merged(case: Case, into: UUID | None, *, rests: bool) -> Case:
    return case.model_copy(update={"merged_into": into, "rests": rests})


def _others(state: CaseState, interval: StepInterval) -> tuple[StepInterval, ...]:
    """Leave out the interval that this one completes: same step, name and start."""
    key = (interval.step_id, interval.name, interval.start)
    return tuple(known for known in state.intervals if (known.step_id, known.name, known.start) != key)
