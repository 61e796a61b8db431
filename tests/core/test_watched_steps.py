"""Steps that wait to be opened: what a step asked to be watched."""

from uuid import UUID

from engine.core import commands as cm
from engine.core.records import AddedStep, PersonRole, Purpose, step_id
from tests.core.small_world import RUN, World, hours, workflow

PERSON = UUID(int=77)


def watched(at: float = 10, **more: object) -> AddedStep:
    """Make a step that watches for something: it opens after so many hours and leaves two hours then."""
    fields = {"uses": "test.rare", "title": "Look again", "opens_at": hours(at), "from_at": hours(at), "limit": "PT2H"}
    return AddedStep.model_validate({"watches": "review", **fields, **more})


def test_a_watched_step_waits_opens_in_time_and_is_late_only_when_its_own_limit_is_over() -> None:
    world = World(workflow({"a": {}}))
    world.do(cm.AddStep(RUN, "again", watched()))
    assert world.status("again") == "scheduled"
    assert [one.purpose for one in world.state.deadlines.values()] == [Purpose.OPENING]
    world.live(hours=9)
    assert world.status("again") == "scheduled"
    world.live(hours=2)
    assert (world.status("again"), world.due("again")) == ("ready", hours(12))
    world.live(hours=2)
    late = next(one for one in world.state.deadlines.values() if one.key == "again")
    assert late.breached_at == hours(12)


def test_one_whose_time_has_come_opens_at_once() -> None:
    world = World(workflow({"a": {}}))
    world.do(cm.AddStep(RUN, "again", watched(at=0)))
    assert world.status("again") == "ready"


def test_what_waits_keeps_no_case_open_and_what_is_open_does() -> None:
    world = World(workflow({"a": {}}))
    world.do(cm.AddStep(RUN, "again", watched()))
    world.end("a")
    assert (world.status_of_case, world.status("again")) == ("closed", "cancelled")
    other = World(workflow({"a": {}}))
    other.do(cm.AddStep(RUN, "again", watched(at=1)))
    other.live(hours=2)
    other.end("a")
    assert other.status_of_case == "open"
    other.end("again")
    assert other.status_of_case == "closed"


def test_it_makes_a_run_go_on_that_is_over_only_when_it_opens_at_once() -> None:
    world = World(workflow({"a": {}, "b": {}}))
    second = World(workflow({"a": {}})).definitions
    world.definitions |= second
    other = UUID(int=9)
    world.start(next(iter(second.values())), other)
    world.do(cm.CompleteStep(step_id(other, "a", ""), "done", world.now))
    assert world.do(cm.AddStep(other, "again", watched())) == ()
    world.do(cm.AddStep(other, "now", watched(at=0)))
    assert (world.state.runs[other].status, world.state.steps[step_id(other, "now", "")].status) == ("open", "ready")


def test_it_is_called_off_when_its_person_is_no_longer_in_the_case() -> None:
    world = World(workflow({"a": {}}))
    world.do(cm.AddPerson(PERSON, PersonRole.VICTIM))
    path = f"person:{PERSON}"
    world.do(cm.AddStep(RUN, "again", watched(), path))
    world.do(cm.RemovePerson(PERSON, PersonRole.VICTIM))
    assert world.status("again", path) == "cancelled"
