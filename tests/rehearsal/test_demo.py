"""The demo has somebody on call at any time, and something to show on each page of time and duty."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from engine.app import DEMO_CLOCK, build_engine, ship
from engine.assembly import Engine
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.views.lists import cases
from engine.core.policy import Viewer
from engine.db.embedded.databases import OWNER, create_database, drop_database
from engine.db.embedded.embedded import EmbeddedServer
from engine.db.embedded.roles import DatabaseUrls, urls_on
from engine.db.migrate import mark_as_demo
from engine.deadlines.actions.audit import audit_escalations
from engine.deadlines.views.lists import asked_extensions
from engine.definitions.store import SpecialDayStore
from engine.messages.mail import DemoGateways, DemoMailbox
from engine.overview.views.case import case_page
from engine.people.duty_store import DutyStore
from engine.people.viewer import as_viewer
from engine.people.views import absences, shifts
from engine.rehearsal.demo import seed_demo
from engine.rehearsal.demo_people import ADMIN, person, unit_of
from engine.settings import Settings
from engine.sharing.views.sent import offers


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


def test_a_demo_is_one_for_a_command_that_was_not_told(demo: Engine, urls: DatabaseUrls, tmp_path: Path) -> None:
    with demo.transaction() as tx:
        tx.of(HousekeepingStore).set_installation(DEMO_CLOCK, {"seconds": 7200.0})
        tx.commit()
    real = Settings(data_folder=tmp_path, smtp_host="127.0.0.1", smtp_from="icmc@example.org")
    engine = build_engine(real, urls)
    try:
        assert engine.demo
        assert isinstance(engine.channels["email"], DemoMailbox)
        assert isinstance(engine.gateways, DemoGateways)
        assert engine.clock.now() - engine.wall_clock.now() > timedelta(minutes=119)
    finally:
        engine.dispose()
