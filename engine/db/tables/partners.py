"""The directory of partners: bodies, never persons."""

from datetime import date, datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from engine.db.tables.fields import at, sealed

_EMPTY = {"server_default": ""}


class PartnerRow(SQLModel, table=True):
    """A partner: how free they are, until when the agreement holds; who they are and what they offer is sealed."""

    __tablename__ = "partner"
    id: UUID = Field(primary_key=True)
    kind: str = Field(default="", sa_column_kwargs=_EMPTY)
    sealed_words: bytes | None = sealed()
    takes_men: bool | None = None
    takes_children: bool | None = None
    takes_foreigners: bool | None = None
    capacity_free: int | None = None
    valid_until: datetime | None = at()
    agreement_until: date | None = None
    updated_at: datetime = at(null=False)
