"""Say what would happen to a report: the pure core, with seeded answers and punctuality, and no effect at all."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.compiled import CompiledWorkflow
from engine.core.decide import decide
from engine.core.law.in_case import law_in_case
from engine.core.library import Library
from engine.core.records import (
    LIVE,
    Case,
    CaseStatus,
    Deadline,
    PersonRole,
    Purpose,
    Scalar,
    Step,
    StepStatus,
    deadline_id,
)
from engine.core.state import CaseState, evolve
from engine.core.values import path_of_person
from engine.language.catalogue import Output, ValueKind
from engine.language.ladders import ChannelName, ItemPerson
from engine.language.names import Role
from engine.rehearsal.simulated import (
    Happening,
    People,
    Simulated,
    SimulatedFacts,
    SimulatedMessage,
    SimulatedReport,
    drawn_facts,
)

_LONGEST = timedelta(days=5 * 366)
_WITHOUT_LIMIT = timedelta(days=1)
_EVEN, _ENDS_A_SERIES = 0.5, 0.75
"""How often a yes-or-no question is answered with yes: one on which a series ends, such as a review, mostly."""
_EARLIEST, _LATEST, _VERY_LATE = 0.2, 1.1, 1.5
_RUN, _CASE, _UNIT = UUID(int=1), UUID(int=2), UUID(int=3)


def simulate(
    workflow: CompiledWorkflow,
    library: Library,
    report: SimulatedReport,
    *,
    seed: int,
    late: float | None = None,
    rough: bool = False,
) -> Simulated:
    """Let a case of a workflow run from a report to its end: the same seed always gives the same.

    `late` is the share of steps that are finished after they are due, by up to half of their time; without it, steps
    end anywhere from a fifth of their time to a tenth after it. A `rough` case is one as in life: steps are refused,
    not needed or blocked, answers are missing, second persons send things back, people add steps, and they do what a
    gate asks for, or call off what it holds. What they called off is told. In every case the steps tell the day of the
    offence, ages, sexes and the district as `drawn_facts` has them, so that limits of the law apply or do not.
    """
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    people = People(workflow, chance) if rough else None
    elements = tuple(path_of_person(_victim(number)) for number in range(report.victims))
    facts = drawn_facts(report.answers, elements, report.opened_at, seed=seed, rough=rough)
    run = _Simulation(workflow, library, report, chance, facts, late, people)
    run.go()
    return Simulated(
        workflow=workflow.workflow.workflow,
        seed=seed,
        happenings=tuple(run.happenings),
        messages=dict(sorted(run.messages.items())),
        closed_at=run.state.case.closed_at,
        waits_for=tuple(run.waiting()),
        told=tuple(run.told),
        called_off=tuple(people.called_off) if people else (),
        laws={law: dict(sorted(counts.items())) for law, counts in sorted(run.laws.items())},
    )


def _victim(number: int) -> UUID:
    return UUID(int=100 + number)


@dataclass
class _Simulation:
    """A case that runs in memory."""

    workflow: CompiledWorkflow
    library: Library
    report: SimulatedReport
    chance: random.Random
    facts: SimulatedFacts
    late: float | None = None
    people: People | None = None
    told: list[SimulatedMessage] = field(default_factory=list)
    laws: dict[str, dict[str, int]] = field(default_factory=dict)
    happenings: list[Happening] = field(default_factory=list)
    messages: dict[str, int] = field(default_factory=dict)
    ends: dict[tuple[UUID, int, bool], datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Open the case."""
        self.now = self.report.opened_at.astimezone(UTC)
        place = self.report.jurisdiction
        case = Case(id=_CASE, number="C-0000-0000", unit_id=_UNIT, jurisdiction=place, opened_at=self.now)
        self.state = CaseState(case=case, report=self.report.answers)
        for number in range(self.report.victims):
            self.do(cm.AddPerson(_victim(number), PersonRole.VICTIM))
        self.do(cm.StartRun(_RUN, self.workflow.content_hash, self.now, place))

    def go(self) -> None:
        """Go from one instant at which something happens to the next, until the case is closed or nothing moves."""
        limit = self.now + _LONGEST
        while self.state.case.status is CaseStatus.OPEN:
            at, _, command = min(self._stops(), default=(limit, "", None), key=lambda stop: (stop[0], stop[1]))
            if command is None or at >= limit:
                moved = self.people.move_on(self.state, _RUN) if self.people else None
                if moved is None:
                    return
                self.do(moved)
                continue
            self.now = max(self.now, at)
            self.do(self._filled(command))
            if self.people and (added := self.people.add_something(self.state, _RUN)):
                self.do(added)

    def do(self, command: cm.Command) -> None:
        """Carry a command out, and note what followed."""
        definitions = {self.workflow.content_hash: self.workflow}
        for event in decide(definitions, self.library, self.state, command, self.now):
            self.state = evolve(self.state, event)
            self._note(event)

    def waiting(self) -> Iterator[str]:
        """Say of each live step what it waits for."""
        for step in self.state.steps.values():
            if step.status in LIVE and self.state.case.status is CaseStatus.OPEN:
                gate = self.workflow.gates.get(step.gate) if step.gate else None
                yield f"{step.key} is {step.status.value}{f': {gate.reason}' if gate else ''}"
        if self.state.case.status is CaseStatus.OPEN and not any(s.status in LIVE for s in self.state.steps.values()):
            yield "a step that has not been reached, whose condition nobody can answer any more"

    def _stops(self) -> Iterator[tuple[datetime, str, cm.Command]]:
        for deadline in self.state.deadlines.values():
            if deadline.next_at is not None:
                yield deadline.next_at, f"0{deadline.id}", cm.FireDeadline(deadline.id)
        for step in self.state.steps.values():
            if step.status is StepStatus.READY:
                yield self._end_of(step), f"1{step.id}", cm.CompleteStep(step.id, "done", self.now)
            elif step.status is StepStatus.APPROVAL:
                yield self._end_of(step), f"1{step.id}", cm.ApproveStep(step.id, approved=True)

    def _end_of(self, step: Step) -> datetime:
        """Choose, once, when a step is finished: a share of the time until it is due, sometimes more."""
        key = (step.id, step.turn, step.status is StepStatus.APPROVAL)
        if key not in self.ends:
            purpose = Purpose.APPROVAL if step.status is StepStatus.APPROVAL else Purpose.LIMIT
            deadline = self.state.deadlines.get(deadline_id(step.id, purpose))
            due_at = deadline.due_at if deadline else self.now + _WITHOUT_LIMIT
            share = 0.0 if step.automatic else self._share()
            self.ends[key] = self.now + max(due_at - self.now, timedelta()) * share
        return self.ends[key]

    def _share(self) -> float:
        """Choose what share of the time until it is due a step takes."""
        if self.late is None:
            return self.chance.uniform(_EARLIEST, _LATEST)
        is_late = self.chance.random() < self.late
        return self.chance.uniform(1.0, _VERY_LATE) if is_late else self.chance.uniform(_EARLIEST, 1.0)

    def _filled(self, command: cm.Command) -> cm.Command:
        """Answer the questions of a step: each output is chosen among what its step type declares."""
        if isinstance(command, cm.ApproveStep) and self.people:
            return cm.ApproveStep(command.step_id, approved=self.people.approves())
        if not isinstance(command, cm.CompleteStep):
            return command
        step = self.state.steps[command.step_id]
        compiled = self.workflow.steps.get(step.key)
        outputs = compiled.info.outputs if compiled and compiled.info else {}
        first = compiled is not None and compiled.spec.uses == "reporting.intake"
        told = {name: value for name, value in self.report.answers.items() if first and name in outputs}
        asked = {one.path for one in compiled.until.fields} if compiled and compiled.until else set()
        chances = {name: _ENDS_A_SERIES if (step.key, name) in asked else _EVEN for name in outputs}
        answers = {name: self._answer(output, chances[name]) for name, output in outputs.items()} | told
        if self.people and compiled and compiled.info and not compiled.info.automatic:
            outcome, kept = self.people.end(compiled.info, answers, keep=told)
            tells = self._tells(step) if outcome == "done" else {}
            return cm.CompleteStep(command.step_id, outcome, self.now, outputs=kept | tells)
        return cm.CompleteStep(command.step_id, command.outcome, self.now, outputs=answers | self._tells(step))

    def _tells(self, step: Step) -> dict[str, Scalar]:
        compiled = self.workflow.steps.get(step.key)
        return self.facts.told_by(compiled.info, step.base_path) if compiled and compiled.info else {}

    def _answer(self, output: Output, chance: float) -> Scalar:
        match output.kind:
            case ValueKind.BOOL:
                return self.chance.random() < chance
            case ValueKind.NUMBER:
                return self.chance.randint(0, 3)
            case ValueKind.INSTANT:
                return self.now
            case ValueKind.CHOICE:
                return self.chance.choice(output.choices)

    def _note(self, event: ev.Event) -> None:
        match event:
            case ev.StepOpened() | ev.StepHeld() | ev.StepEnded() | ev.StepSkipped() | ev.StepCancelled():
                what = type(event).__name__.removeprefix("Step").lower()
                if what == "ended":
                    self._judge(event.step)
                self._add(what, event.step.key, event.step.path)
            case ev.DeadlineSet() | ev.DeadlineMoved():
                self._add("due", event.deadline.key, f"{event.deadline.due_at:%Y-%m-%d %H:%M} UTC")
            case ev.StepSubmitted():
                self._notify_approver(event.step)
            case ev.DeadlineWarned():
                self._notify_owner(event.deadline, "due_soon")
            case ev.DeadlineBreached():
                self._add("breached", event.deadline.key, event.deadline.path)
                self._notify_owner(event.deadline, "overdue")
            case ev.LevelRaised():
                self._raised(event)
            case ev.CaseClosed():
                self._add("closed", "")
            case _:
                pass

    def _judge(self, step: Step) -> None:
        """Note for each limit of the law on a step that ended whether it applied, as far as the case has told."""
        compiled, run = self.workflow.steps.get(step.key), self.state.runs[_RUN]
        for law in sorted({time.spec.law for time in compiled.times if time.spec.law} if compiled else ()):
            found = law_in_case(self.state, run, law, self.library, started=self.now, element=step.base_path)
            if found is not None:
                counts = self.laws.setdefault(law, {})
                counts[found.judged.truth.value] = counts.get(found.judged.truth.value, 0) + 1

    def _raised(self, event: ev.LevelRaised) -> None:
        level = self.library.ladders[event.deadline.ladder].levels[event.level - 1]
        told = f"{level.to.kind.value} {getattr(level.to, level.to.kind.value)}"
        self.messages[told] = self.messages.get(told, 0) + 1
        self._add("level", event.deadline.key, f"{event.level}, told: {told}")

        rule = f"ladder {event.deadline.ladder}, level {event.level}"
        role = str(level.to.role or level.to.person or level.to.partner or "")
        if level.to.person is ItemPerson.ASSIGNEE:
            role = self._owner(event.deadline)
        if role:
            self._notify(role, rule, event.deadline, is_sent=ChannelName.EMAIL in level.channels)

    def _notify_owner(self, deadline: Deadline, kind: str) -> None:
        """Tell whoever has claimed the work; before anybody has, nobody is told of it in the simulation."""
        self._notify(self._owner(deadline), f"{deadline.key}, {kind}", deadline, is_sent=True)

    def _notify_approver(self, step: Step) -> None:
        compiled = self.workflow.steps.get(step.key)
        approve = compiled.spec.approve if compiled else None
        if approve is not None and approve.role:
            self.told.append(
                SimulatedMessage(self.now, approve.role[0], f"{step.key}, approval", is_sent=False, critical=False)
            )

    def _owner(self, deadline: Deadline) -> str:
        """Name the role that does the step of a deadline, or approves it."""
        compiled = self.workflow.steps.get(deadline.key)
        step = self.state.steps.get(deadline.step_id)
        if step is not None and step.added is not None:
            return str(next(iter(step.added.roles), Role.CASE_MANAGER))
        if compiled is None:
            return str(Role.CASE_MANAGER)
        if deadline.purpose is Purpose.APPROVAL and compiled.spec.approve is not None:
            return str(next(iter(compiled.spec.approve.role), Role.CASE_MANAGER))
        known = compiled.info.roles if compiled.info else ()
        return str(next(iter((*compiled.spec.assign.role, *known)), Role.CASE_MANAGER))

    def _notify(self, role: str, rule: str, deadline: Deadline, *, is_sent: bool) -> None:
        ladder = self.library.ladders.get(deadline.ladder)
        critical = bool(ladder and ladder.overrides_quiet_hours)
        self.told.append(SimulatedMessage(self.now, role, rule, is_sent=is_sent, critical=critical))

    def _add(self, what: str, step: str, detail: str = "") -> None:
        self.happenings.append(Happening(self.now, what, step, detail))
