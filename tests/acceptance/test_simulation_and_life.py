"""What a simulation says of a report is what happens when it is lived: steps, due instants, breaches, levels."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from engine.cases.actions.deciding import carry_out
from engine.cases.actions.open import open_case
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core import events as ev
from engine.core.compiled import CompiledWorkflow, compile_workflow
from engine.core.deadlines.firings import level_name
from engine.core.policy import Viewer
from engine.core.records import Deadline, Step, deadline_id, step_id
from engine.core.state import CaseState
from engine.db.embedded.embedded import EmbeddedServer
from engine.deadlines.actions.firing import fire_deadlines
from engine.definitions.actions.drafts import open_draft, save_draft
from engine.definitions.actions.proposals import answer_proposal, propose_definition
from engine.language.ladders import ItemPerson
from engine.people.records import Shift
from engine.people.store import DutyStore
from engine.plugin.registry import RegistryCatalogue
from engine.rehearsal.drawn import SimulatedReport
from engine.rehearsal.simulator import Simulation, begun
from engine.rehearsal.world import World, next_stop, people_of
from tests.kit.portal import story_world
from tests.kit.shipped import CASES as CASES_OF_FILES

CASES = [
    ("reported-concern", 1), pytest.param("identity-leak", 3, marks=pytest.mark.long),
    pytest.param("compensation", 1, marks=pytest.mark.faults),
]  # fmt: skip
OPENED_AT = datetime.fromisoformat("2026-03-07T13:10:00+00:00")
_OF_STEPS = ("status", "opened_at", "opens_at", "ended_at", "recorded_at", "outcome", "outputs", "gate", "uses")
_OF_DEADLINES = (
    "purpose",
    "limit",
    "law",
    "ladder",
    "started_at",
    "due_at",
    "late_at",
    "breached_at",
    "fired",
    "raised",
)
_ANSWERS = {
    "narrative": "Invented", "concern": "other", "is_child_suspected": "yes", "immediate_danger": False,
    "safe_to_call": True, "consent_to_record": "yes",
}  # fmt: skip
_DRAWN = "DELETE FROM job WHERE kind IN ('prepare', 'conclude', 'run')"
"""What people answer and pillars work out is drawn here, by the simulation: nobody does it a second time."""


@pytest.fixture(scope="module")
def world(postgres: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with story_world(postgres, tmp_path_factory.mktemp("life")) as made:
        yield made


@pytest.fixture(scope="module", autouse=True)
def hub(world: World) -> Mapping[str, Viewer]:
    """The people of the first unit, which are those of the hub: they agree to what is everybody's."""
    return people_of(world.engine, jurisdiction="IN-AS", label="hub")[1]


@pytest.mark.parametrize(("name", "seed"), CASES)
def test_a_simulated_case_is_lived_as_it_was_simulated(world: World, name: str, seed: int) -> None:
    run = _lived_as_simulated(world, name, seed)
    assert any(isinstance(one, ev.LevelRaised) for one in run.events)


def test_a_draft_is_lived_as_it_was_simulated_when_it_is_published(world: World, hub: Mapping[str, Viewer]) -> None:
    world.clock.move_to(OPENED_AT)
    source = (CASES_OF_FILES / "reported-concern.yaml").read_text(encoding="utf-8")
    draft = source.replace(
        "{from: start, limit: PT30M, ladder: critical}", "{from: start, limit: PT7M, ladder: high}", 1
    )
    assert draft != source
    save_draft(world.engine, "workflow", "reported-concern", draft, viewer=hub["case_manager"])
    kept = open_draft(world.engine, "workflow", "reported-concern", viewer=hub["case_manager"]).loaded
    assert kept is not None
    propose_definition(world.engine, source=draft, viewer=hub["case_manager"])
    with psycopg.connect(world.address.replace("postgresql+psycopg://", "postgresql://")) as database:
        [[asked]] = database.execute("SELECT subject_id FROM approval_request").fetchall()
    answer_proposal(world.engine, asked, viewer=hub["nodal_officer"], approved=True)
    run = _lived_as_simulated(
        world, "reported-concern", 2, compile_workflow(kept.workflow, RegistryCatalogue(world.engine.registry))
    )
    limits = {one.deadline.limit: one.deadline.ladder for one in run.events if isinstance(one, ev.DeadlineSet)}
    assert limits["PT7M"] == "high"


