"""Many cases that can go on: copies of one, made by the database, with the ids that the engine gives."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final, LiteralString
from uuid import UUID, uuid4

import psycopg
from psycopg import Connection, sql
from psycopg.rows import DictRow, dict_row

from engine.core.records import Purpose, deadline_id, item_id, step_id
from tests.bench.workload import Bench, plain_address

_TABLES: Final[tuple[tuple[LiteralString, LiteralString], ...]] = (
    ("case", "id"), ("run", "case_id"), ("step", "case_id"), ("work_item", "case_id"), ("deadline", "case_id"),
)  # fmt: skip
_IDS: Final = frozenset({"id", "case_id", "run_id", "step_id"})
_INSTANT: Final = 1184
_COPY: Final[LiteralString] = """
    INSERT INTO {table} ({names})
    SELECT {values} FROM {table} t, generate_series(1, {n}) n WHERE t.{key} = {case}
"""
_FAR_AWAY: Final[LiteralString] = """
    INSERT INTO deadline (id, case_id, unit_id, run_id, step_id, key, path, purpose, "limit", ladder, zone,
        started_at, due_at, status, next_at, next_firing, failures)
    SELECT gen_random_uuid(), case_id, unit_id, run_id, gen_random_uuid(), key, 'far', purpose, "limit", ladder, zone,
        started_at, due_at + n * interval '1 minute' + interval '40 days', 'open',
        due_at + n * interval '1 minute' + interval '40 days', 'breach', 0
    FROM deadline, generate_series(1, %s) n WHERE case_id = %s AND status = 'open'
"""
_PUT_OFF: Final[LiteralString] = (
    "UPDATE deadline SET next_at = due_at + interval '60 days' WHERE case_id = %s AND path <> 'far'"
)
"""A case with very many deadlines must not be fired itself: it would be loaded with all of them."""


def copy_case(bench: Bench, case_id: UUID, *, copies: int, apart: timedelta = timedelta()) -> None:
    """Copy an open case of one run, with steps, items and deadlines, each copy by `apart` later than the one before."""
    with psycopg.connect(plain_address(bench.running.urls.owner), row_factory=dict_row) as connection:
        connection.execute("CREATE TEMP TABLE new_id (n int, old uuid, id uuid, PRIMARY KEY (old, n))")
        with connection.cursor() as cursor, cursor.copy("COPY new_id FROM STDIN") as copy:
            for row in _new_ids(_rows_of(bench, case_id), copies):
                copy.write_row(row)
        for table, key in _TABLES:
            _copy(connection, table, key, case_id, copies, apart)
        connection.execute("ANALYZE")


def add_far_deadlines(bench: Bench, case_id: UUID, *, count: int) -> None:
    """Return a case so many more open deadlines, a minute apart from each other, weeks after its own."""
    with psycopg.connect(plain_address(bench.running.urls.owner)) as connection:
        connection.execute(_FAR_AWAY, (count, case_id))
        connection.execute(_PUT_OFF, (case_id,))
    with psycopg.connect(plain_address(bench.running.urls.owner), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE deadline")


def _rows_of(bench: Bench, case_id: UUID) -> Mapping[str, list[DictRow]]:
    """Read the rows of a case, by table."""
    with psycopg.connect(plain_address(bench.running.urls.owner), row_factory=dict_row) as connection:
        return {
            table: connection.execute(
                sql.SQL("SELECT * FROM {} WHERE {} = %s").format(sql.Identifier(table), sql.Identifier(key)),
                (case_id,),
            ).fetchall()
            for table, key in _TABLES
        }


def _new_ids(rows: Mapping[str, list[DictRow]], copies: int) -> Iterator[tuple[int, UUID, UUID]]:
    [run] = rows["run"]
    for number in range(1, copies + 1):
        own_run = uuid4()
        yield number, run["case_id"], uuid4()
        yield number, run["id"], own_run
        steps = {row["id"]: step_id(own_run, row["key"], row["path"]) for row in rows["step"]}
        yield from ((number, old, new) for old, new in steps.items())
        for row in rows["work_item"]:
            yield number, row["id"], item_id(steps[row["step_id"]], turn=1, approval=row["approval"])
        for row in rows["deadline"]:
            yield number, row["id"], deadline_id(steps[row["step_id"]], Purpose(row["purpose"]))


def _copy(
    connection: Connection[Any],
    table: LiteralString,
    key: LiteralString,
    case_id: UUID,
    copies: int,
    apart: timedelta,
) -> None:
    described = connection.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(sql.Identifier(table))).description or ()
    connection.execute(
        sql.SQL(_COPY)
        .format(
            table=sql.Identifier(table), key=sql.Identifier(key), n=sql.Literal(copies), case=sql.Literal(case_id),
            names=sql.SQL(", ").join(sql.Identifier(column.name) for column in described),
            values=sql.SQL(", ").join(_value(column.name, column.type_code, apart) for column in described),
        )
    )  # fmt: skip


def _value(name: str, type_code: int, apart: timedelta) -> sql.Composable:
    column = sql.SQL("t.{}").format(sql.Identifier(name))
    if name in _IDS:
        return sql.SQL("(SELECT i.id FROM new_id i WHERE i.old = {} AND i.n = n.n)").format(column)
    if name.startswith("encrypted_"):  # bound to its row: it opens in no copy
        return sql.SQL("NULL::bytea")
    if name == "number":
        return sql.SQL("'D-' || n.n")
    return sql.SQL("{} + n.n * {}").format(column, sql.Literal(apart)) if type_code == _INSTANT else column
