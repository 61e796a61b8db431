"""What proves itself: chains beside the cases, readings, checkpoints; and what is told in confidence."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from engine.db.tables.fields import at, encrypted, json_value, texts


class AuditChainRow(SQLModel, table=True):
    """How far a chain beside a case's own has come; `name` is `stream:…` or `readings:…`."""

    __tablename__ = "audit_chain"
    name: str = Field(primary_key=True)
    length: int
    head: bytes


class AuditEventRow(SQLModel, table=True):
    """A link of the chain of a stream: what happened beside cases. Nobody may change or remove it."""

    __tablename__ = "audit_event"
    stream: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    at: datetime = at(null=False, index=True)
    actor_id: UUID | None = None
    type: str
    body: dict[str, Any] = json_value()
    hash: bytes


class ReadingRow(SQLModel, table=True):
    """Somebody looked at what identifies people of a case. Nobody may change or remove it."""

    __tablename__ = "reading"
    case_id: UUID = Field(primary_key=True, foreign_key="case.id")
    seq: int = Field(primary_key=True)
    at: datetime = at(null=False, index=True)
    actor_id: UUID | None = None
    what: str
    subject_id: UUID | None = None
    classes: list[str] = texts()
    roles: list[str] = texts()
    hash: bytes
    __table_args__ = (Index("reading_by_actor", "actor_id", "at"),)


class CheckpointRow(SQLModel, table=True):
    """The signed word that chains had come this far. Nobody may change or remove it."""

    __tablename__ = "checkpoint"
    number: int = Field(primary_key=True)
    at: datetime = at(null=False)
    key_id: str
    previous: bytes
    chains: int
    links: int
    heads_hash: bytes
    signature: bytes


class CheckpointHeadRow(SQLModel, table=True):
    """How far one chain had come at a checkpoint, where it had moved since the one before."""

    __tablename__ = "checkpoint_head"
    number: int = Field(primary_key=True, foreign_key="checkpoint.number")
    chain: str = Field(primary_key=True)
    length: int
    head: bytes
    __table_args__ = (Index("checkpoint_head_by_chain", "chain", "length"),)


class EmergencyAccessRow(SQLModel, table=True):
    """Somebody asked to see a case that is not theirs, since life or safety hung on it; what was typed is sealed.

    `case_id` is empty where no case has the number that was asked for, or where the case stays shut to who asked.
    """

    __tablename__ = "emergency_access"
    id: UUID = Field(primary_key=True)
    actor_id: UUID = Field(foreign_key="actor.id", index=True)
    encrypted_number: bytes | None = encrypted()
    case_id: UUID | None = Field(default=None, foreign_key="case.id", index=True)
    grant_id: UUID | None = None
    approval_id: UUID | None = None
    reason_code: str
    encrypted_words: bytes | None = encrypted()
    hours: int
    asked_at: datetime = at(null=False)
    ends_at: datetime = at(null=False)
    flagged_at: datetime | None = at()
    __table_args__ = (
        Index(
            "emergency_access_open", "asked_at", postgresql_where=text("grant_id IS NOT NULL AND flagged_at IS NULL")
        ),
    )


class ConcernRow(SQLModel, table=True):
    """A concern about one of us, or a conflict of interest, told in confidence to one person; the words are sealed."""

    __tablename__ = "concern"
    id: UUID = Field(primary_key=True)
    kind: str
    about_id: UUID = Field(foreign_key="actor.id")
    encrypted_case_number: bytes | None = encrypted()
    raised_by: UUID = Field(foreign_key="actor.id", index=True)
    raised_at: datetime = at(null=False)
    recipient_id: UUID = Field(foreign_key="actor.id", index=True)
    encrypted_words: bytes | None = encrypted()
    status: str = Field(default="new", sa_column_kwargs={"server_default": "new"})
    encrypted_answer: bytes | None = encrypted()
    answered_at: datetime | None = at()
