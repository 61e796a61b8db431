"""Many open cases at once: copies of one case, made by the database, to see what their number costs."""

from typing import LiteralString
from uuid import UUID

import psycopg
from psycopg import Connection, sql

from tests.bench.workload import Bench, open_one, plain_address

_TABLES: tuple[LiteralString, ...] = ("run", "step", "work_item", "deadline", "event")
_OWN = frozenset({"id", "case_id", "run_id", "step_id"})
_SPREAD = frozenset({"due_at", "late_at"})
"""No two copies are due at one instant: of 100,000 the last is due 20 days after the first."""


def fill(bench: Bench, *, cases: int) -> None:
    """Copy a case that was just opened, with its run, step, item, deadline and events, so many times."""
    copy_case(bench.running.urls.owner, open_one(bench)[0], cases=cases)


def copy_case(owner_url: str, case_id: UUID, *, cases: int) -> None:
    """Copy a case so many times, then let the database tidy up, as it does in a day."""
    with psycopg.connect(plain_address(owner_url)) as connection:
        _copy(connection, "case", "id", case_id, cases)
        for table in _TABLES:
            _copy(connection, table, "case_id", case_id, cases)
    with psycopg.connect(plain_address(owner_url), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


_OVER: dict[str, LiteralString] = {
    "id": "gen_random_uuid()", "key": "'added_' || n || gen_random_uuid()",
    "added": """'{"uses": "core.decide", "title": "Decide", "ladder": "standard", "roles": ["supervisor"]}'::jsonb""",
}  # fmt: skip


def lengthen(bench: Bench, case_id: UUID, *, events: int) -> None:
    """Let a case of which a step has ended look back on so many events: steps that were added and are over, five each.

    They are written by the database: the chain of such a case proves nothing.
    """
    steps = events // 5
    with psycopg.connect(plain_address(bench.running.urls.owner)) as connection:
        columns = [one.name for one in connection.execute("SELECT * FROM step LIMIT 0").description or ()]
        values = (sql.SQL(_OVER[name]) if name in _OVER else sql.Identifier(name) for name in columns)
        connection.execute(
            sql.SQL(
                "INSERT INTO step ({}) SELECT {} FROM (SELECT * FROM step WHERE case_id = %s AND status = 'ended'"
                " LIMIT 1) s, generate_series(1, %s) n"
            ).format(sql.SQL(", ").join(map(sql.Identifier, columns)), sql.SQL(", ").join(values)),
            (case_id, steps),
        )
        connection.execute(_EVENTS, {"case": case_id, "events": events})


_EVENTS: LiteralString = """
    WITH last AS (SELECT * FROM event WHERE case_id = %(case)s ORDER BY seq DESC LIMIT 1), more AS (
        INSERT INTO event (case_id, seq, unit_id, at, actor_id, type, body, hash)
        SELECT case_id, seq + n, unit_id, at, actor_id, type, body, hash FROM last, generate_series(1, %(events)s) n)
    UPDATE "case" SET chain_length = chain_length + %(events)s WHERE id = %(case)s
"""


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
    if column in _SPREAD:
        return sql.SQL("{} + n * interval '17 seconds'").format(name)
    return sql.SQL("'B-' || substr(md5(id::text), 1, 8) || n") if column == "number" else name
