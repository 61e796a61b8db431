"""Ways that are not straight on: back, at a time, at an event, standing by, called off and undone, aborted."""

from typing import Any

import pytest

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.readiness import findings
from tests.core.small_world import ASHA, BINA, RUN, World, hours, person, workflow


def reviewed(**back: Any) -> dict[str, Any]:
    """Plan, act and review: who is not content goes back to the plan."""
    return {
        "plan": {},
        "act": {"after": "plan"},
        "review": {"after": "act", "back": {"to": "plan", "when": 'review.choice == "no"', "times": 2, **back}},
        "close": {"after": "review", "when": 'review.choice == "yes"'},
    }


def test_a_loop_does_all_in_between_again_and_what_follows_waits() -> None:
    world = World(workflow(reviewed()))
    for key in ("plan", "act"):
        world.end(key)
    world.end("review", choice="no")
    assert (world.status("plan", "r:2"), world.status("act", "r:2"), world.status("close")) == (
        "ready", "not reached", "not reached",
    )  # fmt: skip
    world.end("plan", "r:2")
    world.end("act", "r:2")
    world.end("review", "r:2", choice="yes")
    assert (world.status("close"), world.status("plan", "r:3")) == ("ready", "not reached")


def test_a_loop_goes_back_so_many_times_and_then_goes_on() -> None:
    world = World(workflow(reviewed()))
    for path in ("", "r:2", "r:3"):
        world.end("plan", path)
        world.end("act", path)
        world.end("review", path, choice="no")
    assert (world.status("plan", "r:4"), world.status("close")) == ("not reached", "skipped")
    assert world.status_of_case == "closed"


def test_a_step_that_a_loop_leaves_out_is_left_out_of_that_round_alone() -> None:
    steps = reviewed() | {"act": {"after": "plan", "when": 'plan.choice == "yes"'}}
    steps["review"] = {**steps["review"], "after": ["plan", "act"]}
    world = World(workflow(steps))
    world.end("plan", choice="no")
    world.end("review", choice="no")
    world.end("plan", "r:2", choice="yes")
    assert (world.status("act"), world.status("act", "r:2"), world.status("review", "r:2")) == (
        "skipped", "ready", "not reached",
    )  # fmt: skip


def test_each_person_goes_back_alone() -> None:
    each = {key: {**step, "for_each": "case.victims"} for key, step in reviewed().items() if key != "close"}
    world = World(workflow({**each, "close": {"after": "review"}}), victims=(ASHA, BINA))
    for one in (ASHA, BINA):
        world.end("plan", person(one))
        world.end("act", person(one))
    world.end("review", person(ASHA), choice="no")
    world.end("review", person(BINA), choice="yes")
    assert (world.status("plan", f"{person(ASHA)}/r:2"), world.status("plan", f"{person(BINA)}/r:2")) == (
        "ready", "not reached",
    )  # fmt: skip
    assert world.status("close") == "not reached"


def test_a_limit_of_a_further_round_counts_from_its_opening() -> None:
    steps = reviewed() | {"plan": {"time": {"from": "start", "limit": "PT8H"}}}
    world = World(workflow(steps))
    world.end("plan")
    world.end("act")
    world.let(hours=100)
    world.end("review", choice="no")
    assert world.due("plan", "r:2") == hours(108)
    assert world.breaches() == []


WAITS = {
    "asked": {},
    "answer": {"uses": "test.auto", "after": "asked", "wait": {"until": 'reply.choice == "yes"', "time_out": "P30D"}},
    "reply": {"discretionary": True},
    "thank": {"after": "answer", "when": 'answer.outcome == "done"'},
    "remind": {"after": "answer", "when": 'answer.outcome == "blocked_by_other_body"'},
}


@pytest.mark.parametrize("is_answered", [True, False])
def test_a_step_that_waits_for_an_event_ends_with_it_or_when_its_time_is_out(*, is_answered: bool) -> None:
    world = World(workflow({**WAITS, "reply": {}}))
    world.end("asked")
    assert world.status("answer") == "scheduled"
    world.live(days=20)
    if is_answered:
        world.end("reply", choice="yes")
    world.live(days=11)
    assert (world.status("thank"), world.status("remind")) == (
        ("ready", "skipped") if is_answered else ("skipped", "ready")
    )
    assert world.step("answer").ended_at == hours(24 * 20 if is_answered else 24 * 30)


def test_a_standing_step_that_nothing_leads_to_any_more_leaves_no_time_running_in_a_closed_case() -> None:
    limit = {"from": "start", "law": "XX-PRODUCE-24H", "ladder": "standard", "on_breach": ["other"]}
    world = World(workflow({"other": {}, "note": {"after": {"any": ["other"]}, "standing": True, "time": [limit]}}))
    assert (world.status_of_case, world.state.deadlines) == ("closed", {})


