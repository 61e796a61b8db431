"""Write all that changed of cases in one statement: what was decided is one trip to the database, not twenty.

The rows travel as JSON, a value for each table; the database fits them to the columns and checks them as any other.
A statement is put together once for each set of tables that is written, and PostgreSQL keeps its plan.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from pydantic import BaseModel
from pydantic_core import to_json, to_jsonable_python
from sqlalchemy import Connection

from engine.core.consequences import Job, WorkItem
from engine.core.records import Case, CasePerson, Deadline, ItemStatus, Run, Step, StepInterval
from engine.core.state import CaseState
from engine.db.trips import Asked, PreparedStatement, array, ask
from engine.deadlines.records import NewEscalation

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
    "case": _Target((*Case.model_fields, "concern", "encrypted_report", "encrypted_facts"), ()),
    "person": _Target(("id", "unit_id", "created_at", "encrypted_identity"), ()),
    "report": _Target((*_SCOPE, "id", "received_at", "recorded_at", "recorded_by", "encrypted_answers"), ()),
    "draft": _Target(
        (*_SCOPE, "item_id", "saved_at", "saved_by", "encrypted_answers"),
        ("item_id",),
        ("saved_at", "saved_by", "encrypted_answers"),
    ),
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
    "answer": _Target(
        ("step_id", "turn", *_SCOPE, "encrypted_answers", "recorded_at"),
        ("step_id", "turn"),
        ("encrypted_answers", "recorded_at"),
    ),
    "command": _Target(("id", "case_id", "answer", "at"), ()),
    "event": _Target(("case_id", "seq", "unit_id", "at", "actor_id", "type", "body", "hash", "encrypted_body"), ()),
}
NEW_JOB: Mapping[str, Any] = {
    "payload": {}, "status": "ready", "attempt": 0, "token": 0, "critical": False, "gateway": "",
    "asked_by": None,
}  # fmt: skip
"""What a job is before anybody has taken it."""

_CLOSE_ITEMS = """closed_items AS (
    UPDATE work_item w SET ended_at = x.at, revision = w.revision + 1,
        status = CASE w.id WHEN x.item_id THEN 'completed' ELSE x.status END,
        assignee_id = CASE w.id WHEN x.item_id THEN x.by ELSE w.assignee_id END
    FROM jsonb_to_recordset({rows}) x(step_id uuid, status varchar, at timestamptz, item_id uuid, by uuid)
    WHERE w.step_id = x.step_id AND w.step_id = ANY({ids}) AND w.status IN ('ready', 'reserved')
)"""
CHANGED_ITEM = ("status", "candidate_roles", "excluded_ids", "assignee_id", "priority", "ended_at", "revision")
"""What of an item changes; whose it is, and what is asked, stays as it was."""
_SAVE_ITEMS = f"""saved_items AS (
    UPDATE work_item w SET {", ".join(f"{name} = x.{name}" for name in CHANGED_ITEM)}
    FROM jsonb_populate_recordset(NULL::public.work_item, {{rows}}) x
    WHERE w.id = x.id AND w.id = ANY({{ids}}) AND w.revision = x.revision - 1
)"""
_SAVE_CASES = """saved_cases AS (
    UPDATE "case" c SET status = x.status, closed_at = x.closed_at, revision = x.revision,
        encrypted_facts = coalesce(x.encrypted_facts, c.encrypted_facts),
        chain_head = x.chain_head, chain_length = x.chain_length, merged_into = x.merged_into, rests = x.rests
    FROM jsonb_to_recordset({rows}) x(id uuid, was integer, status varchar, closed_at timestamptz,
        revision integer, encrypted_facts bytea, chain_head bytea, chain_length integer, merged_into uuid,
        rests boolean)
    WHERE c.id = x.id AND c.id = ANY({ids}) AND c.revision = x.was)"""
_DROP_DRAFTS = "dropped_drafts AS (DELETE FROM draft WHERE item_id = ANY({ids}))"
_WAKE = PreparedStatement("SELECT pg_notify(channel, '') FROM unnest($1::text[]) channel")
_SOON: Final = timedelta(seconds=5)
"""Whoever fires deadlines looks by itself more often than that."""


class Closed(NamedTuple):
    """How the open items of a step end, and when (UTC); and who did the one of them that nobody had claimed."""

    step_id: UUID
    status: ItemStatus
    at: datetime
    item_id: UUID | None = None
    by: UUID | None = None


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


def plain(record: BaseModel) -> dict[str, Any]:
    """Return the fields of a record as they are: what is within them is written as JSON once, with the row."""
    return dict(record.__dict__)


def written(some: bytes | None) -> str | None:
    """Write bytes so that PostgreSQL reads them from JSON."""
    return None if some is None else f"\\x{some.hex()}"


def key_of(table: str, row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what tells a row of a table from the others; nothing for a table whose rows are all different."""
    return tuple(row[name] for name in _TARGETS[table].key)


