"""Tables of time: deadlines, escalations, special days, signatures of law limits."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from engine.db.tables.fields import at, encrypted, ids, json_value, texts


class DeadlineRow(SQLModel, table=True):
    """The instant at which a time limit of a step falls due, and what fires next of it."""

    __tablename__ = "deadline"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    run_id: UUID
    step_id: UUID = Field(index=True)
    key: str
    path: str
    purpose: str
    limit: str
    law: str | None = None
    ladder: str
    zone: str
    calendar: str | None = None
    warn: list[str] = texts()
    started_at: datetime = at(null=False)
    due_at: datetime = at(null=False)
    status: str
    breached_at: datetime | None = at()
    ended_at: datetime | None = at()
    fired: list[str] = texts()
    next_at: datetime | None = at()
    next_firing: str | None = None
    acknowledged_at: datetime | None = at()
    failures: int = 0
    deferred_until: datetime | None = at()
    pauses: list[dict[str, Any]] = json_value("[]")
    extensions: list[dict[str, Any]] = json_value("[]")
    raised: dict[str, Any] = json_value()
    delay_owner: str | None = None
    critical: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    budget_seconds: int | None = Field(default=None, sa_type=BigInteger)
    consumed_seconds: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": text("0")})
    running_since: datetime | None = at()
    discovered_at: datetime | None = at()
    excluded: list[dict[str, Any]] = json_value("[]")
    owner_named_at: datetime | None = at()
    kept_until: str = Field(default="instant", sa_column_kwargs={"server_default": "instant"})
    late_at: datetime | None = at()
    counted_by: str = Field(default="case", sa_column_kwargs={"server_default": "case"})
    calls: list[dict[str, Any]] = json_value("[]")
    __table_args__ = (
        Index("deadline_next", "next_at", postgresql_where=text("status = 'open' AND next_at IS NOT NULL")),
        Index("deadline_next_critical", "next_at", postgresql_where=text("status = 'open' AND critical")),
        Index("deadline_open_by_unit", "unit_id", "due_at", postgresql_where=text("status = 'open'")),
        Index("deadline_discovered", "discovered_at", postgresql_where=text("discovered_at IS NOT NULL")),
        Index("deadline_aside", "failures", postgresql_where=text("status = 'open' AND failures >= 5")),
        Index("deadline_calls", "unit_id", postgresql_where=text("status = 'open' AND calls <> '[]'::jsonb")),
        Index("deadline_extended", "unit_id", postgresql_where=text("status = 'open' AND extensions <> '[]'::jsonb")),
    )


class EscalationRow(SQLModel, table=True):
    """A line of the ledger: planned, fired, to whom, acknowledged."""

    __tablename__ = "escalation"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    deadline_id: UUID = Field(foreign_key="deadline.id")
    level: int
    round: int = 1
    planned_at: datetime = at(null=False)
    fired_at: datetime = at(null=False)
    recipient_ids: list[UUID] = ids()
    channels: list[str] = texts()
    acknowledged_at: datetime | None = at()
    acknowledged_by: UUID | None = None
    note: str = ""
    ladder: str = Field(default="", sa_column_kwargs={"server_default": ""})
    ladder_version: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    is_missed: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    step_id: UUID | None = None
    __table_args__ = (
        UniqueConstraint("deadline_id", "level", "round"),
        Index("escalation_fired", "fired_at"),
    )


class EscalationAuditRow(SQLModel, table=True):
    """What one pass of the escalation auditor found."""

    __tablename__ = "escalation_audit"
    id: UUID = Field(primary_key=True)
    at: datetime = at(null=False, index=True)
    checked: int = 0
    problems: list[dict[str, Any]] = json_value("[]")


class SpecialDayRow(SQLModel, table=True):
    """A day that an administrator has added to a calendar, or taken out again: who, when and why.

    Its name and the reason were typed by somebody, and are sealed.
    """

    __tablename__ = "special_day"
    id: UUID = Field(primary_key=True)
    calendar: str = Field(index=True)
    day: date
    kind: str
    encrypted_words: bytes | None = encrypted()
    added_by: UUID | None = None
    added_at: datetime = at(null=False)
    removed_by: UUID | None = None
    removed_at: datetime | None = at()


class RecountRow(SQLModel, table=True):
    """A change after which open deadlines are counted again, and how far that has come."""

    __tablename__ = "recount"
    id: UUID = Field(primary_key=True)
    kind: str
    name: str
    asked_by: UUID | None = None
    asked_at: datetime = at(null=False)
    after_case_id: UUID | None = None
    cases: int = 0
    moved: int = 0
    done_at: datetime | None = at()
    __table_args__ = (Index("recount_open", "asked_at", postgresql_where=text("done_at IS NULL")),)


class LawSignatureRow(SQLModel, table=True):
    """A lawyer's word that a text of a limit is right: who, when, by which source; or that it was taken back.

    `place` is the jurisdiction of the unit for which it was signed. `source_read` names a published text.
    """

    __tablename__ = "law_signature"
    id: UUID = Field(primary_key=True)
    limit_id: str = Field(index=True)
    text_hash: str
    name: str
    place: str
    signed_by: UUID = Field(foreign_key="actor.id")
    signed_on: date
    signed_at: datetime = at(null=False)
    source_read: str
    revoked_by: UUID | None = Field(default=None, foreign_key="actor.id")
    revoked_at: datetime | None = at()
    revoked_for: str = ""
    __table_args__ = (
        Index("law_signature_live", "text_hash", unique=True, postgresql_where=text("revoked_at IS NULL")),
    )
