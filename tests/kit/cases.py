"""One case in the real system, and short ways to work on it, until it is closed."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from pydantic import JsonValue

from engine.assembly import Engine
from engine.cases.actions.deciding import carry_out
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core.policy import Viewer
from engine.core.records import AddedStep, Deadline, PersonRole, Purpose, Step, path_of_person, step_id
from engine.core.state import CaseState
from engine.course.actions.steer import add_person, add_step
from engine.overview.records import StepView
from engine.overview.views.case import case_page
from engine.plugin.fields import specs_of
from engine.rehearsal.replayer import Play, begin
from engine.rehearsal.story import read_story
from engine.rehearsal.world import World, people_of
from engine.work.actions.complete import complete_work_item
from engine.work.store import ItemStore
from engine.work.views.form import item_form
from tests.kit.acting import Acting
from tests.kit.pillars import example
from tests.kit.shipped import STORIES

HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
START = datetime(2026, 6, 1, 4, 30, tzinfo=UTC)
"""Ten o'clock in the morning in India."""


class OneCase(Acting):
    """One case of its own in the real system, and short ways to work on it."""

    world: World
    engine: Engine
    people: Mapping[str, Viewer]
    case_id: UUID

    @property
    def state(self) -> CaseState:
        with self.engine.transaction() as tx:
            return tx.of(CaseStore).lock(self.case_id)

    def answer(self, step_id: UUID, **changes: Any) -> None:
        """Answer a step with examples and these changes, as the first who may; its jobs are done."""
        step = self.state.steps[step_id]
        form = self.engine.registry.get(step.uses).form
        assert form is not None
        event = next((spec.name for spec in specs_of(form) if spec.event_time), None)
        answers = example(form, full=False) | ({event: self.world.now().isoformat()} if event else {}) | changes
        with self.engine.transaction() as tx:
            item = tx.of(ItemStore).open_of_step(step_id)
        complete_work_item(
            self.engine, item.id, viewer=self.people[item.candidate_roles[0]], revision=item.revision,
            command_id=uuid4(), answers=answers,
        )  # fmt: skip
        self.world.settle_jobs()

    def watched(self, name: str) -> list[Step]:
        """List the steps that watch for something, in the order in which they were added."""
        return [one for one in self.state.steps.values() if one.added is not None and one.added.follow_up == name]

    def limit(self, step: Step) -> Deadline:
        return next(d for d in self.state.deadlines.values() if d.step_id == step.id and d.purpose is Purpose.LIMIT)


class Work(OneCase):
    """A case of a story, of a person of age."""

    def __init__(self, world: World) -> None:
        self.world, self.engine = world, world.engine
        world.clock.move_to(max(world.now(), START))
        story = read_story(STORIES / "cs-06.yaml")
        unit, self.people = people_of(world.engine, jurisdiction="IN-NL", label=str(uuid4()))
        self.play: Play = begin(world, story, unit=unit, people=self.people)
        self.case_id = self.play.case_id

    def add(self, uses: str) -> UUID:
        return add_step(
            self.engine, self.case_id, viewer=self.people["case_manager"], command_id=uuid4(), uses=uses, limit="P30D"
        )

    def do(self, uses: str, **changes: Any) -> UUID:
        step_id = self.add(uses)
        self.world.settle_jobs()
        self.answer(step_id, **changes)
        return step_id

    def add_for(self, uses: str, path: str) -> UUID:
        """Add a step that is done for one person."""
        step_type = self.engine.registry.get(uses)
        added = AddedStep(uses=uses, title=step_type.title, roles=step_type.roles)
        run = next(iter(self.state.runs))
        key = f"extra_{uuid4().hex[:8]}"
        with self.engine.transaction() as tx:
            state = tx.of(CaseStore).lock(self.case_id)
            carry_out(self.engine, tx, state, cm.AddStep(run, key, added, path), actor_id=None, now=self.world.now())
            tx.commit()
        self.world.settle_jobs()
        return step_id(run, key, path)

    def proposed(self, step: UUID, name: str) -> object:
        """Return what the form of a step proposes for a question."""
        with self.engine.transaction() as tx:
            item = tx.of(ItemStore).open_of_step(step)
        form = self.engine.ask(item_form, self.people[item.candidate_roles[0]], item.id)
        return next(field.value for field in form.fields if field.name == name)

    def page_of(self, step_id: UUID) -> StepView:
        page = self.engine.ask(case_page, self.people["supervisor"], self.case_id)
        return next(one for one in page.steps if one.id == step_id)

    def told(self, name: str) -> list[str]:
        [step] = self.watched(name)
        page = self.engine.ask(case_page, self.people["supervisor"], self.case_id)
        limit = self.limit(step)
        return [
            f"{e.level}: {(e.fired_at - limit.due_at) / HOUR:+.0f} h"
            for e in page.escalations
            if e.deadline_id == limit.id
        ]

    def joins(self, *, role: PersonRole = PersonRole.VICTIM, **identity: JsonValue) -> str:
        """Bring somebody into the case, and give the path of what is done for them."""
        person_id = add_person(
            self.engine, self.case_id, viewer=self.people["case_manager"], command_id=uuid4(), role=role,
            identity=identity,
        )  # fmt: skip
        self.world.settle_jobs()
        return path_of_person(person_id)

    def becomes_victim(self, path: str) -> None:
        """Let somebody be a victim too, whatever they were first."""
        with self.engine.transaction() as tx:
            state = tx.of(CaseStore).lock(self.case_id)
            command = cm.AddPerson(UUID(path.partition(":")[2]), PersonRole.VICTIM)
            carry_out(self.engine, tx, state, command, actor_id=None, now=self.world.now())
            tx.commit()
        self.world.settle_jobs()


def close_at_once(engine: Engine, case_id: UUID, viewer: Viewer) -> None:
    """Close a case although something is open in it, as if a second person had agreed."""
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        carry_out(engine, tx, state, cm.CloseCase("mistake"), actor_id=viewer.actor_id, now=now)
        tx.commit()
