"""When levels fire: early when nobody answers, at once when nobody is there, each once and in order."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain import commands as cm
from engine.domain import events as ev
from engine.domain.ladder_plan import unanswered_levels
from engine.domain.records import AddedStep, Deadline, DeadlineStatus, DelayOwner
from engine.errors import NotFoundError
from engine.spec.ladders import Ladder
from tests.unit.domain.small_world import LADDERS, LIBRARY, RUN, World, actor, hours, step_id, workflow

ANSWERED = {"needs_acknowledgement": True, "acknowledge_within": "PT1H"}


def ladder(*levels: tuple[str, dict[str, Any]], **more: Any) -> Ladder:
    said = [{"level": n, "after": after, "to": "supervisor", **rest} for n, (after, rest) in enumerate(levels, start=1)]
    return Ladder.model_validate({"ladder": "other", "title": "Other", "levels": said, **more})


def world_of(known: Ladder, **time: Any) -> World:
    library = replace(LIBRARY, ladders={**LADDERS, "other": known})
    limit = {"limit": "PT10H", "ladder": "other", **time}
    return World(workflow({"a": {"time": limit}, "z": {}}), library=library)


def of(world: World) -> UUID:
    return _known(world).id


def _known(world: World) -> Deadline:
    found = world.deadline("a")
    assert found is not None
    return found


def raised(events: Any) -> list[tuple[int, int, Any]]:
    return [(e.level, e.round, e.planned_at) for e in events if isinstance(e, ev.LevelRaised)]


CLIMB = ladder(("PT0M", ANSWERED), ("PT4H", {**ANSWERED, "repeat": {"every": "PT30M", "times": 3}}), ("P1D", {}))


def test_a_level_that_nobody_acknowledges_brings_the_next_one_forward() -> None:
    world = world_of(CLIMB)
    assert raised(world.live(hours=40)) == [
        (1, 1, hours(10)), (2, 1, hours(11)), (2, 2, hours(11.5)), (2, 3, hours(12)), (3, 1, hours(12)),
        (2, 4, hours(12.5)),
    ]  # fmt: skip


def test_an_acknowledgement_leaves_the_next_level_its_own_time_and_ends_the_repeats() -> None:
    world = world_of(CLIMB)
    world.live(hours=10, minutes=30)
    world.do(cm.Acknowledge(of(world)))
    assert raised(world.live(hours=4)) == [(2, 1, hours(14)), (2, 2, hours(14.5))]
    world.do(cm.Acknowledge(of(world)))
    assert raised(world.live(hours=40)) == [(3, 1, hours(34))]


def test_an_acknowledgement_counts_only_for_the_levels_raised_before_it() -> None:
    world = world_of(CLIMB)
    world.live(hours=10, minutes=30)
    assert world.do(cm.Acknowledge(of(world)))
    world.let(minutes=1)
    assert world.do(cm.Acknowledge(of(world))) == ()
    world.live(hours=4)
    assert _known(world).next_firing == "l:2.3"
    world.do(cm.Acknowledge(of(world)))
    assert _known(world).next_firing == "l:3"


def test_time_that_a_second_person_gives_counts_as_an_acknowledgement() -> None:
    world = world_of(CLIMB)
    world.do(cm.AskExtension(of(world), "PT5H", "far_away", actor(1)))
    world.live(hours=10)
    world.do(cm.AnswerExtension(of(world), approved=True, by=actor(2)))
    assert raised(world.live(hours=8)) == []


def test_a_level_of_which_nobody_could_be_told_raises_the_next_at_once() -> None:
    world = world_of(CLIMB)
    world.live(hours=10)
    events = world.do(cm.MissLevel(of(world), 1, 1, "absent"))
    assert [type(e).__name__ for e in events] == ["LevelMissed", "LevelRaised"]
    assert raised(events) == [(2, 1, hours(10))]
    assert world.do(cm.MissLevel(of(world), 1, 1, "absent")) == ()
    with pytest.raises(NotFoundError):
        world.do(cm.MissLevel(of(world), 3, 1, "absent"))


def test_when_nobody_is_there_at_all_the_whole_ladder_is_over_at_once() -> None:
    world = world_of(CLIMB)
    world.live(hours=10)
    for level in (1, 2, 3):
        world.do(cm.MissLevel(of(world), level, 1, "role_empty"))
    assert [name for name in _known(world).fired if name.startswith("l:")] == ["l:1", "l:2", "l:3"]
    assert _known(world).next_at is None


def test_a_ladder_that_overrides_quiet_hours_makes_the_deadline_critical() -> None:
    assert _known(world_of(ladder(("PT0M", {}), overrides_quiet_hours=True))).critical
    assert not _known(world_of(CLIMB)).critical


_LADDERS = st.lists(
    st.tuples(
        st.sampled_from(["-PT30M", "PT0M", "PT45M", "PT2H", "PT8WH", "P1D", "P1WD", "P3D"]),
        st.sampled_from([None, "PT10M", "PT3H", "P1WD"]),
        st.integers(0, 2),
    ),
    min_size=1,
    max_size=5,
)


def _drawn(drawn: list[tuple[str, str | None, int]]) -> Ladder:
    order = ["-PT30M", "PT0M", "PT45M", "PT2H", "P1D", "PT8WH", "P1WD", "P3D"]
    levels = []
    for after, within, times in sorted(drawn, key=lambda one: order.index(one[0])):
        rest: dict[str, Any] = {"needs_acknowledgement": True, "acknowledge_within": within} if within else {}
        levels.append((after, rest | ({"repeat": {"every": "PT25M", "times": times}} if times else {})))
    return ladder(*levels)


@given(_LADDERS, st.lists(st.tuples(st.integers(1, 30), st.sampled_from(["ack", "look", "miss"])), max_size=8))
def test_levels_fire_in_order_and_each_round_once_whatever_the_history(
    drawn: list[tuple[str, str | None, int]], acts: list[tuple[int, str]]
) -> None:
    world = world_of(_drawn(drawn))
    for passed, act in acts:
        (world.live if act != "look" else world.let)(hours=passed)
        _do(world, act)
    world.live(days=30)
    found = raised(world.events)
    assert len({(level, round_) for level, round_, _ in found}) == len(found)
    assert [level for level, round_, _ in found if round_ == 1] == list(range(1, len(drawn) + 1))
    assert len(world.breaches()) == 1


def _do(world: World, act: str) -> None:
    level = max((e.level for e in world.events if isinstance(e, ev.LevelRaised)), default=None)
    if act == "ack":
        world.do(cm.Acknowledge(of(world)))
    elif act == "look":
        world.do(cm.FireDeadline(of(world)))
    elif level is not None:
        world.do(cm.MissLevel(of(world), level, 1, "absent"))


@given(_LADDERS)
def test_unanswered_levels_fire_as_planned_and_one_late_look_raises_the_same_ones(
    drawn: list[tuple[str, str | None, int]],
) -> None:
    known = _drawn(drawn)
    watched, late = world_of(known), world_of(known)
    watched.live(days=30)
    late.let(days=30)
    late.do(cm.FireDeadline(of(late)))
    planned = unanswered_levels(
        known, start=_known(watched).started_at, due=hours(10), zone="Asia/Kolkata", calendar=LIBRARY.calendars["IN"]
    )
    assert raised(watched.events) == [(one.level, one.repetition + 1, one.fires_at) for one in planned]
    assert {one[:2] for one in raised(late.events)} == {one[:2] for one in raised(watched.events)}
    assert watched.breaches() == late.breaches() == [("a", hours(10))]


# Steps that a level opened


def test_a_step_that_a_level_opened_is_called_off_when_its_deadline_ends_and_holds_nothing_open() -> None:
    world = World(workflow({"a": {"time": {"limit": "PT2H"}}}))
    world.live(hours=3)
    added = AddedStep(uses="test.ask", title="Telephone", limit="PT30M", for_deadline=of(world))
    world.do(cm.AddStep(RUN, "call_1", added))
    assert world.status("call_1") == "ready"
    events = world.end("a")
    assert [e.reason_code for e in events if isinstance(e, ev.StepCancelled)] == ["deadline_over"]
    assert (world.status_of_case, world.state.deadlines) == ("closed", {})


def test_no_step_is_opened_for_a_deadline_that_has_ended() -> None:
    world = World(workflow({"a": {"time": {"limit": "PT2H"}}, "z": {}}))
    world.live(hours=3)
    ended = of(world)
    world.end("a")
    assert world.do(cm.AddStep(RUN, "call_1", AddedStep(uses="test.ask", title="Call", for_deadline=ended))) == ()


# Whose delay


@pytest.mark.parametrize(
    ("outcome", "owner"),
    [("done", "ours"), ("blocked_by_other_body", "other_body"), ("refused_by_person", "persons_choice")],
)
def test_a_late_end_says_whose_delay_it_was_unless_somebody_has_named_it(outcome: str, owner: str) -> None:
    world, named = world_of(CLIMB), world_of(CLIMB)
    for one in (world, named):
        one.live(hours=11)
    named.do(cm.NameDelayOwner(of(named), DelayOwner.FORCE_MAJEURE, actor(1)))
    assert [_ended(one, outcome).delay_owner for one in (world, named)] == [owner, "force_majeure"]


def _ended(world: World, outcome: str) -> Deadline:
    ended = [e.deadline for e in world.end("a", outcome=outcome) if isinstance(e, ev.DeadlineEnded)][-1]
    assert ended.status is DeadlineStatus.MET
    return ended


def test_a_ladder_says_whose_delay_a_breach_is() -> None:
    world = world_of(ladder(("PT0M", {}), delay_owner="other_body"))
    assert _known(world).delay_owner is None
    world.live(hours=11)
    assert _known(world).delay_owner is DelayOwner.OTHER_BODY


def test_a_step_that_is_not_late_is_nobodys_delay() -> None:
    assert _ended(world_of(CLIMB), "blocked_by_other_body").delay_owner is None


def test_a_signed_note_names_the_owner_of_the_delay_that_opened_it() -> None:
    steps = {"a": {"time": {"limit": "PT2H", "on_breach": "note"}}, "b": {"time": {"limit": "PT2H"}}, "note": {}}
    world = World(workflow(steps))
    world.live(hours=3)
    events = world.end("note", delay_owner="force_majeure")
    named = [(e.deadline.key, e.deadline.delay_owner) for e in events if isinstance(e, ev.DelayOwnerNamed)]
    assert named == [("a", "force_majeure")]
    assert step_id(RUN, "note", "") in world.state.steps


# Counted again


def test_a_changed_calendar_moves_open_deadlines_once_and_names_the_cause() -> None:
    world = World(workflow({"a": {"time": {"limit": "P1WD"}}}))
    before = world.due("a")
    holiday = {"day": "2026-01-06", "name": "A feast"}
    changed = LIBRARY.calendars["IN"].model_validate(
        LIBRARY.calendars["IN"].model_dump(by_alias=True) | {"holidays": [holiday]}
    )
    world.library = replace(LIBRARY, calendars={"IN": changed})
    moved = [e for e in world.do(cm.Recount("calendar IN")) if isinstance(e, ev.DeadlineMoved)]
    assert [(e.before, e.deadline.due_at, e.cause) for e in moved] == [(before, hours(48), "calendar IN")]
    assert world.do(cm.Recount("calendar IN")) == ()


def test_a_changed_ladder_plans_what_fires_next_again() -> None:
    world = world_of(ladder(("PT4H", {})))
    world.live(hours=11)
    world.library = replace(LIBRARY, ladders={"other": ladder(("PT2H", {}))})
    events = world.do(cm.Recount("ladder other"))
    assert [(e.deadline.next_at, e.deadline.due_at) for e in events if isinstance(e, ev.DeadlineMoved)] == [
        (hours(12), hours(10))
    ]
