"""Follow-ups: what an answer brings is what its definition declares, and it can be pointed at."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.core import commands as cm
from engine.core.records import LIVE, AddedStep, Origin, Step
from engine.language.catalogue import FollowUp, changed
from engine.language.whole import own_changes, whole
from tests.core.small_world import RUN, T0, Catalogue, World, workflow


def a_world(**follow_ups: Any) -> World:
    """Make a case in which `ask` has these follow-ups, as has every step of its type that somebody adds."""
    steps = {"ask": {"follow_ups": follow_ups}, "last": {}}
    return World(workflow(steps, follow_ups={"test.ask": follow_ups}))


def bring(world: World, key: str = "ask", outcome: str = "done", **outputs: Any) -> list[Step]:
    """End a step, with what follows from it; returns the steps that were brought and are live."""
    world.end(key, outcome=outcome, **outputs)
    world.do(cm.BringFollowUps(world.step(key).id))
    return brought(world)


def brought(world: World) -> list[Step]:
    steps = world.state.steps.values()
    return [one for one in steps if one.added is not None and one.added.follow_up and one.status in LIVE]


def test_what_follows_names_the_line_that_declares_it() -> None:
    world = a_world(look={"uses": "test.rare", "when": 'this.choice == "yes"', "limit": "PT12H", "ladder": "critical"})
    [found] = bring(world, choice="yes")
    run = world.state.runs[RUN]
    assert found.added is not None
    assert found.added.origin == Origin(definition=run.definition_hash, step="ask", follow_up="look")
    [deadline] = [one for one in world.state.deadlines.values() if one.step_id == found.id]
    assert (deadline.due_at, deadline.ladder) == (T0 + timedelta(hours=12), "critical")


@pytest.mark.parametrize(("outputs", "count"), [({"choice": "no"}, 0), ({}, 0), ({"choice": "yes"}, 1)])
def test_it_comes_only_when_its_condition_is_true(outputs: dict[str, Any], count: int) -> None:
    world = a_world(look={"uses": "test.rare", "when": 'this.choice == "yes"', "limit": "P1D"})
    assert len(bring(world, **outputs)) == count


def test_it_is_due_when_the_step_says_and_opens_at_the_beginning_of_a_day_before() -> None:
    world = a_world(look={"uses": "test.rare", "due": "at", "opens_before": "P2D"})
    [found] = bring(world, at=T0 + timedelta(days=10))
    assert found.opens_at == datetime(2026, 1, 12, 18, 30, tzinfo=UTC), "midnight in Kolkata"


@pytest.mark.parametrize(("otherwise", "left"), [("keep", 1), ("end", 0)])
def test_without_its_moment_it_does_not_come_and_ends_the_earlier_one_where_it_says_so(
    otherwise: str, left: int
) -> None:
    world = a_world(look={"uses": "test.rare", "due": "at", "opens_before": "P1D", "otherwise": otherwise})
    assert len(bring(world, at=T0 + timedelta(days=10))) == 1
    world.do(cm.AddStep(RUN, "again", AddedStep(uses="test.ask", title="Ask again")))
    found = bring(world, "again")
    assert len(found) == left


def test_what_a_step_brings_that_stands_in_no_file_is_named_by_its_type() -> None:
    world = a_world(look={"uses": "test.rare", "limit": "P1D"})
    world.do(cm.AddStep(RUN, "extra", AddedStep(uses="test.ask", title="Ask again")))
    [found] = bring(world, "extra")
    assert found.added is not None
    assert found.added.origin is not None
    assert (found.added.origin.step, found.added.origin.follow_up) == ("test.ask", "look")


def test_a_later_one_takes_the_place_of_the_one_that_it_replaces() -> None:
    world = a_world(
        look={"uses": "test.rare", "when": "this.flag", "limit": "P1D"},
        look_soon={"uses": "test.timed", "when": "!this.flag", "replaces": "look", "limit": "PT1H"},
    )
    assert [one.uses for one in bring(world, flag=True)] == ["test.rare"]
    world.do(cm.AddStep(RUN, "again", AddedStep(uses="test.ask", title="Ask again")))
    assert [one.uses for one in bring(world, "again", flag=False)] == ["test.timed"]


def test_a_step_that_was_not_done_brings_only_what_asks_for_its_outcome() -> None:
    world = a_world(
        look={"uses": "test.rare", "limit": "P1D"},
        ask_why={"uses": "test.timed", "when": 'this.outcome == "refused_by_person"', "limit": "P1D"},
    )
    assert [one.uses for one in bring(world, outcome="refused_by_person")] == ["test.timed"]


AT_ONCE = {
    "uses": "test.rare", "when": "this.flag", "limit": "P1D", "each": "{step}", "once": True, "at_once": True,
    "with": {"about": "it"},
}  # fmt: skip


def test_what_comes_at_once_comes_with_the_answer_and_not_again_when_the_step_is_done() -> None:
    world = a_world(tell=AT_ONCE)
    ask = world.step("ask").id
    assert world.do(cm.BringFollowUps(ask, {"flag": False}, at_once=True)) == ()
    world.do(cm.BringFollowUps(ask, {"flag": True}, at_once=True))
    [found] = brought(world)
    assert found.added is not None
    assert found.added.origin is not None
    assert (found.added.origin.step, found.added.origin.follow_up) == ("ask", "tell")
    assert world.do(cm.BringFollowUps(ask, {"flag": True}, at_once=True)) == ()
    assert bring(world, flag=True) == [found]


def test_what_is_done_once_and_comes_at_once_comes_again_only_when_it_is_done() -> None:
    world = a_world(tell=AT_ONCE)
    ask = world.step("ask").id
    for mark in ("file_1", "file_2"):
        world.do(cm.BringFollowUps(ask, {"flag": True, "{step}": mark}, at_once=True))
    [found] = brought(world)
    assert found.added is not None
    assert found.added.follow_up == "tell_file_1"
    world.do(cm.CompleteStep(found.id, "done", world.now))
    world.do(cm.BringFollowUps(ask, {"flag": True, "{step}": "file_3"}, at_once=True))
    assert [one.added.follow_up for one in brought(world) if one.added] == ["tell_file_3"]


def test_doing_it_again_changes_nothing() -> None:
    world = a_world(look={"uses": "test.rare", "limit": "P1D"})
    before = bring(world)
    assert world.do(cm.BringFollowUps(world.step("ask").id)) == ()
    assert brought(world) == before


def test_a_workflow_changes_a_part_or_does_without() -> None:
    declared = {
        "order": FollowUp(uses="test.rare", law="X", ladder="high"), "look": FollowUp(uses="test.rare", due="at"),
    }  # fmt: skip
    said = changed(declared, {"order": FollowUp(limit="PT12H"), "look": None})
    assert said == {"order": FollowUp(uses="test.rare", limit="PT12H", ladder="high")}


def test_what_is_whole_takes_nothing_more_from_step_types() -> None:
    one = workflow({"ask": {"follow_ups": {"look": {"uses": "test.rare", "limit": "P1D"}}}}).workflow
    published = whole(one, Catalogue())
    assert published.is_whole
    assert whole(published, Catalogue()) == published
    assert published.steps["ask"].follow_ups.keys() == {"look"}


def test_what_a_workflow_says_itself_is_what_its_step_types_do_not() -> None:
    declared = {
        "test.ask": {"look": FollowUp(uses="test.rare", limit="P1D"), "see": FollowUp(uses="test.rare", due="at")}
    }
    shelf = Catalogue(follow_ups=declared)
    said = {"ask": {"follow_ups": {"look": {"limit": "PT12H"}, "see": None}}, "last": {}}
    flat = whole(workflow(said).workflow, shelf).model_dump(mode="json", by_alias=True, exclude_defaults=True)
    assert flat["follow_ups"]["test.ask"]["look"] == {"uses": "test.rare", "limit": "P1D"}
    own = own_changes(flat, shelf)
    assert "follow_ups" not in own
    assert own["steps"]["ask"]["follow_ups"] == {"look": {"uses": "test.rare", "limit": "PT12H"}, "see": None}
    assert "follow_ups" not in own["steps"]["last"]


@pytest.mark.parametrize(
    ("each", "second", "hearings"),
    [("choice", ("no", 3), 2), ("choice", ("yes", 0), 1), (None, ("no", 3), 1)],
    ids=["two arrests", "one that is told twice", "one for all"],
)
def test_by_the_law_there_is_one_for_each_value_and_stretch_of_time(
    each: str | None, second: tuple[str, int], hearings: int
) -> None:
    follow_up = {"uses": "test.rare", "law": "XX-PRODUCE-24H", "from": "at"} | ({"each": each} if each else {})
    world = World(
        workflow(
            {"ask": {"follow_ups": {"hearing": follow_up}}, "more": {"follow_ups": {"hearing": follow_up}}, "last": {}}
        )
    )
    bring(world, choice="yes", at=T0)
    choice, hours = second
    assert len(bring(world, "more", choice=choice, at=T0 + timedelta(hours=hours))) == hearings
