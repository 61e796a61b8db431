"""Which steps open, wait, or are skipped: sequence, joins, conditions, choices, gates."""

import pytest

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.steps import UnknownOutcomeError
from engine.errors import AlreadyEndedError, NotFoundError
from tests.core.small_world import OTHER_RUN, RUN, World, actor, step_id, workflow


def test_steps_in_a_row_open_one_after_the_other() -> None:
    world = World(workflow({"a": {}, "b": {"after": "a"}, "c": {"after": "b"}}))
    assert world.statuses() == {"a": "ready"}
    world.end("a")
    assert world.statuses() == {"a": "ended", "b": "ready"}
    world.end("b")
    world.end("c")
    assert world.status_of_case == "closed"


def test_steps_after_the_same_step_open_side_by_side() -> None:
    world = World(workflow({"a": {}, "b": {"after": "a"}, "c": {"after": "a"}}))
    opened = [event.step.key for event in world.end("a") if isinstance(event, ev.StepOpened)]
    assert opened == ["b", "c"]


BRANCHES = {"a": {}, "b": {}, "c": {}}


@pytest.mark.parametrize(("after", "ended", "status"), [
    (["a", "b"], [], "not reached"),
    (["a", "b"], ["a"], "not reached"),
    (["a", "b"], ["a", "b"], "ready"),
    ({"any": ["a", "b"]}, [], "not reached"),
    ({"any": ["a", "b"]}, ["b"], "ready"),
    ({"n": 2, "of": ["a", "b", "c"]}, ["a"], "not reached"),
    ({"n": 2, "of": ["a", "b", "c"]}, ["a", "c"], "ready"),
])  # fmt: skip
def test_a_join_opens_when_as_many_have_ended_as_it_waits_for(after: object, ended: list[str], status: str) -> None:
    world = World(workflow({**BRANCHES, "join": {"after": after}}))
    for key in ended:
        world.end(key)
    assert world.status("join") == status


@pytest.mark.parametrize(("after", "ended", "dead", "status"), [
    (["a", "b"], ["a"], ["b"], "ready"),
    (["a", "b"], [], ["b"], "not reached"),
    (["a", "b"], [], ["a", "b"], "skipped"),
    ({"any": ["a", "b"]}, [], ["a"], "not reached"),
    ({"any": ["a", "b"]}, [], ["a", "b"], "skipped"),
    ({"n": 2, "of": ["a", "b", "c"]}, ["a"], ["b"], "not reached"),
    ({"n": 2, "of": ["a", "b", "c"]}, [], ["a", "b"], "skipped"),
    ({"n": 2, "of": ["a", "b", "c"]}, ["a", "b"], ["c"], "ready"),
])  # fmt: skip
def test_a_branch_that_died_is_not_waited_for(after: object, ended: list[str], dead: list[str], status: str) -> None:
    world = World(workflow({**BRANCHES, "join": {"after": after}}))
    for key in dead:
        world.do(cm.CancelStep(step_id(RUN, key, ""), "not_needed"))
    for key in ended:
        world.end(key)
    assert world.status("join") == status


def test_what_follows_only_skipped_steps_is_skipped_to_the_end() -> None:
    world = World(workflow({"a": {}, "b": {"after": "a", "when": "a.flag"}, "c": {"after": "b"}, "d": {"after": "c"}}))
    world.end("a", flag=False)
    assert world.statuses() == {"a": "ended", "b": "skipped", "c": "skipped", "d": "skipped"}
    assert world.status_of_case == "closed"


@pytest.mark.parametrize(("outputs", "status"), [
    ({"flag": True}, "ready"), ({"flag": False}, "skipped"), ({}, "not reached"),
])  # fmt: skip
def test_a_condition_opens_skips_or_leaves_waiting(outputs: dict[str, bool], status: str) -> None:
    world = World(workflow({"a": {}, "b": {"after": "a", "when": "a.flag"}}))
    world.end("a", **outputs)
    assert world.status("b") == status


def test_the_default_of_an_output_stands_in_for_an_answer_that_was_not_given() -> None:
    world = World(workflow({"a": {}, "b": {"after": "a", "when": "!a.usual"}}))
    world.end("a")
    assert world.status("b") == "ready"