def _lived_as_simulated(world: World, name: str, seed: int, simulated: CompiledWorkflow | None = None) -> Simulation:
    """Live a case as it is simulated, by what is published or by what was a draft, and demand the same of both."""
    life = _Life(world, name, f"{name}-{seed}")
    report = SimulatedReport(life.state().report, OPENED_AT, "IN-AS", victims=2)
    definition = world.engine.definitions[next(iter(life.state().runs.values())).definition_hash]
    run = begun(simulated or definition, world.engine.library(), report, seed=seed, late=0.4)
    run.go()
    life.go(run)
    assert life.differences(run) == []
    told, said = life.told(), _levels(run)
    assert [one[:3] for one in told] == [one[:3] for one in said]
    pairs = [(one, by_name, set(one[3]), set(other[3])) for one, (*other, by_name) in zip(told, said, strict=True)]
    assert [one for one, by_name, lived, meant in pairs if by_name and lived != meant] == []
    assert [one for one, by_name, lived, meant in pairs if not by_name and not (lived and lived <= meant)] == []
    warned = Counter(
        (one.deadline.key, one.firing, one.planned_at) for one in run.events if isinstance(one, ev.DeadlineWarned)
    )
    assert life.warned() == warned
    return run


_Told = tuple[str, str, datetime, frozenset[str]]
"""Of which step, which level and round, when, and which roles are told."""


