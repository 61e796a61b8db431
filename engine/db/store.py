"""What every store of a subject is made of, what defers its writes, and what answers a question once."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar, cast
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Column, Connection, Executable, RowMapping, Table
from sqlalchemy.dialects.postgresql import insert

from engine.core.compiled import CompiledWorkflow
from engine.core.consequences import WorkItem
from engine.db.row_history import RowHistory
from engine.db.trips import COMMIT, Answers, Asked, ask
from engine.db.writing import Closed, Rows, SavedCase, distinct, key_of, plain, waking, woken_by, write_rows
from engine.keys.vault import Vault


class Writes:
    """Writes rows at once, or, after `hold`, all together: when it is told to, and before anything is asked."""

    def __init__(self, connection: Connection) -> None:
        """Write inside the transaction of `connection`, at once."""
        self._connection = connection
        self.is_held = False
        self._statements: list[Asked] = []
        self._woken: set[str] = set()
        self._forget()

    def hold(self) -> None:
        """Hold back from now on."""
        self.is_held = True

    def add(
        self,
        rows: Rows,
        *,
        case: SavedCase | None = None,
        closed: Sequence[Closed] = (),
        drafts: Sequence[UUID] = (),
    ) -> None:
        """Write rows, a case, and the end of the open items of some steps; drop the drafts of some items."""
        if not self.is_held:
            write_rows(self._connection, rows, cases=(case,) if case else (), closed=closed, drafts=drafts)
            self._woken.update(woken_by(rows))
            return
        if (closed and (self._items or self._rows.get("work_item"))) or (drafts and self._rows.get("draft")):
            self.flush()  # what is closed or dropped must be there
        for table, some in rows.items():
            if some:
                self._rows.setdefault(table, []).extend(some)
        if case and not self._is_rewritten("case", case.id, case._asdict()):
            earlier = self._cases.get(case.id)
            facts = case.encrypted_facts or (earlier.encrypted_facts if earlier else None)
            self._cases[case.id] = case._replace(was=earlier.was, encrypted_facts=facts) if earlier else case
        self._closed += closed
        self._drafts += drafts

    def save_item(self, item: WorkItem) -> None:
        """Hold a changed item back; nobody else changes it meanwhile, since its case is locked."""
        if self._is_rewritten("work_item", item.id, plain(item)):
            return
        if self._closed or any(one.id == item.id for one in self._items):
            self.flush()  # a row is changed once in a statement
        self._items.append(item)

    def _is_rewritten(self, table: str, id_: UUID, changes: Mapping[str, Any]) -> bool:
        """Change a new row that is held back still, in the columns that it has; return whether there is one."""
        rows = self._rows.get(table, ())
        place = next((place for place, row in enumerate(rows) if row["id"] == id_), None)
        if place is None:
            return False
        row = self._rows[table][place]
        self._rows[table][place] = {**row, **{name: value for name, value in changes.items() if name in row}}
        return True

    def note_who_did(self, item: WorkItem, by: UUID) -> bool:
        """Note who did an item that nobody had claimed and whose end is held back; return whether it is."""
        for place, closed in enumerate(self._closed):
            if closed.step_id == item.step_id:
                self._closed[place] = closed._replace(item_id=item.id, by=by)
                return True
        return False

    def add_statement(self, asked: Asked) -> None:
        """Hold back a statement whose answer nobody waits for: it is sent before anything else, or with the commit."""
        self._statements.append(asked)

    def ask(self, *asked: Asked) -> Answers:
        """Write what is held back, then ask several things in one trip to the database."""
        self.flush()
        return ask(self._connection, *asked)

    def add_new(self, table: str, row: Mapping[str, Any]) -> bool:
        """Hold a row back, unless one of the same key is held back already; returns whether it is the first."""
        key = (table, *key_of(table, row))
        is_new = key not in self._keys
        if is_new:
            self._keys.add(key)
            self._rows.setdefault(table, []).append(row)
        return is_new

    def flush(self, *, commits: bool = False) -> None:
        """Write what is held back; with `commits` the transaction ends in the same trip, if there is anything.

        Those who wait for what was written are woken then.
        """
        if not (self._rows or self._cases or self._items or self._drafts):
            self._send_statements(commits=commits)
            return
        rows = {table: distinct(table, some) if len(some) > 1 else some for table, some in self._rows.items()}
        cases, closed, items, drafts = list(self._cases.values()), self._closed, self._items, self._drafts
        self._send_statements(commits=False)
        self._forget()
        self._woken.update(woken_by(rows))
        end = self._end() if commits else ()
        write_rows(self._connection, rows, cases=cases, closed=closed, items=items, drafts=drafts, then=end)

    def _send_statements(self, *, commits: bool) -> None:
        if self._statements or (commits and self._woken):
            ask(self._connection, *self._statements, *(self._end() if commits else ()))
            self._statements = []

    def _end(self) -> list[Asked]:
        woken, self._woken = self._woken, set()
        return [(COMMIT, ()), *waking(woken)]

    def _forget(self) -> None:
        self._rows: dict[str, list[Mapping[str, Any]]] = {}
        self._keys: set[tuple[Any, ...]] = set()
        self._cases: dict[object, SavedCase] = {}
        self._closed: list[Closed] = []
        self._items: list[WorkItem] = []
        self._drafts: list[UUID] = []


class _WritesFirst:
    """A connection that writes what is held back before anything is asked, and keeps the history of rows."""

    def __init__(self, connection: Connection, writes: Writes, history: RowHistory) -> None:
        """Stand before `connection`."""
        self._connection = connection
        self._writes = writes
        self._history = history

    def execute(self, *args: Any, **more: Any) -> Any:  # noqa: ANN401 - as the connection does
        """Write what is held back, then do as the connection does."""
        self._writes.flush()
        return self._history.execute(self._connection, *args, **more)


def writing_first(connection: Connection, writes: Writes, history: RowHistory) -> Connection:
    """Return a connection for stores: what they ask is asked after everything before it has been written.

    What they write into a table whose rows are kept comes into its history.
    """
    return cast("Connection", _WritesFirst(connection, writes, history))


LIBRARY_STAMP: Final = """array_to_json(
    (SELECT ARRAY[count(*), count(*) FILTER (WHERE status = 'retired')] FROM definition_version
        WHERE kind IN ('calendar', 'ladder', 'law', 'message', 'document') AND status IN ('published', 'retired'))
    || (SELECT ARRAY[count(*), count(removed_at), count(encrypted_words)] FROM special_day)
    || (SELECT ARRAY[count(*), count(revoked_at)] FROM law_signature))"""
"""Changes with each calendar, ladder, law pack, text of a message or paper, added day and signature of a limit.

