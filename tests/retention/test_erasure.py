"""What identifies a person is destroyed when two people agree: nothing of it is left anywhere, and nothing breaks."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import create_engine, text

from engine.app import build_engine
from engine.approvals.records import OwnApprovalError
from engine.assembly import Engine
from engine.cases.housekeeping import HousekeepingStore
from engine.core.policy import Viewer
from engine.core.records import PersonRole
from engine.core.retention import COOLING_OFF, ErasureStatus, Tombstone
from engine.course.actions.steer import add_person, identify_person
from engine.db.embedded.backup import make_backup, restore_backup
from engine.db.embedded.databases import create_database, drop_database
from engine.db.embedded.embedded import EmbeddedServer
from engine.db.embedded.roles import DatabaseUrls, urls_on
from engine.definitions.actions.publish import publish_shipped
from engine.errors import (
    AlreadyEndedError,
    ConflictError,
    DamagedError,
    InvalidAnswersError,
    KeyMissingError,
    NotAllowedError,
    ServiceError,
)
from engine.hubs.records import Kind, Mirror, MirrorStatus, PeerHub, PeerStatus
from engine.hubs.store import HubStore
from engine.overview.views.case import case_page
from engine.persons.store import PersonStore
from engine.retention.actions.erasure import (
    answer_notice,
    approve_erasure,
    ask_erasure,
    end_erasure,
    erase_what_is_ripe,
    replay_tombstones,
)
from engine.retention.actions.retention import answer_lift, ask_to_lift, place_hold
from engine.retention.records import HeldError
from engine.retention.store import TombstoneFile
from engine.settings import Settings
from engine.sign_in.records import StepUpNeededError
from engine.work.store import ItemStore
from tests.kit.cases import close_at_once
from tests.kit.fixtures import Filled
from tests.kit.world import START, World, make_world

NAME = "Zulekha Blindtoken"
PLANTED = "word that was planted in the open"
KEPT = timedelta(days=3 * 366)
POLICY = """
retention: trial
title: Trial
jurisdiction: "*"
rules:
  - {data: identity, at_least: P1Y, at_most: P2Y, source: a text, confidence: low}
