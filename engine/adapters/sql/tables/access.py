"""Who may see a case beside its unit, and who never."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from engine.adapters.sql.tables.fields import at, texts


class GrantRow(SQLModel, table=True):
    """A unit that may see a case of another one, for a purpose, until an instant."""

    __tablename__ = "grant"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id", index=True)
    purpose: str
    fields: list[str] = texts()
    valid_until: datetime | None = at()
    ended_at: datetime | None = at()
    granted_at: datetime = at(null=False)
    granted_by: UUID | None = None


class ConflictRow(SQLModel, table=True):
    """Somebody who must not be told of a case, since they may be part of what it is about."""

    __tablename__ = "conflict"
    case_id: UUID = Field(primary_key=True, foreign_key="case.id")
    actor_id: UUID = Field(primary_key=True, foreign_key="actor.id")
    reason_code: str
    noted_by: UUID | None = None
    noted_at: datetime = at(null=False)
    ended_at: datetime | None = at()
