"""No message of any story, in any language, holds what somebody typed or who somebody is; nor does its HTML."""

from datetime import timedelta
from itertools import cycle
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from engine.course.actions.steer import identify_person
from engine.rehearsal.answers import CANARY
from engine.rehearsal.world import World
from tests.acceptance.conftest import NewWorld
from tests.acceptance.late_story import LateStory, Row, open_late

pytestmark = pytest.mark.long

TEMPLATES = Path(__file__).parents[2] / "templates" / "messages"
LANGUAGES = tuple(sorted(folder.name for folder in TEMPLATES.iterdir() if folder.is_dir()))
STORIES = {
    "cs-01": "rescue",
    "cs-02": "natreq",
    "cs-04": "consent",
    "cs-06": "rescue",
    "cs-07": "found",
    "cs-09": "find",
}
"""The six stories, each with the event after which nobody does anything any more in its second telling."""

NAME, PHONE = "Zqxanary Nobody", "+99 77120 00001"
TYPED_PHONE = "98765 00000"
IDLE = timedelta(days=45)
KINDS_AT_LEAST = {"assigned", "due_soon", "overdue", "escalated"}
FEWEST = 400


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(("cs-04", "cs-09"), id="two"),
        pytest.param(tuple(STORIES), marks=pytest.mark.faults, id="all"),
    ],
)
def told(request: pytest.FixtureRequest, new_world: NewWorld) -> list[Row]:
    """Tell stories twice: as they were, and with everybody gone after one event; in all languages at once."""
    world = new_world()
    for name in request.param:
        whole = _open(world, name, cut=None)
        whole.until(whole.play.story.timeline[-1].at)
        idle = _open(world, name, cut=STORIES[name])
        idle.until(idle.play.story.timeline[-1].at)
        world.pass_until(world.now() + IDLE)
    return idle.rows("SELECT m.*, a.language FROM message m JOIN actor a ON a.id = m.recipient_id")


def test_the_stories_tell_people_of_everything_and_of_much_that_is_late(told: list[Row]) -> None:
    assert len(told) > FEWEST
    assert {row["kind"] for row in told} >= KINDS_AT_LEAST


def test_people_of_every_language_are_told_in_english_while_its_texts_are_drafts(told: list[Row]) -> None:
    overdue = {row["language"]: row["subject"] for row in told if row["kind"] == "overdue"}
    assert set(overdue) == set(LANGUAGES)
    assert {"en", "hi"} <= set(overdue)
    assert len({frozenset(_words(subject)) for subject in overdue.values()}) == 1


@pytest.mark.parametrize("mark", [CANARY, "Zqxanary", "Nobody", PHONE, "77120", TYPED_PHONE])
def test_no_message_holds_what_was_typed_or_who_somebody_is(told: list[Row], mark: str) -> None:
    texts = ((row["kind"], f"{row['subject']}\n{row['body']}\n{row['html']}\n{row['link']}") for row in told)
    assert not [kind for kind, text in texts if mark.lower() in text.lower()]


def test_a_message_names_a_case_by_its_number_and_comes_as_a_page_too(told: list[Row]) -> None:
    assert [row for row in told if "C-" in row["subject"] + row["body"]]
    assert any(row["html"] for row in told)


def _open(world: World, name: str, *, cut: str | None) -> LateStory:
    """Open a story with marked names for its persons, and give each of its people one of the languages."""
    story = open_late(world, name, cut=cut)
    address = world.address.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(address, autocommit=True) as connection:
        languages = cycle(LANGUAGES)
        for people in story.people.values():
            for viewer in people.values():
                connection.execute("UPDATE actor SET language = %s WHERE id = %s", (next(languages), viewer.actor_id))
    for row in story.rows("SELECT person_id FROM case_person WHERE case_id = %(case)s"):
        identify_person(
            world.engine, row["person_id"], case_id=story.play.case_id, viewer=story.play.people["case_manager"],
            command_id=uuid4(), identity={"name": NAME, "aliases": ["Zqxanary"], "phone": PHONE},
        )  # fmt: skip
    return story


def _words(text: str) -> set[str]:
    return {word for word in text.split() if word.isalpha()}
