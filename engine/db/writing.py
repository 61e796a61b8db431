"""Write all that changed of cases in one statement: what was decided is one trip to the database, not twenty.

The rows travel as JSON, a value for each table; the database fits them to the columns and checks them as any other.
A statement is put together once for each set of tables that is written, and PostgreSQL keeps its plan.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import Connection, TextClause, text

from engine.core.consequences import Job, WorkItem
from engine.core.records import CasePerson, Deadline, ItemStatus, Run, Step, StepInterval
from engine.core.state import CaseState
from engine.ports import NewEscalation

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


class _Target(NamedTuple):
    """A table: the columns that are written, its key, and what a row that is there already takes over."""

    columns: tuple[str, ...]
    key: tuple[str, ...]
    changes: tuple[str, ...] = ()


_SCOPE = ("case_id", "unit_id")
_JOB_STATE = ("created_at", "payload", "status", "attempt", "token", "critical", "gateway", "asked_by")
MESSAGE_COLUMNS = (
    "id", "key", "case_id", "unit_id", "escalation_id", "kind", "recipient_id", "subject", "body", "link", "critical",
    "created_at", "html", "link_hash", "code_of",
)  # fmt: skip
DELIVERY_COLUMNS = (
    "id", "message_id", "case_id", "unit_id", "channel", "next_at", "lane", "status", "sent_at", "attempt",
)  # fmt: skip
_STEP = tuple("encrypted_outputs" if name == "outputs" else name for name in Step.model_fields)
_TARGETS: Mapping[str, _Target] = {
    "run": _Target((*Run.model_fields, *_SCOPE), ("id",), tuple(Run.model_fields)),
    "step": _Target((*_STEP, *_SCOPE), ("id",), _STEP),
    "deadline": _Target((*Deadline.model_fields, *_SCOPE, "failures"), ("id",), tuple(Deadline.model_fields)),
    "case_person": _Target(
        (*CasePerson.model_fields, *_SCOPE, "position"),
        ("case_id", "person_id", "role"),
        ("added_at", "removed_at", "status", "from_on", "until_on"),
    ),
    "interval": _Target((*StepInterval.model_fields, *_SCOPE), ("step_id", "name", "start"), ("end", "has_place")),
    "work_item": _Target((*WorkItem.model_fields, "unit_id"), ("id",)),
    "job": _Target((*Job.model_fields, "unit_id", *_JOB_STATE), ("id",)),
    "dispatch": _Target(("case_id", "workflow"), ("case_id",)),
    "escalation": _Target((*NewEscalation.__dataclass_fields__, "unit_id"), ("deadline_id", "level", "round")),
    "message": _Target(MESSAGE_COLUMNS, ("key",)),
    "delivery": _Target(DELIVERY_COLUMNS, ("id",)),
    "event": _Target(("case_id", "seq", "unit_id", "at", "actor_id", "type", "body", "hash", "encrypted_body"), ()),
}
NEW_JOB: Mapping[str, Any] = {
    "payload": {}, "status": "ready", "attempt": 0, "token": 0, "critical": False, "gateway": "",
    "asked_by": None,
}  # fmt: skip
"""What a job is before anybody has taken it."""

_CLOSE_ITEMS = """closed_items AS (
    UPDATE work_item w SET ended_at = x.at, revision = w.revision + 1, status = x.status
    FROM jsonb_to_recordset(CAST(:closed AS jsonb)) x(step_id uuid, status varchar, at timestamptz)
    WHERE w.step_id = x.step_id AND w.step_id = ANY(CAST(:closed_steps AS uuid[])) AND w.status IN ('ready', 'reserved')
)"""
_SAVE_CASES = """saved_cases AS (
    UPDATE "case" c SET status = x.status, closed_at = x.closed_at, revision = x.revision,
        encrypted_facts = coalesce(x.encrypted_facts, c.encrypted_facts),
        chain_head = x.chain_head, chain_length = x.chain_length, merged_into = x.merged_into, rests = x.rests
    FROM jsonb_to_recordset(CAST(:saved AS jsonb)) x(id uuid, was integer, status varchar, closed_at timestamptz,
        revision integer, encrypted_facts bytea, chain_head bytea, chain_length integer, merged_into uuid,
        rests boolean)
    WHERE c.id = x.id AND c.id = ANY(CAST(:cases AS uuid[])) AND c.revision = x.was)"""
_NOTIFY = "SELECT pg_notify(channel, '') FROM unnest(CAST(:channels AS text[])) channel"


class Closed(NamedTuple):
    """How the open items of a step end, and when."""

    step_id: UUID
    status: ItemStatus
    at: datetime


class SavedCase(NamedTuple):
    """What a case's own row takes over; `was` is its revision before. Facts that have not changed are None."""

    id: UUID
    was: int
    status: str
    closed_at: datetime | None
    revision: int
    encrypted_facts: str | None
    chain_head: str
    chain_length: int
    merged_into: UUID | None
    rests: bool

    @classmethod
    def of(cls, before: CaseState, saved: CaseState, facts: str | None = None) -> "SavedCase":
        """Take what is to be written from the state after a decision."""
        case = saved.case
        return cls(
            case.id, before.case.revision, case.status.value, case.closed_at, case.revision, facts,
            f"\\x{case.chain_head.hex()}", case.chain_length, case.merged_into, case.rests,
        )  # fmt: skip


