"""The demo has something to show on each page, and a replay tells people what schedules would tell them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg.rows import dict_row

from engine.app import DEMO_CLOCK, build_engine, ship
from engine.assembly import Engine
from engine.cases.actions.open import open_case
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.views.lists import cases
from engine.core.policy import Viewer
from engine.db.embedded.databases import OWNER, create_database, drop_database
from engine.db.embedded.embedded import EmbeddedServer
from engine.db.embedded.roles import DatabaseUrls, urls_on
from engine.db.migrate import mark_as_demo
from engine.deadlines.actions.clock import audit_escalations
from engine.deadlines.actions.firing import fire_deadlines
from engine.deadlines.views.lists import asked_extensions
from engine.definitions.store import SpecialDayStore
from engine.machine import data_folder
from engine.messages.actions.channels import save_preference
from engine.messages.mail import DemoGateways, DemoMailbox
from engine.messages.store import BundleStore
from engine.overview.views.case import case_page
from engine.people.store import DirectoryStore, DutyStore
from engine.people.viewer import as_viewer
from engine.people.views import absences, shifts
from engine.rehearsal.answers import report_answers
from engine.rehearsal.demo import ADMIN, let_time_pass, person, seed_demo, unit_of
from engine.rehearsal.story import read_story
from engine.rehearsal.world import MovedClock, RecordingChannel, World, next_chore_at, people_of
from engine.settings import Settings
from engine.sharing.views.sent import offers
from tests.kit.portal import story_world

pytestmark = pytest.mark.long

LEAST_INSTANTS = 5


@pytest.fixture(scope="module")
def urls(postgres: EmbeddedServer) -> Iterator[DatabaseUrls]:
    name = f"test_{uuid4().hex[:12]}"
    create_database(postgres.url("postgres"), name, template="icmc_template")
    mark_as_demo(postgres.url(name, OWNER))
    yield urls_on(postgres, name)
    drop_database(postgres.url("postgres"), name)


@pytest.fixture(scope="module")
def demo(urls: DatabaseUrls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    settings = Settings(data_folder=tmp_path_factory.mktemp("demo"), demo=True)
    engine = build_engine(settings, urls)
    try:
        ship(engine)
        seed_demo(engine)
        yield engine
    finally:
        engine.dispose()


def _viewer(engine: Engine, name: str) -> Viewer:
    return engine.ask_all(as_viewer, person("IN-AS", name))


@pytest.mark.parametrize("place", ["IN-AS", "IN-TR", "IN-ML", "BD-G"])
def test_one_person_of_each_unit_is_on_call_at_any_time(demo: Engine, place: str) -> None:
    now = demo.clock.now()
    with demo.transaction() as tx:
        for hours in range(-24 * 150, 24 * 300, 13):
            assert len(tx.of(DutyStore).on_call(unit_of(place), at=now + timedelta(hours=hours))) == 1


def test_no_level_for_who_is_on_call_was_missed_in_the_past_of_the_demo(demo: Engine) -> None:
    supervisor = _viewer(demo, "Chitra")
    raised = [
        line
        for case in demo.ask(cases, supervisor, limit=20)
        for line in demo.ask(case_page, supervisor, case.id).escalations
    ]
    assert not [line.note for line in raised if "on call" in line.note]


def test_each_page_of_duty_and_time_has_something_to_show(demo: Engine) -> None:
    supervisor = _viewer(demo, "Chitra")
    assert [shift.taken_from for shift in demo.ask(shifts, supervisor) if shift.taken_from]
    assert len(demo.ask(shifts, supervisor)) > 2
    (away,) = demo.ask(absences, supervisor)
    assert (away.actor, away.deputy, away.is_now) == ("Gita", "Deepak", True)
    assert {offer.purpose for offer in demo.ask(offers, supervisor)} == {"shelter"}
    assert [asked.is_mine for asked in demo.ask(asked_extensions, supervisor)] == [False]
    paused = [
        deadline
        for case in demo.ask(cases, supervisor, limit=20)
        for deadline in demo.ask(case_page, supervisor, case.id).deadlines
        if deadline.paused_until
    ]
    assert len(paused) == 1
    with demo.transaction() as tx:
        (added,) = tx.of(SpecialDayStore).live("IN-AS")
    assert added.added_by == ADMIN


def test_the_past_of_the_demo_passes_its_own_audit(demo: Engine) -> None:
    assert audit_escalations(demo) == ()


def test_a_demo_is_seeded_once(demo: Engine) -> None:
    before = demo.ask(shifts, _viewer(demo, "Chitra"))
    assert seed_demo(demo) == 4
    assert demo.ask(shifts, _viewer(demo, "Chitra")) == before


def test_time_passes_also_when_who_gets_a_daily_digest_is_disabled(demo: Engine) -> None:
    chitra = _viewer(demo, "Chitra")
    save_preference(demo, viewer=chitra, digest="daily")
    assert next_chore_at(demo) is not None
    with demo.transaction() as tx:
        tx.of(DirectoryStore).set_disabled(chitra.actor_id, disabled=True)
        tx.commit()
    try:
        next_chore_at(demo)
    finally:
        with demo.transaction() as tx:
            tx.of(DirectoryStore).set_disabled(chitra.actor_id, disabled=False)
            tx.commit()


def test_what_is_sent_keeps_step_with_the_demos_clock(demo: Engine, urls: DatabaseUrls) -> None:
    begin, is_over = demo.clock.now(), Event()
    worker = World(demo, MovedClock(begin), RecordingChannel(), urls.owner)

    def work() -> None:
        while not is_over.is_set():
            fire_deadlines(demo)
            is_over.wait(0.1)  # a worker takes its time
            worker.settle_jobs()

    beside = Thread(target=work)
    beside.start()
    try:
        let_time_pass(demo, timedelta(hours=12))
    finally:
        is_over.set()
        beside.join()
    with psycopg.connect(urls.owner.replace("postgresql+psycopg://", "postgresql://")) as connection:
        sent = connection.execute(
            "SELECT m.created_at, d.sent_at FROM message m JOIN delivery d ON d.message_id = m.id"
            " WHERE d.channel = 'email' AND d.status = 'delivered' AND m.created_at > %s",
            [begin],
        ).fetchall()
        overdue = connection.execute(
            "SELECT id FROM delivery WHERE sent_at IS NULL AND status <> 'bundled' AND next_at < %s",
            [demo.clock.now()],
        ).fetchall()
    assert overdue == []
    assert len({created for created, _ in sent}) > LEAST_INSTANTS
    assert [pair for pair in sent if pair[1] - pair[0] > timedelta(minutes=5)] == []


def test_a_demo_is_one_for_a_command_that_was_not_told(demo: Engine, urls: DatabaseUrls, tmp_path: Path) -> None:
    with demo.transaction() as tx:
        tx.of(HousekeepingStore).set_installation(DEMO_CLOCK, {"seconds": 7200.0})
        tx.commit()
    real = Settings(data_folder=tmp_path, smtp_host="127.0.0.1", smtp_from="icmc@example.org")
    engine = build_engine(real, urls, keys_must_be_there=False)
    try:
        assert engine.demo
        assert isinstance(engine.channels["email"], DemoMailbox)
        assert isinstance(engine.gateways, DemoGateways)
        assert engine.clock.now() - engine.wall_clock.now() > timedelta(minutes=119)
    finally:
        engine.dispose()


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
