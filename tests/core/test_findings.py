"""What keeps a run from going on is found and said."""

import pytest

from engine.core import commands as cm
from engine.core.readiness import LATE_OPENING, MISSING_TYPE, UNANSWERED, WRONG_TYPE, findings
from tests.core.small_world import ASHA, BINA, RUN, World, person, step_id, workflow

FACTS = {"facts": {"safe": {"type": "bool", "title": "The child is safe"}}}


def found(world: World) -> list[tuple[str, str]]:
    return [(finding.step_key, finding.code) for finding in findings(world.view(), world.now)]


def test_a_run_that_goes_on_has_no_findings() -> None:
    world = World(workflow({"a": {}, "b": {"after": "a", "when": "a.flag && safe"}}, **FACTS))
    assert found(world) == []


def test_a_step_that_waits_for_an_answer_that_nobody_can_give_any_more_is_found() -> None:
    world = World(workflow({"a": {"title": "Triage"}, "b": {"after": "a", "when": "a.flag", "title": "Rescue"}}))
    world.end("a", outcome="refused_by_person")
    assert [finding.sentence for finding in findings(world.view(), world.now)] == [
        "“Rescue” is waiting, and nothing that is open can give the answer: Triage: flag is true."
    ]


def test_an_answer_that_a_step_still_open_can_give_is_waited_for() -> None:
    world = World(workflow({"a": {}, "ask": {}, "b": {"after": "a", "when": "ask.flag"}}))
    world.end("a")
    assert found(world) == []
    world.end("ask", outcome="refused_by_person")
    assert found(world) == [("b", UNANSWERED)]


def test_a_fact_is_waited_for_while_anything_is_open() -> None:
    world = World(workflow({"a": {}, "other": {}, "b": {"after": "a", "when": "safe"}}, **FACTS))
    world.end("a")
    assert found(world) == []
    world.end("other")
    assert found(world) == [("b", UNANSWERED)]
    assert "The child is safe" in findings(world.view(), world.now)[0].sentence


def test_only_the_step_that_waits_is_found_and_not_what_follows_it() -> None:
    steps = {"a": {}, "b": {"after": "a", "when": "a.flag"}, "c": {"after": "b", "when": "b.flag"}}
    world = World(workflow(steps))
    world.end("a")
    assert found(world) == [("b", UNANSWERED)]


def test_a_value_of_the_wrong_type_is_found() -> None:
    world = World(workflow({"a": {}, "b": {"after": "a", "when": "a.count > 3"}, "c": {}}))
    world.end("a", count="many")
    assert found(world) == [("b", WRONG_TYPE)]


def test_a_choice_that_cannot_be_made_is_found_at_each_of_its_steps() -> None:
    choice = {"choices": {"way": {"after": "a", "branches": [{"when": "a.flag", "to": "b"}], "default": "c"}}}
    world = World(workflow({"a": {}, "b": {}, "c": {}}, **choice))
    world.end("a")
    assert found(world) == [("b", UNANSWERED), ("c", UNANSWERED)]


def test_a_choice_that_holds_a_step_for_nobody_is_found() -> None:
    choice = {"choices": {"way": {"after": "a", "branches": [{"when": "a.flag", "to": "b"}]}}}
    world = World(workflow({"a": {}, "b": {"for_each": "case.victims"}, "c": {"after": "b"}}, **choice))
    world.end("a")
    assert found(world) == [("b", UNANSWERED)]


def test_a_gate_that_nothing_can_open_is_found() -> None:
    gates = {"safety": {"holds": "b", "until": "a.flag", "reason": "Not yet."}}
    world = World(workflow({"a": {}, "b": {}}, gates=gates))
    assert found(world) == []
    world.end("a", flag=False)
    assert found(world) == [("b", UNANSWERED)]


@pytest.mark.parametrize(("answered", "codes"), [([ASHA], []), ([ASHA, BINA], [("b", UNANSWERED)])])
def test_a_list_is_waited_for_while_one_of_its_answers_can_come(answered: list[object], codes: list[object]) -> None:
    steps = {"a": {"for_each": "case.victims"}, "b": {"when": 'a.choice.all(c, c == "yes")'}}
    world = World(workflow(steps), victims=(ASHA, BINA))
    for victim in answered:
        world.end("a", person(victim))  # type: ignore[arg-type]
    assert found(world) == codes


def test_a_missing_step_type_is_found() -> None:
    world = World(workflow({"a": {"uses": "test.rare"}}, missing=("test.rare",)))
    assert found(world) == [("a", MISSING_TYPE)]


def test_a_round_that_did_not_open_at_its_time_is_found() -> None:
    world = World(workflow({"a": {"repeat": {"every": "P1D", "times": 2}}}))
    world.end("a", "r:1")
    world.let(days=1)
    assert found(world) == []
    world.let(minutes=6)
    assert found(world) == [("a", LATE_OPENING)]


def test_a_run_that_is_over_has_no_findings() -> None:
    world = World(workflow({"a": {}, "b": {"after": "a", "when": "a.flag"}}))
    world.end("a")
    world.do(cm.AbortRun(RUN, "wrong_person"))
    assert found(world) == []
    assert step_id(RUN, "b", "") not in world.state.steps
