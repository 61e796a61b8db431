"""Sessions and keys of service accounts."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from engine.adapters.sql.tables.fields import at, texts


class SessionRow(SQLModel, table=True):
    """A sign-in; only the hash of its token is kept."""

    __tablename__ = "session"
    token_hash: bytes = Field(primary_key=True)
    actor_id: UUID = Field(foreign_key="actor.id", index=True)
    created_at: datetime = at(null=False)
    seen_at: datetime = at(null=False)
    ended_at: datetime | None = at()


class ApiKeyRow(SQLModel, table=True):
    """A key of a service account; only its hash is kept."""

    __tablename__ = "api_key"
    id: UUID = Field(primary_key=True)
    actor_id: UUID = Field(foreign_key="actor.id", index=True)
    key_hash: bytes = Field(unique=True)
    scopes: list[str] = texts()
    valid_until: datetime | None = at()
    created_at: datetime = at(null=False)
