"""What must hold of every case, whatever its workflow and whatever is asked of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.compiled import CompiledStep, CompiledWorkflow
from engine.core.consequences import JobKind, consequences
from engine.core.deadlines.timers import _of_step, wanted_deadlines
from engine.core.decide import decide
from engine.core.draft import Draft
from engine.core.moving import OtherStepTypeError
from engine.core.origins import declared_as
from engine.core.persons import LawyersNoteError
from engine.core.readiness import UNANSWERED, WRONG_TYPE, Readiness, findings, readiness
from engine.core.records import (
    LIVE,
    OPEN,
    AddedStep,
    CaseStatus,
    PersonRole,
    Purpose,
    RoleStatus,
    RunStatus,
    StepInterval,
    StepStatus,
    step_id,
)
from engine.core.settle import settle
from engine.core.state import CaseState, evolve, replay
from engine.core.steps import UnknownOutcomeError
from engine.core.values import RunSteps, truth_of
from engine.errors import AlreadyEndedError, ConflictError, NotFoundError
from engine.language.conditions.values import Truth
from tests.core.small_world import (
    ASHA,
    BINA,
    CHITRA,
    LIBRARY,
    OTHER_RUN,
    OUTCOMES,
    RUN,
    T0,
    World,
    actor,
)
from tests.core.workflows_at_random import outputs, workflows

QUICK = settings(max_examples=120, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))
LONG = settings(QUICK, max_examples=3000, stateful_step_count=60)
REFUSALS = (
    NotFoundError, AlreadyEndedError, ConflictError, UnknownOutcomeError, LawyersNoteError, OtherStepTypeError,
)  # fmt: skip
PEOPLE, ROLES = (ASHA, BINA, CHITRA), (PersonRole.VICTIM, PersonRole.SUSPECT)
NOBODY_KNOWS = UUID(int=99)

people = st.sampled_from(PEOPLE)
roles = st.sampled_from(ROLES)
picks = st.integers(0, 40)
works = st.lists(st.tuples(picks, outputs(), picks), min_size=3, max_size=7)
Work = list[tuple[int, dict[str, Any], int]]


class CaseAtRandom(RuleBasedStateMachine):
    """A case with one or two random workflows, to which everything happens that can be asked of it."""

    world: World

    @initialize(
        first=workflows(), second=workflows(version=2), victims=st.sets(people, max_size=2),
        days_ago=st.sampled_from([0, 3]), done=works,
    )  # fmt: skip
    def open_case(
        self, first: CompiledWorkflow, second: CompiledWorkflow, victims: set[UUID], days_ago: int, done: Work
    ) -> None:
        self.opened: set[UUID] = set()
        self.returned: set[tuple[UUID, int]] = set()
        self.fired: set[tuple[UUID, str]] = set()
        self.items: dict[UUID, tuple[UUID, bool]] = {}
        self.jobs: dict[UUID, tuple[UUID | None, JobKind]] = {}
        self.decided_at = T0
        self.world = World(first, start=False, report={"kind": "a"})
        self.world.definitions[second.content_hash] = second
        for victim in sorted(victims):
            self.ask(cm.AddPerson(victim, PersonRole.VICTIM))
        self.ask(cm.StartRun(RUN, first.content_hash, T0 - timedelta(days=days_ago), "IN"))
        self._work_through(done)

    def ask(self, command: cm.Command) -> None:
        """Ask something of the case: it is done in one way only, or refused and nothing changes."""
        world, before = self.world, self.world.state
        try:
            events = decide(world.definitions, LIBRARY, before, command, world.now)
        except REFUSALS:
            return
        assert events == decide(world.definitions, LIBRARY, before, command, world.now)
        self._follow(before, events)
        self.decided_at = world.now
        world.events += events
        self._keep(events)

    def _follow(self, state: CaseState, events: tuple[ev.Event, ...]) -> None:
        for event in events:
            if isinstance(event, ev.STEP_EVENTS):
                self._check_step_event(state, event)
            if isinstance(event, ev.DEADLINE_EVENTS):
                self._check_deadline_event(event)
            state = evolve(state, event)
        self.world.state = state

    def _check_step_event(self, state: CaseState, event: Any) -> None:
        known, step = state.steps.get(event.step.id), event.step
        assert step.id == step_id(step.run_id, step.key, step.path)
        assert known is None or known.status in LIVE, "what has ended never changes again"
        assert state.runs[step.run_id].status is RunStatus.OPEN
        if isinstance(event, ev.StepOpened):
            assert step.id not in self.opened, "a step opens once"
            self.opened.add(step.id)
            compiled = self.world.definitions[state.runs[step.run_id].definition_hash]
            view = RunSteps(compiled, state, step.run_id)
            if step.added is None:
                self._check_gates(view, compiled.steps[step.key], step.base_path)
            elif step.added.follow_up:
                assert step.added.origin is not None
                assert declared_as(step.added.origin, self.world.definitions.get), "a line declares what follows"
        if isinstance(event, ev.StepReturned):
            assert (step.id, step.turn) not in self.returned, "each turn begins once"
            self.returned.add((step.id, step.turn))

    def _check_gates(self, view: RunSteps, compiled: CompiledStep, element: str) -> None:
        for name in compiled.gates:
            lookup = view.lookup(element, compiled.spec.for_each)
            assert truth_of(view.compiled.gates[name].condition, lookup) is Truth.TRUE, "a gate holds"

    def _check_deadline_event(self, event: Any) -> None:
        match event:
            case ev.DeadlineBreached():
                name = "breach"
                assert event.deadline.breached_at == event.deadline.due_at
                assert event.deadline.due_at <= self.world.now
            case ev.DeadlineWarned():
                name = event.firing
                assert event.planned_at <= self.world.now < event.deadline.due_at
            case ev.LevelRaised():
                name = f"l:{event.level}.{event.round}"
                assert event.planned_at <= self.world.now
            case _:
                return
        assert (event.deadline.id, name) not in self.fired, "nothing fires twice"
        self.fired.add((event.deadline.id, name))

    def _keep(self, events: tuple[ev.Event, ...]) -> None:
        follows = consequences(events, self.world.state, self.world.definitions, self.world.now)
        self.items = {key: item for key, item in self.items.items() if item[0] not in follows.closed_steps}
        for item in follows.items:
            assert item.id not in self.items
            self.items[item.id] = (item.step_id, item.approval)
        for job in follows.jobs:
            assert job.id not in self.jobs, "no job is given twice"
            self.jobs[job.id] = (job.step_id, job.kind)

    # What is asked

    @rule(hours=st.sampled_from([1, 5, 30, 24 * 40]), looks=st.booleans())
    def time_passes(self, hours: int, looks: bool) -> None:  # noqa: FBT001
        self.world.now += timedelta(hours=hours)
        for deadline in list(self.world.state.deadlines) if looks else ():
            self.ask(cm.FireDeadline(deadline))

    @rule(done=works)
    def work_is_done(self, done: Work) -> None:
        self._work_through(done)

    def _work_through(self, work: Work) -> None:
        for pick, said, ago in work:
            self._work_on(self._pick(pick, lambda step: step.status in OPEN), said, ago)

    @rule(pick=picks, outcome=st.sampled_from([*OUTCOMES, "nonsense"]), said=outputs(), ago=picks)
    def a_step_is_answered(self, pick: int, outcome: str, said: dict[str, Any], ago: int) -> None:
        of = self._pick(pick, lambda step: step.status is StepStatus.READY)
        happened = self.world.now - timedelta(hours=ago)
        interval = StepInterval(step_id=of, name="journey", start=happened - timedelta(hours=3), end=happened)
        command = cm.CompleteStep(of, outcome, happened, outputs=said, by=actor(pick % 3), intervals=(interval,))
        self.ask(command)
        self.ask(command)

    @rule(pick=picks, approved=st.booleans())
    def a_step_is_looked_at(self, pick: int, approved: bool) -> None:  # noqa: FBT001
        self.ask(cm.ApproveStep(self._pick(pick, lambda step: step.status is StepStatus.APPROVAL), approved))

    def _work_on(self, of: UUID, said: dict[str, Any], ago: int) -> None:
        """Do what is next: answer, or look at an answer and send every third one back."""
        step = self.world.state.steps.get(of)
        if step is not None and step.status is StepStatus.APPROVAL:
            self.ask(cm.ApproveStep(of, approved=ago % 3 > 0))
        else:
            happened = self.world.now - timedelta(hours=ago // 4)
            self.ask(cm.CompleteStep(of, "done", happened, outputs=said, by=actor(ago % 3)))
        ended = self.world.state.steps.get(of)
        if ended is not None and ended.status is StepStatus.ENDED:
            self._bring(cm.BringFollowUps(of, {"at": self.world.now + timedelta(hours=12 * ago)}))

    @rule(
        pick=picks,
        at=st.none() | st.integers(-40, 400),
        at_once=st.sampled_from([False, False, True]),
        of_a_file=st.booleans(),
        shut=st.booleans(),
    )
    def what_follows_is_brought(self, pick: int, at: int | None, at_once: bool, of_a_file: bool, shut: bool) -> None:  # noqa: FBT001
        of = self._pick(pick, lambda step: at_once or step.status is StepStatus.ENDED)
        if of == NOBODY_KNOWS:
            return
        told: dict[str, cm.Told] = {} if at is None else {"at": self.world.now + timedelta(hours=at)}
        told |= {"{step}": f"file_{pick % 3}"} if at_once and of_a_file else {}
        self._bring(cm.BringFollowUps(of, told, shut=shut, at_once=at_once))

    def _bring(self, command: cm.BringFollowUps) -> None:
        self.ask(command)
        brought = len(self.world.events)
        self.ask(command)
        assert len(self.world.events) == brought, "doing it again changes nothing"

    @rule(pick=picks)
    def anything_is_answered(self, pick: int) -> None:
        self.ask(cm.CompleteStep(self._pick(pick, lambda _: True), "done", self.world.now))

    @precondition(lambda self: len(self.opened) > 2)
    @rule(pick=picks)
    def a_step_is_called_off(self, pick: int) -> None:
        self.ask(cm.CancelStep(self._pick(pick, lambda step: step.status in LIVE), "not_needed"))

    @rule(pick=picks, who=people, for_whom=st.booleans())
    def a_step_is_called_for(self, pick: int, who: UUID, for_whom: bool) -> None:  # noqa: FBT001
        path = f"person:{who}" if for_whom else ""
        self.ask(cm.AddStep(RUN, f"s{pick % 9}", path=path))

    @rule(pick=picks)
    def an_unforeseen_step_is_added(self, pick: int) -> None:
        added = AddedStep(uses="test.rare", title="Extra", limit="PT6H" if pick % 2 else None, roles=("driver",))
        self.ask(cm.AddStep(RUN if pick % 3 else OTHER_RUN, f"s{pick}", added))

    @rule(name=st.sampled_from(["safe", "afraid", "other"]), value=st.sampled_from([True, False, "odd"]))
    def a_fact_is_told(self, name: str, value: Any) -> None:
        self.ask(cm.RecordFact(name, value))

    @rule(days=st.integers(-3, 3))
    def somebody_is_found(self, days: int) -> None:
        self.ask(cm.RecordFact("found", T0 + timedelta(days=days)))

    @rule(pick=picks, hours=st.integers(1, 9), ends=st.booleans())
    def a_journey_is_recorded(self, pick: int, hours: int, ends: bool) -> None:  # noqa: FBT001
        start = self.world.now - timedelta(hours=hours)
        of = self._pick(pick, lambda _: True)
        self.ask(
            cm.RecordInterval(
                StepInterval(step_id=of, name="journey", start=start, end=self.world.now if ends else None)
            )
        )

    @rule(who=people, role=roles)
    def a_person_comes(self, who: UUID, role: PersonRole) -> None:
        self.ask(cm.AddPerson(who, role))

    @rule(who=people, role=roles)
    def a_person_goes(self, who: UUID, role: PersonRole) -> None:
        self.ask(cm.RemovePerson(who, role))

    @rule(who=people, role=roles, to=roles, status=st.sampled_from(RoleStatus))
    def a_person_turns_out_to_be_something_else(
        self, who: UUID, role: PersonRole, to: PersonRole, status: RoleStatus
    ) -> None:
        self.ask(cm.ChangePersonRole(who, role, to, status))

    @precondition(lambda self: len(self.opened) > 3)
    @rule(rests=st.booleans())
    def the_case_is_merged_into_another(self, rests: bool) -> None:  # noqa: FBT001
        self.ask(cm.MergeCase(NOBODY_KNOWS, rests=rests, reason_code="same_event"))

    @precondition(lambda self: self.world.state.case.merged_into is not None)
    @rule()
    def the_merge_is_undone(self) -> None:
        self.ask(cm.UnmergeCase("mistaken"))

    @rule(pick=picks)
    def an_escalation_is_seen(self, pick: int) -> None:
        known = [*self.world.state.deadlines, *self.world.state.past, NOBODY_KNOWS]
        self.ask(cm.Acknowledge(known[pick % len(known)]))

    @rule(pick=picks)
    def another_workflow_begins(self, pick: int) -> None:
        hashes = list(self.world.definitions)
        self.ask(cm.StartRun(OTHER_RUN, hashes[pick % len(hashes)], self.world.now, "IN"))

    @rule(pick=picks, run=st.sampled_from([RUN, OTHER_RUN]))
    def a_run_goes_on_by_another_definition(self, pick: int, run: UUID) -> None:
        hashes = list(self.world.definitions)
        self.ask(cm.MoveRun(run, hashes[pick % len(hashes)]))

    @precondition(lambda self: len(self.opened) > 4)
    @rule(run=st.sampled_from([RUN, OTHER_RUN]))
    def a_run_is_aborted(self, run: UUID) -> None:
        self.ask(cm.AbortRun(run, "wrong_person"))

    @precondition(lambda self: len(self.opened) > 4)
    @rule()
    def the_case_is_closed(self) -> None:
        self.ask(cm.CloseCase("duplicate"))

    @precondition(lambda self: self.world.state.case.status is CaseStatus.CLOSED)
    @rule()
    def the_case_is_reopened(self) -> None:
        self.ask(cm.ReopenCase("more_to_do"))

    def _pick(self, pick: int, fits: Callable[[Any], bool]) -> UUID:
        known = [step.id for step in self.world.state.steps.values() if fits(step)]
        return known[pick % len(known)] if known and pick else NOBODY_KNOWS

    # What must hold

    @invariant()
    def settling_again_adds_nothing(self) -> None:
        draft = Draft(self.world.state, self.world.definitions, LIBRARY, self.decided_at)
        settle(draft)
        assert draft.events == []

    @invariant()
    def what_is_passed_over_could_not_begin_and_has_no_time(self) -> None:
        for run in self.world.state.runs.values():
            view = self._view(run.id)
            timed = view.timed()
            for key, step in view.compiled.in_order:
                for element in view.elements(step):
                    led_by = view.compiled.led_by[key]
                    if led_by and key not in view.reached and led_by.isdisjoint(view.reached):
                        assert readiness(view, step, element) in {Readiness.WAIT, Readiness.UNCALLED}
                    if step not in timed:
                        assert not any(_of_step(view, run, step, element, LIBRARY))

    @invariant()
    def a_case_is_closed_exactly_when_its_runs_are_over(self) -> None:
        state = self.world.state
        runs_over = all(run.status is not RunStatus.OPEN for run in state.runs.values())
        live = [step for step in state.steps.values() if step.status in LIVE]
        if runs_over:
            assert live == []
        if state.case.status is CaseStatus.CLOSED:
            assert runs_over
            assert state.deadlines == {}
        elif runs_over and state.runs:
            assert any(isinstance(event, ev.CaseReopened) for event in self.world.events)

    @invariant()
    def no_case_is_lost(self) -> None:
        state = self.world.state
        if state.case.rests or any(step.status in LIVE for step in state.steps.values()):
            return
        for run in state.runs.values():
            if run.status is RunStatus.OPEN:
                found = findings(self._view(run.id), self.world.now)
                assert {finding.code for finding in found} & {UNANSWERED, WRONG_TYPE}
                assert {finding.step_key for finding in found} <= set(self._view(run.id).compiled.steps)

    @invariant()
    def the_deadlines_that_run_are_those_that_should(self) -> None:
        state = self.world.state
        wanted = {
            deadline.id: deadline.due_at
            for run in (() if state.case.rests else state.runs.values())
            for deadline in wanted_deadlines(self._view(run.id), LIBRARY)
        }
        assert {deadline.id: deadline.due_at for deadline in state.deadlines.values()} == wanted
        for deadline in state.deadlines.values():
            step = state.steps.get(deadline.step_id)
            assert step is None or step.status in LIVE
            assert deadline.purpose is not Purpose.OPENING or (step and step.status is StepStatus.SCHEDULED)
            assert len(set(deadline.fired)) == len(deadline.fired)
            assert deadline.breached_at is None or "breach" in deadline.fired

    @invariant()
    def each_open_step_has_one_open_item_or_one_job(self) -> None:
        steps = self.world.state.steps.values()
        asked = [(s.id, False) for s in steps if s.status is StepStatus.READY and not s.automatic]
        approved = [(s.id, True) for s in steps if s.status is StepStatus.APPROVAL]
        assert sorted(self.items.values()) == sorted(asked + approved)
        kinds = list(self.jobs.values())
        for step in steps:
            if step.automatic and step.id in self.opened:
                assert kinds.count((step.id, JobKind.RUN)) == step.turn
            if not step.automatic and step.id in self.opened:
                assert kinds.count((step.id, JobKind.PREPARE)) == step.turn
                assert kinds.count((step.id, JobKind.CONCLUDE)) == (step.status is StepStatus.ENDED)

    def teardown(self) -> None:
        """Read the case again from its events, as they are and as storage keeps them."""
        if not hasattr(self, "world"):
            return
        assert replay(self.world.events) == self.world.state
        stored = [ev.EVENT.validate_json(ev.EVENT.dump_json(event)) for event in self.world.events]
        assert replay(stored) == self.world.state

    def _view(self, run_id: UUID) -> RunSteps:
        return self.world.view(run_id)


TestCaseAtRandom = CaseAtRandom.TestCase
TestCaseAtRandom.settings = QUICK


@pytest.mark.faults
class TestManyCasesAtRandom(CaseAtRandom.TestCase):  # type: ignore[name-defined, misc]
    settings = LONG


@given(workflows())
@settings(QUICK, max_examples=40)
def test_a_case_whose_steps_are_all_answered_closes_or_says_what_it_waits_for(compiled: CompiledWorkflow) -> None:
    world = World(compiled, victims=(ASHA, BINA), report={"kind": "a"}, start=False)
    world.tell(safe=True, count=4, found=T0)
    world.start(compiled)
    for _ in range(200):
        step = next((s for s in world.state.steps.values() if s.status in OPEN), None)
        if step is None:
            later = [s.opens_at for s in world.state.steps.values() if s.status is StepStatus.SCHEDULED and s.opens_at]
            if not later:
                break
            world.live(seconds=int((min(later) - world.now).total_seconds()) + 1)
        elif step.status is StepStatus.APPROVAL:
            world.do(cm.ApproveStep(step.id, approved=True))
        else:
            world.end(step.key, step.path, choice="yes", flag=True, count=3, at=T0.isoformat(), usual=False)
    assert world.status_of_case == "closed" or findings(world.view(), world.now)
