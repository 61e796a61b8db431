"""Attack: write into the tables as the application's own role, past the application; the history tells each row."""

import re
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError

from engine.access.actions.recusals import recuse
from engine.app import build_engine, ship
from engine.audit.actions import STATE_AUDIT, begin_history_of_rows, prove_state
from engine.cases.actions.open import open_case
from engine.cases.housekeeping import HousekeepingStore
from engine.core.access import RecusalReason
from engine.db.embedded.databases import OWNER, create_database, drop_database
from engine.db.embedded.embedded import EmbeddedServer
from engine.db.embedded.roles import urls_on
from engine.db.migrate import mark_as_demo
from engine.db.row_history import KEPT, LEFT_OUT
from engine.people.actions.manage import deactivate
from engine.rehearsal.demo import seed_demo
from engine.rehearsal.world import people_of
from engine.settings import Settings
from engine.sharing.actions.consents import withdraw_consent
from engine.sign_in.store import SignInStore
from engine.work.actions.items import claim_work_item
from tests.conftest import writer_of
from tests.deadlines.test_time_commands import TOLD
from tests.kit.installation import installed
from tests.kit.world import World
from tests.sharing.test_sharing import accept, agree, share

pytestmark = pytest.mark.long
_NO_RIGHT = "42501"


@pytest.fixture
def case_id(world: World) -> UUID:
    """Return a case that was shared, of whose two consents one was withdrawn, with a denial, a claim and jobs done."""
    begin_history_of_rows(world.engine)
    case_id = world.at_look().case_id
    accept(world, share(world, case_id, consent_id=agree(world, case_id)))
    world.act(withdraw_consent, agree(world, case_id), by="counsellor")
    lead, worker = world.who("supervisor"), world.who("caseworker")
    item = world.item(case_id, "look")
    world.act(claim_work_item, item.id, by=worker)
    more: dict[str, Any] = {"viewer": lead, "reason": RecusalReason.DENIED, "reason_code": "danger"}
    recuse(world.engine, case_id, command_id=uuid4(), actor_id=world.other("counsellor").actor_id, **more)
    more["reason"] = RecusalReason.CONFLICT_OF_INTEREST
    recuse(world.engine, case_id, command_id=uuid4(), actor_id=worker.actor_id, **more)
    world.do_jobs()
    with world.engine.transaction() as tx:
        for token in (b"over", b"open"):
            tx.of(SignInStore).add_session(token, actor_id=world.who("press_officer").actor_id, at=world.clock.now())
        tx.of(SignInStore).end_session(b"over", at=world.clock.now())
        tx.commit()
    return case_id


def as_the_application(world: World, statement: str, **values: object) -> None:
    """Do as somebody does who makes the application run any SQL; where its role may not do that, as the server's."""
    for sql in (writer_of(world.urls), create_engine(world.super_url)):
        try:
            with sql.begin() as connection:
                done = connection.execute(text(statement), values)
                assert done.rowcount, "the attack met no row"
        except ProgrammingError as refused:
            if getattr(refused.orig, "sqlstate", "") != _NO_RIGHT:
                raise
        else:
            return
        finally:
            sql.dispose()


def found(world: World) -> list[str]:
    return [one.in_words for one in world.engine.state_differences()]


