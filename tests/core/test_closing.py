"""When a run ends, what is called off with it, and what stands against closing a case."""

from typing import Any

import pytest

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.records import AddedStep, Purpose
from engine.core.settle import Advice, advice_against, is_left_to_itself, stands
from tests.core.small_world import ASHA, BINA, OTHER_RUN, RUN, World, hours, workflow

CALL = AddedStep(uses="test.ask", title="Telephone", limit="PT4H")
EACH = pytest.mark.parametrize("unless", ["open_deadlines", "nothing"])


def _world(unless: str, steps: dict[str, Any] | None = None) -> World:
    known = steps or {"a": {"time": {"limit": "PT1H"}}}
    return World(workflow(known, close={"when": "all", "unless": unless}))


def _called_off(world: World) -> list[tuple[str, str]]:
    return [(world.state.steps[e.step.id].key, e.reason_code) for e in world.events if isinstance(e, ev.StepCancelled)]


@EACH
def test_a_run_ends_when_all_its_steps_are_over_and_no_time_of_it_runs_any_more(unless: str) -> None:
    world = _world(unless)
    assert world.status_of_case == "open"
    world.end("a")
    assert (world.status_of_case, dict(world.state.deadlines)) == ("closed", {})


@EACH
def test_the_running_time_of_a_step_that_is_not_reached_holds_the_run_open(unless: str) -> None:
    steps = {"a": {}, "b": {"after": "a", "when": "flag", "time": {"from": "start", "limit": "PT9H"}}}
    world = World(workflow(steps, facts={"flag": {"type": "bool"}}, close={"unless": unless}))
    world.end("a")
    assert (world.status_of_case, world.due("b")) == ("open", hours(9))
    world.tell(flag=False)
    assert (world.status_of_case, world.due("b")) == ("closed", None)


@EACH
def test_an_answer_that_waits_for_a_second_person_holds_the_run_open(unless: str) -> None:
    world = _world(unless, {"a": {"approve": {"role": "supervisor", "limit": "PT4H"}}})
    world.end("a", by=ASHA)
    assert (world.status_of_case, world.due("a", purpose=Purpose.APPROVAL)) == ("open", hours(4))
    world.do(cm.ApproveStep(world.step("a").id, approved=True, by=BINA))
    assert (world.status_of_case, dict(world.state.deadlines)) == ("closed", {})


def test_a_step_that_somebody_added_holds_the_run_open_as_long_as_its_time_runs() -> None:
    world = _world("open_deadlines")
    world.do(cm.AddStep(RUN, "call", CALL))
    world.end("a")
    assert (world.status_of_case, world.status("call"), world.due("call")) == ("open", "ready", hours(4))
    world.end("call")
    assert (world.status_of_case, _called_off(world)) == ("closed", [])


def test_with_nothing_to_wait_for_what_was_added_is_called_off_with_the_last_step_that_was_foreseen() -> None:
    world = _world("nothing", {"a": {}, "b": {"after": "a"}})
    world.do(cm.AddStep(RUN, "call", CALL))
    world.end("a")
    assert world.status("call") == "ready"
    world.end("b")
    assert _called_off(world) == [("call", "run_over")]
    assert (world.status_of_case, dict(world.state.deadlines)) == ("closed", {})


def test_a_late_step_that_was_added_leaves_its_breach_behind_when_it_is_called_off() -> None:
    world = _world("nothing")
    world.do(cm.AddStep(RUN, "call", CALL))
    world.let(hours=5)
    world.end("a")
    assert world.status_of_case == "closed"
    assert ("call", hours(4)) in world.breaches()


def test_a_discretionary_step_that_was_opened_is_foreseen_and_waited_for_with_nothing_too() -> None:
    world = _world("nothing", {"a": {}, "talk": {"discretionary": True}})
    world.do(cm.AddStep(RUN, "talk"))
    world.end("a")
    assert (world.status_of_case, world.status("talk")) == ("open", "ready")
    world.end("talk")
    assert world.status_of_case == "closed"


def test_a_run_that_goes_on_only_for_a_step_added_later_waits_for_it_whatever_its_workflow_says() -> None:
    world = _world("nothing")
    world.end("a")
    world.do(cm.ReopenCase("new_facts"))
    world.do(cm.AddStep(RUN, "call", CALL))
    assert (world.status_of_case, world.status("call")) == ("open", "ready")
    world.end("call")
    assert (world.status_of_case, world.status("call")) == ("closed", "ended")


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
