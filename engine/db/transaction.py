"""One transaction, over whichever stores are asked for, and for whom it acts, proved by a secret."""

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self, TypeVar, cast
from uuid import UUID

from sqlalchemy import URL, Connection, Engine, event, text
from sqlalchemy import Engine as SqlEngine

from engine.core.compiled import CompiledWorkflow
from engine.core.library import Library
from engine.core.policy import Viewer
from engine.db.locks import PAGES, limited_engine
from engine.db.row_history import RowHistory
from engine.db.store import Store, Within, Writes, writing_first
from engine.db.trips import PLANNED_ONCE, PreparedStatement, array, travel
from engine.keys.vault import Vault


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
    for taken in reversed(_HAND.taken):
        engine = taken.connection.engine
        if engine is sql or _place(engine.url) == _place(sql.url):
            return taken
    return None


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
"""The option of a connection that says for which viewer, at what time, its transactions act; without it for nobody."""
_ENTER: Final = PreparedStatement(f"SELECT icmc_enter($1, $2, $3, $4), {PLANNED_ONCE}")
"""The proof goes as a value: the text of a statement is shown to other sessions of the role, and logged.

What is asked then is planned once: to plan a page anew, with the rules of each table, takes longer than to run it.
"""
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
    """Let each transaction for a viewer begin by proving for whom it acts; one that does not has no row."""
    event.listen(engine, "begin", _entering(secret))


def acting_for(engine: Engine, viewer: Viewer, now: Callable[[], datetime]) -> Engine:
    """Return an engine over the same connections whose transactions act for a viewer, from now on."""
    return engine.execution_options(**{FOR: (viewer, now())})


def enter_for(connection: Connection, viewer: Viewer, now: datetime, secret: bytes) -> None:
    """Bind the transaction, from here to its end, to what a viewer may see at an instant; begins one where none has."""
    if not connection.in_transaction():
        connection.begin()
    _enter_for(connection, viewer, now, secret)


def _entering(secret: bytes) -> Callable[[Connection], None]:
    def enter(connection: Connection) -> None:
        bound: tuple[Viewer, datetime] | None = connection.get_execution_options().get(FOR)
        if bound is not None:
            _enter_for(connection, *bound, secret)

    return enter


def _enter_for(connection: Connection, viewer: Viewer, now: datetime, secret: bytes) -> None:
    units, present = array(viewer.unit_ids).decode(), now.isoformat()
    proof = _proof(connection, secret, "enter", str(viewer.actor_id), units, present)
    travel(connection, [(_ENTER, [value.encode() for value in (units, str(viewer.actor_id), present, proof)])])


def _proof(connection: Connection, secret: bytes, what: str, *parts: str) -> str:
    """Make the proof of an entry; it counts for the backend behind this connection only."""
    raw: Any = connection.connection.driver_connection
    told = "|".join((what, str(raw.info.backend_pid), *parts)).encode()
    return hashlib.sha256(secret + hashlib.sha256(secret + told).digest()).hexdigest()


S = TypeVar("S", bound=Store)
_NOTIFY_JOBS = text("SELECT pg_notify('icmc_jobs', '')")
_NOTIFY_DEADLINES = text("SELECT pg_notify('icmc_deadlines', '')")


class Transaction:
    """A transaction in PostgreSQL. Leaving it without `commit` keeps nothing."""

    def __init__(
        self,
        sql: SqlEngine,
        vault: Vault,
        definitions: Mapping[str, CompiledWorkflow],
        library: Callable[[Connection, tuple[int, ...] | None], Library],
        before_commit: Callable[["Transaction", RowHistory], None],
    ) -> None:
        """Make ready; the transaction begins on entering. `library` gives what is published, seen from within it.

        It is given the stamp of what is published where a statement has brought that along.

        `before_commit` is told what was written into rows that open a door.
        """
        self._library = library
        self._sql = sql
        self._vault = vault
        self._definitions = definitions
        self._before_commit = before_commit

    def __enter__(self) -> Self:
        """Begin."""
        self._taking = taken_from(self._sql)
        self._taken = self._taking.__enter__()
        self._connection = self._taken.connection
        self.writes = Writes(self._connection)
        self._rows = RowHistory(self._vault)
        connection = writing_first(self._connection, self.writes, self._rows)
        self._within = Within(connection, self._vault, self._definitions, self.writes)
        self._stores: dict[type[Store], Any] = {}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Roll back what was not committed, and give the connection back."""
        self._taking.__exit__(kind, error, trace)

    def of(self, kind: type[S]) -> S:
        """Return the store of a kind, made when it is asked for first."""
        store = self._stores.get(kind)
        if store is None:
            store = self._stores[kind] = kind(self._within)
        return cast("S", store)

    def stand_in(self, kind: type[Store], store: object) -> None:
        """Let an object that answers the same questions stand before the store of a kind until the end."""
        self._stores[kind] = store

    def library(self) -> Library:
        """Return what is published at this moment: read again when anything was published since it was read last."""
        return self._library(self._connection, self._within.stamps.pop() if self._within.stamps else None)

    def keep_library(self) -> None:
        """Read what is published once, for the rest of the transaction."""
        known = self.library()
        self._library = lambda *_: known

    def begin_rows(self) -> bool:
        """Note what every row says that opens a door, once in the life of a database; return whether it did."""
        return self._rows.begin(self._connection)

    def wake_listeners(self) -> None:
        """Let those who wait for jobs and deadlines look again, after the commit."""
        self._connection.execute(_NOTIFY_JOBS)
        self._connection.execute(_NOTIFY_DEADLINES)

    def commit(self) -> None:
        """Keep everything; who waits for what was written hears of it now."""
        self._before_commit(self, self._rows)
        self.writes.flush(commits=True)
        self._connection.commit()
        self._taken.made.clear()