def test_a_condition_on_a_fact_is_answered_when_the_fact_is_recorded() -> None:
    world = World(workflow({"a": {}, "b": {"after": "a", "when": "safe"}}, facts={"safe": {"type": "bool"}}))
    world.end("a")
    assert (world.status("b"), world.status_of_case) == ("not reached", "open")
    world.tell(safe=True)
    assert world.status("b") == "ready"


def test_a_condition_may_ask_how_a_step_ended_or_that_it_was_called_off() -> None:
    steps = {"a": {}, "b": {}, "undo": {"after": "b", "when": 'a.outcome in ["cancelled", "refused_by_person"]'}}
    world = World(workflow(steps))
    world.do(cm.CancelStep(step_id(RUN, "a", ""), "moved_away"))
    world.end("b")
    assert world.status("undo") == "ready"
    world = World(workflow(steps))
    world.end("a", outcome="refused_by_person")
    world.end("b")
    assert world.status("undo") == "ready"


def test_a_value_of_the_wrong_type_lets_nothing_follow() -> None:
    world = World(workflow({"a": {}, "b": {"after": "a", "when": "a.count > 3"}}))
    world.end("a", count="many")
    assert world.status("b") == "not reached"


@pytest.mark.parametrize("value", ["soon", "2026-01-05", "2026-01-05T10:00:00", ""])
def test_a_text_that_is_no_instant_leaves_conditions_unknown(value: str) -> None:
    world = World(workflow({"a": {}, "b": {"after": "a", "when": 'a.at > timestamp("2026-01-01T00:00:00Z")'}}))
    world.end("a", at=value)
    assert world.status("b") == "not reached"


def test_instants_are_compared_as_instants_in_outputs_questions_facts_and_reports() -> None:
    late = '> timestamp("2026-01-01T00:00:00Z")'
    steps = {
        "a": {"questions": [{"id": "seen", "type": "instant", "label": "When?"}]},
        "b": {"after": "a", "when": f"a.at {late} && a.seen {late} && found {late} && report.received {late}"},
    }
    moment = "2026-01-05T10:00:00+05:30"
    world = World(workflow(steps, facts={"found": {"type": "instant"}}), report={"received": moment})
    world.tell(found=moment)
    world.end("a", at=moment, seen=moment)
    assert world.status("b") == "ready"


# Choices


CHOICE = {
    "choices": {
        "way": {
            "after": "a",
            "branches": [{"when": "a.flag", "to": "first"}, {"when": "a.count > 3", "to": ["second", "beside"]}],
            "default": "other",
        }
    }
}
WAYS = {"a": {}, "first": {}, "second": {}, "beside": {}, "other": {}, "end": {"after": ["first", "second", "other"]}}


@pytest.mark.parametrize(("outputs", "opened"), [
    ({"flag": True, "count": 9}, ["first"]),
    ({"flag": True}, ["first"]),
    ({"flag": False, "count": 9}, ["second", "beside"]),
    ({"flag": False, "count": 1}, ["other"]),
    ({"count": 9}, []),
    ({"flag": False}, []),
])  # fmt: skip
def test_a_choice_takes_the_first_branch_that_holds_and_waits_for_an_earlier_unknown_one(
    outputs: dict[str, object], opened: list[str]
) -> None:
    world = World(workflow(WAYS, **CHOICE))
    world.end("a", **outputs)
    ready = [key for key in ("first", "second", "beside", "other") if world.status(key) == "ready"]
    skipped = [key for key in ("first", "second", "beside", "other") if world.status(key) == "skipped"]
    assert ready == opened
    assert len(skipped) == (4 - len(opened) if opened else 0)


def test_branches_of_a_choice_come_together_again() -> None:
    world = World(workflow(WAYS, **CHOICE))
    world.end("a", flag=False, count=1)
    world.end("other")
    assert world.status("end") == "ready"


# Gates


GATE = {"facts": {"safe": {"type": "bool"}}, "gates": {"safety": {"holds": "b", "until": "safe", "reason": "Not yet."}}}


