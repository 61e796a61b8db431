"""Load a case under its lock, and write what was decided: every record, work item, job and event at once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, Table, bindparam, insert, text, update
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.dialects.postgresql import insert as upsert

from engine.adapters.sql import tables as tb
from engine.adapters.sql.chain import link
from engine.domain import events as ev
from engine.domain.compiled import CompiledWorkflow
from engine.domain.consequences import Job, consequences
from engine.domain.records import Case, CasePerson, Deadline, Interval, Run, Scalar, Step
from engine.domain.state import CaseState, evolve
from engine.errors import NotFoundError
from engine.ports import Vault


class _Loaded(BaseModel):
    """The parts of a case as the loading statement gives them."""

    model_config = ConfigDict(frozen=True)

    report: dict[str, Scalar]
    facts: dict[str, Scalar]
    runs: tuple[Run, ...]
    steps: tuple[Step, ...]
    deadlines: tuple[Deadline, ...]
    past: tuple[Deadline, ...]
    persons: tuple[CasePerson, ...]
    intervals: tuple[Interval, ...]


def _table(row: type) -> Table:
    table: Table = row.__table__  # type: ignore[attr-defined]
    return table


CASE, RUN, STEP, DEADLINE = _table(tb.CaseRow), _table(tb.RunRow), _table(tb.StepRow), _table(tb.DeadlineRow)
PERSON, INTERVAL, ITEM = _table(tb.CasePersonRow), _table(tb.IntervalRow), _table(tb.WorkItemRow)
JOB, EVENT, DISPATCH = _table(tb.JobRow), _table(tb.EventRow), _table(tb.DispatchRow)


def _columns(record: type[BaseModel]) -> str:
    return ", ".join(f'"{name}"' for name in record.model_fields)


def _part(name: str, record: type[BaseModel], table: str, condition: str) -> str:
    rows = f'SELECT {_columns(record)} FROM "{table}" WHERE case_id = :case {condition}'
    return f"'{name}', (SELECT coalesce(json_agg(row_to_json(x)), '[]'::json) FROM ({rows}) x)"


_LOCK = text(f'SELECT {_columns(Case)} FROM "case" WHERE id = :case FOR UPDATE')
_LOAD = text(
    "SELECT json_build_object('report', c.report, 'facts', c.facts, "
    + _part("runs", Run, "run", "")
    + ", "
    + _part("steps", Step, "step", "ORDER BY opened_at NULLS LAST, key, path")
    + ", "
    + _part("deadlines", Deadline, "deadline", "AND status = 'open'")
    + ", "
    + _part("past", Deadline, "deadline", "AND status <> 'open' AND fired <> '{}'")
    + ", "
    + _part("persons", CasePerson, "case_person", "ORDER BY added_at, position")
    + ", "
    + _part("intervals", Interval, "interval", "")
    + ')::text FROM "case" c WHERE c.id = :case',
)


def _upsert(table: Table, record: type[BaseModel], key: tuple[str, ...]) -> Insert:
    statement = upsert(table)
    changed = {name: statement.excluded[name] for name in record.model_fields if name not in key}
    return statement.on_conflict_do_update(index_elements=key, set_=changed)


_SAVE_RUN = _upsert(RUN, Run, ("id",))
_SAVE_STEP = _upsert(STEP, Step, ("id",))
_SAVE_DEADLINE = _upsert(DEADLINE, Deadline, ("id",))
_SAVE_INTERVAL = _upsert(INTERVAL, Interval, ("step_id", "name", "start"))
_SAVE_PERSON = upsert(PERSON)
_SAVE_PERSON = _SAVE_PERSON.on_conflict_do_update(
    index_elements=("case_id", "person_id", "role"),
    set_={"removed_at": _SAVE_PERSON.excluded["removed_at"]},
)
_SAVE_JOB = upsert(JOB).on_conflict_do_nothing(index_elements=("id",))
_SAVE_ITEM = upsert(ITEM).on_conflict_do_nothing(index_elements=("id",))
_SAVE_DISPATCH = upsert(DISPATCH).on_conflict_do_nothing(index_elements=("case_id",))
_SAVE_EVENT = insert(EVENT)
_CLOSE_ITEMS = (
    update(ITEM)
    .where(ITEM.c.step_id == bindparam("closed_step"), ITEM.c.status.in_(("ready", "reserved")))
    .values(status=bindparam("closed_as"), ended_at=bindparam("closed_at"), revision=ITEM.c.revision + 1)
)
_SAVE_CASE = (
    update(CASE)
    .where(CASE.c.id == bindparam("case_key"), CASE.c.revision == bindparam("revision_read"))
    .values(
        {name: bindparam(name) for name in ("status", "closed_at", "revision", "facts", "chain_head", "chain_length")},
    )
)


class CaseStore:
    """Cases in PostgreSQL, within one transaction."""

    def __init__(self, connection: Connection, vault: Vault, definitions: Mapping[str, CompiledWorkflow]) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection
        self._vault = vault
        self._definitions = definitions
        self.wrote_jobs: set[UUID] = set()
        self.wrote_deadlines = False

    def lock(self, case_id: UUID) -> CaseState:
        """Load a case and keep others from changing it until the transaction ends; raises `NotFoundError`."""
        row = self._connection.execute(_LOCK, {"case": case_id}).mappings().first()
        if row is None:
            raise NotFoundError(kind="case")
        case = Case.model_validate(dict(row))
        loaded = _Loaded.model_validate_json(self._connection.execute(_LOAD, {"case": case_id}).scalar_one())
        return CaseState(
            case=case,
            report=loaded.report,
            persons=loaded.persons,
            runs={run.id: run for run in loaded.runs},
            steps={step.id: step for step in loaded.steps},
            deadlines={deadline.id: deadline for deadline in loaded.deadlines},
            past={deadline.id: deadline for deadline in loaded.past},
            facts=loaded.facts,
            intervals=loaded.intervals,
        )

    def add(self, case: Case, report: Mapping[str, Scalar]) -> CaseState:
        """Write a new case, before its first event."""
        row = case.model_dump() | {"facts": {}, "report": _jsonable(report)}
        self._connection.execute(insert(CASE), row)
        return CaseState(case=case, report=report)

    def record(
        self, before: CaseState, events: Sequence[ev.Event], *, actor_id: UUID | None, at: datetime
    ) -> CaseState:
        """Write events, the records they change, the items and jobs that follow, and the links of the chain."""
        after = before
        for event in events:
            after = evolve(after, event)
        self._save_records(before, after, events)
        follows = consequences(events, after, self._definitions, at)
        closing = [
            {"closed_step": step, "closed_as": status.value, "closed_at": at}
            for step, status in follows.closed_steps.items()
        ]
        self._many(_CLOSE_ITEMS, closing)
        unit = before.case.unit_id
        self._many(_SAVE_ITEM, [item.model_dump() | {"unit_id": unit} for item in follows.items])
        self.add_jobs(after, follows.jobs, at=at)
        bodies = [
            (event.type, event.model_dump(mode="json", exclude={"type"}, exclude_defaults=True)) for event in events
        ]
        return self._chain(after, bodies, actor_id=actor_id, at=at)

    def note(
        self, state: CaseState, type_: str, body: Mapping[str, Any], *, actor_id: UUID | None, at: datetime
    ) -> CaseState:
        """Write an event that changes no record of the case: a claim, a reading, a delivery."""
        return self._chain(state, [(type_, dict(body))], actor_id=actor_id, at=at)

    def add_jobs(self, state: CaseState, jobs: Sequence[Job], *, at: datetime, **more: object) -> None:
        """Write jobs into the outbox, and make sure that somebody is told of them."""
        if not jobs:
            return
        rows = [
            job.model_dump() | {"unit_id": state.case.unit_id, "created_at": at, "payload": {}} | more for job in jobs
        ]
        self._many(_SAVE_JOB, rows)
        workflow = next((run.workflow for run in state.runs.values()), "")
        self._connection.execute(_SAVE_DISPATCH, {"case_id": state.case.id, "workflow": workflow})
        self.wrote_jobs.add(state.case.id)

    def _save_records(self, before: CaseState, after: CaseState, events: Sequence[ev.Event]) -> None:
        scope = {"case_id": before.case.id, "unit_id": before.case.unit_id}
        runs = [run.model_dump() | scope for key, run in after.runs.items() if before.runs.get(key) is not run]
        self._many(_SAVE_RUN, runs)
        steps = [step for key, step in after.steps.items() if before.steps.get(key) is not step]
        self._many(_SAVE_STEP, [_step_row(step) | scope for step in steps])
        deadlines = {event.deadline.id: event.deadline for event in events if isinstance(event, ev.DEADLINE_EVENTS)}
        self._many(_SAVE_DEADLINE, [_deadline_row(deadline) | scope for deadline in deadlines.values()])
        self.wrote_deadlines |= bool(deadlines)
        known = set(before.persons)
        persons = [
            person.model_dump() | scope | {"position": number}
            for number, person in enumerate(after.persons, start=1)
            if person not in known
        ]
        self._many(_SAVE_PERSON, persons)
        intervals = [event.interval.model_dump() | scope for event in events if isinstance(event, ev.IntervalRecorded)]
        self._many(_SAVE_INTERVAL, intervals)

    def _chain(
        self,
        state: CaseState,
        bodies: Sequence[tuple[str, dict[str, Any]]],
        *,
        actor_id: UUID | None,
        at: datetime,
    ) -> CaseState:
        case, rows = state.case, []
        head, seq = case.chain_head, case.chain_length
        for type_, body in bodies:
            seq += 1
            head = link(self._vault, head, case_id=case.id, seq=seq, at=at, actor_id=actor_id, type_=type_, body=body)
            rows.append(
                {
                    "case_id": case.id, "seq": seq, "unit_id": case.unit_id, "at": at, "actor_id": actor_id,
                    "type": type_, "body": body, "hash": head,
                },
            )  # fmt: skip
        self._many(_SAVE_EVENT, rows)
        changes = {"revision": case.revision + 1, "chain_head": head, "chain_length": seq}
        saved = case.model_copy(update=changes)
        self._save_case(saved, state.facts, case.revision)
        return replace(state, case=saved)

    def _save_case(self, case: Case, facts: Mapping[str, Scalar], revision_read: int) -> None:
        self._connection.execute(
            _SAVE_CASE,
            {
                "case_key": case.id, "revision_read": revision_read, "status": case.status, "closed_at": case.closed_at,
                "revision": case.revision, "facts": _jsonable(facts), "chain_head": case.chain_head,
                "chain_length": case.chain_length,
            },
        )  # fmt: skip

    def _many(self, statement: Any, rows: Sequence[Mapping[str, Any]]) -> None:  # noqa: ANN401 - any Core statement
        if rows:
            self._connection.execute(statement, list(rows) if len(rows) > 1 else rows[0])


def _step_row(step: Step) -> dict[str, Any]:
    row = step.model_dump()
    row["outputs"] = _jsonable(step.outputs)
    row["added"] = step.added.model_dump(mode="json") if step.added else None
    return row


def _deadline_row(deadline: Deadline) -> dict[str, Any]:
    row = deadline.model_dump()
    row["warn"], row["fired"] = list(deadline.warn), list(deadline.fired)
    return row


def _jsonable(values: Mapping[str, Scalar]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
