"""How long data is kept: holds, restrictions, erasures and their tombstones, corrections, copies that were exported."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from engine.db.tables.fields import at, encrypted, ids, json_value


class LegalHoldRow(SQLModel, table=True):
    """That nothing of a case may be erased while an appeal, a claim or an order needs it."""

    __tablename__ = "legal_hold"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    kind: str
    encrypted_reason: bytes | None = encrypted()
    placed_by: UUID | None = None
    placed_at: datetime = at(null=False)
    lifted_by: UUID | None = None
    lifted_at: datetime | None = at()


class RestrictionRow(SQLModel, table=True):
    """That a case is kept and nobody works with it: only its holder and the data-protection officer see it."""

    __tablename__ = "restriction"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id")
    ground_code: str
    holder_id: UUID = Field(foreign_key="actor.id")
    placed_by: UUID | None = None
    placed_at: datetime = at(null=False)
    lifted_by: UUID | None = None
    lifted_at: datetime | None = at()
    __table_args__ = (Index("restriction_live", "case_id", unique=True, postgresql_where=text("lifted_at IS NULL")),)


class ErasureRow(SQLModel, table=True):
    """That somebody asked for what identifies a person to be destroyed, and what became of it."""

    __tablename__ = "erasure"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    person_id: UUID = Field(foreign_key="person.id")
    source: str
    ground_code: str
    asked_by: UUID | None = None
    asked_at: datetime = at(null=False)
    status: str
    cooling_until: datetime | None = at()
    ended_at: datetime | None = at()
    ended_by: UUID | None = None
    ended_reason: str = Field(default="", sa_column_kwargs={"server_default": ""})
    keys_gone_at: datetime | None = at()
    revision: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    __table_args__ = (
        Index("erasure_live", "person_id", unique=True, postgresql_where=text("status IN ('asked', 'approved')")),
    )


class TombstoneRow(SQLModel, table=True):
    """What was erased, by random ids only: enough to erase it again in a backup that is restored."""

    __tablename__ = "tombstone"
    id: UUID = Field(primary_key=True)
    person_id: UUID = Field(index=True)
    case_ids: list[UUID] = ids()
    key_owners: list[UUID] = ids()
    approved_by: list[UUID] = ids()
    source: str
    erased_at: datetime = at(null=False)


class ErasureNoticeRow(SQLModel, table=True):
    """That a unit which holds a copy was asked to erase it too, and what it answered."""

    __tablename__ = "erasure_notice"
    id: UUID = Field(primary_key=True)
    erasure_id: UUID = Field(foreign_key="erasure.id", index=True)
    case_id: UUID = Field(foreign_key="case.id")
    unit_id: UUID = Field(foreign_key="unit.id", index=True)
    sent_at: datetime = at(null=False)
    due_at: datetime = at(null=False)
    answered_by: UUID | None = None
    answered_at: datetime | None = at()
    answer: str = Field(default="", sa_column_kwargs={"server_default": ""})
    __table_args__ = (UniqueConstraint("erasure_id", "case_id", "unit_id"),)


class RetentionProposalRow(SQLModel, table=True):
    """That a case is due, by a retention policy, to be erased, sealed or looked at; a person decides."""

    __tablename__ = "retention_proposal"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    act: str
    policy: str
    policy_version: int
    due_at: datetime = at(null=False)
    kept_until: datetime | None = at()
    proposed_at: datetime = at(null=False)
    decision: str = Field(default="", sa_column_kwargs={"server_default": ""})
    decided_by: UUID | None = None
    decided_at: datetime | None = at()
    __table_args__ = (Index("retention_open", "case_id", unique=True, postgresql_where=text("decided_at IS NULL")),)


class CorrectionRow(SQLModel, table=True):
    """That what is known of a person was corrected or remarked upon: what was there before stays, sealed."""

    __tablename__ = "correction"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    person_id: UUID = Field(foreign_key="person.id", index=True)
    kind: str
    reason_code: str
    encrypted_before: bytes | None = encrypted()
    encrypted_words: bytes | None = encrypted()
    made_by: UUID | None = None
    made_at: datetime = at(null=False)


class ExportCopyRow(SQLModel, table=True):
    """A copy in a spreadsheet: asked for, perhaps approved, fetched once. Its content is not kept."""

    __tablename__ = "export_copy"
    id: UUID = Field(primary_key=True)
    number: int = Field(unique=True)
    asked_by: UUID = Field(foreign_key="actor.id", index=True)
    unit_id: UUID | None = Field(default=None, foreign_key="unit.id")
    asked_at: datetime = at(null=False)
    what: str
    purpose_code: str
    chosen: dict[str, Any] = json_value()
    counted: int
    status: str
    answered_by: UUID | None = None
    answered_at: datetime | None = at()
    token_hash: bytes | None = None
    expires_at: datetime = at(null=False)
    fetched_at: datetime | None = at()
    rows: int | None = None
    sha256: str = Field(default="", sa_column_kwargs={"server_default": ""})
    revision: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    __table_args__ = (Index("export_waiting", "unit_id", postgresql_where=text("status = 'asked'")),)
