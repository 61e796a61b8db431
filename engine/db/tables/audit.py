"""What proves itself, and how long data is kept: chains, readings, checkpoints, holds, erasures, corrections."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from engine.approvals.records import Concern, EmergencyRequest
from engine.audit.records import RecordedReading
from engine.core.history import Checkpoint, Head
from engine.core.retention import Erasure, ExportCopy, Hold, Restriction, Tombstone
from engine.db.tables.fields import Row, at, encrypted, json_value
from engine.retention.records import Correction, ErasureNotice, RetentionProposal


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


class LegalHoldRow(Row, of=Hold, to={"case_id": "case"}, index=("case_id",)):
    """That nothing of a case may be erased while an appeal, a claim or an order needs it."""

    encrypted_reason: bytes | None = encrypted()


class RestrictionRow(Row, of=Restriction, to={"case_id": "case", "holder_id": "actor"}):
    """That a case is kept and nobody works with it: only its holder and the data-protection officer see it."""

    __table_args__ = (Index("restriction_live", "case_id", unique=True, postgresql_where=text("lifted_at IS NULL")),)


class ErasureRow(
    Row,
    of=Erasure,
    to={"case_id": "case", "person_id": "person"},
    index=("case_id",),
    server_default=("ended_reason", "revision"),
):
    """That somebody asked for what identifies a person to be destroyed, and what became of it."""

    __table_args__ = (
        Index("erasure_live", "person_id", unique=True, postgresql_where=text("status IN ('asked', 'approved')")),
    )


class TombstoneRow(Row, of=Tombstone, index=("person_id",)):
    """What was erased, by random ids only: enough to erase it again in a backup that is restored."""


class ErasureNoticeRow(
    Row,
    of=ErasureNotice,
    without=("case_number",),
    to={"unit_id": "unit", "case_id": "case", "erasure_id": "erasure"},
    index=("unit_id", "erasure_id"),
    server_default=("answer",),
):
    """That a unit which holds a copy was asked to erase it too, and what it answered."""

    __table_args__ = (UniqueConstraint("erasure_id", "case_id", "unit_id"),)


class RetentionProposalRow(
    Row, of=RetentionProposal, to={"case_id": "case"}, index=("case_id",), server_default=("decision",)
):
    """That a case is due, by a retention policy, to be erased, sealed or looked at; a person decides."""

    policy_version: int
    decided_by: UUID | None = None
    __table_args__ = (Index("retention_open", "case_id", unique=True, postgresql_where=text("decided_at IS NULL")),)


class CorrectionRow(Row, of=Correction, to={"case_id": "case", "person_id": "person"}, index=("case_id", "person_id")):
    """That what is known of a person was corrected or remarked upon: what was there before stays, sealed."""

    encrypted_before: bytes | None = encrypted()
    encrypted_words: bytes | None = encrypted()


class ExportCopyRow(
    Row,
    of=ExportCopy,
    to={"asked_by": "actor", "unit_id": "unit"},
    index=("asked_by",),
    unique=("number",),
    server_default=("sha256", "revision"),
):
    """A copy in a spreadsheet: asked for, perhaps approved, fetched once. Its content is not kept."""

    __table_args__ = (Index("export_waiting", "unit_id", postgresql_where=text("status = 'asked'")),)
