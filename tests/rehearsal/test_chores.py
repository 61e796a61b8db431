"""A replay tells people what a live system's schedules would tell them, at the same instants."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg.rows import dict_row

from engine.cases.actions.open import open_case
from engine.core.policy import Viewer
from engine.db.embedded.embedded import EmbeddedServer
from engine.machine.files import data_folder
from engine.messages.actions.channels import save_preference
from engine.messages.store import BundleStore
from engine.rehearsal.answers import report_answers
from engine.rehearsal.story import read_story
from engine.rehearsal.world import World, next_chore_at, people_of
from tests.kit.portal import story_world

BEGIN = datetime(2026, 3, 2, 6, tzinfo=UTC)
MANY = 12
INDIA = ZoneInfo("Asia/Kolkata")


@dataclass(frozen=True)
class Office:
    """A unit of a replay, in which many cases came in at one instant."""

    world: World
    people: dict[str, Viewer]

    def told(self, kind: str, to: UUID | None = None) -> list[dict[str, Any]]:
        with psycopg.connect(
            self.world.address.replace("postgresql+psycopg://", "postgresql://"), row_factory=dict_row
        ) as connection:
            return connection.execute(
                "SELECT m.recipient_id, m.created_at, m.critical, d.status"
                " FROM message m JOIN delivery d ON d.message_id = m.id"
                " WHERE m.kind = %(kind)s AND d.channel = 'email' AND m.recipient_id = coalesce(%(to)s, m.recipient_id)"
                " ORDER BY m.created_at",
                {"kind": kind, "to": to},
            ).fetchall()


@pytest.fixture(scope="module")
def office(postgres: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    told = read_story(data_folder("workflows") / "stories" / "cs-01.yaml")
    with story_world(postgres, tmp_path_factory.mktemp("story")) as world:
        world.clock.move_to(BEGIN)
        unit, people = people_of(world.engine, jurisdiction="IN-AS", label="Many")
        save_preference(world.engine, viewer=people["intake_officer"], digest="daily")
        for _ in range(MANY):
            open_case(
                world.engine, answers=report_answers(told), unit_id=unit, viewer=people["intake_officer"],
                command_id=uuid4(),
            )  # fmt: skip
        world.pass_until(BEGIN + timedelta(hours=21))
        yield Office(world, people)


def test_what_comes_to_one_person_at_once_leaves_as_one_message(office: Office) -> None:
    storms = office.told("storm")
    assert storms
    assert {storm["status"] for storm in storms} == {"delivered"}
    with office.world.engine.transaction() as tx:
        assert not tx.of(BundleStore).held_back("storm")


def test_each_person_gets_at_most_ten_urgent_messages_and_one_for_the_others_at_an_instant(office: Office) -> None:
    sent = Counter((row["recipient_id"], row["created_at"]) for row in office.told("escalated") if row["critical"])
    assert sent
    assert max(sent.values()) > MANY
    left = Counter(
        (row["recipient_id"], row["created_at"])
        for kind in ("escalated", "overdue", "storm")
        for row in office.told(kind)
        if row["critical"] and row["status"] == "delivered"
    )
    assert max(left.values()) == 11


def test_who_wants_one_message_a_day_gets_it_each_morning_at_eight(office: Office) -> None:
    mornings = office.told("digest", to=office.people["intake_officer"].actor_id)
    assert [row["status"] for row in mornings] == ["delivered", "delivered"]
    assert mornings[-1]["created_at"].astimezone(INDIA) == datetime(2026, 3, 3, 8, tzinfo=INDIA)


def test_the_clock_of_a_replay_stops_next_where_the_next_digest_is_due(office: Office) -> None:
    assert next_chore_at(office.world.engine) == datetime(2026, 3, 4, 2, 30, tzinfo=UTC)
