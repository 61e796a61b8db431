"""Statements of the hot path: prepared once a connection, several in one trip to the database, no object for a row.

Values travel as text, and so does each answer: the first column of each row, mostly a JSON document.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache
from hashlib import sha256
from typing import Any, Final

import psycopg
from psycopg import pq
from psycopg.abc import PQGen
from psycopg.generators import fetch, send
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError

from engine.db.locks import busy

_WELL: Final = frozenset({pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK})
_PREPARED: Final = "icmc_prepared"
PLANNED_ONCE: Final = (
    "set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true)"
)
"""Lets the rest of the transaction use one plan for each statement, whatever its values: all of them go by ids.

A plan that was made while a table was nearly empty, such as that of a foreign key, would else read it from end to end
until the session ends.
"""


class PreparedStatement:
    """A statement with `$1`, `$2`, … for its values; its name goes by its text."""

    def __init__(self, text: str) -> None:
        """Take the text of a statement."""
        self.text: Final = text.encode()
        self.name: Final = b"icmc_" + sha256(self.text).hexdigest()[:24].encode()


COMMIT: Final = PreparedStatement("COMMIT")
Asked = tuple[PreparedStatement, Sequence[bytes | None]]
"""A statement and its values."""
Answers = list[list[bytes]]
"""For each statement, the first column of its rows."""


def array(values: Iterable[object]) -> bytes:
    """Write an array of ids or of plain names as PostgreSQL reads it."""
    return f"{{{','.join(map(str, values))}}}".encode()


def ask(connection: Connection, *asked: Asked) -> Answers:
    """Ask several things in one trip, one after the other; begins a transaction, in the same trip, where none has.

    Each statement sees what was committed before it began. Raises as the connection's own `execute` does.
    """
    if not connection.in_transaction():
        connection.begin()
    return travel(connection, asked)


def travel(connection: Connection, asked: Sequence[Asked]) -> Answers:
    """Send statements, and BEGIN before them where the driver has sent none yet; wait for all their answers.

    What fails after a COMMIT is let go: the transaction is kept, and whom it would have woken looks now and then.
    """
    raw: Any = connection.connection.driver_connection
    answers: Answers
    try:
        known: set[bytes] | None = connection.info.setdefault(_PREPARED, set())
        if known is None:
            known = connection.info[_PREPARED] = raw.wait(_prepared_in(raw))
        begins = raw.pgconn.transaction_status == pq.TransactionStatus.IDLE and not raw.autocommit
        sent = [(_begin(raw.isolation_level, raw.read_only), ()), *asked] if begins else asked
        answers, error = raw.wait(_in_one_trip(raw, sent, known))
    except BaseException as broken:  # it may stand in the midst of an answer: nobody can use this connection again
        connection.invalidate()
        if isinstance(broken, psycopg.Error):
            raise _in_words(asked, broken) from broken
        raise
    if error is not None and COMMIT not in (statement for statement, _ in sent[: len(answers)]):
        raise _in_words(asked, error) from error
    known.update(statement.name for statement, _ in sent[: len(answers)])
    return answers[begins:]


@event.listens_for(Engine, "rollback")
def _roll_back(connection: Connection) -> None:
    """Roll back before the driver does, which would drop all that is prepared, if it has prepared anything itself.

    What is prepared is looked at in the same trip. After an error the driver rolls back, and it is looked at later.
    """
    if connection.invalidated or _PREPARED not in connection.info:
        return
    connection.info[_PREPARED] = None
    raw: Any = connection.connection.driver_connection
    if raw.pgconn.transaction_status == pq.TransactionStatus.INTRANS:
        with suppress(psycopg.Error):  # the driver meets it again, and tells
            connection.info[_PREPARED] = raw.wait(_prepared_in(raw, first=b"ROLLBACK; "))


def _prepared_in(raw: psycopg.Connection[Any], *, first: bytes = b"") -> PQGen[set[bytes]]:
    """Ask which of our statements are prepared, after another statement."""
    wire = raw.pgconn
    wire.send_query(first + b"SELECT name FROM pg_prepared_statements WHERE name LIKE 'icmc%'")
    yield from send(wire)
    known: set[bytes] = set()
    while (answer := (yield from fetch(wire))) is not None:
        known.update(answer.get_value(row, 0) or b"" for row in range(answer.ntuples))
    return known


def _in_one_trip(
    raw: psycopg.Connection[Any], asked: Sequence[Asked], known: set[bytes]
) -> PQGen[tuple[Answers, psycopg.Error | None]]:
    """Send all, then read answers up to the end of the trip; an error leaves the connection fit for a roll-back."""
    wire = raw.pgconn
    wire.enter_pipeline_mode()
    skipped: list[bool] = []
    new = set()
    for statement, values in asked:
        if statement.name not in known and statement.name not in new:
            wire.send_prepare(statement.name, statement.text)
            new.add(statement.name)
            skipped.append(True)
        wire.send_query_prepared(statement.name, values)
        skipped.append(False)
    wire.pipeline_sync()
    yield from send(wire)
    answers: Answers = []
    error: psycopg.Error | None = None
    answered = 0
    while (answer := (yield from fetch(wire))) is None or answer.status != pq.ExecStatus.PIPELINE_SYNC:
        if answer is None:
            continue
        if answer.status not in _WELL:
            if error is None and answer.status != pq.ExecStatus.PIPELINE_ABORTED:
                error = psycopg.errors.error_from_result(answer, encoding=raw.info.encoding)
        elif not skipped[answered]:
            answers.append([answer.get_value(row, 0) or b"" for row in range(answer.ntuples)])
        answered += 1
    wire.exit_pipeline_mode()
    return answers, error


@cache
def _begin(level: int | None, read_only: bool | None) -> PreparedStatement:  # noqa: FBT001 - as the driver has it
    """Return the BEGIN that the driver would send."""
    parts = (
        "BEGIN",
        "" if level is None else f"ISOLATION LEVEL {psycopg.IsolationLevel(level).name.replace('_', ' ')}",
        "READ ONLY" if read_only else "",
    )
    return PreparedStatement(" ".join(part for part in parts if part))


def _in_words(asked: Sequence[Asked], error: psycopg.Error) -> Exception:
    """Return an error as SQLAlchemy would raise it, without the values."""
    texts = b"; ".join(statement.text for statement, _ in asked).decode()
    return busy(error) or DBAPIError.instance(texts, None, error, psycopg.Error, hide_parameters=True)
