"""Write all that changed of a case in one statement: what was decided is one trip to the database, not twenty.

The rows travel as one JSON value, by table; the database fits them to the columns and checks them as it does any other.
A statement is put together once for each set of tables that is written, and PostgreSQL keeps its plan.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import Connection, TextClause, text

from engine.domain.consequences import Job, WorkItem
from engine.domain.records import CasePerson, Deadline, Interval, ItemStatus, Run, Step
from engine.domain.state import CaseState

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


class _Target(NamedTuple):
    """A table: the columns that are written, its key, and what a row that is there already takes over."""

    columns: tuple[str, ...]
    key: tuple[str, ...]
    changes: tuple[str, ...] = ()


_SCOPE = ("case_id", "unit_id")
_JOB_STATE = ("created_at", "payload", "status", "attempt", "token", "critical", "gateway")
_TARGETS: Mapping[str, _Target] = {
    "run": _Target((*Run.model_fields, *_SCOPE), ("id",), tuple(Run.model_fields)),
    "step": _Target((*Step.model_fields, *_SCOPE), ("id",), tuple(Step.model_fields)),
    "deadline": _Target((*Deadline.model_fields, *_SCOPE, "failures"), ("id",), tuple(Deadline.model_fields)),
    "case_person": _Target(
        (*CasePerson.model_fields, *_SCOPE, "position"), ("case_id", "person_id", "role"), ("removed_at",)
    ),
    "interval": _Target((*Interval.model_fields, *_SCOPE), ("step_id", "name", "start"), ("end", "has_place")),
    "work_item": _Target((*WorkItem.model_fields, "unit_id"), ("id",)),
    "job": _Target((*Job.model_fields, "unit_id", *_JOB_STATE), ("id",)),
    "dispatch": _Target(("case_id", "workflow"), ("case_id",)),
    "event": _Target(("case_id", "seq", "unit_id", "at", "actor_id", "type", "body", "hash"), ()),
}
NEW_JOB: Mapping[str, Any] = {
    "payload": {}, "status": "ready", "attempt": 0, "token": 0, "critical": False, "gateway": "",
}  # fmt: skip
"""What a job is before anybody has taken it."""

_CLOSE_ITEMS = """closed_items AS (
    UPDATE work_item SET ended_at = :at, revision = revision + 1,
        status = CASE WHEN step_id = ANY(CAST(:cancelled AS uuid[])) THEN 'cancelled' ELSE 'completed' END
    WHERE step_id = ANY(CAST(:closed AS uuid[])) AND status IN ('ready', 'reserved'))"""
_SAVE_CASE = """saved_case AS (
    UPDATE "case" SET status = :status, closed_at = :closed_at, revision = :revision, facts = CAST(:facts AS jsonb),
        chain_head = :chain_head, chain_length = :chain_length
    WHERE id = :case AND revision = :revision - 1)"""
_NOTIFY = "SELECT pg_notify(channel, '') FROM unnest(CAST(:channels AS text[])) channel"


def write_rows(connection: Connection, rows: Rows) -> None:
    """Write rows of a case, and wake those who wait for them once the transaction is committed."""
    kept = {table: some for table, some in rows.items() if some}
    connection.execute(_statement(tuple(kept)), {"rows": to_json(kept).decode(), "channels": _channels(kept)})


def write_decision(
    connection: Connection,
    rows: Rows,
    saved: CaseState,
    facts: Mapping[str, Any],
    *,
    closed_steps: Mapping[UUID, ItemStatus],
    at: datetime,
) -> None:
    """Write rows of a case, the case itself, and the end of the open items of some steps, each as it ended."""
    kept = {table: some for table, some in rows.items() if some}
    case = saved.case
    values: dict[str, Any] = {
        "rows": to_json(kept).decode(), "channels": _channels(kept), "case": case.id, "status": case.status.value,
        "closed_at": case.closed_at, "revision": case.revision, "facts": to_json(facts).decode(),
        "chain_head": case.chain_head, "chain_length": case.chain_length,
    }  # fmt: skip
    if closed_steps:
        cancelled = [step for step, status in closed_steps.items() if status is ItemStatus.CANCELLED]
        values |= {"at": at, "closed": list(closed_steps), "cancelled": cancelled}
    connection.execute(_statement(tuple(kept), saves_case=True, closes_items=bool(closed_steps)), values)


def _channels(rows: Rows) -> list[str]:
    return [f"icmc_{table}s" for table in ("job", "deadline") if table in rows]


@cache
def _statement(tables: tuple[str, ...], *, saves_case: bool = False, closes_items: bool = False) -> TextClause:
    parts = [_insert(table, _TARGETS[table]) for table in tables]
    parts += [_CLOSE_ITEMS] if closes_items else []
    parts += [_SAVE_CASE] if saves_case else []
    return text(f"WITH {', '.join(parts)} {_NOTIFY}")


def _insert(table: str, target: _Target) -> str:
    columns = ", ".join(f'"{column}"' for column in target.columns)
    # The schema is named because PostgreSQL has a type "interval" of its own.
    rows = f"jsonb_populate_recordset(NULL::public.\"{table}\", CAST(:rows AS jsonb) -> '{table}')"
    insert = f'INSERT INTO "{table}" ({columns}) SELECT {columns} FROM {rows}'
    return f"{table}_rows AS ({insert}{_conflict(target)})"


def _conflict(target: _Target) -> str:
    if not target.key:
        return ""
    key = ", ".join(f'"{column}"' for column in target.key)
    changes = ", ".join(f'"{column}" = excluded."{column}"' for column in target.changes if column not in target.key)
    return f" ON CONFLICT ({key}) DO {f'UPDATE SET {changes}' if changes else 'NOTHING'}"
