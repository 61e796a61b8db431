"""Persons, and what they are found by."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from engine.core.case_links import CaseLink
from engine.core.records import CasePerson
from engine.db.tables.fields import Row, at, encrypted
from engine.persons.records import PersonMerge


class PersonRow(Row):
    """A person; who it is, is sealed under a key of its own."""

    id: UUID = Field(primary_key=True)
    unit_id: UUID = Field(foreign_key="unit.id", index=True)
    encrypted_identity: bytes | None = encrypted()
    created_at: datetime = at(null=False)


class PersonTokenRow(Row):
    """A blind token by which a person can be found again: no value can be read from it. `key_id` names its key.

    It is kept as that of the unit that wrote the person down, so that tokens of two units are never alike. It dies with
    the period of keys in which it was made.
    """

    person_id: UUID = Field(primary_key=True, foreign_key="person.id")
    kind: str = Field(primary_key=True)
    token: bytes = Field(primary_key=True)
    key_id: str = Field(default="", sa_column_kwargs={"server_default": ""})
    unit_id: UUID
    __table_args__ = (Index("person_token_by_token", "token", "kind"),)


class CasePersonRow(
    Row,
    of=CasePerson,
    key=("case_id", "person_id", "role"),
    to={"person_id": "person"},
    index=("person_id",),
    server_default=("status",),
):
    """A person in a case, in one role."""

    case_id: UUID = Field(primary_key=True, foreign_key="case.id")
    unit_id: UUID = Field(foreign_key="unit.id")
    position: int = 1


class PersonMergeRow(
    Row,
    of=PersonMerge,
    to={
        "primary_id": "person",
        "secondary_id": "person",
        "case_id": "case",
        "other_case_id": "case",
        "unit_id": "unit",
    },
    index=("primary_id", "case_id", "other_case_id"),
):
    """Two persons who are one: both are kept, the second points to the first until that is undone."""

    __table_args__ = (
        Index("person_merge_live", "secondary_id", unique=True, postgresql_where=text("ended_at IS NULL")),
    )


class CaseLinkRow(
    Row,
    of=CaseLink,
    to={"case_id": "case", "other_case_id": "case", "unit_id": "unit"},
    index=("case_id", "other_case_id"),
    server_default=("reason_code", "rests"),
):
    """Two cases that belong together: linked, merged, or split one from the other."""