def distinct(table: str, rows: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Return one row for each key: the last where a row takes over what is there already, else the first."""
    target = _TARGETS[table]
    if not target.key:
        return rows
    found: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for row in rows:
        key = key_of(table, row)
        if target.changes or key not in found:
            found[key] = row
    return list(found.values())


def write_rows(
    connection: Connection,
    rows: Rows,
    *,
    cases: Sequence[SavedCase] = (),
    closed: Sequence[Closed] = (),
    items: Sequence[WorkItem] = (),
    drafts: Sequence[UUID] = (),
    then: Sequence[Asked] = (),
) -> None:
    """Write rows, the cases themselves, the end of the open items of some steps, and changed items over their revision.

    The drafts of some items are dropped. What is to be done `then` is sent in the same trip.
    """
    kept = {table: some for table, some in rows.items() if some}
    values = [_json(some) for some in kept.values()]
    if closed:
        values += (_json([one._asdict() for one in closed]), array(one.step_id for one in closed))
    if items:
        values += (_json([plain(one) for one in items]), array(one.id for one in items))
    if cases:
        values += (_json([one._asdict() for one in cases]), array(one.id for one in cases))
    if drafts:
        values.append(array(drafts))
    ask(connection, (_statement(tuple(kept), bool(closed), bool(items), bool(cases), bool(drafts)), values), *then)


def woken_by(rows: Rows) -> Iterator[str]:
    """Name the channels on which somebody waits for such rows; nobody waits for what is not due for a while."""
    if rows.get("job"):
        yield "icmc_jobs"
    deadlines, events = rows.get("deadline", ()), rows.get("event")
    soon = events[0]["at"] + _SOON if events else datetime.max.replace(tzinfo=UTC)
    if any(row["next_at"] is not None and row["next_at"] < soon for row in deadlines):
        yield "icmc_deadlines"


def waking(channels: Collection[str]) -> list[Asked]:
    """Return what wakes those who wait on some channels.

    It goes after COMMIT: PostgreSQL lets commits that notify reach the disk one by one, never several at once.
    """
    return [(_WAKE, [array(sorted(channels))])] if channels else []


def _json(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Write rows as pydantic does, in a quarter of its time; a number beyond 64 bits is left to pydantic."""
    try:
        return orjson.dumps(rows, default=to_jsonable_python, option=orjson.OPT_UTC_Z)
    except TypeError:
        return to_json(rows)


@cache
def _statement(tables: tuple[str, ...], *more: bool) -> PreparedStatement:
    """Put a statement together; `more` says whether it ends and saves items, saves cases, drops drafts."""
    numbers = count(1)
    parts = [_insert(table, _TARGETS[table], next(numbers)) for table in tables]
    for part, is_wanted in zip((_CLOSE_ITEMS, _SAVE_ITEMS, _SAVE_CASES, _DROP_DRAFTS), more, strict=True):
        if is_wanted:
            rows = f"CAST(${next(numbers)} AS jsonb)" if "{rows}" in part else ""
            parts.append(part.format(rows=rows, ids=f"CAST(${next(numbers)} AS uuid[])"))
    return PreparedStatement(f"WITH {', '.join(parts)} SELECT 1" if parts else "SELECT 1")


def _insert(table: str, target: _Target, number: int) -> str:
    columns = ", ".join(f'"{column}"' for column in target.columns)
    # The schema is named because PostgreSQL has a type "interval" of its own.
    # Reading plain JSON takes less, but for an event, whose body is kept as it is.
    kind = "jsonb" if table == "event" else "json"
    rows = f'{kind}_populate_recordset(NULL::public."{table}", CAST(${number} AS {kind}))'
    insert = f'INSERT INTO "{table}" ({columns}) SELECT {columns} FROM {rows}'
    return f"{table}_rows AS ({insert}{_conflict(target)})"


def _conflict(target: _Target) -> str:
    if not target.key:
        return ""
    key = ", ".join(f'"{column}"' for column in target.key)
    changes = ", ".join(f'"{column}" = excluded."{column}"' for column in target.changes if column not in target.key)
    return f" ON CONFLICT ({key}) DO {f'UPDATE SET {changes}' if changes else 'NOTHING'}"
