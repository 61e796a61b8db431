"""Follow-ups: what an answer brings is what its definition declares, and it can be pointed at."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.core import commands as cm
from engine.core.compiled import compile_workflow
from engine.core.follow_ups import brought_by_act
from engine.core.library import Library
from engine.core.origins import line_of, line_of_step
from engine.core.records import LIVE, AddedStep, Origin, Run, Step
from engine.errors import NotFoundError
from engine.language.catalogue import FollowUp, changed
from engine.language.workflow import own_changes, whole
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


@pytest.mark.parametrize(("said", "days"), [
    ({"limit": "P1D"}, 2), ({"limit": "P5D"}, 5), ({"limit": "P30D"}, 7), ({"limit": "P30D", "ladder": "high"}, 2),
    ({"limit": "P30D", "again_latest": "P20D"}, 20), ({"limit": "P1D", "again_soonest": "PT24H"}, 1),
    ({"limit": "P5D", "ladder": "high", "again_soonest": "P3D"}, 3),
])  # fmt: skip
def test_how_soon_it_comes_again_where_another_body_blocks_it_is_declared_too(said: dict[str, str], days: int) -> None:
    world = a_world(look={"uses": "test.rare", **said})
    [first] = bring(world)
    world.do(cm.CompleteStep(first.id, "blocked_by_other_body", world.now))
    world.do(cm.BringFollowUps(first.id))
    [again] = brought(world)
    assert again.added is not None
    assert (again.opens_at, again.added.limit) == (world.now + timedelta(days=days / 2), _half(days))
    line = line_of_step(again, world.state, world.definitions, Library())
    assert line is not None
    assert line.place == "steps.ask.follow_ups.look.again_latest"


def _half(days: int) -> str:
    return f"P{days // 2}D" if days % 2 == 0 else f"PT{days * 12}H"


ACT = FollowUp(act="it is asked for", uses="test.rare", limit="P2D", roles=("supervisor",))
SHELF = Catalogue(follow_ups={"test.rare": {"asked": ACT}})


def test_what_an_act_brings_is_in_every_workflow_and_changed_but_not_left_out() -> None:
    of_type = {"test.rare": {"asked": {"limit": "PT3H"}}}
    for said, limit in (({}, "P2D"), (of_type, "PT3H"), ({"test.rare": {"asked": None}}, "P2D")):
        one = workflow({"rare": {"uses": "test.rare"}}, follow_ups=said).workflow
        published = whole(one, SHELF)
        assert published.follow_ups["test.rare"]["asked"] == ACT.model_copy(update={"limit": limit})
        assert "asked" not in published.steps["rare"].follow_ups, "no answer brings it"
    flat = published.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    assert "follow_ups" not in own_changes(flat, SHELF)


def test_a_version_that_was_published_before_has_what_an_act_brings_as_it_is_declared() -> None:
    older = workflow({"ask": {}}).workflow.model_copy(update={"is_whole": True})
    compiled = compile_workflow(older, SHELF)
    assert [one.spec for one in compiled.follow_ups["test.rare"]] == [ACT]
    run = Run(id=RUN, workflow="w", version=1, definition_hash=compiled.content_hash, started_at=T0, zone="UTC",
        jurisdiction="IN", calendar=None)  # fmt: skip
    added = brought_by_act(run, "test.rare", "asked", {compiled.content_hash: compiled}, Library())
    assert (added.limit, added.roles, added.ladder, added.title) == ("P2D", ("supervisor",), "standard", "Rare")
    line = line_of("any", added, run.definition_hash, {compiled.content_hash: compiled}.get, Library())
    assert line is not None
    assert line.place == "follow_ups.test.rare.asked"
    with pytest.raises(NotFoundError):
        brought_by_act(run, "test.rare", "nothing", {compiled.content_hash: compiled}, Library())


def test_a_step_brings_nothing_that_comes_by_an_act() -> None:
    world = World(compile_workflow(whole(workflow({"rare": {"uses": "test.rare"}, "last": {}}).workflow, SHELF), SHELF))
    world.do(cm.AddStep(RUN, "extra", AddedStep(uses="test.rare", title="By hand")))
    assert [*bring(world, "extra"), *bring(world, "rare")] == []
