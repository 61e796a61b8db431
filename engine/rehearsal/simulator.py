"""Say what would happen to a report: the pure core, with seeded answers and punctuality, and no effect at all."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from uuid import UUID

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.compiled import CompiledWorkflow
from engine.core.deadlines.firings import level_name
from engine.core.deadlines.keep import step_of
from engine.core.decide import decide_in
from engine.core.draft import Draft
from engine.core.library import Library, law_in_case
from engine.core.readiness import findings
from engine.core.records import (
    OPEN,
    Case,
    CaseStatus,
    Deadline,
    PersonRole,
    Purpose,
    Step,
    StepStatus,
    deadline_id,
    path_of_person,
)
from engine.core.state import CaseState
from engine.core.values import RunSteps
from engine.language.ladders import ChannelName, ItemPerson
from engine.language.names import Role
from engine.messages.records import WARNING, follows_at, is_night
from engine.rehearsal.drawn import Happening, People, Simulated, SimulatedMessage, SimulatedReport, drawn_facts

_LONGEST = timedelta(days=5 * 366)
_WITHOUT_LIMIT = timedelta(days=1)
_STANDING = timedelta(days=30)
"""How long a step without a limit takes at most, and how long it takes until one that stands open is done again."""
_RUN, _CASE, _UNIT = UUID(int=1), UUID(int=2), UUID(int=3)
Turn = tuple[UUID, int, bool]
"""What somebody does of a step at one go: its work, or a look at its answer, each time anew."""
Takes = Callable[["Simulation", Step, datetime, datetime], bool]
"""Whether a step waits for somebody now, by when it is due; they say later when it ends, not before the last one."""
Stop = tuple[datetime, int, int, Deadline | Step]
"""When something happens, what comes first at one instant, and of what."""


def turn_of(step: Step) -> Turn:
    """Name what is next of a step."""
    return step.id, step.turn, step.status is StepStatus.APPROVAL


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
    run = begun(workflow, library, report, seed=seed, late=late, rough=rough)
    run.go()
    return Simulated(
        workflow=workflow.workflow.workflow,
        seed=seed,
        happenings=tuple(run.happenings),
        messages=dict(sorted(run.messages.items())),
        closed_at=run.state.case.closed_at,
        waits_for=tuple(run.waiting()),
        told=tuple(run.told),
        called_off=tuple(run.people.called_off),
        laws={law: dict(sorted(counts.items())) for law, counts in sorted(run.laws.items())},
    )


def begun(
    workflow: CompiledWorkflow,
    library: Library,
    report: SimulatedReport,
    *,
    seed: int,
    late: float | None = None,
    rough: bool = False,
    takes: Takes | None = None,
) -> "Simulation":
    """Open the case of a simulation: it runs when it is asked to go; its steps wait for whoever `takes` them."""
    elements = tuple(path_of_person(_victim(number)) for number in range(report.victims))
    facts = drawn_facts(report.answers, elements, report.opened_at, seed=seed, rough=rough)
    people = People(workflow, facts, report.answers, late, rough)
    return Simulation(workflow, library, report, people, takes)


def _victim(number: int) -> UUID:
    return UUID(int=100 + number)


@dataclass
class Simulation:
    """A case that runs in memory: `commands` are what was asked, each at its instant (UTC), `events` what followed."""

    workflow: CompiledWorkflow
    library: Library
    report: SimulatedReport
    people: People
    takes: Takes | None = None
    told: list[SimulatedMessage] = field(default_factory=list)
    laws: dict[str, dict[str, int]] = field(default_factory=dict)
    happenings: list[Happening] = field(default_factory=list)
    messages: dict[str, int] = field(default_factory=dict)
    ends: dict[Turn, datetime | None] = field(default_factory=dict)
    commands: list[tuple[datetime, cm.Command]] = field(default_factory=list)
    events: list[ev.Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Open the case."""
        self._last = self.report.opened_at + _LONGEST
        self.now = self.report.opened_at.astimezone(UTC)
        place = self.report.jurisdiction
        case = Case(id=_CASE, number="C-0000-0000", unit_id=_UNIT, jurisdiction=place, opened_at=self.now)
        definitions = {self.workflow.content_hash: self.workflow}
        self.draft = Draft(CaseState(case=case, report=self.report.answers), definitions, self.library, self.now)
        for number in range(self.report.victims):
            self.do(cm.AddPerson(_victim(number), PersonRole.POSSIBLE_VICTIM))
        self.do(cm.StartRun(_RUN, self.workflow.content_hash, self.now, place))

    @property
    def state(self) -> CaseState:
        """The case as it is now."""
        return self.draft.state

    def go(self) -> None:
        """Go from one instant at which something happens to the next, until the case is closed or nothing moves."""
        while self.advance(self.next_stop()):
            pass

    def next_stop(self) -> "Stop | None":
        """Return when something happens next, and of what; None where nothing does before people move it on."""
        found = min(self._stops(), default=None, key=itemgetter(0, 1, 2))
        return found if found and found[0] < self._last else None

    def advance(self, stop: "Stop | None") -> bool:
        """Let happen what happens at a stop, or let people move the case on; False once it is over or nothing moves."""
        if stop is None:
            moved = self.people.move_on(self.state, _RUN)
            if moved is None:
                return False
            self.do(moved)
        else:
            at, of = stop[0], stop[3]
            self.now = max(self.now, at)
            if isinstance(of, Deadline):
                self.do(cm.FireDeadline(of.id))
            else:
                self._work_on(of)
        return self.state.case.status is CaseStatus.OPEN

    def do(self, command: cm.Command) -> None:
        """Carry a command out, and note what followed."""
        self.draft.go_on(self.now)
        decide_in(self.draft, command)
        self.commands.append((self.now, command))
        self.events += self.draft.events
        followed = tuple(self.draft.events)
        for event in followed:
            self._note(event)
        for event in followed:
            if isinstance(event, ev.LevelRaised):
                self._act_on(event)

    def _work_on(self, step: Step) -> None:
        """Do what is next of a step: answer, or look at an answer; then bring what follows from it."""
        if step.status is StepStatus.APPROVAL:
            self.do(self.people.approve(step))
        else:
            answers = self.people.complete(step, self.state, self.now)
            if at_once := self.people.duties_at_once(step, answers):
                self.do(at_once)
            self.do(answers)
        ended = self.state.steps[step.id]
        following = self.people.follow(ended, self.state, self.now) if ended.status is StepStatus.ENDED else None
        if following is not None:
            self.do(following)
        if added := self.people.add_something(self.state, _RUN, step.id):
            self.do(added)

    def waiting(self) -> Iterator[str]:
        """Say of each live step what it waits for."""
        for step in self.state.live.values():
            if self.state.case.status is CaseStatus.OPEN:
                gate = self.workflow.gates.get(step.gate) if step.gate else None
                yield f"{step.key} is {step.status.value}{f': {gate.reason}' if gate else ''}"
        if self.state.case.status is CaseStatus.OPEN and not self.state.live:
            views = (RunSteps(self.workflow, self.state, run) for run in self.state.runs)
            yield from (f"{found.step_key}: {found.sentence}" for view in views for found in findings(view, self.now))

    def _stops(self) -> Iterator["Stop"]:
        for deadline in self.state.deadlines.values():
            if deadline.next_at is not None:
                yield deadline.next_at, 0, deadline.id.int, deadline
        for step in self.state.live.values():
            if step.status in OPEN and (ends_at := self._end_of(step)) is not None:
                yield ends_at, 1, step.id.int, step

    def _end_of(self, step: Step) -> datetime | None:
        """Choose, once, when a step is finished: a share of the time until it is due, sometimes more.

        With people it is not finished before somebody has worked on it: None while it waits for them.
        """
        turn = turn_of(step)
        if turn not in self.ends:
            purpose = Purpose.APPROVAL if step.status is StepStatus.APPROVAL else Purpose.LIMIT
            deadline = self.state.deadlines.get(deadline_id(step.id, purpose))
            due_at = deadline.due_at if deadline else self.now + (_STANDING if self._stands(step) else _WITHOUT_LIMIT)
            share = 0.0 if step.automatic else self.people.share(step)
            self.ends[turn] = ends_at = self.now + max(due_at - self.now, timedelta()) * share
            if self.takes and not step.automatic and self.takes(self, step, due_at, ends_at):
                self.ends[turn] = None
        return self.ends[turn]

    def _stands(self, step: Step) -> bool:
        compiled = self.workflow.steps.get(step.key)
        return step.added is None and compiled is not None and compiled.spec.standing

    def roles_of(self, step: Step) -> tuple[str, ...]:
        """Name the roles that do what is next of a step: its work, or its approval."""
        compiled = self.workflow.steps.get(step.key)
        if step.added is not None:
            return tuple(map(str, step.added.roles))
        if compiled is None:
            return ()
        if step.status is StepStatus.APPROVAL and compiled.spec.approve is not None:
            return tuple(map(str, compiled.spec.approve.role))
        return tuple(map(str, compiled.roles))

    def _note(self, event: ev.Event) -> None:
        match event:
            case ev.StepOpened() | ev.StepHeld() | ev.StepEnded() | ev.StepSkipped() | ev.StepCancelled():
                what = type(event).__name__.removeprefix("Step").lower()
                if what == "ended":
                    self._judge(event.step)
                self._add(what, event.step, event.step.path)
            case ev.DeadlineSet() | ev.DeadlineMoved():
                self._add("due", event.deadline, f"{event.deadline.due_at:%Y-%m-%d %H:%M} UTC")
            case ev.StepSubmitted():
                self._notify_approver(event.step)
            case ev.DeadlineWarned():
                self._notify_owner(event.deadline, WARNING)
            case ev.DeadlineBreached():
                self._add("breached", event.deadline, event.deadline.path)
                self._notify_owner(event.deadline, "overdue")
            case ev.LevelRaised():
                self._raised(event)
            case ev.CaseClosed():
                self.happenings.append(Happening(self.now, "closed", ""))
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

    def _act_on(self, event: ev.LevelRaised) -> None:
        """Open the step of a level, as in life: the release of its letter."""
        level = self.library.ladders[event.deadline.ladder].levels[event.level - 1]
        step = step_of(self.state, event, level)
        if step is not None and step.id not in self.state.steps:
            self.do(cm.AddStep(step.run_id, step.key, step.added, step.path))

    def _raised(self, event: ev.LevelRaised) -> None:
        level = self.library.ladders[event.deadline.ladder].levels[event.level - 1]
        told = f"{level.to.kind.value} {getattr(level.to, level.to.kind.value)}"
        self.messages[told] = self.messages.get(told, 0) + 1
        self._add("level", event.deadline, f"{event.level}, told: {told}")

        rule = f"ladder {event.deadline.ladder}, level {event.level}"
        for role in self.roles_told(event)[:1] if level.to.law_route is None else ():
            sent = ChannelName.EMAIL in level.channels
            self._notify(role, rule, event.deadline, is_sent=sent, at_once=level.at_once)

    def roles_told(self, event: ev.LevelRaised) -> tuple[str, ...]:
        """Name the roles that a level tells: all that may do the work where it tells whoever has claimed it.

        One that tells at once tells at night whoever is on call too. No unit accepts a referral in a simulation: where
        the partner is told, that is whoever is responsible for partners, as in a case that no unit has accepted.
        """
        level = self.library.ladders[event.deadline.ladder].levels[event.level - 1]
        at, to = event.deadline.raised[level_name(event.level, event.round)], level.to
        awake = (str(ItemPerson.ON_CALL),) if level.at_once and is_night(at, event.deadline.zone) else ()
        if to.person is ItemPerson.ASSIGNEE:
            return (*self._doers(event.deadline), *awake)
        if to.law_route is not None:
            return (str(to.released_by or Role.SUPERVISOR), *awake)
        told = Role.PARTNERSHIP_MANAGER if to.partner is not None else to.role or to.person
        return (str(told), *awake) if told else awake

    def _notify_owner(self, deadline: Deadline, kind: str) -> None:
        """Tell whoever has claimed the work; before anybody has, nobody is told of it in the simulation."""
        alike = f"{kind}, {deadline.due_at}, {deadline.late_at}"
        self._notify(self._owner(deadline), f"{self.name_of(deadline)}, {kind}", deadline, is_sent=True, alike=alike)

    def _notify_approver(self, step: Step) -> None:
        compiled = self.workflow.steps.get(step.key)
        approve = compiled.spec.approve if compiled else None
        if approve is not None and approve.role:
            self.told.append(
                SimulatedMessage(self.now, approve.role[0], f"{step.key}, approval", is_sent=False, critical=False)
            )

    def _owner(self, deadline: Deadline) -> str:
        """Name the role that does the step of a deadline, or approves it."""
        return next(iter(self._doers(deadline)), str(Role.CASE_MANAGER))

    def _doers(self, deadline: Deadline) -> tuple[str, ...]:
        compiled = self.workflow.steps.get(deadline.key)
        step = self.state.steps.get(deadline.step_id)
        if step is not None and step.added is not None:
            return tuple(map(str, step.added.roles))
        if compiled is None:
            return ()
        if deadline.purpose is Purpose.APPROVAL and compiled.spec.approve is not None:
            return tuple(map(str, compiled.spec.approve.role))
        return tuple(map(str, compiled.roles))

    def _notify(
        self, role: str, rule: str, deadline: Deadline, *, is_sent: bool, alike: str = "", at_once: bool = False
    ) -> None:
        ladder = self.library.ladders.get(deadline.ladder)
        is_critical = at_once or bool(ladder and ladder.overrides_quiet_hours)
        is_warning = alike.startswith(WARNING)
        self.told.append(
            SimulatedMessage(
                self.now, role, rule, is_sent=is_sent, critical=is_critical,
                follows_at=follows_at(deadline, is_warning=is_warning, now=self.now), about=str(deadline.id),
                is_warning=is_warning, alike=alike,
            )
        )  # fmt: skip

    def _add(self, what: str, of: Step | Deadline, detail: str = "") -> None:
        self.happenings.append(Happening(self.now, what, self.name_of(of), detail))

    def name_of(self, of: Step | Deadline) -> str:
        """Name a step by its key, and a follow-up by the line that declares it: as a follow-up of a step."""
        step = self.state.steps.get(of.step_id) if isinstance(of, Deadline) else of
        origin = step.added.origin if step and step.added else None
        return f"{origin.follow_up} of {origin.step}" if origin else of.key