_ADD_JOB = (
    "INSERT INTO job (id, case_id, unit_id, kind, task, payload, status, ready_at, retries, retry_delay, timeout,"
    " attempt, token, critical, gateway, announces, created_at) VALUES ({id}, :case, :home, '{kind}', '{task}',"
    " '{{}}', 'ready', now(), 0, 'PT5S', 'PT1M', 0, 0, false, '', '{{}}', now())"
)
ATTACKS = {
    "a grant is added": (
        ('INSERT INTO "grant" (id, case_id, unit_id, purpose, fields, persons, granted_at, kind)'
        " VALUES (gen_random_uuid(), :case, :unit, 'shelter', '{*}', '{}', now(), 'hand')"),
        r"^Case C-.*: the grant for Unit .* is there, and the history does not know of it\.$",
    ),
    "a grant is made to hold for ever": (
        "UPDATE \"grant\" SET valid_until = '2099-01-01' WHERE case_id = :case",
        r"^Case C-.*: the grant for Unit .* says valid_until = 2099-01-01.*; the history says ",
    ),
    "a grant shows more": (
        "UPDATE \"grant\" SET fields = fields || '{person.home}' WHERE case_id = :case",
        r"^Case C-.*: the grant for Unit .* says fields = .*person.home",
    ),
    "a role is given": (
        "INSERT INTO membership (actor_id, unit_id, role) VALUES (:press, :home, 'supervisor')",
        r"^The role supervisor of Press officer IN for Unit .* is there, and the history does not know of it\.$",
    ),
    "a role is taken": (
        "DELETE FROM membership WHERE actor_id = :lead AND role = 'supervisor'",
        r"^The role supervisor of Supervisor IN for Unit .* is in the history, and its row is gone\.$",
    ),
    "a password is replaced": (
        "UPDATE actor SET password_hash = '$argon2id$v=19$m=65536,t=3,p=4$AAAA$BBBB' WHERE id = :lead",
        r"^The account of Supervisor IN has not the password that the history knows\.$",
    ),
    "an address is replaced": (
        "UPDATE actor SET email = 'mine@example.org' WHERE id = :lead",
        r"^The account of Supervisor IN has not the e-mail address that the history knows\.$",
    ),
    "somebody may act again": (
        "UPDATE actor SET disabled = false WHERE id = :gone",
        r"^The account of .* says disabled = no; the history says yes\.$",
    ),
    "a key of a service is made": (
        ("INSERT INTO api_key (id, actor_id, key_hash, scopes, valid_until, created_at)"
        " VALUES (gen_random_uuid(), :lead, '\\x00', '{cases:read}', '2099-01-01', now())"),
        r"^A key of a service account of Supervisor IN \(.*\) is there, and the history does not know of it\.$",
    ),
    "a link for a password is made": (
        ("INSERT INTO invitation (id, kind, actor_id, token_hash, created_at, expires_at)"
        " VALUES (gen_random_uuid(), 'reset', :lead, '\\x00', now(), '2099-01-01')"),
        r"^A link for a password of Supervisor IN \(.*\) is there, and the history does not know of it\.$",
    ),
    "a second factor is made": (
        "INSERT INTO second_factor (actor_id, created_at, confirmed_at) VALUES (:lead, now(), now())",
        r"^The second factor of Supervisor IN is there, and the history does not know of it\.$",
    ),
    "a withdrawal is undone": (
        "UPDATE consent SET withdrawn_at = NULL WHERE case_id = :case AND withdrawn_at IS NOT NULL",
        r"^Case C-.*: the consent of person .* says withdrawn_at = nothing; the history says 2026-",
    ),
    "answers of a step are dropped": (
        "UPDATE step SET encrypted_outputs = NULL WHERE case_id = :case AND key = 'intake'",
        r"^Case C-.*: the step intake: its answers are not what the history says \(.*concern.*\)\.$",
    ),
    "the report is dropped": (
        'UPDATE "case" SET encrypted_report = NULL WHERE id = :case',
        r"^Case C-.*: the answer of the report concern is not what the history says\.$",
    ),
    "what an event tells is dropped": (
        "UPDATE event SET encrypted_body = NULL WHERE case_id = :case AND type = 'CaseOpened'",
        r"^Case C-.*: what is encrypted of event 1 was changed: rows were not compared\.$",
    ),
    "a denial is lifted": (
        "UPDATE recusal SET ended_at = now() WHERE case_id = :case AND reason = 'denied'",
        r"^Case C-.*: the recusal of Counsellor .* says ended_at = .*; the history says nothing\.$",
    ),
    "a denial is removed": (
        "DELETE FROM recusal WHERE case_id = :case AND reason = 'denied'",
        r"^Case C-.*: the recusal of Counsellor .* is in the history, and its row is gone\.$",
    ),
    "a conflict of interest is ended": (
        "UPDATE recusal SET ended_at = now() WHERE case_id = :case AND reason <> 'denied'",
        r"^Case C-.*: the recusal of Caseworker IN .* says ended_at = ",
    ),
    "a deadline is silenced": (
        "UPDATE deadline SET next_at = NULL, next_firing = NULL WHERE case_id = :case AND status = 'open'",
        r"^Case C-.*: the deadline of look \(limit, .*\): its row says next_at = nothing; the history says 2026-",
    ),
    "a deadline is moved": (
        "UPDATE deadline SET due_at = due_at + interval '1 year' WHERE case_id = :case AND status = 'open'",
        r"^Case C-.*: the deadline of look \(limit, .*\): its row says due_at = 2027-",
    ),
    "a deadline is ended": (
        "UPDATE deadline SET status = 'ended', ended_at = now() WHERE case_id = :case AND status = 'open'",
        r"^Case C-.*: the deadline of look \(limit, .*\): its row says status = ended; the history says open\.$",
    ),
    "a deadline is set aside": (
        "UPDATE deadline SET deferred_until = '2099-01-01' WHERE case_id = :case AND status = 'open'",
        r"^Case C-.*: the deadline of look .* is deferred until 2099-01-01",
    ),
    "a step is ended": (
        "UPDATE step SET status = 'ended', outcome = 'done' WHERE case_id = :case AND key = 'look'",
        r"^Case C-.*: the step look: its row says status = ended; the history says ready\.$",
    ),
    "a case is closed": (
        "UPDATE \"case\" SET status = 'closed' WHERE id = :case",
        r"^Case C-.*: its row says status = closed; the history says open\.$",
    ),
    "a case is given to another unit": (
        'UPDATE "case" SET unit_id = :unit WHERE id = :case',
        r"^Case C-.*: its row says unit_id = ",
    ),
    "a work item is taken": (
        "UPDATE work_item SET status = 'reserved', assignee_id = :press WHERE case_id = :case AND status = 'ready'",
        r"^Case C-.*: the work item look \(.*\) is reserved, by .*; the history says ready, by nothing\.$",
    ),
    "a work item is offered to others": (
        "UPDATE work_item SET candidate_roles = '{press_officer}' WHERE case_id = :case AND status = 'ready'",
        r"^Case C-.*: the work item .* is offered to press_officer; the history says ",
    ),
    "a work item is called off": (
        "UPDATE work_item SET status = 'cancelled' WHERE case_id = :case AND status = 'ready'",
        r"^Case C-.*: the work item look \(.*\) is cancelled, by nothing; the history says ready, by nothing\.$",
    ),
    "a job is removed": (
        "DELETE FROM job WHERE case_id = :case AND kind = 'prepare'",
        r"^Case C-.*: the job prepare .* is asked for by the history, and its row is gone\.$",
    ),
    "a job is added": (
        _ADD_JOB.format(id="gen_random_uuid()", kind="conclude", task="trial.look"),
        r"^Case C-.*: the job conclude trial\.look \(.*\) is there, and the history asks for none\.$",
    ),
    "a job that sends is added": (
        _ADD_JOB.format(id="gen_random_uuid()", kind="deliver", task="deliver"),
        r"^Case C-.*: the job deliver deliver \(.*\) is there, and no part of ICMC asks for it\.$",
    ),
    "a job that tells others is added": (
        _ADD_JOB.format(id="gen_random_uuid()", kind="escalate", task="escalate"),
        r"^Case C-.*: the job escalate escalate \(.*\) is there, and the history asks for none\.$",
    ),
    "an item is put first": (
        "UPDATE work_item SET priority = 99 WHERE case_id = :case AND status = 'ready'",
        r"^Case C-.*: the work item look \(.*\) has priority 99; the history raised it 0 times at most\.$",
    ),
    "a sign-in is made": (
        ("INSERT INTO session (token_hash, actor_id, created_at, seen_at, stepped_up_at, by_factor, pending, device)"
        " VALUES ('mine', :lead, now(), now(), now(), true, false, '')"),
        r"^The sign-in of Supervisor IN \(.*\) is there, and the history does not know of it\.$",
    ),
    "a sign-in is taken over": (
        "UPDATE session SET token_hash = 'mine' WHERE actor_id = :press AND ended_at IS NULL",
        r"^The sign-in of Press officer IN \(.*\) has not the token that the history knows\.$",
    ),
    "a sign-in counts as proved": (
        "UPDATE session SET by_factor = true, pending = false WHERE actor_id = :press AND ended_at IS NULL",
        r"^The sign-in of Press officer IN \(.*\) says by_factor = yes; the history says no\.$",
    ),
    "a sign-in that was ended goes on": (
        "UPDATE session SET ended_at = NULL WHERE ended_at IS NOT NULL",
        r"^The sign-in of Press officer IN \(.*\) says ended_at = nothing; the history says ",
    ),
    "a sign-in is removed": (
        "DELETE FROM session WHERE actor_id = :press",
        r"^The sign-in of Press officer IN \(.*\) is in the history, and its row is gone\.$",
    ),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_row_written_by_hand_is_named_in_words(world: World, case_id: UUID, attack: str) -> None:
    gone = world.who("lawyer").actor_id
    admin = world.who("system_administrator").model_copy(
        update={"stepped_up_at": world.engine.wall_clock.now(), "by_factor": True}
    )
    deactivate(world.engine, gone, viewer=admin)
    assert found(world) == []
    statement, words = ATTACKS[attack]
    values = {
        "case": case_id, "unit": world.other_unit, "home": world.unit, "gone": gone,
        "press": world.who("press_officer").actor_id, "lead": world.who("supervisor").actor_id,
    }  # fmt: skip
    as_the_application(world, statement, **{name: value for name, value in values.items() if f":{name}" in statement})
    differences = found(world)
    assert differences
    assert any(re.search(words, one) for one in differences), differences


@pytest.mark.parametrize("statement", ["DELETE FROM data_key", "TRUNCATE data_key"])
def test_the_application_cannot_remove_a_key(world: World, statement: str) -> None:
    world.at_look()
    sql = writer_of(world.urls)
    with sql.begin() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(text(statement))
    sql.dispose()


def test_the_nightly_auditor_finds_it_and_says_so_until_it_is_mended(world: World, case_id: UUID) -> None:
    assert prove_state(world.engine) == 0
    as_the_application(world, "DELETE FROM recusal WHERE case_id = :case AND reason = 'denied'", case=case_id)
    assert prove_state(world.engine) == 1
    kept = world.of(HousekeepingStore).installation(STATE_AUDIT)
    assert (kept["chains"], kept["differences"]) == (0, 1)


def test_a_table_that_is_kept_later_begins_then_and_what_stood_in_it_counts_as_true(world: World) -> None:
    who = world.who("press_officer").actor_id
    begin_history_of_rows(world.engine)
    world.rows(
        "INSERT INTO session (token_hash, actor_id, created_at, seen_at) VALUES ('old', :who, now(), now())", who=who
    )
    world.rows(
        "UPDATE audit_event SET body = jsonb_set(body, '{tables}', (body -> 'tables') - 'session')"
        " WHERE type = 'RowsBegan'"
    )
    assert "does not know of it" in found(world)[0]
    assert begin_history_of_rows(world.engine)
    assert found(world) == []
    assert not begin_history_of_rows(world.engine)


def test_each_column_of_a_kept_table_is_kept_or_left_out_on_purpose() -> None:
    for name, kept in KEPT.items():
        assert {*kept.columns, *LEFT_OUT.get(name, ())} == set(kept.table.c.keys()), name


def test_no_secret_stands_in_the_history_of_rows(world: World, case_id: UUID) -> None:
    assert case_id
    rows = world.rows("SELECT body::text AS body FROM audit_event WHERE stream = 'rows'")
    told = " ".join(row.body for row in rows)
    known = world.rows("SELECT name, email, password_hash FROM actor")
    assert known
    for row in known:
        assert row.email not in told
        assert row.name not in told
        assert row.password_hash is None or row.password_hash not in told


def test_a_history_that_somebody_adds_to_without_the_key_proves_nothing(world: World, case_id: UUID) -> None:
    as_the_application(world, "DELETE FROM recusal WHERE case_id = :case AND reason = 'denied'", case=case_id)
    as_the_application(
        world,
        "INSERT INTO audit_event (stream, seq, at, type, body, hash) SELECT stream, (SELECT max(seq) + 1 FROM"
        " audit_event WHERE stream = 'rows'), at, type, body || '{\"row\": null}', hash FROM audit_event WHERE"
        " stream = 'rows' AND body ->> 'table' = 'recusal' AND body -> 'row' ->> 'reason' = 'denied'",
    )
    assert found(world) == []
    assert prove_state(world.engine) == 1, "the chain of the rows does not verify"


def test_the_demo_is_as_its_history_says(postgres: EmbeddedServer, tmp_path: Path) -> None:
    name = f"test_{uuid4().hex[:12]}"
    create_database(postgres.url("postgres"), name, template="icmc_template")
    mark_as_demo(postgres.url(name, OWNER))
    engine = build_engine(Settings(data_folder=tmp_path, demo=True), urls_on(postgres, name))
    try:
        ship(engine)
        seed_demo(engine)
        assert [one.in_words for one in engine.state_differences()] == []
    finally:
        engine.dispose()
        drop_database(postgres.url("postgres"), name)


def test_the_command_line_names_each_difference() -> None:
    with installed(with_prefect=False) as site:
        unit, people = people_of(site.engine, jurisdiction="IN-AS", label="Demo")
        opened = open_case(site.engine, answers=TOLD, unit_id=unit, viewer=people["case_manager"], command_id=uuid4())
        command = ["audit", "verify", "--state"]
        whole = site.icmc(*command)
        assert whole.exit_code == 0, whole.output
        assert "every row says what the history says" in whole.output
        site.rows("UPDATE deadline SET next_at = NULL RETURNING id")
        bad = site.icmc(*command)
        assert bad.exit_code == 1
        assert f"Case {opened.case_number}: the deadline of " in bad.output
        assert "its row says next_at = nothing" in bad.output
        prove_state(site.engine)
        doctor = site.icmc("doctor").output
        assert "`icmc audit verify --state` names each" in doctor