class _Life:
    """A real case, driven by the answers of a simulation; time, limits, levels and messages are its own."""

    def __init__(self, world: World, workflow: str, label: str) -> None:
        world.clock.move_to(OPENED_AT)
        self.world, self.engine = world, world.engine
        self.unit, self.people = people_of(world.engine, jurisdiction="IN-AS", label=label)
        with world.engine.transaction() as tx:
            shift = Shift(
                id=uuid4(), unit_id=self.unit, actor_id=self.people["auditor"].actor_id,
                starts_at=OPENED_AT - timedelta(days=1), ends_at=OPENED_AT + timedelta(days=4000),
            )  # fmt: skip
            tx.of(DutyStore).add_shift(shift, by=None, at=OPENED_AT)
            tx.commit()
        opened = open_case(
            world.engine, answers=_ANSWERS, unit_id=self.unit, viewer=self.people["intake_officer"],
            command_id=world.engine.entropy.uuid(), workflow=workflow, victims=2,
        )  # fmt: skip
        self.case_id = opened.case_id
        [self.run] = self.state().runs.values()
        self.ids: dict[UUID, UUID] = {}

    def state(self) -> CaseState:
        with self.engine.transaction() as tx:
            return tx.of(CaseStore).lock(self.case_id)

    def go(self, run: Simulation) -> None:
        """Do at each instant what the simulation did; whatever fires does so by itself."""
        self.simulated = run.state
        people = [[one.person_id for one in state.persons] for state in (run.state, self.state())]
        self.ids = dict(zip(*people, strict=True)) | {self.run_id(run): self.run.id}
        for at, command in run.commands:
            self._wait(at)
            own = self._own(command)
            if own is not None:
                with self.engine.transaction() as tx:
                    state = tx.of(CaseStore).lock(self.case_id)
                    carry_out(self.engine, tx, state, own, actor_id=None, now=self.world.now())
                    tx.commit()

    def run_id(self, run: Simulation) -> UUID:
        return next(iter(run.state.runs))

    def _wait(self, at: datetime) -> None:
        self._do_jobs()
        while (next_at := next_stop(self.engine)) is not None and next_at <= at and next_at > self.world.now():
            self.world.clock.move_to(next_at)
            fire_deadlines(self.engine)
            self._do_jobs()
        self.world.clock.move_to(max(at, self.world.now()))
        fire_deadlines(self.engine)
        self._do_jobs()

    def _do_jobs(self) -> None:
        with psycopg.connect(self.world.address.replace("postgresql+psycopg://", "postgresql://")) as database:
            database.execute(_DRAWN)
        self.world.settle_jobs()

    def _own(self, command: cm.Command) -> cm.Command | None:
        match command:
            case cm.CompleteStep() | cm.ApproveStep() | cm.BringFollowUps() | cm.CancelStep():
                return replace(command, step_id=self.id_of(self.simulated.steps[command.step_id]))
            case cm.AddStep() if command.added is None:
                return replace(command, run_id=self.run.id, path=self.said(command.path))
            case cm.RecordFact():
                return command
        return None

    def id_of(self, step: Step) -> UUID:
        """Return the id of the same step in life: ids are names, made of the run, the key and the path."""
        if step.id not in self.ids:
            key, path = self.said(step.key), self.said(step.path)
            if step.added is not None and step.added.for_deadline:
                late = next(one for one in self._all(self.simulated) if one.id == step.added.for_deadline)
                key = key.replace(late.id.hex[:8], self._deadline(self.simulated, late).hex[:8])
            self.ids[step.id] = step_id(self.run.id, key, path)
        return self.ids[step.id]

    def _all(self, state: CaseState) -> tuple[Deadline, ...]:
        return (*state.deadlines.values(), *state.past.values())

    def said(self, text: str) -> str:
        """Return a key or a path as it is in life: it names persons, and steps by the beginning of their ids."""
        for simulated in self.simulated.steps.values():
            if simulated.id.hex[:8] in text:
                own = self.id_of(simulated)
                text = text.replace(simulated.id.hex, own.hex).replace(simulated.id.hex[:8], own.hex[:8])
        for of, mine in self.ids.items():
            text = text.replace(str(of), str(mine))
        return text

    def differences(self, run: Simulation) -> list[str]:
        lived, told = self.state(), []
        known = {self.id_of(step): step for step in run.state.steps.values()}
        told += [f"only lived: {lived.steps[one].key}" for one in lived.steps.keys() - known.keys()]
        told += [f"only simulated: {known[one].key}" for one in known.keys() - lived.steps.keys()]
        for one, step in known.items():
            told += [] if one not in lived.steps else self._compared(step, lived.steps[one], step.key, _OF_STEPS)
        for kind in ("deadlines", "past"):
            mine = {self._deadline(run.state, one): one for one in getattr(run.state, kind).values()}
            others = getattr(lived, kind)
            told += [f"{kind}: {mine[one].key} only simulated" for one in mine.keys() - others.keys()]
            told += [f"{kind}: {others[one].key} only lived" for one in others.keys() - mine.keys()]
            for one in mine.keys() & others.keys():
                told += self._compared(mine[one], others[one], mine[one].key, _OF_DEADLINES)
        if run.state.case.closed_at != lived.case.closed_at:
            told.append(f"closed at {run.state.case.closed_at}, in life {lived.case.closed_at}")
        return told

    def _deadline(self, state: CaseState, deadline: Deadline) -> UUID:
        step = state.steps.get(deadline.step_id)
        of = self.id_of(step) if step else step_id(self.run.id, self.said(deadline.key), self.said(deadline.path))
        for turn in range(1, 9):
            if deadline_id(deadline.step_id, deadline.purpose, turn=turn) == deadline.id:
                return deadline_id(of, deadline.purpose, turn=turn)
        raise AssertionError(deadline)

    def _compared(self, simulated: Any, lived: Any, name: str, fields: tuple[str, ...]) -> list[str]:
        pairs = ((field, getattr(simulated, field), getattr(lived, field)) for field in fields)
        return [f"{name}.{field}: {one}, in life {other}" for field, one, other in pairs if one != other]

    def told(self) -> list[_Told]:
        """List the levels as the ledger has them; of those who may do the work, whoever has claimed it is told."""
        roles = {one.actor_id: "on_call" if role == "auditor" else role for role, one in self.people.items()}
        with psycopg.connect(self.world.address.replace("postgresql+psycopg://", "postgresql://")) as database:
            rows = database.execute(
                "SELECT d.key, e.level, e.round, e.recipient_ids, e.fired_at FROM escalation e"
                " JOIN deadline d ON d.id = e.deadline_id WHERE e.case_id = %s",
                [self.case_id],
            ).fetchall()
        found = [
            (self.simulated_key(key), f"{level}.{number}", at, frozenset(roles[UUID(str(one))] for one in people))
            for key, level, number, people, at in rows
        ]
        return sorted(found, key=lambda one: one[:3])

    def simulated_key(self, key: str) -> str:
        """Return the key that a step has in the simulation: keys name steps by the beginning of their ids."""
        lived = self.state().steps
        return {lived[self.id_of(step)].key: step.key for step in self.simulated.steps.values()}.get(key, key)

    def warned(self) -> Counter[tuple[str, str, datetime]]:
        """Count the warnings of each limit, as the history has them."""
        with psycopg.connect(self.world.address.replace("postgresql+psycopg://", "postgresql://")) as database:
            rows = database.execute(
                "SELECT body -> 'deadline' ->> 'key', body ->> 'firing',"
                " (body ->> 'planned_at')::timestamptz FROM event"
                " WHERE case_id = %s AND type = 'DeadlineWarned'",
                [self.case_id],
            ).fetchall()
        return Counter((self.simulated_key(key), firing, at) for key, firing, at in rows)


def _levels(run: Simulation) -> list[tuple[str, str, datetime, frozenset[str], bool]]:
    """List the levels as they were simulated, and of each whether it names whom it tells."""
    raised = [one for one in run.events if isinstance(one, ev.LevelRaised)]
    found = [
        (
            one.deadline.key, f"{one.level}.{one.round}", one.deadline.raised[level_name(one.level, one.round)],
            frozenset(run.roles_told(one)),
            run.library.ladders[one.deadline.ladder].levels[one.level - 1].to.person is not ItemPerson.ASSIGNEE,
        )
        for one in raised
    ]  # fmt: skip
    return sorted(found, key=lambda one: one[:3])
