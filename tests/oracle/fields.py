"""The case in which every question of every form is answered, each with a value that occurs nowhere else."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from engine.cases.actions.open import open_case
from engine.course.actions.steer import add_step
from engine.jobs.actions.run import run_job
from engine.jobs.actions.serve import claim_jobs, close_batch, dispatchable
from engine.language.names import RestrictedCategory
from tests.oracle.answers import Planter, every_form
from tests.oracle.model import of_answer, of_paper
from tests.oracle.objects import Making
from tests.oracle.people import ONE_FIELD, ONE_FORM, OWNER, every_question
from tests.oracle.records import Matter, Thing
from tests.oracle.world import OracleWorld, let_in_and_shut_out


@dataclass(frozen=True)
class Answered:
    """The case: its steps by key, their step types, its papers, and what was planted in it, value by value."""

    matter: Matter
    case_id: UUID
    steps: Mapping[str, UUID]
    papers: Mapping[UUID, str]
    things: Mapping[str, Thing]
    values: Mapping[str, str]
    classes: Mapping[str, frozenset[RestrictedCategory]]

    @cached_property
    def of_step(self) -> Mapping[str, Mapping[str, Thing]]:
        """The things of each step."""
        return {
            step: {name: thing for name, thing in self.things.items() if name.startswith(f"{step}.")}
            for step in self.steps
        }


def answered_case(world: OracleWorld) -> Answered:
    """Answer every form that a person answers, in one case, and let the system make its papers."""
    engine, matter = world.engine, every_question(ONE_FIELD, ONE_FORM)
    making = Making(engine, matter, world.staff, world.viewers)
    first = {
        "narrative": "Some words.", "concern": "forced_labour", "is_child_suspected": "yes", "immediate_danger": False,
        "safe_to_call": True, "consent_to_record": "yes",
    }  # fmt: skip
    making.ids["case_id"] = making.act(open_case, answers=first, unit_id=world.staff[OWNER].unit_id).case_id
    things: dict[str, Thing] = {}
    values: dict[str, str] = {}
    for uses, filled in every_form(engine.registry.step_types, Planter()):
        if not uses.startswith("core."):
            step = making.act(add_step, making.case_id, uses=uses)
            making.steps[uses] = making.complete(uses, filled.answers, step_id=step)
            specs = {spec.name: spec for spec in engine.registry.get(uses).fields}
            for name, value in filled.planted.items():
                path, spec = f"{uses}.{name}", specs[name]
                things[path] = of_answer(uses, path, spec.restricted_category or "", is_open=spec.is_open)
                values[path] = value
    do_jobs(world)
    let_in_and_shut_out(making)
    world.planted.add(matter.name, values)
    classes = {
        uses: frozenset(one.restricted_category for one in engine.registry.get(uses).fields if one.restricted_category)
        for uses in making.steps
    }
    papers = _papers(world, making)
    things |= {f"paper of {uses}": of_paper(f"paper:{uses}", uses, classes[uses]) for uses in set(papers.values())}
    return Answered(matter, making.case_id, making.steps, papers, things, values, classes)


def _papers(world: OracleWorld, making: Making) -> dict[UUID, str]:
    steps = {step: uses for uses, step in making.steps.items()}
    rows = world.rows.all("SELECT id, step_id FROM document WHERE case_id = %(case)s", case=making.case_id)
    return {UUID(str(paper)): steps[UUID(str(step))] for paper, step in rows if UUID(str(step)) in steps}


def do_jobs(world: OracleWorld) -> None:
    """Do every job that is due, as the worker does."""
    while batches := dispatchable(world.engine, limit=50):
        for batch in batches:
            is_closed = False
            while not is_closed:
                for job in claim_jobs(world.engine, batch_id=batch.id, worker="oracle", limit=100):
                    run_job(world.engine, job, flow_run_id=None, task_run_id=None, done_by="fallback")
                is_closed = close_batch(world.engine, batch_id=batch.id)
