"""What happens beside cases, and who looked at what: written in chains to which the application can only add."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from engine.audit.store import AuditLogStore
from engine.cases.actions.reasons import note_reading, note_refusal
from engine.errors import AuditUnavailableError
from tests.conftest import writer_of
from tests.kit.world import World


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
