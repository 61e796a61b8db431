"""The connection that a thread has in hand, and for whom its transaction acts, proved by a secret."""

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import pq
from psycopg.abc import PQGen
from psycopg.generators import fetch, send
from sqlalchemy import URL, Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError

from engine.core.policy import Viewer
from engine.db.locks import PAGES, busy, limited_engine


@dataclass(eq=False)
class Taken:
    """A connection that a thread has taken, and the keys that its transaction has made and not committed.

    `is_still` says that all is seen as it was when the transaction began, and that it only reads.
    """

    connection: Connection
    is_still: bool = False
    made: dict[tuple[UUID, int], Any] = field(default_factory=dict)


class _Hand(threading.local):
    def __init__(self) -> None:
        self.taken: list[Taken] = []


_HAND: Final = _Hand()


@contextmanager
def taken_from(sql: Engine, *, is_still: bool = False) -> Iterator[Taken]:
    """Take a connection, and have it in hand until it is given back; what was not committed is rolled back."""
    hand = _HAND.taken
    with sql.connect() as connection:
        taken = Taken(connection, is_still)
        hand.append(taken)
        try:
            yield taken
        finally:
            hand.remove(taken)


def in_hand(sql: Engine) -> Taken | None:
    """Return what this thread has taken last from the database of an engine, whatever the role; None for nothing."""
    hand = _HAND.taken
    if not hand:
        return None
    place = _place(sql.url)
    return next((taken for taken in reversed(hand) if _place(taken.connection.engine.url) == place), None)


@contextmanager
def asked_over(sql: Engine) -> Iterator[Connection]:
    """Return the connection in hand, for a question; else take one, over which what it leads to is asked as well."""
    taken = in_hand(sql)
    if taken is not None:
        yield taken.connection
        return
    with taken_from(sql) as new:
        yield new.connection
        new.connection.commit()


@contextmanager
def changed_over(sql: Engine) -> Iterator[Connection]:
    """Return the connection in hand, for a change that is kept if its transaction is; else one that commits it."""
    taken = in_hand(sql)
    if taken is not None:
        yield taken.connection
        return
    with sql.begin() as connection:
        yield connection


def _place(url: URL) -> tuple[object, ...]:
    return url.host, url.port, url.database, url.query.get("host")


FOR: Final = "icmc_for"
"""The option of a connection that says for which viewer, at what time, its transactions act; without it for all."""
_ENTER: Final = "SELECT icmc_enter($1, $2, $3, $4)"
_ENTER_FOR_ALL: Final = "SELECT icmc_enter_for_all($1)"
_WELL: Final = frozenset({pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK})
_SECRET: Final = text("SELECT secret FROM wall_secret")


def secret_of(owner_url: str) -> bytes:
    """Ask, as the owner of the tables, for the secret by which a process proves for whom it acts."""
    owner = limited_engine(owner_url, PAGES, pool_size=1)
    try:
        with owner.connect() as connection:
            return bytes(connection.execute(_SECRET).scalar_one())
    finally:
        owner.dispose()


def enter_each(engine: Engine, secret: bytes) -> None:
    """Let each transaction of the writing role begin by proving for whom it acts; one that does not has no row."""
    event.listen(engine, "begin", _entering(secret))


def acting_for(engine: Engine, viewer: Viewer, now: Callable[[], datetime]) -> Engine:
    """Return an engine over the same connections whose transactions act for a viewer, from now on."""
    return engine if viewer.is_system else engine.execution_options(**{FOR: (viewer, now())})


def enter_for(connection: Connection, viewer: Viewer, now: datetime, secret: bytes) -> None:
    """Bind the transaction, from here to its end, to what a viewer may see at an instant; begins one where none has."""
    if not connection.in_transaction():
        connection.begin()
    _enter_for(connection, viewer, now, secret)


def enter_for_all(connection: Connection, secret: bytes) -> None:
    """Let the transaction of the writing role act for the system, which is bound by nothing, from here to its end."""
    if not connection.in_transaction():
        connection.begin()
    _enter_for_all(connection, secret)


def _entering(secret: bytes) -> Callable[[Connection], None]:
    def enter(connection: Connection) -> None:
        bound: tuple[Viewer, datetime] | None = connection.get_execution_options().get(FOR)
        if bound is None:
            _enter_for_all(connection, secret)
        else:
            _enter_for(connection, *bound, secret)

    return enter


def _enter_for(connection: Connection, viewer: Viewer, now: datetime, secret: bytes) -> None:
    units, present = f"{{{','.join(str(unit) for unit in viewer.unit_ids)}}}", now.isoformat()
    proof = _proof(connection, secret, "enter", str(viewer.actor_id), units, present)
    _send(connection, _ENTER, units, str(viewer.actor_id), present, proof)


def _enter_for_all(connection: Connection, secret: bytes) -> None:
    _send(connection, _ENTER_FOR_ALL, _proof(connection, secret, "all"))


def _send(connection: Connection, statement: str, *values: str) -> None:
    """Send an entry, together with BEGIN where the driver has sent none yet: one trip to the database instead of two.

    The proof goes as a parameter: the text of a statement is shown to other sessions of the role, and logged.
    """
    raw: Any = connection.connection.driver_connection
    try:
        raw.wait(_in_one_trip(raw, statement, values))
    except BaseException as error:  # it may stand in the midst of an answer: nobody can use this connection again
        connection.invalidate()
        if isinstance(error, psycopg.Error):
            raise _in_words(statement, error) from error
        raise


def _in_one_trip(raw: psycopg.Connection[Any], statement: str, values: Sequence[str]) -> PQGen[None]:
    wire = raw.pgconn
    wire.enter_pipeline_mode()
    if wire.transaction_status == pq.TransactionStatus.IDLE:
        wire.send_query_params(_begin(raw), None)
    wire.send_query_params(statement.encode(), [value.encode() for value in values])
    wire.pipeline_sync()
    yield from send(wire)
    while (answer := (yield from fetch(wire))) is None or answer.status != pq.ExecStatus.PIPELINE_SYNC:
        if answer is not None and answer.status not in _WELL:
            raise psycopg.errors.error_from_result(answer, encoding=raw.info.encoding)
    wire.exit_pipeline_mode()


def _begin(raw: psycopg.Connection[Any]) -> bytes:
    """Return the BEGIN that the driver would send."""
    level = raw.isolation_level
    parts = (
        "BEGIN",
        "" if level is None else f"ISOLATION LEVEL {psycopg.IsolationLevel(level).name.replace('_', ' ')}",
        "READ ONLY" if raw.read_only else "",
    )
    return " ".join(part for part in parts if part).encode()


def _in_words(statement: str, error: psycopg.Error) -> Exception:
    """Return an error as SQLAlchemy would raise it."""
    return busy(error) or DBAPIError.instance(statement, None, error, psycopg.Error, hide_parameters=True)


def _proof(connection: Connection, secret: bytes, what: str, *parts: str) -> str:
    """Make the proof of an entry; it counts for the backend behind this connection only."""
    raw: Any = connection.connection.driver_connection
    told = "|".join((what, str(raw.info.backend_pid), *parts)).encode()
    return hashlib.sha256(secret + hashlib.sha256(secret + told).digest()).hexdigest()
