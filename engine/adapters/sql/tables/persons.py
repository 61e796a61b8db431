"""Persons, and what they are found by."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from engine.adapters.sql.tables.fields import at, sealed


class PersonRow(SQLModel, table=True):
    """A person; who it is, is sealed under a key of its own."""

    __tablename__ = "person"
    id: UUID = Field(primary_key=True)
    unit_id: UUID = Field(foreign_key="unit.id", index=True)
    sealed_identity: bytes | None = sealed()
    created_at: datetime = at(null=False)


class PersonTokenRow(SQLModel, table=True):
    """A blind token by which a person can be found again: no value can be read from it."""

    __tablename__ = "person_token"
    person_id: UUID = Field(primary_key=True, foreign_key="person.id")
    kind: str = Field(primary_key=True)
    token: bytes = Field(primary_key=True)
    __table_args__ = (Index("person_token_by_token", "token", "kind"),)


class CasePersonRow(SQLModel, table=True):
    """A person in a case, in one role."""

    __tablename__ = "case_person"
    case_id: UUID = Field(primary_key=True, foreign_key="case.id")
    person_id: UUID = Field(primary_key=True, foreign_key="person.id", index=True)
    role: str = Field(primary_key=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    position: int = 1
    added_at: datetime = at(null=False)
    removed_at: datetime | None = at()
