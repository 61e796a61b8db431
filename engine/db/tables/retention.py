"""How long data is kept: holds, restrictions, erasures and their tombstones, corrections, copies that were exported."""

from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text

from engine.core.retention import Erasure, ExportCopy, Hold, Restriction, Tombstone
from engine.db.tables.fields import Row, encrypted
from engine.retention.records import Correction, ErasureNotice, RetentionProposal


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
