"""Drives the pure core through a story, with a clock that stops at every instant at which something is due."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.compiled import CompiledWorkflow
from engine.core.deadlines.firings import DUE
from engine.core.decide import decide
from engine.core.records import (
    LIVE,
    Case,
    CaseStatus,
    Deadline,
    PersonRole,
    Purpose,
    Scalar,
    Step,
    StepInterval,
    StepStatus,
    deadline_id,
)
from engine.core.state import CaseState, evolve
from tests.kit.pillars import FakeContext
from tests.kit.shipped import Event, Story, library, registry, shipped

RUN, VICTIM, INTAKE_OFFICER, CASEWORKER = UUID(int=1), UUID(int=2), UUID(int=3), UUID(int=4)
LONGEST = timedelta(days=5 * 366)

ANSWERS: Mapping[str, Mapping[str, Scalar]] = {
    "reporting.intake": {"is_child_suspected": "yes", "immediate_danger": True},
    "reporting.triage": {"risk_level": "critical", "decision": "rescue"},
    "policing.fir": {"refused": False},
    "rescue.production": {"order_type": "placement"},
    "rescue.identify": {"status": "actual"},
    "repatriation.border": {"crosses": "within"},
    "repatriation.hir": {"recommendation": "safe_with_conditions"},
    "repatriation.nationality": {"result": "confirmed"},
    "repatriation.decision": {"wishes_return": "yes", "decision": "return"},
    "core.decide": {"decision": "yes"},
    "reintegration.close": {"all_pillars_settled": True, "open_clocks": 0},
}
"""What people answer unless a test says otherwise: the open answers that workflows decide on."""
ACROSS: Mapping[str, Mapping[str, Scalar]] = {"border": {"crosses": "across", "country": "BD"}}
"""What the lawyer finds in a case that crosses the border to Bangladesh."""


@dataclass
class CoreCase:
    """A case in the pure core. What nobody is told to leave is done by the team at the last moment that is on time."""

    workflow: CompiledWorkflow
    opened_at: datetime
    jurisdiction: str
    report: Mapping[str, Scalar] = field(default_factory=dict)
    answers: Mapping[str, Mapping[str, Scalar]] = field(default_factory=dict)
    outcome: str = "done"
    victims: int = 1
    worked_out: Mapping[str, Mapping[str, Scalar]] = field(default_factory=dict)
    left: frozenset[str] = frozenset()
    to_be_told: list[str] = field(default_factory=list)
    events: list[ev.Event] = field(default_factory=list)
    now: datetime = field(init=False)
    state: CaseState = field(init=False)

    def __post_init__(self) -> None:
        """Open the case with its children in it."""
        self.now = self.opened_at
        case = Case(
            id=UUID(int=9), number="C-1", unit_id=UUID(int=8), jurisdiction=self.jurisdiction, opened_at=self.now
        )
        self.state = CaseState(case=case, report=self.report)
        for number in range(self.victims):
            self.do(cm.AddPerson(UUID(int=VICTIM.int + 100 * number), PersonRole.VICTIM))
        self.do(cm.StartRun(RUN, self.workflow.content_hash, self.now, self.jurisdiction))

    def do(self, command: cm.Command) -> tuple[ev.Event, ...]:
        """Carry out a command now, and every automatic step that it opens."""
        happened = decide({self.workflow.content_hash: self.workflow}, library(), self.state, command, self.now)
        for event in happened:
            self.state = evolve(self.state, event)
        self.events += happened
        for step in [step for step in self.ready() if step.automatic]:
            if self.state.steps[step.id].status is StepStatus.READY:
                self.complete(step, outputs=self._worked_out(step))
        return happened

    def ready(self, uses: str | None = None) -> list[Step]:
        """List the steps that somebody can work on now, of one type or of all, the most urgent first."""
        steps = [s for s in self.state.steps.values() if s.status is StepStatus.READY and uses in {None, s.uses}]
        return sorted(steps, key=lambda step: deadline.due_at if (deadline := self.deadline(step)) else _NEVER)

    def step(self, key: str) -> Step | None:
        """Find the latest occurrence of a step by its key."""
        found = [step for step in self.state.steps.values() if step.key == key]
        return max(found, key=lambda step: step.round, default=None)

    def deadline(self, step: Step) -> Deadline | None:
        """Find the open deadline of a step."""
        return self.state.deadlines.get(deadline_id(step.id, Purpose.LIMIT))

    def complete(
        self,
        step: Step,
        *,
        at: datetime | None = None,
        outputs: Mapping[str, Scalar] | None = None,
        by: UUID = CASEWORKER,
    ) -> None:
        """End a step with the answers and the outcome that this case gives; only what was done has answers.

        The closure review is answered in every case.
        """
        if self.outcome != "done" and not step.automatic and step.uses != "reintegration.close":
            self.do(cm.CompleteStep(step.id, self.outcome, at or self.now, by=by))
            return
        if outputs is None:
            outputs = {**ANSWERS.get(step.uses, {}), **self._event_time(step), **self.answers.get(step.key, {})}
        self.do(cm.CompleteStep(step.id, "done", at or self.now, outputs=outputs, by=by))

    def until(self, at: datetime) -> None:
        """Let time pass: stop wherever something is due, and wherever the team does its part."""
        while (stop := min(self._stops(), default=(_NEVER, 0, "")))[0] <= at:
            self.now = max(self.now, stop[0])
            if stop[1] == _WORK:
                self.complete(self.state.steps[UUID(stop[2])])
            else:
                self.do(cm.FireDeadline(UUID(stop[2])))
        self.now = at

    def reach(self, key: str) -> Step:
        """Let the team work until a step that they leave can be done; returns it."""
        while not (found := [step for step in self.ready() if step.key == key]):
            undated = [step for step in self.undated() if step.key not in self.left]
            if undated:
                self.complete(undated[0])
            else:
                self.until(max(self.now, min(stop[0] for stop in self._stops())))
        return found[0]

    def finish(self) -> None:
        """Let the team do all that is left, until nobody can do anything more; what only stands by is left alone."""
        self.to_be_told = []
        limit = self.now + LONGEST
        while not self.is_closed() and self.now < limit:
            undated = [step for step in self.undated() if step.key not in self.left]
            if undated:
                self.complete(undated[0])
            elif stops := [stop[0] for stop in self._stops()]:
                self.until(max(self.now, min(stops)))
            else:
                return

    def undated(self) -> list[Step]:
        """List the steps that somebody can work on and that have no time; not those that only stand by."""
        return [step for step in self.ready() if self.deadline(step) is None and not self._stands_by(step)]

    def _stands_by(self, step: Step) -> bool:
        foreseen = self.workflow.steps.get(step.key)
        return foreseen is not None and foreseen.spec.standing

    def is_closed(self) -> bool:
        """Return whether the case is closed."""
        return self.state.case.status is CaseStatus.CLOSED

    def live(self) -> set[str]:
        """Name the steps in which something is still to be done; not those that only stand by."""
        return {step.key for step in self.state.steps.values() if step.status in LIVE and not self._stands_by(step)}

    def breaches(self) -> list[tuple[str, datetime]]:
        """List the steps whose deadline was missed, each with the instant at which the breach is dated."""
        found = [event.deadline for event in self.events if isinstance(event, ev.DeadlineBreached)]
        return [(deadline.key, deadline.breached_at) for deadline in found if deadline.breached_at]

    def levels(self, key: str) -> list[tuple[int, datetime]]:
        """List the levels that were raised for a step, each with the instant at which it was planned."""
        found = [event for event in self.events if isinstance(event, ev.LevelRaised)]
        return [(event.level, event.planned_at) for event in found if event.deadline.key == key]

    def warnings(self, key: str) -> list[datetime]:
        """List the instants at which somebody was warned of a step before it fell due."""
        found = [event for event in self.events if isinstance(event, ev.DeadlineWarned) and event.firing != DUE]
        return [event.planned_at for event in found if event.deadline.key == key]

    def _stops(self) -> Iterator[tuple[datetime, int, str]]:
        for deadline in self.state.deadlines.values():
            if deadline.next_at is not None:
                yield deadline.next_at, _FIRING, str(deadline.id)
        for step in self.ready():
            open_deadline = self.deadline(step)
            if open_deadline and step.uses not in self.to_be_told and step.key not in self.left:
                yield open_deadline.due_at, _WORK, str(step.id)

    def _event_time(self, step: Step) -> dict[str, Scalar]:
        name = registry().get(step.uses).event_time_field
        return {name: self.now} if name else {}

    def _worked_out(self, step: Step) -> Mapping[str, Scalar]:
        """Let the pillar's own function do an automatic step, unless the test says what it finds."""
        if step.uses in self.worked_out:
            return self.worked_out[step.uses]
        step_type = registry().get(step.uses)
        before: dict[str, Mapping[str, Any]] = {}
        for known in sorted(self.state.steps.values(), key=lambda known: known.ended_at or _NEVER):
            if known.status is StepStatus.ENDED:
                before[known.uses] = {name: _as_answer(value) for name, value in known.outputs.items()}
        context = FakeContext(
            now=self.now, jurisdiction=self.jurisdiction, settings=step_type.settings(), before=before,
            step_type=step.uses,
        )  # fmt: skip
        return step_type.run(context).outputs


