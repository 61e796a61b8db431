"""Steps that repeat, and steps that open only when they are called."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.records import AddedStep, Purpose
from engine.errors import AlreadyEndedError, ConflictError, NotFoundError
from tests.core.small_world import ASHA, BINA, RUN, World, hours, person, step_id, workflow

END_OF_JANUARY = datetime(2026, 1, 31, 4, 30, tzinfo=UTC)


def visits(**repeat: object) -> dict[str, object]:
    return {"visit": {"repeat": {"every": "P1M", "times": 3, **repeat}, "time": {"limit": "P2D"}}}


def series_from_january() -> World:
    world = World(workflow({"a": {}, **visits(), "close": {"after": "visit"}}), start=False)
    world.now = END_OF_JANUARY
    world.start(next(iter(world.definitions.values())))
    return world


def test_a_round_waits_for_its_month_and_opens_by_itself() -> None:
    world = series_from_january()
    world.end("visit", "r:1")
    assert (world.status("visit", "r:2"), world.step("visit", "r:2").opens_at) == (
        "scheduled",
        datetime(2026, 2, 28, 4, 30, tzinfo=UTC),
    )
    world.live(days=28)
    assert world.status("visit", "r:2") == "ready"
    assert world.step("visit", "r:2").opened_at == datetime(2026, 2, 28, 4, 30, tzinfo=UTC)
    world.end("visit", "r:2")
    assert world.step("visit", "r:3").opens_at == datetime(2026, 3, 31, 4, 30, tzinfo=UTC)


def test_a_scheduled_round_opens_with_the_next_command_when_nobody_looked_at_the_clock() -> None:
    world = series_from_january()
    world.end("visit", "r:1")
    world.let(days=30)
    world.end("a")
    assert world.step("visit", "r:2").opened_at == datetime(2026, 2, 28, 4, 30, tzinfo=UTC)
    assert world.deadline("visit", "r:2", purpose=Purpose.OPENING) is None


def test_a_round_whose_time_has_come_opens_when_the_one_before_it_ends() -> None:
    world = series_from_january()
    world.let(days=40)
    world.end("visit", "r:1")
    assert world.step("visit", "r:2").opened_at == world.now


def test_a_series_is_over_after_so_many_times_and_its_successor_waits_until_then() -> None:
    world = series_from_january()
    for number in (1, 2, 3):
        assert world.status("close") == "not reached"
        world.live(days=32)
        world.end("visit", f"r:{number}")
    assert (world.status("close"), world.status("visit", "r:4")) == ("ready", "not reached")


def test_a_series_is_over_when_its_condition_holds() -> None:
    world = World(workflow({**visits(until='visit.choice == "no"'), "close": {"after": "visit"}}))
    world.end("visit", "r:1", choice="yes")
    world.live(days=40)
    world.end("visit", "r:2", choice="no")
    assert (world.status("close"), world.status("visit", "r:3")) == ("ready", "not reached")


@pytest.mark.parametrize("since", ["ready", "a"])
def test_rounds_with_the_limit_of_the_first_are_due_with_it(since: str) -> None:
    steps = visits(every="PT6H", same_limit=True)
    steps["visit"] |= {"after": "a", "time": {"from": since, "limit": "P2D"}}
    world = World(workflow({"a": {}, **steps}))
    world.end("a")
    due = world.now + timedelta(hours=48)
    for number in (1, 2, 3):
        assert world.deadline("visit", f"r:{number}").due_at == due
        world.end("visit", f"r:{number}")
        world.live(hours=7)


def test_conditions_see_the_last_round() -> None:
    steps = {**visits(until='visit.choice == "no"'), "close": {"after": "visit", "when": 'visit.choice == "no"'}}
    world = World(workflow(steps))
    world.end("visit", "r:1", choice="yes")
    world.live(days=40)
    world.end("visit", "r:2", choice="no")
    assert world.status("close") == "ready"


@pytest.mark.parametrize(("every", "second"), [
    ("PT6H", datetime(2026, 1, 5, 10, 30, tzinfo=UTC)),
    ("P1D", datetime(2026, 1, 6, 4, 30, tzinfo=UTC)),
    ("P5WD", datetime(2026, 1, 12, 4, 30, tzinfo=UTC)),
    ("PT8WH", datetime(2026, 1, 6, 4, 30, tzinfo=UTC)),
    ("P1M2D", datetime(2026, 2, 7, 4, 30, tzinfo=UTC)),
])  # fmt: skip
def test_a_series_may_be_counted_in_any_kind_of_time(every: str, second: datetime) -> None:
    world = World(workflow(visits(every=every)))
    world.end("visit", "r:1")
    assert world.step("visit", "r:2").opens_at == second


def test_each_round_has_a_limit_of_its_own_from_its_opening() -> None:
    world = series_from_january()
    world.end("visit", "r:1")
    world.live(days=28)
    assert world.due("visit", "r:2") == datetime(2026, 3, 2, 4, 30, tzinfo=UTC)


def test_a_series_that_is_called_off_after_some_rounds_has_been_done() -> None:
    world = series_from_january()
    world.end("visit", "r:1")
    world.do(cm.CancelStep(step_id(RUN, "visit", "r:2"), "moved_away"))
    assert world.status("close") == "ready"


def test_a_series_that_is_called_off_in_its_first_round_has_not() -> None:
    world = series_from_january()
    world.do(cm.CancelStep(step_id(RUN, "visit", "r:1"), "moved_away"))
    assert world.status("close") == "skipped"


def test_a_gate_holds_every_round() -> None:
    gates = {"safety": {"holds": "visit", "until": "safe", "reason": "Not yet."}}
    world = World(workflow(visits(), facts={"safe": {"type": "bool"}}, gates=gates))
    world.tell(safe=True)
    world.end("visit", "r:1")
    world.tell(safe=False)
    world.live(days=40)
    assert world.status("visit", "r:2") == "held"
    world.tell(safe=True)
    assert (world.status("visit", "r:2"), world.step("visit", "r:2").opened_at) == ("ready", world.now)


# Discretionary steps


def test_a_discretionary_step_opens_only_when_somebody_adds_it() -> None:
    world = World(workflow({"a": {}, "talk": {"discretionary": True}}))
    assert world.status("talk") == "not reached"
    world.do(cm.AddStep(RUN, "talk"))
    assert world.status("talk") == "ready"
    world.end("a")
    assert world.status_of_case == "open"
    world.end("talk")
    assert world.status_of_case == "closed"


def test_a_case_closes_without_the_discretionary_steps_that_nobody_added() -> None:
    world = World(workflow({"a": {}, "talk": {"discretionary": True}, "after_talk": {"after": "talk"}}))
    world.end("a")
    assert world.statuses() == {"a": "ended"}
    assert world.status_of_case == "closed"


def test_what_follows_a_discretionary_step_opens_after_it() -> None:
    world = World(workflow({"a": {}, "talk": {"discretionary": True}, "after_talk": {"after": "talk"}}))
    world.do(cm.AddStep(RUN, "talk"))
    world.end("talk")
    assert world.status("after_talk") == "ready"


def test_a_join_does_not_wait_for_a_discretionary_step_that_nobody_added() -> None:
    world = World(workflow({"a": {}, "talk": {"discretionary": True}, "b": {"after": ["a", "talk"]}}))
    world.end("a")
    assert world.status("b") == "ready"


def test_a_join_waits_for_a_discretionary_step_that_somebody_added() -> None:
    world = World(workflow({"a": {}, "talk": {"discretionary": True}, "b": {"after": ["a", "talk"]}}))
    world.do(cm.AddStep(RUN, "talk"))
    world.end("a")
    assert world.status("b") == "not reached"
    world.end("talk")
    assert world.status("b") == "ready"


def test_a_gate_holds_a_discretionary_step_too() -> None:
    gates = {"safety": {"holds": "talk", "until": "safe", "reason": "Not yet."}}
    steps = {"a": {}, "talk": {"discretionary": True}}
    world = World(workflow(steps, facts={"safe": {"type": "bool"}}, gates=gates))
    world.do(cm.AddStep(RUN, "talk"))
    assert world.status("talk") == "held"


def test_a_discretionary_step_is_added_once_even_when_it_repeats() -> None:
    steps = {"a": {}, "talk": {"discretionary": True, "repeat": {"every": "P1D", "times": 2}}}
    world = World(workflow(steps))
    world.do(cm.AddStep(RUN, "talk"))
    assert world.do(cm.AddStep(RUN, "talk")) == ()
    assert world.status("talk", "r:1") == "ready"


def test_a_step_of_the_usual_way_cannot_be_called() -> None:
    world = World(workflow({"a": {}, "b": {"after": "a"}}))
    with pytest.raises(NotFoundError):
        world.do(cm.AddStep(RUN, "b"))


# Steps that the workflow did not foresee


def unforeseen(**more: object) -> AddedStep:
    return AddedStep.model_validate({"uses": "test.rare", "title": "Fetch the bag", **more})


def test_a_step_that_was_not_foreseen_has_its_own_limit_and_keeps_the_case_open() -> None:
    world = World(workflow({"a": {}}))
    world.do(cm.AddStep(RUN, "extra", unforeseen(limit="PT6H", from_at=hours(-1))))
    assert (world.status("extra"), world.due("extra")) == ("ready", hours(5))
    world.end("a")
    assert world.status_of_case == "open"
    world.end("extra")
    assert (world.status_of_case, world.state.deadlines) == ("closed", {})


def test_a_step_that_was_not_foreseen_may_follow_the_law() -> None:
    world = World(workflow({"a": {}}))
    world.do(cm.AddStep(RUN, "extra", unforeseen(law="XX-PRODUCE-24H")))
    assert world.due("extra") == hours(24)


def test_adding_the_same_step_again_changes_nothing_and_another_under_its_name_is_refused() -> None:
    world = World(workflow({"a": {}}))
    world.do(cm.AddStep(RUN, "extra", unforeseen()))
    assert world.do(cm.AddStep(RUN, "extra", unforeseen())) == ()
    with pytest.raises(ConflictError):
        world.do(cm.AddStep(RUN, "extra", unforeseen(limit="PT1H")))


def test_an_added_step_never_takes_the_name_of_a_step_of_the_workflow() -> None:
    world = World(workflow({"a": {}, "b": {"after": "a"}}))
    with pytest.raises(ConflictError):
        world.do(cm.AddStep(RUN, "b", unforeseen()))


def test_nothing_is_added_to_an_aborted_run() -> None:
    world = World(workflow({"a": {}}))
    other = World(workflow({"a": {}})).definitions
    world.definitions |= other
    world.start(next(iter(other.values())), step_id(RUN, "second", ""))
    world.do(cm.AbortRun(RUN, "wrong_person"))
    with pytest.raises(AlreadyEndedError):
        world.do(cm.AddStep(RUN, "extra", unforeseen()))


# Steps that a breach opens


LATE = {
    "a": {"time": {"limit": "PT2H", "on_breach": "note"}},
    "note": {"time": {"limit": "PT1H"}},
    "after_note": {"after": "note"},
}


def test_a_breach_opens_its_path_once_and_the_late_step_goes_on() -> None:
    world = World(workflow(LATE))
    assert world.statuses() == {"a": "ready"}
    world.live(hours=2)
    assert (world.status("note"), world.status("a")) == ("ready", "ready")
    opened = [e for e in world.live(hours=9) if isinstance(e, ev.StepOpened)]
    assert opened == []
    world.end("note")
    assert world.status("after_note") == "ready"


def test_a_path_that_no_breach_opened_does_not_hold_the_case() -> None:
    world = World(workflow(LATE))
    world.end("a")
    assert (world.statuses(), world.status_of_case) == ({"a": "ended"}, "closed")


def test_two_late_steps_open_the_same_path_once() -> None:
    late = {"time": {"limit": "PT2H", "on_breach": "note"}}
    world = World(workflow({"a": late, "b": late, "note": {}}))
    opened = [e.step.key for e in world.live(hours=3) if isinstance(e, ev.StepOpened)]
    assert opened == ["note"]


def test_a_breach_that_is_found_when_the_step_ends_late_opens_its_path_too() -> None:
    world = World(workflow(LATE))
    world.let(hours=3)
    world.end("a")
    assert (world.status("note"), world.status_of_case) == ("ready", "open")


def test_a_breach_that_is_there_from_the_start_opens_its_path_too() -> None:
    world = World(
        workflow({**LATE, "a": {"time": {"from": "start", "limit": "PT2H", "on_breach": "note"}}}), started_at=hours(-5)
    )
    assert (world.status("note"), world.breaches()[0]) == ("ready", ("a", hours(-3)))


def test_only_the_limit_that_applied_opens_its_path() -> None:
    times = [{"when": "urgent", "limit": "PT1H", "on_breach": "x"}, {"limit": "PT2H", "on_breach": "y"}]
    steps = {"a": {"time": times}, "x": {}, "y": {}}
    world = World(workflow(steps, facts={"urgent": {"type": "bool"}}))
    world.live(hours=3)
    assert (world.status("x"), world.status("y")) == ("not reached", "ready")


def test_a_late_approval_opens_no_path() -> None:
    approve = {"role": "supervisor", "limit": "PT1H"}
    world = World(workflow({"a": {"time": {"limit": "PT2H", "on_breach": "x"}, "approve": approve}, "x": {}}))
    world.end("a")
    world.live(hours=9)
    assert (world.breaches(), world.status("x")) == ([("a", hours(1))], "not reached")


def test_a_breach_in_a_persons_path_opens_the_path_of_that_person() -> None:
    each = {"for_each": "case.victims"}
    steps = {"a": {"time": {"limit": "PT2H", "on_breach": "note"}, **each}, "note": each}
    world = World(workflow(steps), victims=(ASHA, BINA))
    world.end("a", person(ASHA))
    world.live(hours=3)
    assert (world.status("note", person(ASHA)), world.status("note", person(BINA))) == ("not reached", "ready")


def test_a_series_with_unequal_waits_counts_each_from_the_first() -> None:
    world = World(
        workflow({"visit": {"repeat": {"every": ["P1M", "P2M", "P3WD"]}}, "close": {"after": "visit"}}), start=False
    )
    world.now = END_OF_JANUARY
    world.start(next(iter(world.definitions.values())))
    for number, opens_at in enumerate(
        (datetime(2026, 2, 28, 4, 30, tzinfo=UTC), datetime(2026, 4, 30, 4, 30, tzinfo=UTC)), 2
    ):
        world.end("visit", f"r:{number - 1}")
        assert world.step("visit", f"r:{number}").opens_at == opens_at
        world.live(days=(opens_at - world.now).days)
    world.end("visit", "r:3")
    assert world.status("visit", "r:4") == "scheduled"
    world.live(days=10)
    world.end("visit", "r:4")
    assert (world.status("close"), world.status("visit", "r:5")) == ("ready", "not reached")


def waiting(not_before: object, **more: object) -> World:
    """A step after `home` that opens at its time."""
    step = {"after": "home", "not_before": not_before, "time": {"limit": "P2D"}, **more}
    return World(workflow({"home": {}, "visit": step, "close": {"after": "visit"}}))


@pytest.mark.parametrize(("not_before", "opens_at"), [
    ("PT48H", hours(49)),
    ("home.at", hours(30)),
    ({"from": "home", "wait": "PT48H"}, hours(48.5)),
    ({"from": "start", "wait": "P1D"}, hours(24)),
])  # fmt: skip
def test_a_step_opens_not_before_its_time_and_its_limit_counts_from_then(
    not_before: object, opens_at: datetime
) -> None:
    world = waiting(not_before)
    world.let(hours=1)
    world.end("home", happened=hours(0.5), at=hours(30))
    assert (world.status("visit"), world.step("visit").opens_at, world.due("visit")) == ("scheduled", opens_at, None)
    world.live(days=3)
    assert (world.status("visit"), world.step("visit").opened_at) == ("ready", opens_at)
    world.end("visit")
    assert world.status("close") == "ready"


@pytest.mark.parametrize("not_before", ["home.at", {"from": "start", "wait": "PT30M"}])
def test_a_step_whose_earliest_moment_nobody_told_or_has_gone_by_opens_at_once(not_before: object) -> None:
    world = waiting(not_before)
    world.let(hours=1)
    world.end("home")
    assert (world.status("visit"), world.step("visit").opened_at) == ("ready", hours(1))


def test_a_limit_that_began_before_goes_on_while_a_step_waits_for_its_time() -> None:
    world = waiting("P3D", time={"from": "home", "limit": "P5D"})
    world.end("home")
    assert (world.status("visit"), world.due("visit")) == ("scheduled", hours(120))
    world.live(days=4)
    assert (world.status("visit"), world.due("visit")) == ("ready", hours(120))
