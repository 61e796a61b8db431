"""Data keys and what is sealed under them outside of cases."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from engine.adapters.sql.tables.fields import at, sealed


class DataKeyRow(SQLModel, table=True):
    """The key of a case or a person, wrapped by the key file; destroying it makes its values unreadable for ever."""

    __tablename__ = "data_key"
    owner_id: UUID = Field(primary_key=True)
    version: int = Field(default=1, primary_key=True)
    wrapped: bytes | None = None
    wrapped_by: str
    created_at: datetime = at(null=False)
    destroyed_at: datetime | None = at()


class AttachmentRow(SQLModel, table=True):
    """A file that somebody added: sealed and hashed."""

    __tablename__ = "attachment"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    step_id: UUID | None = None
    media_type: str
    size: int
    sha256: str
    sealed_name: bytes | None = sealed()
    sealed_content: bytes | None = sealed()
    added_at: datetime = at(null=False)
    added_by: UUID | None = None
