"""What stands against closing a case, counted, and told apart from what stood before."""

from engine.core import commands as cm
from engine.core.settle import Advice, advice_against, is_left_to_itself, stands
from tests.core.small_world import OTHER_RUN, World, workflow

_TIMED = {"a": {"time": {"limit": "PT4H"}}, "b": {"after": "a"}}


def test_what_is_open_is_counted_and_nothing_stands_against_a_case_in_which_nothing_is() -> None:
    world = World(workflow(_TIMED))
    assert advice_against(world.state) == Advice(workflows=1, steps=1, held=0, limits=1, late=0)
    world.start(workflow({"follow_up": {}}), OTHER_RUN)
    assert advice_against(world.state)[:2] == (2, 2)
    world.do(cm.CloseCase("duplicate"))
    assert advice_against(world.state) == Advice(workflows=0, steps=0, held=0, limits=0, late=0)


def test_another_step_or_workflow_that_is_open_is_another_thing_to_agree_to() -> None:
    world = World(workflow(_TIMED))
    first = stands(world.state)
    world.let(hours=1)
    assert stands(world.state) == first, "time alone changes nothing"
    world.end("a")
    second = stands(world.state)
    world.start(workflow({"follow_up": {}}), OTHER_RUN)
    assert len({first, second, stands(world.state)}) == 3


def test_a_case_is_left_to_itself_when_people_have_nothing_more_to_do_in_it() -> None:
    world = World(workflow({"a": {}, "auto": {"uses": "test.auto"}}))
    assert not is_left_to_itself(world.state)
    world.do(cm.CancelStep(world.step("a").id, "not_needed"))
    assert (world.status("auto"), world.status_of_case) == ("ready", "open")
    assert is_left_to_itself(world.state)
    world.end("auto")
    assert (is_left_to_itself(world.state), world.status_of_case) == (True, "closed")
