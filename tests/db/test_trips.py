"""Statements that travel together: what they see, what a fault leaves behind, and a connection that was closed."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError

from engine.db.locks import PAGES, limited_engine
from engine.db.row_history import canonical_json
from engine.db.trips import COMMIT, PreparedStatement, ask
from engine.db.writing import waking, woken_by
from engine.errors import BusyError
from tests.bench.workload import plain_address
from tests.conftest import FreshDatabase

_ADD = PreparedStatement("INSERT INTO installation (key, value) VALUES ($1, '{}')")
_ONE = PreparedStatement("SELECT $1::int + 1")
_COUNT = PreparedStatement("SELECT count(*) FROM installation WHERE key LIKE 'trip-%'")
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.fixture
def engine(database: FreshDatabase) -> Iterator[Engine]:
    made = limited_engine(database.urls.owner, PAGES, pool_size=1)
    yield made
    made.dispose()


def _count(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(ask(connection, (_COUNT, []))[0][0])


def test_a_trip_begins_a_transaction_and_gives_each_answer(engine: Engine) -> None:
    with engine.connect() as connection:
        assert ask(connection, (_ONE, [b"1"]), (_ADD, [b"trip-1"]), (_COUNT, [])) == [[b"2"], [], [b"1"]]
        assert connection.in_transaction()
    assert _count(engine) == 0


def test_a_commit_keeps_what_a_trip_wrote(engine: Engine) -> None:
    with engine.connect() as connection:
        ask(connection, (_ADD, [b"trip-1"]))
        connection.commit()
    assert _count(engine) == 1


def test_a_fault_in_a_trip_is_raised_without_its_values_and_the_connection_goes_on(engine: Engine) -> None:
    with engine.connect() as connection:
        backend = connection.connection.dbapi_connection
        with pytest.raises(IntegrityError) as raised:
            ask(connection, (_ADD, [b"trip-1"]), (_ADD, [b"trip-1"]), (_ONE, [b"1"]))
        assert "trip-1" not in f"{raised.value.statement}{raised.value.params}"
        connection.rollback()
        assert ask(connection, (_ONE, [b"1"])) == [[b"2"]]
        assert connection.connection.dbapi_connection is backend
    assert _count(engine) == 0


def _roll_back(connection: Connection) -> None:
    connection.rollback()


def _roll_back_and_forget(connection: Connection) -> None:
    connection.execute(text("DEALLOCATE ALL"))
    connection.rollback()


@pytest.mark.parametrize("back", [_roll_back, _roll_back_and_forget])
def test_what_was_prepared_is_known_or_prepared_anew_after_a_roll_back(
    engine: Engine, back: Callable[[Connection], None]
) -> None:
    with engine.connect() as connection:
        ask(connection, (_ONE, [b"1"]))
        back(connection)
        assert ask(connection, (_ONE, [b"2"])) == [[b"3"]]


def test_what_the_driver_has_prepared_stays_after_a_roll_back_and_what_was_written_does_not(engine: Engine) -> None:
    with engine.connect() as connection:
        for _ in range(10):
            connection.execute(text("SELECT 1"))
        ask(connection, (_ADD, [b"trip-1"]))
        connection.rollback()
        names = connection.execute(text("SELECT name FROM pg_prepared_statements")).scalars()
        assert [name for name in names if name.startswith("_pg3")]
    assert _count(engine) == 0


def test_a_roll_back_on_a_connection_that_was_lost_meanwhile_leaves_the_next_one_well(
    engine: Engine, database: FreshDatabase
) -> None:
    with engine.connect() as connection:
        (number,) = ask(connection, (PreparedStatement("SELECT pg_backend_pid()"), []), (_ADD, [b"trip-1"]))[0]
        with psycopg.connect(plain_address(database.urls.admin), autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [int(number)])
        with pytest.raises(BusyError):
            connection.rollback()
    assert _count(engine) == 0


def test_what_fails_after_a_commit_undoes_nothing_and_the_connection_goes_on(engine: Engine) -> None:
    fails = PreparedStatement("SELECT 1 / ($1::int - 1)")
    with engine.connect() as connection:
        assert ask(connection, (_ADD, [b"trip-1"]), (COMMIT, ()), (fails, [b"1"])) == [[], []]
        connection.commit()
        assert ask(connection, (_ONE, [b"1"])) == [[b"2"]]
    assert _count(engine) == 1


def test_who_waits_hears_of_a_job_at_the_commit_and_of_a_deadline_only_if_it_is_soon(
    engine: Engine, database: FreshDatabase
) -> None:
    heard = list[str]()
    now = datetime(2026, 3, 1, tzinfo=UTC)
    with psycopg.connect(plain_address(database.urls.owner), autocommit=True) as listener, engine.connect() as made:
        listener.execute("LISTEN icmc_jobs; LISTEN icmc_deadlines")
        for next_at in (None, now + timedelta(days=7), now + timedelta(seconds=2)):
            rows = {"job": [{}] * (next_at is None), "deadline": [{"next_at": next_at}], "event": [{"at": now}]}
            ask(made, (_ONE, [b"1"]), (COMMIT, ()), *waking(set(woken_by(rows))))
            made.commit()
            heard += [one.channel for one in listener.notifies(timeout=0.5, stop_after=1)] or ["nobody"]
    assert heard == ["icmc_jobs", "nobody", "icmc_deadlines"]
    assert list(woken_by({"deadline": [{"next_at": now + timedelta(days=7)}]})) == ["icmc_deadlines"]  # since unknown


def test_a_connection_that_the_server_has_closed_is_not_given_out(engine: Engine, database: FreshDatabase) -> None:
    with engine.connect() as connection:
        (number,) = ask(connection, (PreparedStatement("SELECT pg_backend_pid()"), []))[0]
    administrator = limited_engine(database.urls.admin, PAGES, pool_size=1)
    with administrator.connect() as other:
        other.execute(text("SELECT pg_terminate_backend(:number, 5000)"), {"number": int(number)})
    administrator.dispose()
    assert _count(engine) == 0


@given(_JSON)
def test_the_fast_canonical_text_is_that_of_the_standard(value: object) -> None:
    assert canonical_json({"body": value}) == rfc8785.dumps({"body": value})  # type: ignore[dict-item]