"""


@pytest.fixture
def world(postgres: EmbeddedServer, filled: Filled, tmp_path: Path) -> Iterator[World]:
    """Return a world whose list of what was erased is its own, and where a retention policy holds."""
    name = f"test_{uuid4().hex[:12]}"
    create_database(postgres.url("postgres"), name, template=filled.template)
    made = make_world(filled.staff, filled.folder, filled.registry, urls_on(postgres, name))
    made.engine = _with_list(made, tmp_path)
    publish_shipped(made.engine, {"trial.yaml": POLICY})
    try:
        yield made
    finally:
        made.engine.dispose()
        drop_database(postgres.url("postgres"), name)


def test_two_people_who_did_not_ask_agree_each_in_another_role_and_it_cools_off(world: World) -> None:
    case_id, person_id = _closed(world)
    erasure = _ask(world, case_id, person_id)
    world.refuses(OwnApprovalError, approve_erasure, erasure, by=_stepped(world, "data_protection_officer"))
    assert approve_erasure(world.engine, erasure, viewer=_stepped(world, "supervisor")) is ErasureStatus.ASKED
    world.refuses(OwnApprovalError, approve_erasure, erasure, by=_stepped(world, "supervisor"))
    second_supervisor = _stepped(world, "nodal_officer").model_copy(update=_roles(world, "supervisor"))
    world.refuses(NotAllowedError, approve_erasure, erasure, by=second_supervisor)
    world.refuses(NotAllowedError, approve_erasure, erasure, by=_stepped(world, "caseworker"))
    assert approve_erasure(world.engine, erasure, viewer=_stepped(world, "nodal_officer")) is ErasureStatus.APPROVED
    world.later(days=COOLING_OFF.days - 1)
    assert erase_what_is_ripe(world.engine) == 0
    world.later(days=1)
    assert erase_what_is_ripe(world.engine) == 1
    assert erase_what_is_ripe(world.engine) == 0
    row = world.rows("SELECT * FROM erasure")[0]
    assert (row.status, row.keys_gone_at) == ("done", max(world.clock.now(), world.engine.periods.current.ends_at))


def test_after_it_nothing_can_be_read_or_found_and_everything_else_goes_on(world: World, filled: Filled) -> None:
    case_id, person_id = _closed(world)
    report_before, history_before = _opened(world, case_id), len(_events(world, case_id))
    assert report_before
    _erase(world, case_id, person_id)
    fresh = _another_process(world, filled)
    with pytest.raises(KeyMissingError), fresh.transaction() as tx:
        tx.of(HousekeepingStore).report_of(case_id)
    for table in ("person_token", "search_token", "draft"):
        assert world.rows(f"SELECT * FROM {table}") == []
    assert world.rows("SELECT encrypted_identity FROM person")[0].encrypted_identity is None
    assert not list(world.engine.broken_chains())
    assert len(_events(world, case_id)) == history_before + 4
    view = world.engine.ask(case_page, world.who("case_manager"), case_id)
    assert view.status == "closed"
    assert len(view.persons) == 1, "a stub without identity stays to be counted"
    with pytest.raises(AlreadyEndedError):
        _ask(world, case_id, person_id)
    fresh.dispose()


def test_another_hub_is_asked_to_erase_and_what_was_written_to_it_is_gone(world: World) -> None:
    case_id, person_id = _closed(world)
    peer = PeerHub(
        id=uuid4(), name="Dhaka", kind="ngo", address="https://hub.example.org", sign_key=b"s", agree_key=b"a",
        unit_id=world.unit, status=PeerStatus.LIVE, added_at=START,
    )  # fmt: skip
    mirror = Mirror(
        id=uuid4(), hub_id=peer.id, ref=uuid4(), came_in=False, unit_id=world.unit, case_id=case_id,
        status=MirrorStatus.ACCEPTED, offered_at=START,
    )  # fmt: skip
    with world.engine.transaction() as tx:
        assert tx.of(HubStore).add_peer(peer)
        assert tx.of(HubStore).add_mirror(mirror)
        assert tx.of(HubStore).say(mirror, Kind.NOTE, by=None, at=START, body={"text": NAME})
        tx.commit()
    _erase(world, case_id, person_id)
    sent = world.rows("SELECT kind, encrypted_body FROM hub_message ORDER BY number")
    assert [(one.kind, one.encrypted_body) for one in sent] == [("note", None), ("recall", None)]
    [asked] = world.rows("SELECT status, ended_reason, erasure FROM mirror")
    assert tuple(asked) == ("recalled", "erased", "asked")


def test_timers_of_other_cases_are_as_they_were(world: World) -> None:
    open_case = world.at_look().case_id
    before = world.rows(
        "SELECT id, due_at, next_at, status FROM deadline WHERE case_id = :id ORDER BY id", id=open_case
    )
    case_id, person_id = _closed(world)
    world.rows("UPDATE deadline SET next_at = next_at + interval '9 years' WHERE case_id = :id", id=open_case)
    before = world.rows(
        "SELECT id, due_at, next_at, status FROM deadline WHERE case_id = :id ORDER BY id", id=open_case
    )
    _erase(world, case_id, person_id)
    after = world.rows("SELECT id, due_at, next_at, status FROM deadline WHERE case_id = :id ORDER BY id", id=open_case)
    assert after == before


def test_of_two_persons_one_goes_and_what_the_case_says_stays_until_the_last(world: World, filled: Filled) -> None:
    case_id, first = _closed(world, persons=2)
    second = next(row.person_id for row in world.rows("SELECT person_id FROM case_person") if row.person_id != first)
    about_first, about_second = uuid4(), uuid4()
    with world.engine.transaction() as tx:
        for step_id, person_id in ((about_first, first), (about_second, second)):
            tx.of(ItemStore).keep_answers(
                {"words": NAME}, case_id=case_id, unit_id=world.unit, step_id=step_id, turn=1, at=START,
                key_of=person_id,
            )  # fmt: skip
        tx.commit()
    _erase(world, case_id, first)
    fresh = _another_process(world, filled)
    with pytest.raises(KeyMissingError), fresh.transaction() as tx:
        tx.of(ItemStore).answers(about_first)
    with fresh.transaction() as tx:
        assert tx.of(ItemStore).answers(about_second) == {"words": NAME}
        assert tx.of(HousekeepingStore).report_of(case_id)
        assert tx.of(PersonStore).identity(second)
        assert tx.of(PersonStore).identity(first) == {}
    _erase(world, case_id, second)
    fresh.dispose()
    fresh = _another_process(world, filled)
    with pytest.raises(KeyMissingError), fresh.transaction() as tx:
        tx.of(HousekeepingStore).report_of(case_id)
    fresh.dispose()


def test_nothing_is_erased_while_something_stands_against_it(world: World) -> None:
    opened = world.at_look()
    person_id = _identify(world, opened.case_id)
    with pytest.raises(HeldError, match="a case of theirs is open"):
        _ask(world, opened.case_id, person_id)
    case_id, person_id = _closed(world, wait=timedelta(days=30))
    with pytest.raises(HeldError, match="shortest retention time still runs for: identity"):
        _ask(world, case_id, person_id)
    world.later(days=KEPT.days)
    hold = world.act(place_hold, case_id, by="lawyer", kind="appeal", reason="High Court, no. 7")
    with pytest.raises(HeldError, match="an appeal is open"):
        _ask(world, case_id, person_id)
    ask_to_lift(world.engine, case_id, hold, viewer=world.who("lawyer"))
    world.refuses(OwnApprovalError, answer_lift, case_id, hold, by="lawyer", agreed=True)
    answer_lift(world.engine, case_id, hold, viewer=world.who("case_manager"), agreed=False)
    world.refuses(AlreadyEndedError, answer_lift, case_id, hold, by="case_manager", agreed=True)
    ask_to_lift(world.engine, case_id, hold, viewer=world.who("lawyer"))
    answer_lift(world.engine, case_id, hold, viewer=world.who("case_manager"), agreed=True)
    world.rows(
        "UPDATE deadline SET critical = true, breached_at = :at WHERE case_id = :id", at=world.clock.now(), id=case_id
    )
    with pytest.raises(HeldError, match="life was in danger"):
        _ask(world, case_id, person_id)
    world.later(days=91)
    assert _ask(world, case_id, person_id)
    assert "High Court" not in world.dump()


def test_nobody_agrees_to_an_erasure_that_concerns_other_cases_by_now_and_who_asked_is_told(world: World) -> None:
    other_case, _ = _closed(world, wait=timedelta(0))
    case_id, person_id = _closed(world)
    erasure = _ask(world, case_id, person_id)
    approve_erasure(world.engine, erasure, viewer=_stepped(world, "supervisor"))
    world.rows("UPDATE case_person SET person_id = :person WHERE case_id = :id", person=person_id, id=other_case)
    world.refuses(ConflictError, approve_erasure, erasure, by=_stepped(world, "nodal_officer"))
    row = world.rows("SELECT status, ended_reason FROM erasure")[0]
    assert (row.status, row.ended_reason) == ("refused", "overtaken")
    told = world.rows("SELECT recipient_id FROM message WHERE kind = 'second_decided'")
    assert {row[0] for row in told} == {world.who("data_protection_officer").actor_id}
    world.refuses(AlreadyEndedError, approve_erasure, erasure, by=_stepped(world, "nodal_officer"))
    again = _ask(world, case_id, person_id)
    for role in ("supervisor", "nodal_officer"):
        approve_erasure(world.engine, again, viewer=_stepped(world, role))
    assert world.rows("SELECT status FROM erasure WHERE id = :id", id=again)[0].status == "approved"


def test_a_hold_that_comes_while_it_cools_off_ends_it(world: World) -> None:
    case_id, person_id = _closed(world)
    erasure = _agreed(world, case_id, person_id)
    world.act(place_hold, case_id, by="lawyer", kind="claim", reason="DLSA 12")
    world.later(days=8)
    assert erase_what_is_ripe(world.engine) == 0
    assert world.rows("SELECT status, ended_reason FROM erasure WHERE id = :id", id=erasure) == [("refused", "held")]
    assert _opened(world, case_id)


def test_who_wants_it_must_be_sure_and_may_think_better_of_it(world: World) -> None:
    case_id, person_id = _closed(world)
    with pytest.raises(InvalidAnswersError) as caught:
        _ask(world, case_id, person_id, source="subject")
    assert "by_safe_contact" in caught.value.problems
    with pytest.raises(StepUpNeededError):
        _ask(world, case_id, person_id, viewer=world.who("data_protection_officer"))
    erasure = _ask(world, case_id, person_id, source="subject", by_safe_contact=True)
    with pytest.raises(AlreadyEndedError):
        _ask(world, case_id, person_id)
    end_erasure(world.engine, erasure, viewer=_stepped(world, "data_protection_officer"), reason_code="changed_mind")
    assert world.rows("SELECT status FROM erasure") == [("withdrawn",)]
    world.refuses(AlreadyEndedError, approve_erasure, erasure, by=_stepped(world, "supervisor"))
    assert _ask(world, case_id, person_id), "it can be asked for again"


def test_nothing_is_erased_when_the_list_outside_cannot_be_written(world: World, tmp_path: Path) -> None:
    case_id, person_id = _closed(world)
    _agreed(world, case_id, person_id)
    world.later(days=8)
    blocked = tmp_path / "blocked"
    blocked.write_text("no folder")
    whole, world.engine = world.engine, _with_list(world, blocked)
    assert erase_what_is_ripe(world.engine) == 0
    assert _opened(world, case_id)
    with pytest.raises(ServiceError):
        TombstoneFile(blocked).add(_tombstone())
    world.engine = whole
    assert erase_what_is_ripe(world.engine) == 1


def test_one_erasure_that_fails_does_not_hold_up_the_others(world: World) -> None:
    poisoned, first = _closed(world)
    _agreed(world, poisoned, first)
    whole, second = _closed(world, wait=timedelta())
    world.later(days=KEPT.days)
    _agreed(world, whole, second)
    world.later(days=8)
    world.rows("UPDATE erasure SET source = 'nobody knows' WHERE case_id = :id", id=poisoned)
    assert erase_what_is_ripe(world.engine) == 1
    assert world.rows("SELECT status FROM erasure WHERE case_id = :id", id=whole) == [("done",)]


def test_a_unit_that_was_given_a_copy_is_asked_to_erase_it_too(world: World) -> None:
    case_id, person_id = _closed(world)
    world.rows(
        'INSERT INTO "grant" (id, case_id, unit_id, purpose, granted_at) VALUES (:id, :case, :unit, :purpose, :at)',
        id=uuid4(), case=case_id, unit=world.other_unit, purpose="care", at=START,
    )  # fmt: skip
    _erase(world, case_id, person_id)
    notice = world.rows("SELECT * FROM erasure_notice")[0]
    assert notice.unit_id == world.other_unit
    told = {row.recipient_id for row in world.rows("SELECT recipient_id FROM message WHERE kind = 'erase_copy'")}
    assert world.other("data_protection_officer").actor_id in told
    officer = world.other("data_protection_officer")
    world.refuses(InvalidAnswersError, answer_notice, notice.id, by=officer, answer="lost")
    answer_notice(world.engine, notice.id, viewer=officer, answer="erased")
    world.refuses(AlreadyEndedError, answer_notice, notice.id, by=officer, answer="erased")


def test_a_backup_of_before_is_erased_again_when_it_is_restored(
    world: World, filled: Filled, postgres: EmbeddedServer, tmp_path: Path
) -> None:
    case_id, person_id = _closed(world)
    backup = make_backup(world.super_url, tmp_path / "before.dump").file
    _erase(world, case_id, person_id)
    name = f"restored_{uuid4().hex[:12]}"
    create_database(postgres.url("postgres"), name)
    try:
        restore_backup(backup, postgres.url(name))
        restored = _another_process(world, filled, urls_on(postgres, name))
        with restored.transaction() as tx:
            assert tx.of(HousekeepingStore).report_of(case_id), "the backup has it, and its key"
        assert replay_tombstones(restored) == 1
        assert replay_tombstones(restored) == 0
        restored.dispose()
        restored = _another_process(world, filled, urls_on(postgres, name))
        with pytest.raises(KeyMissingError), restored.transaction() as tx:
            tx.of(HousekeepingStore).report_of(case_id)
        with restored.transaction() as tx:
            assert tx.of(PersonStore).identity(person_id) == {}
        assert not list(restored.broken_chains())
        restored.dispose()
    finally:
        drop_database(postgres.url("postgres"), name)


def test_no_plain_word_of_the_person_is_in_the_files_of_the_database_nor_in_a_backup(
    world: World, tmp_path: Path
) -> None:
    case_id, person_id = _closed(world)
    _erase(world, case_id, person_id)
    world.rows("SELECT pg_switch_wal()")
    _outside_a_transaction(world, "CHECKPOINT")
    backup = make_backup(world.super_url, tmp_path / "after.dump").file
    assert NAME.encode() not in backup.read_bytes()
    unpacked = subprocess.run(["gzip", "-dcq", str(backup)], capture_output=True, check=False).stdout
    assert NAME.encode() not in unpacked
    folder = Path(world.rows("SHOW data_directory")[0][0])
    files = _files(folder)
    assert len(files) > 100
    assert any("pg_wal" in path.parts for path in files)
    assert [path for path in files if NAME.encode() in _content(path)] == []
    world.rows("CREATE TABLE planted AS SELECT CAST(:word AS text) AS word", word=PLANTED)
    _outside_a_transaction(world, "CHECKPOINT")
    found = [path for path in _files(folder) if PLANTED.encode() in _content(path)]
    assert {path.parent.name for path in found} >= {"pg_wal"}, "what is there is found by looking like that"
    assert len(found) > 1


def _files(folder: Path) -> list[Path]:
    """List the files of the database server, on which others work meanwhile: a folder that goes is passed over."""
    return [Path(at, name) for at, _, names in os.walk(folder) for name in names]


def _content(path: Path) -> bytes:
    """Read a file of the database server: one that is gone meanwhile holds nothing."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def test_the_list_outside_is_read_whole_or_not_at_all(tmp_path: Path) -> None:
    kept = TombstoneFile(tmp_path)
    assert kept.read() == ()
    kept.add(_tombstone())
    path = tmp_path / "tombstones.jsonl"
    assert path.stat().st_mode & 0o077 == 0
    path.write_text(path.read_text() + '{"id": "cut')
    assert len(kept.read()) == 1
    path.write_text(path.read_text() + " off\n")
    with pytest.raises(DamagedError):
        kept.read()


