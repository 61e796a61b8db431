"""Who may see a case beside its unit, who never, and what waits for a second person."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from engine.db.tables.fields import at, ids, json_value, texts


class GrantRow(SQLModel, table=True):
    """A unit, or one person of it, that may see a case of another one, for a purpose, until an instant."""

    __tablename__ = "grant"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id", index=True)
    purpose: str
    fields: list[str] = texts()
    persons: list[UUID] = ids()
    valid_until: datetime | None = at()
    ended_at: datetime | None = at()
    granted_at: datetime = at(null=False)
    granted_by: UUID | None = None
    kind: str = Field(default="hand", sa_column_kwargs={"server_default": "hand"})
    actor_id: UUID | None = Field(default=None, foreign_key="actor.id")
    referral_id: UUID | None = Field(default=None, index=True)
    consent_id: UUID | None = Field(default=None, index=True)
    second_by: UUID | None = None
    second_at: datetime | None = at()
    ended_reason: str = Field(default="", sa_column_kwargs={"server_default": ""})


class RecusalRow(SQLModel, table=True):
    """A person, unit or organisation that has no part in a case, whatever else would let them."""

    __tablename__ = "recusal"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    actor_id: UUID | None = Field(default=None, foreign_key="actor.id", index=True)
    unit_id: UUID | None = Field(default=None, foreign_key="unit.id", index=True)
    organisation_id: UUID | None = Field(default=None, foreign_key="organisation.id", index=True)
    reason: str
    reason_code: str
    set_by: UUID | None = None
    set_at: datetime = at(null=False)
    ended_by: UUID | None = None
    ended_at: datetime | None = at()
    __table_args__ = (
        CheckConstraint("num_nonnulls(actor_id, unit_id, organisation_id) = 1", name="recusal_names_one"),
        CheckConstraint(
            "reason = 'denied' OR (reason = 'conflict_of_interest' AND actor_id IS NOT NULL)",
            name="recusal_has_a_reason",
        ),
    )


class ApprovalRequestRow(SQLModel, table=True):
    """What one person asks for and others must answer. `subject` holds ids and codes only, `agreed` who and when."""

    __tablename__ = "approval_request"
    id: UUID = Field(primary_key=True)
    kind: str
    subject_id: UUID
    case_id: UUID | None = Field(default=None, foreign_key="case.id", index=True)
    unit_id: UUID | None = Field(default=None, foreign_key="unit.id")
    subject: dict[str, Any] = json_value()
    asked_by: UUID | None = None
    asked_at: datetime = at(null=False)
    reason_code: str
    seen: str = Field(default="", sa_column_kwargs={"server_default": ""})
    needed: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    agreed: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False, server_default=text("'[]'")))
    answered_by: UUID | None = None
    answered_at: datetime | None = at()
    approved: bool | None = None
    ended_reason: str = Field(default="", sa_column_kwargs={"server_default": ""})
    expires_at: datetime = at(null=False)
    __table_args__ = (
        Index("approval_request_open", "unit_id", "asked_at", postgresql_where=text("answered_at IS NULL")),
        Index(
            "approval_request_about", "kind", "subject_id", unique=True, postgresql_where=text("answered_at IS NULL")
        ),
        Index("approval_request_subject", "subject_id"),
    )
