"""The chains of events and acts: only added to, and what is changed behind the application's back is found."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from engine.audit.records import AuditUnavailableError
from engine.audit.store import AuditLogStore
from engine.cases.actions.deciding import note_reading, note_refusal
from engine.course.actions.steer import add_step
from engine.errors import DamagedError, KeyMissingError
from engine.work.store import ItemStore
from tests.conftest import writer_of
from tests.kit.world import World


def test_whole_chains_verify(world: World) -> None:
    world.at_talk()
    world.at_look()
    assert list(world.engine.broken_chains()) == []


@pytest.mark.parametrize(("change", "first_bad"), [
    ("UPDATE event SET body = '{}' WHERE case_id = :case AND seq = 3", 3),
    ("UPDATE event SET body = '{\"a\": 123456789012345678901234567890}' WHERE case_id = :case AND seq = 3", 3),
    ("UPDATE event SET actor_id = NULL, at = at + interval '1 second' WHERE case_id = :case AND seq = 2", 2),
    ("UPDATE event SET type = 'CaseClosed' WHERE case_id = :case AND seq = 4", 4),
    ("DELETE FROM event WHERE case_id = :case AND seq = 3", 3),
    ("DELETE FROM event WHERE case_id = :case AND seq > 4", 5),
    ("DELETE FROM event WHERE case_id = :case", 1),
    (("UPDATE event SET seq = -seq WHERE case_id = :case AND seq IN (2, 3);"
     "UPDATE event SET seq = 5 + seq WHERE case_id = :case AND seq < 0"), 2),
    (("INSERT INTO event SELECT case_id, 1000, unit_id, at, actor_id, type, body, hash FROM event"
     " WHERE case_id = :case AND seq = 1"), None),
    ("UPDATE \"case\" SET chain_head = '\\x00' WHERE id = :case", None),
])  # fmt: skip
def test_what_was_changed_in_a_chain_is_found_at_its_first_bad_link(
    world: World, change: str, first_bad: int | None
) -> None:
    broken, whole = world.at_talk(), world.at_look()
    length = world.state(broken.case_id).case.chain_length
    for statement in change.split(";"):
        world.rows(statement, case=broken.case_id)
    found = [tuple(chain) for chain in world.engine.broken_chains()]
    assert found == [(broken.case_number, first_bad or length + 1)]
    assert whole.case_number not in str(found)


def test_rows_swapped_between_two_cases_are_found_in_both(world: World) -> None:
    one, two = world.at_talk(), world.at_talk()
    bodies = {case: _event(world, case, 3) for case in (one.case_id, two.case_id)}
    for case, other in ((one.case_id, two.case_id), (two.case_id, one.case_id)):
        world.rows(
            "UPDATE event SET body = (SELECT CAST(:body AS jsonb)), hash = :hash WHERE case_id = :case AND seq = 3",
            case=case, body=bodies[other][0], hash=bodies[other][1],
        )  # fmt: skip
    assert sorted(tuple(chain) for chain in world.engine.broken_chains()) == sorted(
        [(one.case_number, 3), (two.case_number, 3)]
    )


@pytest.mark.parametrize("statement", ["UPDATE event SET type = 'x'", "DELETE FROM event", "TRUNCATE event"])
def test_the_application_may_not_change_or_remove_an_event(world: World, statement: str) -> None:
    world.open()
    sql = writer_of(world.urls)
    with sql.begin() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(text(statement))
    sql.dispose()


def test_sealed_answers_swapped_between_two_cases_do_not_open(world: World) -> None:
    one, two = world.at_talk(), world.at_talk()
    steps = [_look(world, case) for case in (one.case_id, two.case_id)]
    encrypted = [world.rows("SELECT encrypted_answers FROM answer WHERE step_id = :s", s=step)[0][0] for step in steps]
    for step, other in zip(steps, reversed(encrypted), strict=True):
        world.rows(
            "UPDATE answer SET encrypted_answers = :encrypted WHERE step_id = :s", s=step, encrypted=bytes(other)
        )
    for step in steps:
        with world.engine.transaction() as tx, pytest.raises(DamagedError):
            tx.of(ItemStore).answers(step)


def test_once_a_cases_key_is_destroyed_its_answers_are_gone_and_nothing_more_is_sealed_for_it(world: World) -> None:
    opened = world.at_talk()
    world.rows("UPDATE data_key SET wrapped = NULL, destroyed_at = now() WHERE owner_id = :case", case=opened.case_id)
    world.engine.vault.forget()  # type: ignore[attr-defined]
    with world.engine.transaction() as tx, pytest.raises(KeyMissingError):
        tx.of(ItemStore).answers(_look(world, opened.case_id))
    with pytest.raises(KeyMissingError):
        world.engine.vault.encrypt("x", key_of=opened.case_id, table="t", row=opened.case_id, column="c")


def _look(world: World, case_id: UUID) -> UUID:
    return next(step.id for step in world.state(case_id).steps.values() if step.key == "look")


def _event(world: World, case_id: UUID, seq: int) -> tuple[str, bytes]:
    row = world.rows("SELECT body::text, hash FROM event WHERE case_id = :case AND seq = :seq", case=case_id, seq=seq)[
        0
    ]
    return row[0], bytes(row[1])


def test_the_chain_keeps_nothing_that_somebody_typed(world: World) -> None:
    opened, canary = world.at_talk(), "KANARIENVOGEL"
    world.act(add_step, opened.case_id, by="case_manager", uses="trial.talk", title=f"Bring {canary} home")
    bodies = world.rows("SELECT type, body::text FROM event WHERE case_id = :case", case=opened.case_id)
    assert any('"added"' in row.body for row in bodies)
    assert canary not in str(bodies)
    assert list(world.engine.broken_chains()) == []


def test_notes_of_a_stream_are_numbered_and_each_is_tied_to_the_one_before(world: World) -> None:
    for number in range(3):
        _note(world, "people", number)
    _note(world, "keys", 9)
    rows = world.rows(
        "SELECT stream, seq, body ->> 'number' AS n, hash FROM audit_event WHERE stream <> 'rows' ORDER BY stream, seq"
    )
    assert [tuple(row)[:3] for row in rows] == [
        ("keys", 1, "9"),
        ("people", 1, "0"),
        ("people", 2, "1"),
        ("people", 3, "2"),
    ]
    assert len({bytes(row.hash) for row in rows}) == 4
    heads = world.rows("SELECT name, length, head FROM audit_chain WHERE name <> 'stream:rows' ORDER BY name")
    assert [(row.name, row.length) for row in heads] == [("stream:keys", 1), ("stream:people", 3)]
    assert bytes(heads[1].head) == bytes(rows[3].hash)


def test_nothing_is_noted_of_what_was_not_committed(world: World) -> None:
    world.of(AuditLogStore).note("people", "Tried", {}, actor_id=None, at=world.clock.now())
    assert world.rows("SELECT count(*) FROM audit_event WHERE stream <> 'rows'")[0][0] == 0


def test_notes_of_many_at_once_make_one_chain_without_a_gap(world: World) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: _note(world, "access", number), range(24)))
    assert [row[0] for row in world.rows("SELECT seq FROM audit_event WHERE stream = 'access' ORDER BY seq")] == list(
        range(1, 25)
    )


def test_transactions_that_note_in_two_streams_in_different_orders_never_block_each_other_for_good(
    world: World,
) -> None:
    def both(number: int) -> None:
        streams = ("access", "people") if number % 2 else ("people", "access")
        with world.engine.transaction() as tx:
            for stream in streams:
                tx.of(AuditLogStore).note(stream, "Tried", {}, actor_id=None, at=world.clock.now())
            tx.commit()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(both, range(24)))
    assert world.rows("SELECT count(*) FROM audit_event WHERE stream <> 'rows'")[0][0] == 48


def test_a_reading_says_who_looked_at_what_of_which_class(world: World) -> None:
    opened, viewer, person = world.open(), world.who("caseworker"), uuid4()
    note_reading(world.engine, viewer, opened.case_id, "person", ("identity",), subject_id=person)
    row = world.rows("SELECT * FROM reading")[0]
    assert (row.case_id, row.seq, row.actor_id, row.what, row.subject_id) == (
        opened.case_id, 1, viewer.actor_id, "person", person,
    )  # fmt: skip
    assert (row.classes, row.roles) == (["identity"], ["caseworker"])


def test_a_refusal_says_who_was_refused_what_and_why(world: World) -> None:
    viewer, asked = world.who("press_officer"), uuid4()
    note_refusal(world.engine, viewer, "GET /cases/{case_id}", "not-found", subject_id=asked)
    row = world.rows("SELECT stream, type, actor_id, body FROM audit_event WHERE stream <> 'rows'")[0]
    assert (row.stream, row.type, row.actor_id) == ("access", "Refused", viewer.actor_id)
    assert row.body == {"what": "GET /cases/{case_id}", "code": "not-found", "subject_id": str(asked)}


def test_what_cannot_be_written_down_is_refused(world: World) -> None:
    opened = world.open()
    world.rows("REVOKE INSERT ON reading, audit_event FROM icmc_system")
    with pytest.raises(AuditUnavailableError):
        note_reading(world.engine, world.who("caseworker"), opened.case_id, "person", ("identity",))
    with pytest.raises(AuditUnavailableError):
        note_refusal(world.engine, world.who("caseworker"), "GET /cases", "not-allowed")


@pytest.mark.parametrize("table", ["event", "audit_event", "reading", "checkpoint", "checkpoint_head"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET at = at", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_application_may_not_change_or_remove_what_is_kept(world: World, table: str, statement: str) -> None:
    column = "number = number" if table.startswith("checkpoint") else "at = at"
    sql = writer_of(world.urls)
    with sql.begin() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(text(statement.replace("at = at", column).format(table)))
    sql.dispose()


def _note(world: World, stream: str, number: int) -> None:
    with world.engine.transaction() as tx:
        tx.of(AuditLogStore).note(stream, "Tried", {"number": number}, actor_id=None, at=world.clock.now())  # type: ignore[arg-type]
        tx.commit()
