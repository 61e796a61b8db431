"""Signatures of lawyers under limits of the law."""

from datetime import date, datetime
from uuid import UUID

from sqlmodel import Field, Index, SQLModel, text

from engine.db.tables.fields import at


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
