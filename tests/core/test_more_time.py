"""Pauses and extensions: what they move, what they leave, and who is refused."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.deadlines.firing import (
    DeadlinePassedError,
    ExtensionPendingError,
    InstantPassedError,
    LimitChangeError,
    NotPausableError,
    OverCapError,
    PausedAlreadyError,
)
from engine.errors import AlreadyEndedError, NotAllowedError, NotFoundError
from tests.core.small_world import RUN, T0, World, actor, hours, journey, step_id, workflow

ONE, TWO = actor(1), actor(2)


def world_with(**time: Any) -> World:
    return World(workflow({"a": {"time": {"limit": "PT10H", "warn": "50%", **time}}, "z": {}}))


def pause(world: World, until: float) -> tuple[ev.Event, ...]:
    return world.do(cm.PauseDeadline(world.deadline("a").id, hours(until), "unwell", ONE))


def extend(world: World, more: str = "PT5H") -> None:
    world.do(cm.AskExtension(world.deadline("a").id, more, "far_away", ONE))
    world.do(cm.AnswerExtension(world.deadline("a").id, approved=True, by=TWO))


# Pauses


def test_a_pause_moves_the_due_time_and_tells_from_where() -> None:
    world = world_with()
    world.let(hours=2)
    events = pause(world, 5)
    assert [(e.before, e.deadline.due_at) for e in events if isinstance(e, ev.DeadlinePaused)] == [
        (hours(10), hours(13))
    ]
    assert world.due("a") == hours(13)


def test_a_pause_ends_by_itself_or_when_somebody_lets_the_limit_go_on() -> None:
    world = world_with()
    pause(world, 5)
    world.let(hours=2)
    world.do(cm.ResumeDeadline(world.deadline("a").id, TWO))
    assert world.due("a") == hours(12)
    with pytest.raises(NotFoundError):
        world.do(cm.ResumeDeadline(world.deadline("a").id, TWO))


def test_nothing_fires_inside_a_pause_but_the_warning_comes_after_half_of_the_running_time() -> None:
    world = world_with(ladder="critical")
    world.let(hours=4)
    pause(world, 9)
    world.do(cm.FireDeadline(world.deadline("a").id))
    fired = world.live(hours=24)
    assert [e.planned_at for e in fired if isinstance(e, ev.DeadlineWarned)] == [hours(10)]
    assert world.breaches() == [("a", hours(15))]


def test_a_level_that_would_come_inside_a_pause_comes_at_its_end() -> None:
    world = world_with()
    world.live(hours=11)
    pause(world, 20)
    fired = world.live(hours=24)
    assert [(e.level, e.planned_at) for e in fired if isinstance(e, ev.LevelRaised)] == [(2, hours(20))]


def test_a_pause_changes_nothing_of_a_breach_even_of_one_that_nobody_has_written_yet() -> None:
    world = world_with()
    world.let(hours=12)
    pause(world, 20)
    assert (world.breaches(), world.due("a")) == ([("a", hours(10))], hours(10))
    assert world.deadline("a").discovered_at == hours(12)


def test_a_pause_survives_that_the_limit_is_counted_again() -> None:
    world = world_with(exclude="journey")
    world.let(hours=3)
    pause(world, 5)
    world.do(cm.RecordInterval(journey("a", hours(1), hours(2))))
    assert world.due("a") == hours(13)
    assert len(world.deadline("a").pauses) == 1


@pytest.mark.parametrize(("time", "until", "refused"), [
    ({}, 0, InstantPassedError),
    ({}, -1, InstantPassedError),
    ({"pause": "PT4H"}, 4.1, OverCapError),
    ({"pause": "PT0S"}, 1, OverCapError),
    ({}, 24 * 30 + 1, OverCapError),
    ({"limit": None, "law": "XX-PRODUCE-24H"}, 1, NotPausableError),
])  # fmt: skip
def test_a_pause_is_refused_beyond_its_cap_into_the_past_and_for_the_law(
    time: dict[str, Any], until: float, refused: type[LimitChangeError]
) -> None:
    world = world_with(**time)
    with pytest.raises(refused):
        pause(world, until)


def test_the_cap_counts_all_pauses_together_and_says_how_much_is_left() -> None:
    world = world_with(pause="PT4H")
    pause(world, 3)
    with pytest.raises(PausedAlreadyError):
        pause(world, 4)
    world.let(hours=3)
    with pytest.raises(OverCapError, match="4 hours in all\\): 1 hour is left"):
        pause(world, 5)
    pause(world, 4)
    assert world.due("a") == hours(14)


def test_what_has_ended_can_be_neither_paused_nor_extended() -> None:
    world = world_with()
    world.live(hours=6)
    ended = world.deadline("a").id
    world.end("a")
    for command in (cm.PauseDeadline(ended, hours(9), "unwell"), cm.AskExtension(ended, "PT1H", "far_away")):
        with pytest.raises(AlreadyEndedError):
            world.do(command)


# Extensions


def test_an_extension_counts_after_the_due_time_once_a_second_person_has_given_it() -> None:
    world = world_with(extend="P2D")
    world.do(cm.AskExtension(world.deadline("a").id, "P1WD", "far_away", ONE))
    assert world.due("a") == hours(10)
    with pytest.raises(NotAllowedError):
        world.do(cm.AnswerExtension(world.deadline("a").id, approved=True, by=ONE))
    with pytest.raises(ExtensionPendingError):
        world.do(cm.AskExtension(world.deadline("a").id, "PT1H", "far_away", ONE))
    world.do(cm.AnswerExtension(world.deadline("a").id, approved=True, by=TWO))
    assert world.due("a") == hours(34)


def test_an_approved_extension_moves_the_due_time_and_a_refused_one_does_not() -> None:
    world = world_with()
    world.do(cm.AskExtension(world.deadline("a").id, "PT5H", "far_away", ONE))
    world.do(cm.AnswerExtension(world.deadline("a").id, approved=False, by=TWO))
    assert world.due("a") == hours(10)
    extend(world)
    assert world.due("a") == hours(15)


def test_a_pause_inside_the_time_that_was_given_is_not_counted_either() -> None:
    world = world_with()
    extend(world)
    world.let(hours=12)
    pause(world, 14)
    assert world.due("a") == hours(17)


@pytest.mark.parametrize(("time", "asked", "refused"), [
    ({}, ["PT10H", "PT1H"], OverCapError),
    ({}, ["PT1H", "PT1H", "PT1H"], OverCapError),
    ({"extend": "PT2H"}, ["PT3H"], OverCapError),
    ({"extend": "PT0S"}, ["PT1H"], OverCapError),
    ({"limit": None, "law": "XX-PRODUCE-24H"}, ["PT1H"], NotPausableError),
])  # fmt: skip
def test_an_extension_is_refused_beyond_its_cap_and_for_the_law(
    time: dict[str, Any], asked: list[str], refused: type[LimitChangeError]
) -> None:
    world = world_with(**time)
    for more in asked[:-1]:
        extend(world, more)
    with pytest.raises(refused):
        extend(world, asked[-1])


def test_more_time_is_asked_for_before_the_due_time_and_a_late_answer_leaves_the_breach() -> None:
    world = world_with()
    world.do(cm.AskExtension(world.deadline("a").id, "PT5H", "far_away", ONE))
    world.live(hours=11)
    world.do(cm.AnswerExtension(world.deadline("a").id, approved=True, by=TWO))
    assert (world.breaches(), world.due("a")) == ([("a", hours(10))], hours(15))
    world.live(hours=5)
    with pytest.raises(DeadlinePassedError):
        world.do(cm.AskExtension(world.deadline("a").id, "PT1H", "far_away", ONE))
    assert world.breaches() == [("a", hours(10))]


def test_the_law_counts_no_pause_that_was_given_before_it_applied() -> None:
    times = [{"when": "safe", "law": "XX-PRODUCE-24H"}, {"limit": "PT10H"}]
    world = World(workflow({"a": {"time": times}}, facts={"safe": {"type": "bool"}}))
    pause(world, 5)
    world.tell(safe=True)
    assert world.due("a") == hours(24)
    world.tell(safe=False)
    assert world.due("a") == hours(15)


# Whatever happens


_STEPS = st.lists(
    st.tuples(st.sampled_from(["let", "pause", "resume", "extend", "journey", "fire"]), st.integers(1, 20)), max_size=12
)


@given(_STEPS, st.sampled_from(["PT10H", "P2D", "P1M", "P3WD", "PT12WH"]))
def test_the_due_time_is_always_when_the_budget_is_used_up_and_a_breach_never_moves(
    acts: list[tuple[str, int]], limit: str
) -> None:
    world = World(workflow({"a": {"time": {"limit": limit, "warn": "80%", "exclude": "journey"}}, "z": {}}))
    for act, number in acts:
        _act(world, act, number)
        known = world.deadline("a")
        assert known.budget_seconds is not None
        assert known.running_since is not None
        left = timedelta(seconds=known.budget_seconds - known.consumed_seconds)
        assert known.due_at == known.running_since + left
        assert not any(p.start < known.due_at < p.until for p in known.pauses)
        assert known.next_at is None or not any(p.start <= known.next_at < p.until for p in known.pauses)
    breaches = [e.deadline.breached_at for e in world.events if isinstance(e, ev.DeadlineBreached)]
    assert len(breaches) <= 1
    assert not breaches or world.deadline("a").breached_at == breaches[0]


def _act(world: World, act: str, number: int) -> None:
    commands = {
        "pause": cm.PauseDeadline(world.deadline("a").id, world.now + timedelta(hours=number), "unwell", ONE),
        "resume": cm.ResumeDeadline(world.deadline("a").id, ONE),
        "extend": cm.AskExtension(world.deadline("a").id, f"PT{number}H", "far_away", ONE),
        "fire": cm.FireDeadline(world.deadline("a").id),
        "journey": cm.RecordInterval(journey("a", T0 + timedelta(hours=number), T0 + timedelta(hours=number + 3))),
    }
    if act == "let":
        world.let(hours=number)
        return
    try:
        world.do(commands[act])
        if act == "extend":
            world.do(cm.AnswerExtension(world.deadline("a").id, approved=True, by=TWO))
    except (LimitChangeError, NotFoundError):
        assert act in {"pause", "resume", "extend"}


def test_a_limit_that_is_not_in_the_case_cannot_be_paused() -> None:
    world = world_with()
    with pytest.raises(NotFoundError):
        world.do(cm.PauseDeadline(step_id(RUN, "a", ""), hours(3), "unwell", ONE))
