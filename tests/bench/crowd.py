"""Many open cases at once: copies of one case, made by the database, to see what their number costs."""

from typing import LiteralString
from uuid import UUID

import psycopg
from psycopg import Connection, sql

from tests.bench.workload import Bench, open_one, plain_address

_TABLES: tuple[LiteralString, ...] = ("run", "step", "work_item", "deadline", "event")
_OWN = frozenset({"id", "case_id", "run_id", "step_id"})


def fill(bench: Bench, *, cases: int) -> None:
    """Copy a case that was just opened, with its run, step, item, deadline and events, so many times."""
    case_id, _ = open_one(bench)
    with psycopg.connect(plain_address(bench.running.urls.owner)) as connection:
        _copy(connection, "case", "id", case_id, cases)
        for table in _TABLES:
            _copy(connection, table, "case_id", case_id, cases)


def _copy(connection: Connection, table: LiteralString, key: LiteralString, case_id: UUID, cases: int) -> None:
    statement = sql.SQL("SELECT * FROM {} LIMIT 0").format(sql.Identifier(table))
    columns = [column.name for column in connection.execute(statement).description or ()]
    connection.execute(
        sql.SQL("INSERT INTO {table} ({names}) SELECT {values} FROM {table}, generate_series(1, %s) n WHERE {key} = %s")
        .format(
            table=sql.Identifier(table), key=sql.Identifier(key),
            names=sql.SQL(", ").join(map(sql.Identifier, columns)),
            values=sql.SQL(", ").join(map(_value, columns)),
        ),
        (cases, case_id),
    )  # fmt: skip


def _value(column: str) -> sql.Composable:
    name = sql.Identifier(column)
    if column in _OWN:
        return sql.SQL("md5({}::text || n)::uuid").format(name)
    return sql.SQL("'B-' || n").format() if column == "number" else name