def test_a_gate_holds_a_step_that_could_begin_and_lets_it_go_when_the_fact_comes() -> None:
    world = World(workflow({"a": {}, "b": {"after": "a", "time": {"limit": "PT2H"}}}, **GATE))
    world.end("a")
    assert (world.step("b").status, world.step("b").gate) == ("held", "safety")
    assert world.due("b") is None
    world.tell(safe=False)
    assert world.status("b") == "held"
    world.let(hours=5)
    world.tell(safe=True)
    assert (world.step("b").status, world.step("b").gate, world.step("b").opened_at) == ("ready", None, world.now)


def test_a_gate_names_the_reason_that_holds_now() -> None:
    gates = {
        "one": {"holds": "a", "until": "first", "reason": "One."},
        "two": {"holds": "a", "until": "second", "reason": "Two."},
    }
    facts = {"first": {"type": "bool"}, "second": {"type": "bool"}}
    world = World(workflow({"a": {}}, facts=facts, gates=gates))
    assert world.step("a").gate == "one"
    world.tell(first=True)
    assert world.step("a").gate == "two"
    world.tell(second=True)
    assert world.status("a") == "ready"


def test_a_step_of_a_missing_type_is_held_until_the_type_is_installed() -> None:
    without = workflow({"a": {"uses": "test.rare"}}, missing=("test.rare",))
    world = World(without)
    assert (world.step("a").status, world.step("a").gate) == ("held", "missing-step-type")
    world.definitions[without.content_hash] = workflow({"a": {"uses": "test.rare"}})
    world.do(cm.RecordFact("any", value=True))
    assert world.status("a") == "ready"


def test_facts_that_a_step_sets_follow_from_its_answers() -> None:
    steps = {"a": {"sets": {"afraid": 'a.choice == "yes"'}}, "b": {"after": "a", "when": "afraid"}}
    world = World(workflow(steps, facts={"afraid": {"type": "bool"}}))
    world.end("a", choice="yes")
    assert (world.state.facts, world.status("b")) == ({"afraid": True}, "ready")


def test_a_fact_stays_as_it_was_when_its_condition_is_unknown() -> None:
    steps = {"a": {"sets": {"afraid": 'a.choice == "yes"'}}}
    world = World(workflow(steps, facts={"afraid": {"type": "bool"}}))
    world.tell(afraid=True)
    world.end("a", outcome="refused_by_person")
    assert world.state.facts == {"afraid": True}


def test_a_fact_that_is_so_already_is_not_recorded_again() -> None:
    world = World(workflow({"a": {}}, facts={"safe": {"type": "bool"}}))
    world.tell(safe=True)
    assert world.do(cm.RecordFact("safe", value=True)) == ()


# Refusals


def test_a_step_is_ended_once() -> None:
    world = World(workflow({"a": {}, "b": {}}))
    world.end("a", by=actor(1))
    with pytest.raises(AlreadyEndedError):
        world.end("a", by=actor(2))
    assert world.step("a").completed_by == actor(1)


def test_a_step_that_was_not_reached_cannot_be_ended() -> None:
    world = World(workflow({"a": {}, "b": {"after": "a"}}))
    with pytest.raises(NotFoundError):
        world.end("b")


def test_an_outcome_that_the_step_type_does_not_have_is_refused() -> None:
    world = World(workflow({"a": {}}))
    with pytest.raises(UnknownOutcomeError):
        world.end("a", outcome="skipped")


def test_an_answer_for_one_version_never_counts_for_a_step_of_another() -> None:
    old = workflow({"a": {}, "pay": {"after": "a"}})
    new = workflow({"a": {}, "check": {"after": "a"}, "pay": {"after": "check"}}, version=2)
    world = World(old)
    world.start(new, OTHER_RUN)
    world.end("a", run=OTHER_RUN)
    with pytest.raises(NotFoundError):
        world.end("pay", run=OTHER_RUN)
    world.end("a")
    world.end("pay")
    assert (world.status("pay", run=OTHER_RUN), world.status("check", run=OTHER_RUN)) == ("not reached", "ready")