It changes with those that are retired too.
"""
EPOCH: Final = "keys_epoch"
KEYS_OF_CASE: Final = f"""'epoch', coalesce((
    SELECT CASE WHEN xmin = pg_current_xact_id_if_assigned()::xid THEN -1 ELSE (value ->> 'number')::bigint END
    FROM installation WHERE key = '{EPOCH}'), 0), 'key', (
    SELECT json_build_array(version, encode(wrapped, 'hex'), wrapped_by, period) FROM data_key
    WHERE owner_id = c.id AND destroyed_at IS NULL AND wrapped IS NOT NULL ORDER BY version DESC LIMIT 1)"""
"""Brings the epoch (-1 where only we know of it) and the newest key of a case `c` along, for `Vault.take_along`."""


@dataclass(frozen=True, slots=True)
class Within:
    """The connection of a transaction, what encrypts, the compiled definitions by hash, and what defers writes.

    `stamps` holds the stamp of the library where a statement has brought it along.
    """

    connection: Connection
    vault: Vault
    definitions: Mapping[str, CompiledWorkflow] = field(default_factory=dict)
    writes: Writes | None = None
    stamps: list[tuple[int, ...]] = field(default_factory=list)


R = TypeVar("R")


def columns(table: Table, record: Any, *, without: Collection[str] = ()) -> list[Column[Any]]:  # noqa: ANN401
    """List the columns that a record is read from: each field of its class that the table has."""
    fields = record.model_fields if issubclass(record, BaseModel) else record._fields
    return [table.c[name] for name in fields if name in table.c and name not in without]


def record_of(record: type[R], row: RowMapping) -> R:
    """Make a record of a row; what a class of records validates is validated."""
    return cast("R", record.model_validate(dict(row))) if issubclass(record, BaseModel) else record(**row)


class Store:
    """Tables of one subject, and every statement on them, within one transaction."""

    def __init__(self, within: Within) -> None:
        """Work inside a transaction."""
        self._connection = within.connection
        self._vault = within.vault
        self._definitions = within.definitions
        self._writes = within.writes or Writes(within.connection)
        self._stamps = within.stamps

    def _record(self, record: type[R], query: Executable) -> R | None:
        """Return the first row as a record; None where there is none."""
        row = self._connection.execute(query).mappings().first()
        return record_of(record, row) if row else None

    def _records(self, record: type[R], query: Executable) -> tuple[R, ...]:
        """Return all rows as records."""
        return tuple(record_of(record, row) for row in self._connection.execute(query).mappings())

    def _is_new(self, table: Table, row: Mapping[str, Any]) -> bool:
        """Write a row unless one with its key is there; returns whether it was not."""
        statement = insert(table).values(row).on_conflict_do_nothing().returning(*table.primary_key)
        return self._connection.execute(statement).first() is not None


S = TypeVar("S")


def remembering(store: S, *questions: str) -> S:
    """Return a store that remembers its answers to these questions; anything else makes it forget all of them."""
    return cast("S", _Remembering(store, frozenset(questions)))


def forget(store: object) -> None:
    """Make a store that remembers forget: what it was asked about has been changed elsewhere."""
    if isinstance(store, _Remembering):
        store.known.clear()


def remember(store: object, question: str, answers: Mapping[Any, Any]) -> None:
    """Tell a store that remembers what it would answer to a question about each of some things."""
    if isinstance(store, _Remembering):
        store.known.update({(question, (one,), ()): answer for one, answer in answers.items()})


class _Remembering:
    """Stands before a store. Questions about anything but plain values, and tuples of them, are asked each time."""

    def __init__(self, store: object, questions: frozenset[str]) -> None:
        """Ask `store`."""
        self._store = store
        self._questions = questions
        self.known: dict[object, Any] = {}

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the store has under this name
        """Return a method of the store, which remembers."""
        method = getattr(self._store, name)
        found = self._remembering(name, method) if name in self._questions else self._forgetting(method)
        self.__dict__[name] = found
        return found

    def _remembering(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def ask(*args: object, **more: object) -> Any:  # noqa: ANN401 - what the store answers
            question = (name, args, tuple(sorted(more.items())) if more else ())
            try:
                return self.known[question]
            except KeyError:
                answer = method(*args, **more)
            except TypeError:  # a list, which may be another one when it is asked again
                return method(*args, **more)
            if _is_plain((*args, *more.values())):
                self.known[question] = answer
            return answer

        return ask

    def _forgetting(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def change(*args: object, **more: object) -> Any:  # noqa: ANN401 - what the store answers
            self.known.clear()
            return method(*args, **more)

        return change


_PLAIN: Final = frozenset({type(None), UUID, str, int, bool, datetime})


def _is_plain(values: tuple[object, ...]) -> bool:
    kinds = set(map(type, values))
    if tuple in kinds:
        kinds.discard(tuple)
        return kinds <= _PLAIN and all(_is_plain(value) for value in values if isinstance(value, tuple))
    return kinds <= _PLAIN
