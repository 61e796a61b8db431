"""Persons, what they are found by, the keys of what is encrypted, and files that people added."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, UniqueConstraint, text
from sqlmodel import Field

from engine.core.case_links import CaseLink
from engine.core.files import CaseFile
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


class DataKeyRow(Row):
    """The key of an organisation, a case, a person or the places of a case; destroying it ends its values for ever.

    It is wrapped by the key of its organisation (`<organisation>/<version>`), that one by a key of the key file; the
    key of `period`, which is not in the database, is mixed into either.
    """

    owner_id: UUID = Field(primary_key=True)
    version: int = Field(default=1, primary_key=True)
    wrapped: bytes | None = None
    wrapped_by: str = Field(index=True)
    period: str = Field(default="", sa_column_kwargs={"server_default": ""})
    created_at: datetime = at(null=False)
    destroyed_at: datetime | None = at()
    retired_at: datetime | None = at()
    uses: int = Field(default=0, sa_column=Column(BigInteger(), nullable=False, server_default=text("0")))


class SearchTokenRow(Row):
    """A blind token by which an organisation finds a person of its own; no other organisation's tokens are like it."""

    person_id: UUID = Field(primary_key=True, foreign_key="person.id")
    organisation_id: UUID = Field(primary_key=True, foreign_key="organisation.id")
    kind: str = Field(primary_key=True)
    token: bytes = Field(primary_key=True)
    key_id: str = Field(default="", sa_column_kwargs={"server_default": ""})
    __table_args__ = (Index("search_token_by_token", "organisation_id", "token"),)


class AttachmentRow(
    Row,
    of=CaseFile,
    to={"case_id": "case", "unit_id": "unit"},
    index=("case_id", "unit_id"),
    server_default=("scan", "status"),
):
    """A file that somebody added: the original as it came, and the copy without metadata that is shared.

    `encrypted_details` holds the SHA-256 of both, and in how many parts they are kept; `address` is a keyed hash of the
    content, by which the same file is kept once in a case, and `address_key` the id of that key.
    """

    step_id: UUID | None = None
    kind: str = Field(default="other", sa_column_kwargs={"server_default": text("'other'")})
    address: bytes | None = None
    address_key: str = Field(default="", sa_column_kwargs={"server_default": ""})
    encrypted_name: bytes | None = encrypted()
    encrypted_details: bytes | None = encrypted()
    __table_args__ = (
        UniqueConstraint("case_id", "address"),
        Index("attachment_arriving", "added_at", postgresql_where=text("status = 'arriving'")),
    )


class AttachmentPartRow(Row):
    """A part of a file, sealed; `copy_of` says whether of the `original` or the `shared` copy."""

    attachment_id: UUID = Field(primary_key=True, foreign_key="attachment.id")
    copy_of: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    encrypted_content: bytes | None = encrypted()
