"""Tables of the installation: facts, commands, jobs and services."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, UniqueConstraint, text, true
from sqlalchemy.types import JSON
from sqlmodel import Field

from engine.core.consequences import Job
from engine.db.tables.fields import Row, at, encrypted, ids, json_value, texts
from engine.definitions.records import StoredDefinition, StoredDraft
from engine.numbers.records import MonthlyNumbers, NumberSheet, SavedNumbers


class DefinitionVersionRow(Row, of=StoredDefinition, to={"owner_unit_id": "unit"}, index=("content_hash",)):
    """A version of a definition: proposed, refused, published or retired. A published one never changes.

    `flattened` keeps the order of its keys, which is the order that people see. It is the hub's, and everybody's,
    unless it is that of one unit for its own cases.
    """

    flattened: dict[str, Any] = Field(default=None, sa_column=Column(JSON(), nullable=False))
    contract_hashes: dict[str, Any] = json_value()
    created_at: datetime = at(null=False)
    __table_args__ = (UniqueConstraint("kind", "name", "version"),)


class DefinitionDraftRow(Row, of=StoredDraft, to={"author_id": "actor"}):
    """What somebody has written of a definition and not proposed yet; each time that it is saved is a row."""

    __table_args__ = (UniqueConstraint("author_id", "kind", "name", "number"),)


class NumberSheetRow(Row, of=NumberSheet, to={"unit_id": "unit"}, index=("unit_id",)):
    """The published figures of a quarter, of one unit or of all; what is small is withheld before it is written."""

    __table_args__ = (UniqueConstraint("period", "unit_id", postgresql_nulls_not_distinct=True),)


class SavedNumbersRow(Row, of=SavedNumbers, to={"owner_id": "actor", "unit_id": "unit"}, index=("owner_id",)):
    """What somebody asks of the published figures again and again, under a name that only they can read."""

    encrypted_name: bytes | None = encrypted()


class MonthlyNumbersRow(
    Row,
    of=MonthlyNumbers,
    to={"saved_id": "saved_numbers", "owner_id": "actor", "unit_id": "unit"},
    index=("owner_id",),
):
    """Saved numbers as they were published in a month; never changed."""

    __table_args__ = (UniqueConstraint("saved_id", "month"),)


class CommandRow(Row):
    """A command that was carried out, with its answer: the same command gets the same answer again."""

    id: UUID = Field(primary_key=True)
    case_id: UUID | None = None
    answer: dict[str, Any] = json_value()
    at: datetime = at(null=False, index=True)


class InstallationRow(Row):
    """Facts of this installation that the application writes, such as how far the demo's clock was moved."""

    key: str = Field(primary_key=True)
    value: dict[str, Any] = json_value()


class DemoRow(Row):
    """The one row that a demo's database has, and no other; the application reads it only."""

    one: bool = Field(default=True, primary_key=True, sa_column_kwargs={"server_default": true()})
    since: datetime = at(null=False)
    __table_args__ = (CheckConstraint("one", name="demo_one_row"),)


class JobRow(Row, of=Job, to={"case_id": "case"}, index=("case_id", "step_id")):
    """An automatic piece of work in the outbox. `token` fences off a worker that lost it.

    `asked_by` is the person whose act caused it; None for what the system does by itself.
    """

    unit_id: UUID = Field(foreign_key="unit.id")
    payload: dict[str, Any] = json_value()
    status: str = "ready"
    attempt: int = 0
    token: int = 0
    lease_until: datetime | None = at()
    worker: str | None = None
    batch_id: UUID | None = None
    held_by: UUID | None = None
    critical: bool = False
    gateway: str = ""
    flow_run_id: UUID | None = None
    task_run_id: UUID | None = None
    done_by: str | None = None
    error_code: str | None = None
    created_at: datetime = at(null=False)
    finished_at: datetime | None = at()
    asked_by: UUID | None = None
    __table_args__ = (
        Index("job_ready", "ready_at", postgresql_where=text("status = 'ready'")),
        Index("job_claimed", "lease_until", postgresql_where=text("status = 'claimed'")),
        Index("job_waiting_by_case", "case_id", postgresql_where=text("status IN ('ready', 'claimed')")),
        Index("job_failed", "case_id", postgresql_where=text("status IN ('aside', 'failed')")),
        Index("job_by_flow_run", "finished_at", postgresql_where=text("flow_run_id IS NOT NULL")),
    )


class DispatchRow(Row):
    """Which batch serves a case at the moment."""

    case_id: UUID = Field(primary_key=True, foreign_key="case.id")
    workflow: str
    batch_id: UUID | None = Field(default=None, index=True)


class BatchRow(Row):
    """Cases handed to one flow run of one deployment."""

    id: UUID = Field(primary_key=True)
    workflow: str
    case_ids: list[UUID] = ids()
    case_numbers: list[str] = texts()
    flow_run_id: UUID | None = None
    opened_at: datetime = at(null=False)
    closed_at: datetime | None = at()
    __table_args__ = (Index("batch_open", "opened_at", postgresql_where=text("closed_at IS NULL")),)


class ServiceRow(Row):
    """What a service last said of itself."""

    name: str = Field(primary_key=True)
    state: str
    since: datetime = at(null=False)
    noted_at: datetime = at(null=False)