def _closed(world: World, *, persons: int = 1, wait: timedelta = KEPT) -> tuple[UUID, UUID]:
    """Return a case that closed a while ago, and a person of it."""
    case_id = world.at_look().case_id
    person_id = _identify(world, case_id)
    for _ in range(persons - 1):
        world.act(add_person, case_id, by="case_manager", role=PersonRole.VICTIM, identity={"name": "Somebody Else"})
    close_at_once(world.engine, case_id, world.who("case_manager"))
    world.later(seconds=wait.total_seconds())
    return case_id, person_id


def _identify(world: World, case_id: UUID) -> UUID:
    person_id = world.state(case_id).persons[0].person_id
    world.act(identify_person, person_id, case_id=case_id, by="case_manager", identity={"name": NAME})
    return person_id


def _ask(world: World, case_id: UUID, person_id: UUID, **more: Any) -> UUID:
    wanted: dict[str, Any] = {
        "viewer": _stepped(world, "data_protection_officer"), "command_id": uuid4(), "source": "officer",
        "ground_code": "no_longer_needed",
    }  # fmt: skip
    return ask_erasure(world.engine, case_id, person_id, **{**wanted, **more})


def _agreed(world: World, case_id: UUID, person_id: UUID) -> UUID:
    erasure = _ask(world, case_id, person_id)
    for role in ("supervisor", "nodal_officer"):
        approve_erasure(world.engine, erasure, viewer=_stepped(world, role))
    return erasure


