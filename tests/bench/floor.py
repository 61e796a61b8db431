"""The floor: the rows of the same steps written by plain psycopg, one transaction a step, nothing worked out."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import Connection, sql
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb

from tests.bench.people import Rate, complete_all
from tests.bench.workload import Bench, open_one, plain_address

Row = Mapping[str, Any]
_OPENED = ("step", "work_item", "deadline")
_JSON = ("jsonb", "json")


@dataclass(frozen=True)
class _Step:
    """What completing one step of the pattern wrote: the step's own end, and what opened because of it."""

    ended: Mapping[str, Row]
    opened: Mapping[str, Row]
    answer: Row
    jobs: Sequence[Row]
    events: Sequence[Row]


def floor_steps_per_second(bench: Bench, *, cases: int) -> Rate:
    """Write the rows that one real case wrote again, in as many cases, under other ids."""
    pattern_id, item = open_one(bench)
    complete_all(bench, item)
    with psycopg.connect(plain_address(bench.running.urls.owner), row_factory=dict_row) as connection:
        case, *_ = _rows(connection, "case", pattern_id, key="id")
        (run,) = _rows(connection, "run", pattern_id)
        steps = _pattern(connection, pattern_id)
        begun = [_Writer(connection).begin(case, run, steps[0].ended) for _ in range(cases)]
        started = time.perf_counter()
        for writer in begun:
            for step in steps:
                writer.write(step)
        return Rate(cases * len(steps), time.perf_counter() - started)


class _Writer:
    """Writes the pattern into one case, each id of the pattern replaced by one of its own."""

    def __init__(self, connection: Connection[DictRow]) -> None:
        """Write over `connection`."""
        self._connection = connection
        self._ids: dict[UUID, UUID] = {}

    def begin(self, case: Row, run: Row, first: Mapping[str, Row]) -> "_Writer":
        """Write the case, its run, and what its first step needs."""
        self._case = uuid4()
        self._run = uuid4()
        self._ids |= {case["id"]: self._case, run["id"]: self._run}
        self._insert("case", {**case, "number": f"F-{self._case.hex[:12]}", "status": "open", "closed_at": None})
        self._insert("run", run)
        for table, row in first.items():
            self._insert(table, self._own(table, row))
        self._connection.commit()
        return self

    def write(self, step: _Step) -> None:
        """Read what must be known, write what a step's end writes, and commit."""
        execute = self._connection.execute
        own = {table: self._ids[row["id"]] for table, row in step.ended.items()}
        execute("SELECT * FROM work_item WHERE id = %s", (own["work_item"],)).fetchone()
        execute('SELECT * FROM "case" WHERE id = %s FOR UPDATE', (self._case,)).fetchone()
        execute("SELECT * FROM step WHERE case_id = %s", (self._case,)).fetchall()
        execute("SELECT * FROM deadline WHERE case_id = %s AND status = 'open'", (self._case,)).fetchall()
        self._insert("answer", step.answer)
        self._end(step, own)
        for table, row in step.opened.items():
            self._insert(table, self._own(table, row))
        for row in step.jobs:
            self._insert("job", self._own("job", row))
        for row in step.events:
            self._insert("event", row)
        execute("INSERT INTO dispatch VALUES (%s, 'floor') ON CONFLICT DO NOTHING", (self._case,))
        execute('UPDATE "case" SET revision = revision + 1 WHERE id = %s', (self._case,))
        execute("INSERT INTO command (id, case_id, answer, at) VALUES (%s, %s, '{}', now())", (uuid4(), self._case))
        execute("SELECT pg_notify('icmc_jobs', '')")
        self._connection.commit()

    def _end(self, step: _Step, own: Mapping[str, UUID]) -> None:
        execute = self._connection.execute
        ended, item, deadline = (step.ended[table] for table in _OPENED)
        execute(
            "UPDATE step SET status = %s, ended_at = %s, recorded_at = %s, outcome = %s, encrypted_outputs = %s"
            " WHERE id = %s",
            (ended["status"], ended["ended_at"], ended["recorded_at"], ended["outcome"], ended["encrypted_outputs"],
             own["step"]),
        )  # fmt: skip
        execute(
            "UPDATE work_item SET status = %s, ended_at = %s, assignee_id = %s WHERE id = %s",
            (item["status"], item["ended_at"], item["assignee_id"], own["work_item"]),
        )
        execute(
            "UPDATE deadline SET status = %s, ended_at = %s, next_at = NULL WHERE id = %s",
            (deadline["status"], deadline["ended_at"], own["deadline"]),
        )

    def _own(self, table: str, row: Row) -> Row:
        """Return the row an id of this case, and the state in which such a row begins."""
        self._ids[row["id"]] = uuid4()
        begins = {"step": "ready", "work_item": "ready", "deadline": "open", "job": "ready"}
        return {**row, "status": begins[table], "ended_at": None} if "ended_at" in row else row

    def _insert(self, table: str, row: Row) -> None:
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join([sql.Placeholder()] * len(row)),
        )
        self._connection.execute(statement, [self._value(value) for value in row.values()])

    def _value(self, value: object) -> object:
        if isinstance(value, UUID):
            return self._ids.get(value, value)
        return Jsonb(value) if isinstance(value, dict) else value


def _pattern(connection: Connection[DictRow], case_id: UUID) -> list[_Step]:
    by_table = {table: _rows(connection, table, case_id) for table in ("step", "work_item", "deadline")}
    answers, jobs = (
        {row["step_id"]: row for row in _rows(connection, "answer", case_id)},
        _rows(connection, "job", case_id),
    )
    events = sorted(_rows(connection, "event", case_id), key=lambda row: int(row["seq"]))
    order = sorted(by_table["step"], key=lambda row: row["opened_at"])
    share = len(events) // len(order)
    bundles = [_of_step(by_table, row["id"]) for row in order]
    return [
        _Step(
            ended=bundles[number],
            opened=bundles[number + 1] if number + 1 < len(bundles) else {},
            answer=answers[row["id"]],
            jobs=[job for job in jobs if job["step_id"] == row["id"]],
            events=events[number * share : (number + 1) * share],
        )
        for number, row in enumerate(order)
    ]


def _of_step(by_table: Mapping[str, Sequence[Row]], step_id: UUID) -> Mapping[str, Row]:
    return {
        table: next(row for row in rows if row["id" if table == "step" else "step_id"] == step_id)
        for table, rows in by_table.items()
    }


def _rows(connection: Connection[DictRow], table: str, case_id: UUID, *, key: str = "case_id") -> list[DictRow]:
    statement = sql.SQL("SELECT * FROM {} WHERE {} = %s").format(sql.Identifier(table), sql.Identifier(key))
    return connection.execute(statement, (case_id,)).fetchall()
