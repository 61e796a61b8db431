"""Persons, and what they are found by."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from engine.db.tables.fields import at, encrypted, json_value


class PersonRow(SQLModel, table=True):
    """A person; who it is, is sealed under a key of its own."""

    __tablename__ = "person"
    id: UUID = Field(primary_key=True)
    unit_id: UUID = Field(foreign_key="unit.id", index=True)
    encrypted_identity: bytes | None = encrypted()
    created_at: datetime = at(null=False)


class PersonTokenRow(SQLModel, table=True):
    """A blind token by which a person can be found again: no value can be read from it. `key_id` names its key.

    It is kept as that of the unit that wrote the person down, so that tokens of two units are never alike. It dies with
    the period of keys in which it was made.
    """

    __tablename__ = "person_token"
    person_id: UUID = Field(primary_key=True, foreign_key="person.id")
    kind: str = Field(primary_key=True)
    token: bytes = Field(primary_key=True)
    key_id: str = Field(default="", sa_column_kwargs={"server_default": ""})
    unit_id: UUID
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
    status: str = Field(default="stated", sa_column_kwargs={"server_default": text("'stated'")})
    from_on: date | None = None
    until_on: date | None = None


class PersonMergeRow(SQLModel, table=True):
    """Two persons who are one: both are kept, the second points to the first until that is undone."""

    __tablename__ = "person_merge"
    id: UUID = Field(primary_key=True)
    primary_id: UUID = Field(foreign_key="person.id", index=True)
    secondary_id: UUID = Field(foreign_key="person.id")
    case_id: UUID = Field(foreign_key="case.id", index=True)
    other_case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    reason_code: str
    merged_by: UUID | None = None
    merged_at: datetime = at(null=False)
    ended_by: UUID | None = None
    ended_at: datetime | None = at()
    __table_args__ = (
        Index("person_merge_live", "secondary_id", unique=True, postgresql_where=text("ended_at IS NULL")),
    )


class CaseLinkRow(SQLModel, table=True):
    """Two cases that belong together: linked, merged, or split one from the other."""

    __tablename__ = "case_link"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    other_case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    kind: str
    reason_code: str = Field(default="", sa_column_kwargs={"server_default": ""})
    rests: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    asked_by: UUID | None = None
    asked_at: datetime = at(null=False)
    approved_at: datetime | None = at()
    ended_by: UUID | None = None
    ended_at: datetime | None = at()
    held_items: list[Any] = json_value("[]")
