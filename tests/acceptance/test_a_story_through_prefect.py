"""Stories told through a real Prefect server and worker: what Prefect shows is what the case database holds."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from engine.cases.actions.open import OpenedCase, open_case
from engine.core.policy import Viewer
from engine.definitions.views import published_workflows
from engine.rehearsal.answers import report_answers
from engine.rehearsal.demo import SEEDED
from engine.rehearsal.replayer import Play, begin, go_on
from engine.rehearsal.story import Story
from engine.rehearsal.world import people_of
from engine.work.actions.items import claim_work_item
from tests.kit.installation import Installation, LivingStage, installed, story, until

pytestmark = pytest.mark.long

TOLD = story("cs-01")
BESIDE = story("cs-09")
"""The shortest story of the demo that has what the other one has not: the press."""
TWELVE = {
    "partnership", "prevention", "protection", "policing", "press", "prosecution",
    "reporting", "rescue", "rehabilitation", "repatriation", "reintegration", "restitution",
}  # fmt: skip
CASES_POOL = "icmc"


@dataclass(frozen=True)
class Told:
    """The installation after the story."""

    site: Installation
    unit: UUID
    people: dict[str, Viewer]
    case_id: UUID
    differences: tuple[str, ...]
    task_runs: tuple[dict[str, object], ...]
    beside: UUID
    task_runs_beside: tuple[dict[str, object], ...]

    def report(self) -> OpenedCase:
        return open_case(
            self.site.engine, answers=report_answers(TOLD), unit_id=self.unit, viewer=self.people["intake_officer"],
            command_id=uuid4(), workflow="child-labour",
        )  # fmt: skip


@pytest.fixture(scope="module")
def told() -> Iterator[Told]:
    """Tell two stories of the demo, the later one first; the clock of all processes goes with them."""
    with installed() as site:
        beside, _, _ = _tell(site, BESIDE)
        play, unit, people = _tell(site, TOLD)
        differences = (*beside.differences, *play.differences)
        tasks, tasks_beside = _task_runs(site, play.case_id), _task_runs(site, beside.case_id)
        yield Told(site, unit, people, play.case_id, differences, tasks, beside.case_id, tasks_beside)


def _tell(site: Installation, told: Story) -> tuple[Play, UUID, dict[str, Viewer]]:
    site.move_to(told.opened_at)
    unit, people = people_of(site.engine, jurisdiction=told.lead_jurisdiction, label=told.id)
    for jurisdiction in told.other_jurisdictions:
        people_of(site.engine, jurisdiction=jurisdiction, label=told.id)
    play = begin(LivingStage(site), told, unit=unit, people=people)
    go_on(play, until=None)
    until(site.are_all_jobs_over)
    return play, unit, people


def _task_runs(site: Installation, case_id: UUID) -> tuple[dict[str, object], ...]:
    number = site.number(case_id)
    until(lambda: {run["state_type"] for run in site.api.flow_runs(tag=number)} == {"COMPLETED"})
    return tuple(task for run in site.api.flow_runs(tag=number) for task in site.api.task_runs(run["id"]))


def test_the_story_goes_as_told(told: Told) -> None:
    assert told.differences == ()
    assert not list(told.site.engine.broken_chains())


def test_every_published_workflow_has_one_deployment(told: Told) -> None:
    published = {name for name, *_ in told.site.engine.ask_all(published_workflows)}
    deployments = told.site.api.deployments()
    of_workflows = [found["name"] for found in deployments.values() if "workflow" in found["tags"]]
    assert len(published) > 3
    assert sorted(of_workflows) == sorted(published)


def test_both_stories_live_in_the_demo() -> None:
    assert {TOLD.id.lower(), BESIDE.id.lower()} <= set(SEEDED)


def test_each_of_the_twelve_pillars_has_completed_task_runs_named_after_its_steps(told: Told) -> None:
    installed_ones = {installed.pillar.key for installed in told.site.engine.registry.installed}
    assert installed_ones - {"core"} == TWELVE
    both = ((told.case_id, told.task_runs), (told.beside, told.task_runs_beside))
    seen = {pillar for case_id, tasks in both for pillar in _pillars_at_work(told.site, case_id, tasks)}
    assert seen >= TWELVE


def _pillars_at_work(site: Installation, case_id: UUID, tasks: tuple[dict[str, object], ...]) -> set[str]:
    """Return the pillars whose steps the case has, and a task run of which ended well."""
    names = {str(task["name"]) for task in tasks if task["state_type"] == "COMPLETED"}
    steps = {row["uses"] for row in site.rows("SELECT uses FROM step WHERE case_id = %(id)s", id=case_id)}
    return {name.partition(".")[0] for name in names & steps}


def test_task_runs_and_jobs_are_the_same_things_in_the_same_states(told: Told) -> None:
    jobs = told.site.jobs(told.case_id)
    assert len(jobs) > 50
    assert {job["status"] for job in jobs} == {"done"}
    assert Counter(job["task"] for job in jobs) == Counter(
        task["name"] for task in told.task_runs if task["state_type"] == "COMPLETED"
    )
    assert {task["state_type"] for task in told.task_runs} == {"COMPLETED"}
    assert {str(job["task_run_id"]) for job in jobs} == {task["id"] for task in told.task_runs}


def test_prefect_did_it_all_and_its_stand_in_nothing(told: Told) -> None:
    assert {job["done_by"] for job in told.site.jobs(told.case_id)} == {"prefect"}


def test_while_the_pool_is_paused_jobs_wait_and_people_and_deadlines_do_not(told: Told) -> None:
    site = told.site
    site.api.pause_pool(CASES_POOL, paused=True)
    try:
        opened = told.report()
        assert opened.item_id is not None
        claim_work_item(site.engine, opened.item_id, viewer=told.people["intake_officer"], command_id=uuid4())
        due = site.rows("SELECT min(due_at) AS at FROM deadline WHERE case_id = %(id)s", id=opened.case_id)[0]["at"]
        site.move_to(due + timedelta(seconds=1))
        breached = "SELECT due_at, breached_at FROM deadline WHERE case_id = %(id)s AND breached_at IS NOT NULL"
        until(lambda: bool(site.rows(breached, id=opened.case_id)))
        assert all(row["due_at"] == row["breached_at"] for row in site.rows(breached, id=opened.case_id))
        assert "ready" in {job["status"] for job in site.jobs(opened.case_id)}
        assert "prefect" not in {job["done_by"] for job in site.jobs(opened.case_id)}
    finally:
        site.api.pause_pool(CASES_POOL, paused=False)
    until(lambda: {job["status"] for job in site.jobs(opened.case_id)} == {"done"})