def test_the_event_is_the_answer_that_names_what_was_asked_for() -> None:
    wait = {"event": "letter", "until": "letter.count == asked.count", "time_out": "P30D"}
    steps = {"asked": {}, "letter": {"standing": True}, "answer": {"uses": "test.auto", "after": "asked", "wait": wait}}
    world = World(workflow(steps))
    world.end("letter", "r:1", count=7)
    world.end("letter", "r:2", count=9)
    world.end("asked", count=8)
    world.end("letter", "r:3")
    assert world.status("answer") == "scheduled", "none of them names it"
    world.live(days=1)
    world.end("letter", "r:4", count=8)
    assert (world.step("answer").outcome, world.step("answer").ended_at) == ("done", hours(24))

    early = World(workflow(steps))
    early.end("letter", "r:1", count=8)
    early.end("letter", "r:2", count=9)
    early.end("asked", count=8)
    assert early.step("answer").outcome == "done", "it had come before it was waited for, and another since"
    late = World(workflow(steps))
    late.end("asked", count=8)
    late.live(days=31)
    assert late.step("answer").outcome == "blocked_by_other_body"


def test_a_wait_without_an_end_is_told_with_what_it_waits_for() -> None:
    wait = {"uses": "test.auto", "title": "Answer", "wait": {"until": 'reply.choice == "yes"'}}
    world = World(workflow({"answer": wait, "reply": {"discretionary": True}}))
    [found] = findings(world.view(), world.now)
    assert (found.step_key, found.sentence) == (
        "answer",
        "“Answer” is waiting without an end until Ask: choice is “yes”.",
    )


def test_an_event_of_one_person_is_none_of_another() -> None:
    each = {key: {**step, "for_each": "case.victims"} for key, step in {**WAITS, "reply": {}}.items()}
    world = World(workflow(each), victims=(ASHA, BINA))
    for one in (ASHA, BINA):
        world.end("asked", person(one))
    world.end("reply", person(BINA), choice="yes")
    assert (world.status("answer", person(ASHA)), world.status("answer", person(BINA))) == ("scheduled", "ended")


def test_a_standing_step_is_there_again_each_time_and_keeps_nothing_open() -> None:
    world = World(workflow({"a": {}, "note": {"standing": True, "uses": "test.timed"}}))
    assert (world.status("note", "r:1"), world.due("note", "r:1")) == ("ready", None)
    world.end("note", "r:1")
    world.end("note", "r:2")
    assert world.status("note", "r:3") == "ready"
    world.end("a")
    assert (world.status("note", "r:3"), world.status_of_case) == ("cancelled", "closed")


CALLED_OFF = {
    "consent": {}, "share": {"after": "consent"}, "visit": {"after": "consent"}, "later": {"after": "visit"},
    "withdrawn": {"discretionary": True}, "recall": {}, "other": {},
}  # fmt: skip
CANCELS = {
    "no-consent": {"when": 'withdrawn.outcome == "done"', "steps": ["share", "visit"], "undo": {"share": "recall"}}
}


def _withdraw(world: World) -> None:
    world.do(cm.AddStep(RUN, "withdrawn"))
    world.end("withdrawn")


def test_a_branch_is_called_off_with_what_follows_it_and_what_was_done_is_undone() -> None:
    world = World(workflow(CALLED_OFF, cancels=CANCELS))
    world.end("consent")
    world.end("share")
    assert world.status("recall") == "not reached"
    _withdraw(world)
    assert (world.status("visit"), world.status("later"), world.status("share"), world.status("recall")) == (
        "cancelled", "skipped", "ended", "ready",
    )  # fmt: skip
    assert world.status("other") == "ready"


def test_what_was_not_done_is_not_undone() -> None:
    world = World(workflow(CALLED_OFF, cancels=CANCELS))
    _withdraw(world)
    assert (world.status("share"), world.status("recall")) == ("skipped", "not reached")
    world.end("consent")
    world.end("other")
    assert world.status_of_case == "closed"


def test_a_condition_aborts_the_run_and_says_so() -> None:
    close = {"abort": 'a.choice == "no"'}
    world = World(workflow({"a": {}, "b": {}, "c": {"after": "a"}}, close=close))
    events = world.end("a", choice="no")
    assert [e.reason_code for e in events if isinstance(e, ev.StepCancelled)] == ["aborted_by_workflow"]
    assert [e.aborted for e in events if isinstance(e, ev.RunEnded)] == [True]
    assert world.status_of_case == "closed"