@dataclass
class CoreStory:
    """A story told to the core: which of its events the workflow had foreseen, and which due times it gave."""

    case: CoreCase
    told: Story
    foreseen: list[str] = field(default_factory=list)
    not_foreseen: list[str] = field(default_factory=list)
    due: dict[str, datetime] = field(default_factory=dict)
    done: dict[str, Step] = field(default_factory=dict)

    def tell(self, *, until: str | None = None) -> None:
        """Go through the timeline, up to and with the event of one label."""
        for event in self.told.events:
            if event.label in self.foreseen + self.not_foreseen:
                continue
            self._tell(event)
            if event.label == until:
                return

    def _tell(self, event: Event) -> None:
        self.case.until(event.at)
        step = self._about(event)
        self.case.to_be_told.remove(event.step)
        if step is None:
            self.not_foreseen.append(event.label)
            return
        self.foreseen.append(event.label)
        if event.journey is not None:
            start = event.at - timedelta(seconds=event.journey.seconds)
            journey = StepInterval(step_id=step.id, name="journey", start=start, end=event.at, has_place=True)
            self.case.do(cm.RecordInterval(journey))
        deadline = self.case.deadline(step)
        if deadline is not None:
            self.due[event.label] = deadline.due_at
        self.case.complete(step, by=INTAKE_OFFICER if event.step == "reporting.intake" else CASEWORKER)
        self.done[event.label] = self.case.state.steps[step.id]

    def _about(self, event: Event) -> Step | None:
        """Find the open step that an event tells of: of its type the one with its due time, else the most urgent."""
        open_ones = [step for step in self.case.ready(event.step) if step.key not in self.case.left]
        due = {step.id: deadline.due_at for step in open_ones if (deadline := self.case.deadline(step))}
        exact = (step for step in open_ones if event.due is not None and due.get(step.id) == event.due)
        return next(exact, open_ones[0] if open_ones else None)


def open_story(
    told: Story,
    workflow: str,
    *,
    answers: Mapping[str, Mapping[str, Scalar]] | None = None,
    left: frozenset[str] = frozenset(),
) -> CoreStory:
    """Open the case of a story in a shipped workflow; nobody does the steps in `left`.

    Where a story asks for a nationality, the lawyer has found that its case crosses the border.
    """
    crosses = any(event.step == "repatriation.nationality" for event in told.events)
    case = CoreCase(
        workflow=shipped(workflow), opened_at=told.opened_at, jurisdiction=told.jurisdiction,
        answers={**(ACROSS if crosses else {}), **(answers or {})}, left=left,
        to_be_told=[event.step for event in told.events],
    )  # fmt: skip
    return CoreStory(case, told)


_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_WORK, _FIRING = 0, 1


def _as_answer(value: Scalar) -> Scalar:
    return value.isoformat() if isinstance(value, datetime) else value
