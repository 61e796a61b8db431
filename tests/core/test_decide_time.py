"""Deadlines: from when they run, when they move, when they are breached, and what fires of them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.deadlines.firings import schedule
from engine.core.records import Purpose
from tests.core.small_world import (
    ASHA,
    LADDERS,
    LIBRARY,
    RUN,
    World,
    hours,
    journey,
    person,
    step_id,
    workflow,
)

SAFE = {"facts": {"safe": {"type": "bool"}, "found": {"type": "instant"}}}


@pytest.mark.parametrize(("start", "due"), [
    ("start", hours(-1) + timedelta(hours=8)),
    ("ready", hours(3) + timedelta(hours=8)),
    ("a", hours(2) + timedelta(hours=8)),
    ("a.at", hours(1) + timedelta(hours=8)),
    ("found", hours(0.5) + timedelta(hours=8)),
    ("report.received", hours(-2) + timedelta(hours=8)),
])  # fmt: skip
def test_time_runs_from_the_event_that_starts_it(start: str, due: object) -> None:
    steps = {"a": {}, "b": {"after": "a", "time": {"from": start, "limit": "PT8H"}}}
    world = World(workflow(steps, **SAFE), started_at=hours(-1), report={"received": hours(-2).isoformat()})
    world.tell(found=hours(0.5))
    world.let(hours=3)
    world.end("a", happened=hours(2), at=hours(1))
    assert world.due("b") == due


def test_a_deadline_exists_before_its_step_is_reached() -> None:
    world = World(workflow({"a": {}, "b": {"after": "a", "time": {"from": "start", "limit": "PT8H"}}}))
    assert (world.status("b"), world.due("b")) == ("not reached", hours(8))
    world.live(hours=9)
    assert world.breaches() == [("b", hours(8))]


def test_a_step_that_is_not_reached_and_waits_for_readiness_has_no_deadline() -> None:
    world = World(workflow({"a": {}, "b": {"after": "a", "time": {"limit": "PT8H"}}}))
    assert world.due("b") is None


def test_the_limit_of_a_step_type_holds_when_the_workflow_names_none() -> None:
    world = World(workflow({"a": {"uses": "test.timed"}}))
    assert world.due("a") == hours(48)


def test_a_law_limit_starts_with_the_step_that_the_law_names() -> None:
    steps = {"find": {"uses": "test.rare"}, "produce": {"after": "find", "time": {"law": "XX-PRODUCE-24H"}}}
    world = World(workflow(steps))
    world.let(hours=5)
    world.end("find", happened=hours(4))
    assert world.due("produce") == hours(28)


def test_a_workflow_may_choose_the_alternative_of_a_law_limit() -> None:
    world = World(workflow({"a": {"time": {"law": "XX-PRODUCE-24H", "option": "far"}}}))
    assert world.due("a") == hours(48)


def test_a_deadline_stays_as_it_was_while_its_law_is_not_in_the_library() -> None:
    world = World(workflow({"a": {"time": {"law": "XX-PRODUCE-24H"}}, "b": {}}))
    before = world.state.deadlines
    world.library = replace(LIBRARY, packs={})
    world.end("b")
    assert world.state.deadlines == before


# Which limit applies


TIMES = [{"when": "safe", "limit": "PT8H"}, {"when": "!safe", "limit": "PT1H", "ladder": "critical"}, {"limit": "PT4H"}]


@pytest.mark.parametrize(("safe", "due"), [(None, hours(4)), (True, hours(8)), (False, hours(1))])
def test_the_first_limit_whose_condition_holds_applies(safe: bool | None, due: object) -> None:  # noqa: FBT001
    world = World(workflow({"a": {"time": TIMES}}, **SAFE))
    assert world.due("a") == hours(4)
    if safe is not None:
        world.tell(safe=safe)
    assert world.due("a") == due


def test_a_limit_that_is_derived_again_moves_the_deadline_and_tells_from_where() -> None:
    world = World(workflow({"a": {"time": TIMES}}, **SAFE))
    moved = [e for e in world.do(cm.RecordFact("safe", value=False)) if isinstance(e, ev.DeadlineMoved)]
    assert [(e.before, e.deadline.due_at, e.deadline.ladder) for e in moved] == [(hours(4), hours(1), "critical")]


def test_a_limit_that_applies_too_late_is_breached_at_its_due_instant_at_once() -> None:
    world = World(workflow({"a": {"time": TIMES}}, **SAFE))
    world.live(hours=3)
    world.tell(safe=False)
    assert world.breaches() == [("a", hours(1))]


def test_a_step_that_will_be_skipped_has_no_deadline() -> None:
    steps = {"a": {}, "b": {"after": "a", "when": "safe", "time": {"from": "start", "limit": "PT8H"}}}
    world = World(workflow(steps, **SAFE))
    assert world.due("b") == hours(8)
    world.tell(safe=False)
    assert world.due("b") is None


def test_a_deadline_that_runs_again_repeats_nothing_and_keeps_its_breach() -> None:
    time = {"from": "start", "limit": "PT8H", "warn": "50%"}
    world = World(workflow({"a": {}, "b": {"after": "a", "when": "safe", "time": time}}, **SAFE))
    world.live(hours=9)
    for safe in (False, True, False, True):
        world.tell(safe=safe)
    world.live(hours=1)
    assert world.breaches() == [("b", hours(8))]
    assert len([e for e in world.events if isinstance(e, ev.DeadlineWarned)]) == 1
    assert world.deadline("b").breached_at == hours(8)  # type: ignore[union-attr]


def test_a_step_on_a_branch_that_is_not_taken_has_no_deadline() -> None:
    choice = {"choices": {"way": {"after": "a", "branches": [{"when": "safe", "to": "b"}], "default": "c"}}}
    time = {"time": {"from": "start", "limit": "PT8H"}}
    world = World(workflow({"a": {}, "b": time, "c": time}, **SAFE, **choice))
    assert (world.due("b"), world.due("c")) == (hours(8), hours(8))
    world.tell(safe=True)
    assert (world.due("b"), world.due("c")) == (hours(8), None)


def test_a_step_that_nobody_has_called_has_no_deadline() -> None:
    time = {"time": {"from": "start", "limit": "PT8H"}}
    world = World(workflow({"a": {}, "talk": {"discretionary": True, **time}, "after_talk": {"after": "talk", **time}}))
    assert world.state.deadlines == {}
    world.do(cm.AddStep(RUN, "talk"))
    assert (world.due("talk"), world.due("after_talk")) == (hours(8), hours(8))


# Late, and too late


def test_an_event_that_is_told_late_sets_a_deadline_that_is_breached_already() -> None:
    world = World(workflow({"a": {}, "b": {"after": "a", "time": {"from": "a", "limit": "PT2H", "warn": "50%"}}}))
    world.let(hours=48)
    world.end("a", happened=hours(1))
    assert world.breaches() == [("b", hours(3))]
    assert not [e for e in world.live(hours=9) if isinstance(e, ev.DeadlineWarned)]


def test_a_step_that_ended_late_was_breached_when_it_was_due_even_if_nobody_looked() -> None:
    world = World(workflow({"a": {"time": {"limit": "PT2H"}}}))
    world.let(hours=5)
    world.end("a")
    ended = [e.deadline for e in world.events if isinstance(e, ev.DeadlineEnded)]
    assert world.breaches() == [("a", hours(2))]
    assert [(d.status, d.breached_at, d.ended_at) for d in ended] == [("met", hours(2), hours(5))]


@pytest.mark.parametrize("happened", [hours(1), hours(2)])
def test_a_step_that_ended_in_time_leaves_no_breach(happened: object) -> None:
    world = World(workflow({"a": {"time": {"limit": "PT2H"}}}))
    world.let(hours=5)
    world.end("a", happened=happened)  # type: ignore[arg-type]
    assert (world.breaches(), world.state.deadlines) == ([], {})


def test_a_breach_neither_ends_nor_cancels_its_step() -> None:
    world = World(workflow({"a": {"time": {"limit": "PT2H"}}}))
    world.live(hours=3)
    assert (world.status("a"), world.deadline("a").breached_at) == ("ready", hours(2))  # type: ignore[union-attr]


def test_calling_a_step_off_ends_its_timers() -> None:
    world = World(workflow({"a": {"time": {"limit": "PT2H"}}, "b": {}}))
    world.do(cm.CancelStep(step_id(RUN, "a", ""), "not_needed"))
    assert (world.state.deadlines, world.breaches()) == ({}, [])


def test_a_step_that_is_called_off_after_it_was_due_was_late() -> None:
    world = World(workflow({"a": {"time": {"limit": "PT2H"}}, "b": {}}))
    world.let(hours=3)
    world.do(cm.CancelStep(step_id(RUN, "a", ""), "not_needed"))
    assert world.breaches() == [("a", hours(2))]


def test_skipping_a_step_ends_the_timer_that_ran_before_it_was_reached() -> None:
    world = World(
        workflow({"a": {}, "b": {"after": "a", "when": "a.flag", "time": {"from": "start", "limit": "PT8H"}}})
    )
    world.end("a", flag=False)
    assert (world.status("b"), world.state.deadlines) == ("skipped", {})


# Intervals


EXCLUDED = {"law": "XX-PRODUCE-24H", "from": "start"}


def test_a_journey_moves_the_deadline_of_its_step_in_the_same_decision() -> None:
    world = World(workflow({"a": {"time": EXCLUDED}}))
    world.do(cm.RecordInterval(journey("a", hours(1), None)))
    assert world.due("a") == hours(24)
    world.do(cm.RecordInterval(journey("a", hours(1), hours(4))))
    assert world.due("a") == hours(27)
    assert len(world.state.intervals) == 1


def test_a_journey_that_is_told_with_the_answers_counts_for_them() -> None:
    world = World(workflow({"a": {"time": EXCLUDED}}))
    world.let(hours=30)
    world.end("a", happened=hours(26), intervals=(journey("a", hours(1), hours(4)),))
    assert world.breaches() == []


def test_a_journey_of_one_person_moves_no_other_deadline() -> None:
    steps = {"a": {"for_each": "case.victims", "time": EXCLUDED}, "b": {"time": EXCLUDED}}
    world = World(workflow(steps), victims=(ASHA,))
    world.do(cm.RecordInterval(journey("a", hours(1), hours(4), person(ASHA))))
    assert (world.due("a", person(ASHA)), world.due("b")) == (hours(27), hours(24))


def test_a_journey_may_be_recorded_before_its_step_is_reached_when_time_runs_already() -> None:
    world = World(workflow({"x": {}, "a": {"after": "x", "time": EXCLUDED}}))
    world.do(cm.RecordInterval(journey("a", hours(1), hours(4))))
    assert world.due("a") == hours(27)
    world.end("x")
    assert world.due("a") == hours(27)


def test_a_breach_stays_when_a_journey_moves_the_deadline_afterwards() -> None:
    world = World(workflow({"a": {"time": EXCLUDED}}))
    world.live(hours=25)
    world.do(cm.RecordInterval(journey("a", hours(1), hours(4))))
    world.live(hours=5)
    assert (world.breaches(), world.due("a")) == ([("a", hours(24))], hours(27))


# Firing


def test_warnings_the_breach_and_the_levels_fire_once_each_in_order() -> None:
    world = World(workflow({"a": {"time": {"limit": "PT4H", "warn": ["50%", "PT1H"], "ladder": "critical"}}}))
    fired = world.live(hours=24)
    told = [(type(e).__name__, getattr(e, "firing", ""), getattr(e, "level", 0), getattr(e, "round", 0)) for e in fired]
    assert told == [
        ("DeadlineWarned", "w:50%", 0, 0),
        ("DeadlineWarned", "w:PT1H", 0, 0),
        ("LevelRaised", "", 1, 1),
        ("DeadlineBreached", "", 0, 0),
        ("LevelRaised", "", 2, 1),
        ("LevelRaised", "", 2, 2),
        ("LevelRaised", "", 2, 3),
    ]
    assert world.deadline("a").next_at is None  # type: ignore[union-attr]


def test_a_pass_that_comes_late_fires_what_is_due_but_warns_of_nothing_that_has_passed() -> None:
    world = World(workflow({"a": {"time": {"limit": "PT4H", "warn": "50%"}}}))
    world.let(hours=9)
    events = world.do(cm.FireDeadline(next(iter(world.state.deadlines))))
    assert [type(e).__name__ for e in events] == ["DeadlineBreached", "LevelRaised", "LevelRaised"]
    assert [e.planned_at for e in events if isinstance(e, ev.LevelRaised)] == [hours(4), hours(8)]


def test_firing_twice_or_what_is_gone_does_nothing() -> None:
    world = World(workflow({"a": {"time": {"limit": "PT4H"}}}))
    of = next(iter(world.state.deadlines))
    world.let(hours=4)
    world.do(cm.FireDeadline(of))
    assert world.do(cm.FireDeadline(of)) == ()
    world.end("a")
    assert world.do(cm.FireDeadline(of)) == ()


def test_a_ladder_that_has_changed_is_planned_again_when_it_fires() -> None:
    world = World(workflow({"a": {"time": {"limit": "PT4H"}}}))
    world.live(hours=4)
    shorter = LADDERS["standard"].model_copy(update={"levels": LADDERS["standard"].levels[:1]})
    world.library = replace(LIBRARY, ladders={"standard": shorter})
    world.let(hours=5)
    world.do(cm.FireDeadline(next(iter(world.state.deadlines))))
    assert world.deadline("a").next_at is None  # type: ignore[union-attr]


def test_an_escalation_can_be_acknowledged_also_after_its_step_has_ended() -> None:
    world = World(workflow({"a": {"time": {"limit": "PT4H"}}, "b": {"after": "a"}}))
    of = next(iter(world.state.deadlines))
    world.live(hours=5)
    world.end("a")
    assert [type(e).__name__ for e in world.do(cm.Acknowledge(of))] == ["DeadlineAcknowledged"]
    assert world.do(cm.Acknowledge(of)) == ()


def test_what_fires_is_planned_in_the_order_of_time() -> None:
    world = World(workflow({"a": {"time": {"limit": "PT4H", "warn": ["80%", "50%"]}}}))
    deadline = world.deadline("a")
    assert deadline is not None
    assert [name for _, name in schedule(deadline, LIBRARY)] == ["w:50%", "w:80%", "breach", "l:1", "l:2"]


# Approval


APPROVED = {"a": {"time": {"limit": "PT2H"}, "approve": {"role": "supervisor", "limit": "PT1H"}}}


def test_an_answer_in_time_meets_the_limit_and_the_approval_has_one_of_its_own() -> None:
    world = World(workflow(APPROVED))
    world.live(hours=1)
    world.end("a")
    assert (world.due("a"), world.due("a", purpose=Purpose.APPROVAL)) == (None, hours(2))
    world.live(hours=4)
    assert world.breaches() == [("a", hours(2))]
    world.do(cm.ApproveStep(step_id(RUN, "a", ""), approved=True))
    assert (world.state.deadlines, world.status_of_case) == ({}, "closed")


def test_a_step_that_is_sent_back_has_its_time_again_from_then() -> None:
    world = World(workflow(APPROVED))
    world.live(hours=1)
    world.end("a")
    world.live(minutes=30)
    world.do(cm.ApproveStep(step_id(RUN, "a", ""), approved=False))
    assert (world.due("a", turn=2), world.due("a", purpose=Purpose.APPROVAL)) == (hours(3.5), None)
    world.live(hours=9)
    assert world.breaches() == [("a", hours(3.5))]
