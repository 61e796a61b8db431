"""One transaction, over whichever stores are asked for."""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from sqlalchemy import Connection, text
from sqlalchemy import Engine as SqlEngine

from engine.core.compiled import CompiledWorkflow
from engine.core.library import Library
from engine.db.entering import taken_from
from engine.db.row_history import RowHistory
from engine.db.store import Store, Within, Writes, writing_first
from engine.ports import Vault

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