def _erase(world: World, case_id: UUID, person_id: UUID) -> None:
    _agreed(world, case_id, person_id)
    world.later(days=8)
    assert erase_what_is_ripe(world.engine) == 1


def _stepped(world: World, role: str) -> Viewer:
    return world.who(role).model_copy(update={"stepped_up_at": world.engine.wall_clock.now()})


def _roles(world: World, role: str) -> dict[str, Any]:
    own = world.who(role)
    return {"roles": own.roles, "memberships": own.memberships}


def _opened(world: World, case_id: UUID) -> bool:
    return bool(world.of(HousekeepingStore).report_of(case_id))


def _events(world: World, case_id: UUID) -> list[Any]:
    return world.rows("SELECT type FROM event WHERE case_id = :id", id=case_id)


def _with_list(world: World, folder: Path) -> Engine:
    return replace(world.engine, tombstones=TombstoneFile(folder))


def _another_process(world: World, filled: Filled, urls: DatabaseUrls | None = None) -> Engine:
    """Return an engine that has never opened a key, over the same list of what was erased."""
    made = build_engine(
        Settings(data_folder=filled.folder), urls or world.urls, clock=world.clock, channels={},
        registry=filled.registry,
    )  # fmt: skip
    return replace(made, tombstones=world.engine.tombstones)


def _outside_a_transaction(world: World, statement: str) -> None:
    sql = create_engine(world.super_url, isolation_level="AUTOCOMMIT")
    with sql.connect() as connection:
        connection.execute(text(statement))
    sql.dispose()


def _tombstone() -> Tombstone:
    return Tombstone(
        id=uuid4(), person_id=uuid4(), case_ids=(), key_owners=(), approved_by=(), source="officer",
        erased_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
