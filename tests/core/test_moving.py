"""A run goes on by another definition: what was done stays, what is not there is called off, time is counted anew."""

from datetime import timedelta

import pytest

from engine.core import commands as cm
from engine.core.compiled import CompiledWorkflow
from engine.core.decide import decide
from engine.core.moving import OtherStepTypeError, plan_of_move
from engine.core.records import AddedStep
from engine.errors import AlreadyEndedError, NotFoundError
from tests.core.small_world import OTHER_RUN, RUN, T0, World, workflow

ONE = workflow({"a": {}, "b": {"after": "a", "time": {"limit": "PT48H"}}, "c": {"after": "b"}})
TWO = workflow(
    {"a": {}, "x": {"after": "a"}, "b": {"after": "a", "time": {"limit": "PT24H"}}, "c": {"after": ["b", "x"]}},
    version=2,
)
WITHOUT = workflow({"a": {}, "d": {"after": "a"}}, version=3)


def _at_b(*others: CompiledWorkflow) -> World:
    world = World(ONE, *others)
    world.end("a")
    return world


def test_what_was_done_stays_and_what_the_other_definition_adds_opens() -> None:
    world = _at_b(TWO)
    world.do(cm.MoveRun(RUN, TWO.content_hash))
    assert world.statuses() == {"a": "ended", "b": "ready", "x": "ready"}
    assert world.state.runs[RUN].version == 2
    world.end("b")
    assert "c" not in world.statuses()
    world.end("x")
    world.end("c")
    assert world.status_of_case == "closed"


def test_a_time_limit_is_counted_by_the_other_definition_from_when_it_began() -> None:
    world = _at_b(TWO)
    assert world.due("b") == T0 + timedelta(hours=48)
    world.let(hours=10)
    world.do(cm.MoveRun(RUN, TWO.content_hash))
    assert world.due("b") == T0 + timedelta(hours=24)
    world.do(cm.MoveRun(RUN, ONE.content_hash))
    assert world.due("b") == T0 + timedelta(hours=48)


def test_a_limit_that_is_over_by_the_other_definition_is_a_breach_at_its_due_instant() -> None:
    world = _at_b(TWO)
    world.let(hours=30)
    world.do(cm.MoveRun(RUN, TWO.content_hash))
    assert world.breaches() == [("b", T0 + timedelta(hours=24))]


def test_what_lives_and_is_not_in_the_other_definition_is_called_off_and_goes_on_when_the_run_comes_back() -> None:
    world = _at_b(WITHOUT)
    world.do(cm.MoveRun(RUN, WITHOUT.content_hash))
    assert world.statuses() == {"a": "ended", "b": "cancelled", "d": "ready"}
    assert world.deadline("b") is None
    world.do(cm.MoveRun(RUN, ONE.content_hash))
    assert world.statuses() == {"a": "ended", "b": "cancelled", "b@r:2": "ready", "d": "cancelled"}
    assert world.due("b", "r:2") is not None
    world.end("b", "r:2")
    assert world.status("c") == "ready"


def test_what_a_person_called_off_stays_called_off() -> None:
    world = _at_b(WITHOUT)
    step = world.step("b")
    world.do(cm.AddStep(RUN, "extra", AddedStep(uses="test.rare", title="Extra", roles=("driver",))))
    world.do(cm.CancelStep(step.id, "not_needed"))
    world.do(cm.MoveRun(RUN, WITHOUT.content_hash))
    world.do(cm.MoveRun(RUN, ONE.content_hash))
    assert world.status("b") == "cancelled"
    assert world.status("b", "r:2") == "not reached"
    assert world.status("extra") == "ready"


def test_moving_to_the_definition_that_a_run_has_does_nothing() -> None:
    world = _at_b()
    assert world.do(cm.MoveRun(RUN, ONE.content_hash)) == ()


def test_a_step_of_the_same_name_and_another_type_is_refused_by_its_name() -> None:
    other = workflow({"a": {}, "b": {"uses": "test.rare", "after": "a"}}, version=4)
    world = _at_b(other)
    with pytest.raises(OtherStepTypeError, match="another type there: b"):
        world.do(cm.MoveRun(RUN, other.content_hash))


def test_only_an_open_run_and_a_known_definition() -> None:
    world = _at_b()
    with pytest.raises(NotFoundError):
        world.do(cm.MoveRun(RUN, "nowhere"))
    with pytest.raises(NotFoundError):
        world.do(cm.MoveRun(OTHER_RUN, ONE.content_hash))
    world.do(cm.AddStep(RUN, "extra", AddedStep(uses="test.rare", title="Extra", roles=("driver",))))
    world.start(TWO, OTHER_RUN)
    world.do(cm.AbortRun(RUN, "wrong_person"))
    with pytest.raises(AlreadyEndedError):
        world.do(cm.MoveRun(RUN, TWO.content_hash))


def test_the_plan_of_a_move_names_what_it_does_and_changes_nothing() -> None:
    world = _at_b(TWO, WITHOUT)
    before = world.state

    def planned(other: CompiledWorkflow) -> tuple[list[str], list[str], list[str]]:
        command = cm.MoveRun(RUN, other.content_hash)
        plan = plan_of_move(before, decide(world.definitions, world.library, before, command, world.now))
        moved = [one.key for pair in plan.deadlines if (one := pair[0] or pair[1])]
        return [step.key for step in plan.called_off], [step.key for step in plan.opened], moved

    assert planned(TWO) == ([], ["x"], ["b"])
    assert planned(WITHOUT) == (["b"], ["d"], ["b"])
    assert world.state is before