def key_of(table: str, row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what tells a row of a table from the others; nothing for a table whose rows are all different."""
    return tuple(row[name] for name in _TARGETS[table].key)


def takes_over(table: str) -> bool:
    """Return whether a row that is there already takes over what is written again."""
    return bool(_TARGETS[table].changes)


def write_rows(
    connection: Connection, rows: Rows, *, cases: Sequence[SavedCase] = (), closed: Sequence[Closed] = ()
) -> None:
    """Write rows, the cases themselves, and the end of the open items of some steps.

    Those who wait for any of it are woken once the transaction is committed.
    """
    kept = {table: some for table, some in rows.items() if some}
    values: dict[str, Any] = {f"rows_{table}": to_json(some).decode() for table, some in kept.items()}
    values["channels"] = [f"icmc_{table}s" for table in ("job", "deadline") if table in kept]
    if cases:
        values["cases"] = [one.id for one in cases]
        values["saved"] = to_json([one._asdict() for one in cases]).decode()
    if closed:
        values["closed_steps"] = [one.step_id for one in closed]
        values["closed"] = to_json([one._asdict() for one in closed]).decode()
    connection.execute(_statement(tuple(kept), saves_cases=bool(cases), closes_items=bool(closed)), values)


@cache
def _statement(tables: tuple[str, ...], *, saves_cases: bool, closes_items: bool) -> TextClause:
    parts = [_insert(table, _TARGETS[table]) for table in tables]
    parts += [_CLOSE_ITEMS] if closes_items else []
    parts += [_SAVE_CASES] if saves_cases else []
    return text(f"WITH {', '.join(parts)} {_NOTIFY}")


def _insert(table: str, target: _Target) -> str:
    columns = ", ".join(f'"{column}"' for column in target.columns)
    # The schema is named because PostgreSQL has a type "interval" of its own.
    rows = f'jsonb_populate_recordset(NULL::public."{table}", CAST(:rows_{table} AS jsonb))'
    insert = f'INSERT INTO "{table}" ({columns}) SELECT {columns} FROM {rows}'
    return f"{table}_rows AS ({insert}{_conflict(target)})"


def _conflict(target: _Target) -> str:
    if not target.key:
        return ""
    key = ", ".join(f'"{column}"' for column in target.key)
    changes = ", ".join(f'"{column}" = excluded."{column}"' for column in target.changes if column not in target.key)
    return f" ON CONFLICT ({key}) DO {f'UPDATE SET {changes}' if changes else 'NOTHING'}"
