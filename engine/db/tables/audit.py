"""What proves itself: chains beside the cases, readings, checkpoints; and what is told in confidence."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from engine.approvals.records import Concern, EmergencyRequest
from engine.audit.records import RecordedReading
from engine.core.checkpoints import Checkpoint, Head
from engine.db.tables.fields import Row, at, encrypted, json_value


class AuditChainRow(Row):
    """How far a chain beside a case's own has come; `name` is `stream:…` or `readings:…`."""

    name: str = Field(primary_key=True)
    length: int
    head: bytes


class AuditEventRow(Row):
    """A link of the chain of a stream: what happened beside cases. Nobody may change or remove it."""

    stream: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    at: datetime = at(null=False, index=True)
    actor_id: UUID | None = None
    type: str
    body: dict[str, Any] = json_value()
    hash: bytes


class ReadingRow(Row, of=RecordedReading, index=("at",)):
    """Somebody looked at what identifies people of a case. Nobody may change or remove it."""

    case_id: UUID = Field(primary_key=True, foreign_key="case.id")
    seq: int = Field(primary_key=True)
    hash: bytes
    __table_args__ = (Index("reading_by_actor", "actor_id", "at"),)


class CheckpointRow(Row, of=Checkpoint, key=("number",)):
    """The signed word that chains had come this far. Nobody may change or remove it."""


class CheckpointHeadRow(Row, of=Head, key=("number", "chain")):
    """How far one chain had come at a checkpoint, where it had moved since the one before."""

    number: int = Field(primary_key=True, foreign_key="checkpoint.number")
    __table_args__ = (Index("checkpoint_head_by_chain", "chain", "length"),)


class EmergencyAccessRow(
    Row,
    of=EmergencyRequest,
    without=("number",),
    to={"actor_id": "actor", "case_id": "case"},
    index=("actor_id", "case_id"),
):
    """Somebody asked to see a case that is not theirs, since life or safety hung on it; what was typed is sealed.

    `case_id` is empty where no case has the number that was asked for, or where the case stays shut to who asked.
    """

    encrypted_number: bytes | None = encrypted()
    encrypted_words: bytes | None = encrypted()
    flagged_at: datetime | None = at()
    __table_args__ = (
        Index(
            "emergency_access_open", "asked_at", postgresql_where=text("grant_id IS NOT NULL AND flagged_at IS NULL")
        ),
    )


class ConcernRow(
    Row,
    of=Concern,
    without=("case_number",),
    to={"raised_by": "actor", "recipient_id": "actor", "about_id": "actor"},
    index=("raised_by", "recipient_id"),
    server_default=("status",),
):
    """A concern about one of us, or a conflict of interest, told in confidence to one person; the words are sealed."""

    encrypted_case_number: bytes | None = encrypted()
    encrypted_words: bytes | None = encrypted()
    encrypted_answer: bytes | None = encrypted()
