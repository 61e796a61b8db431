"""Variants of the stories, and stories of other kinds, go through the real system with every due time right.

The due times are worked out a second way: see `reckoned`.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.rehearsal.replayer import replay_story
from engine.rehearsal.story import ReplayOutcome, Story, read_story
from engine.rehearsal.world import World
from tests.acceptance.reckoned import STATES, due_at, reckoned, variant
from tests.acceptance.test_replay import WORKFLOWS
from tests.kit.shipped import STORIES

pytestmark = pytest.mark.long

OTHERS = Path(__file__).parent / "other_stories"
OTHER_NAMES = sorted(path.stem for path in OTHERS.glob("*.yaml"))
WITH_HAND_WORKED_DUE_TIMES = [
    name for name in OTHER_NAMES if any(event.due for event in read_story(OTHERS / f"{name}.yaml").timeline)
]


@pytest.mark.parametrize("name", sorted(STATES))
def test_the_due_times_of_a_story_are_those_worked_out_the_second_way(name: str) -> None:
    story = read_story(STORIES / f"{name}.yaml")
    again = reckoned(story)
    assert {event.label: event.due for event in again.timeline} == {
        event.label: event.due.astimezone(UTC) if event.due else None for event in story.timeline
    }
    assert [event.on_time for event in again.timeline] == [event.on_time for event in story.timeline]


def test_the_second_way_knows_short_months_weekends_and_journeys() -> None:
    story = read_story(OTHERS / "brick-kiln.yaml")
    told = {event.label: due_at(story, event) for event in story.timeline}
    assert told["trial"] == _at("2027-03-31T15:00+05:30")
    assert told["papers"] == _at("2027-01-30T15:00+05:30")
    story = read_story(OTHERS / "nobody-yet.yaml")
    agent = next(event for event in story.timeline if event.label == "agent")
    assert due_at(story, agent) == _at("2026-08-21T16:00+05:30")  # a weekend and a holiday of Sikkim lie between
    story = read_story(OTHERS / "boy-in-the-circus.yaml")
    produced = next(event for event in story.timeline if event.label == "cwc")
    assert due_at(story, produced) == _at("2028-02-29T03:00+05:30")
    story = read_story(OTHERS / "child-bride.yaml")
    month = next(event for event in story.timeline if event.label == "month")
    assert due_at(story, month) == _at("2026-02-28T19:00+06:00")


@pytest.mark.parametrize("name", WITH_HAND_WORKED_DUE_TIMES)
def test_the_due_times_that_were_worked_out_by_hand_are_those_of_the_second_way(name: str) -> None:
    story = read_story(OTHERS / f"{name}.yaml")
    again = {event.label: event for event in reckoned(story).timeline}
    for event in story.timeline:
        assert (event.due_rule is None) == (event.due is None), event.label
        assert again[event.label].due == (event.due.astimezone(UTC) if event.due else None), event.label
        assert again[event.label].on_time == event.on_time, event.label


@pytest.mark.parametrize("name", ["cs-07", "cs-09"])
def test_a_variant_of_a_story_has_every_due_time_right(world: World, name: str) -> None:
    _comes_out_as_told(world, name, seed=1)


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(1, 8))
@pytest.mark.parametrize("name", sorted(STATES))
def test_more_variants_of_a_story_have_every_due_time_right(world: World, name: str, seed: int) -> None:
    _comes_out_as_told(world, name, seed=seed)


LATER = {
    "men-at-a-kiln", "nineteen-at-a-quarry", "he-travelled-on", "brick-kiln", "no-thank-you", "sold-at-the-clinic",
    "begging-ring", "gone-to-sew-across-the-river", "asked-in-vain", "boy-in-the-circus", "from-the-fair",
    "two-sisters-at-the-bridge", "saturday-in-bengal", "told-too-late",
}  # fmt: skip
"""Stories that take longest, of kinds of which another one is told at each merge, too."""
FORESEEN = {
    "a-home-joins-us": "partner", "police-of-a-border-district": "training", "tea-garden-year": "prevention-programme",
    "cook-without-wages": "domestic-work-adult",
    "a-kidney": "organ-removal", "begging-ring": "child-labour", "boy-in-the-circus": "child-labour",
    "bride-far-away": "forced-marriage", "child-bride": "led-from-bangladesh",
    "found-across-the-river": "led-from-myanmar", "gone-to-sew-across-the-river": "led-from-bangladesh",
    "girl-from-the-next-village": "child-sexual-exploitation", "girl-in-a-flat": "domestic-work",
    "nobody-yet": "unsafe-migration", "nurse-to-the-gulf": "led-from-nepal", "old-code": "compensation",
    "saturday-in-bengal": "child-labour", "saturday-in-nepal": "led-from-nepal",
    "stopped-at-the-border": "stopped-on-the-way", "asked-in-vain": "compensation",
    "nineteen-at-a-quarry": "bonded-labour", "our-child-is-in-delhi": "coming-home",
    "pictures-for-money": "online-abuse", "sold-at-the-clinic": "child-sale", "son-who-left": "missing-adult",
    "from-the-fair": "missing-child", "he-travelled-on": "stopped-on-the-way",
    "two-sisters-at-the-bridge": "stopped-on-the-way", "wedding-next-week": "early-marriage",
}  # fmt: skip
"""The stories of other kinds that a workflow foresees, nine of ten steps at least; of the rest some steps are added."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.faults] if name in LATER else []) for name in OTHER_NAMES]
)
def test_a_story_of_another_kind_has_every_due_time_right(world: World, name: str) -> None:
    story = reckoned(read_story(OTHERS / f"{name}.yaml"))
    outcome = replay_story(world, story)
    assert outcome.differences == ()
    _has_every_due_time(story, outcome)
    if name in FORESEEN:
        assert outcome.workflow == FORESEEN[name]
        assert outcome.foreseen_share >= 0.9, outcome.as_json()["discretionary"]


def test_a_story_that_goes_on_after_its_case_closed_is_told_in_the_case_that_was_opened_again(world: World) -> None:
    outcome = replay_story(world, read_story(OTHERS / "false-alarm.yaml"))
    assert outcome.differences == ()
    assert outcome.reopened == 1
    assert outcome.events[-1].due == outcome.events[-1].due_expected
    assert not outcome.events[-1].foreseen


def _comes_out_as_told(world: World, name: str, *, seed: int) -> None:
    story = variant(read_story(STORIES / f"{name}.yaml"), name, seed)
    outcome = replay_story(world, story)
    assert outcome.differences == ()
    _has_every_due_time(story, outcome)
    if outcome.workflow == WORKFLOWS[name]:
        assert outcome.foreseen_share >= 0.9, outcome.as_json()["discretionary"]


def _has_every_due_time(story: Story, outcome: ReplayOutcome) -> None:
    assert [event.label for event in outcome.events] == [event.label for event in story.timeline]
    for event, told in zip(outcome.events, story.timeline, strict=True):
        if told.due is not None:
            assert event.due is not None
            assert abs(event.due - told.due) < timedelta(seconds=1), event.label
            assert (event.breached_at is None) == told.on_time, event.label


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
