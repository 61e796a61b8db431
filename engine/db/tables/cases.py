"""Cases: reports, persons, runs, steps, answers, work items, intervals, papers, events."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from engine.db.columns import instant, json_object
from engine.db.tables.fields import at, encrypted, ids, json_value, texts


class CaseRow(SQLModel, table=True):
    """One matter. What it is about is beside its sealed report, since lists and counts of cases go by it."""

    __tablename__ = "case"
    id: UUID = Field(primary_key=True)
    number: str = Field(unique=True)
    unit_id: UUID = Field(foreign_key="unit.id", index=True)
    jurisdiction: str
    status: str
    opened_at: datetime = at(null=False)
    closed_at: datetime | None = at()
    revision: int = 0
    concern: str | None = None
    encrypted_facts: bytes | None = encrypted()
    encrypted_report: bytes | None = encrypted()
    chain_head: bytes = b""
    chain_length: int = 0
    merged_into: UUID | None = Field(default=None, foreign_key="case.id", index=True)
    rests: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    __table_args__ = (Index("case_open_by_unit", "unit_id", "opened_at", postgresql_where=text("status = 'open'")),)


class ReportRow(SQLModel, table=True):
    """What arrived and opened a case; the words are sealed."""

    __tablename__ = "report"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    received_at: datetime = at(null=False)
    recorded_at: datetime = at(null=False)
    recorded_by: UUID | None = None
    encrypted_answers: bytes | None = encrypted()

    __table_args__ = (Index("report_by_actor", "recorded_by", "recorded_at"),)


class RunRow(SQLModel, table=True):
    """One passage of a case through a definition."""

    __tablename__ = "run"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    workflow: str = Field(index=True)
    version: int
    definition_hash: str = Field(index=True)
    status: str
    started_at: datetime = at(null=False)
    zone: str
    calendar: str | None = None
    jurisdiction: str


class StepRow(SQLModel, table=True):
    """One occurrence of a step. What workflows decide on is sealed by itself, as is a title that was typed."""

    __tablename__ = "step"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    run_id: UUID = Field(foreign_key="run.id")
    key: str
    path: str = ""
    uses: str
    automatic: bool = False
    status: str
    opened_at: datetime | None = at()
    opens_at: datetime | None = at()
    ended_at: datetime | None = at()
    recorded_at: datetime | None = at()
    outcome: str | None = None
    encrypted_outputs: bytes | None = encrypted()
    gate: str | None = None
    completed_by: UUID | None = None
    series_over: bool = False
    turn: int = 1
    revision: int = 1
    added: dict[str, Any] | None = Field(default=None, sa_column=Column(json_object(), nullable=True))
    encrypted_title: bytes | None = encrypted()


class AnswerRow(SQLModel, table=True):
    """All answers of a step, sealed as one; those on which workflows decide are sealed once more in the step."""

    __tablename__ = "answer"
    step_id: UUID = Field(primary_key=True)
    turn: int = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    encrypted_answers: bytes | None = encrypted()
    recorded_at: datetime = at(null=False)


class WorkItemRow(SQLModel, table=True):
    """What a person must do."""

    __tablename__ = "work_item"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id")
    unit_id: UUID = Field(foreign_key="unit.id")
    run_id: UUID
    step_id: UUID
    step_key: str
    uses: str
    approval: bool = False
    status: str
    candidate_roles: list[str] = texts()
    excluded_ids: list[UUID] = ids()
    assignee_id: UUID | None = Field(default=None, foreign_key="actor.id")
    priority: int = 0
    opened_at: datetime = at(null=False)
    ended_at: datetime | None = at()
    revision: int = 1
    __table_args__ = (
        Index("work_item_open_by_case", "case_id", postgresql_where=text("status IN ('ready', 'reserved')")),
        Index("work_item_open_by_step", "step_id", postgresql_where=text("status IN ('ready', 'reserved')")),
        Index(
            "work_item_ready_by_unit", "unit_id", "opened_at", postgresql_where=text("status IN ('ready', 'reserved')")
        ),
        Index("work_item_by_assignee", "assignee_id", postgresql_where=text("status = 'reserved'")),
        Index(
            "work_item_ready_by_role",
            "candidate_roles",
            postgresql_using="gin",
            postgresql_where=text("status = 'ready'"),
        ),
    )


class DraftRow(SQLModel, table=True):
    """What somebody has typed and not yet sent, what preparing proposed, and what was noted: sealed."""

    __tablename__ = "draft"
    item_id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    encrypted_answers: bytes | None = encrypted()
    encrypted_proposals: bytes | None = encrypted()
    encrypted_notes: bytes | None = encrypted()
    saved_at: datetime = at(null=False)
    saved_by: UUID | None = None


class IntervalRow(SQLModel, table=True):
    """A stretch of time that a limit may leave out."""

    __tablename__ = "interval"
    step_id: UUID = Field(primary_key=True)
    name: str = Field(primary_key=True)
    start: datetime = Field(default=None, sa_column=Column(instant(), primary_key=True))
    end: datetime | None = at()
    has_place: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    encrypted_place: bytes | None = encrypted()
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")


class DocumentRow(SQLModel, table=True):
    """A paper made for a case: sealed, numbered, hashed."""

    __tablename__ = "document"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    step_id: UUID | None = Field(default=None, index=True)
    name: str
    title: str
    number: str
    version: int = 1
    sha256: str
    encrypted_html: bytes | None = encrypted()
    made_at: datetime = at(null=False)
    released_by: UUID | None = None
    released_at: datetime | None = at()
    __table_args__ = (UniqueConstraint("case_id", "step_id", "name", "version"),)


class EventRow(SQLModel, table=True):
    """A link of a case's chain. The application may add rows; nobody may change or remove them.

    `encrypted_body` is what the body leaves out; the body has its digest. It may be sealed again under a newer key.
    """

    __tablename__ = "event"
    case_id: UUID = Field(primary_key=True, foreign_key="case.id")
    seq: int = Field(primary_key=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    at: datetime = at(null=False, index=True)
    actor_id: UUID | None = None
    type: str
    body: dict[str, Any] = json_value()
    hash: bytes
    encrypted_body: bytes | None = encrypted()


class EventWordsRow(SQLModel, table=True):
    """The words in which somebody said why, beside an event of a case."""

    __tablename__ = "event_words"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id")
    seq: int
    encrypted_words: bytes | None = encrypted()
    __table_args__ = (UniqueConstraint("case_id", "seq"),)
