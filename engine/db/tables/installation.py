"""Definitions, commands and facts of the installation."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, UniqueConstraint, true
from sqlalchemy.types import JSON
from sqlmodel import Field, SQLModel

from engine.db.tables.fields import at, json_value


class DefinitionVersionRow(SQLModel, table=True):
    """A version of a definition: proposed, refused, published or retired. A published one never changes.

    `flattened` keeps the order of its keys, which is the order that people see. It is the hub's, and everybody's,
    unless it is that of one unit for its own cases.
    """

    __tablename__ = "definition_version"
    id: UUID = Field(primary_key=True)
    kind: str
    name: str
    version: int
    title: str
    status: str
    content_hash: str = Field(index=True)
    source: str
    flattened: dict[str, Any] = Field(default=None, sa_column=Column(JSON(), nullable=False))
    contract_hashes: dict[str, Any] = json_value()
    author: str = ""
    approver: str = ""
    created_at: datetime = at(null=False)
    published_at: datetime | None = at()
    owner_unit_id: UUID | None = Field(default=None, foreign_key="unit.id")
    __table_args__ = (UniqueConstraint("kind", "name", "version"),)


class CommandRow(SQLModel, table=True):
    """A command that was carried out, with its answer: the same command gets the same answer again."""

    __tablename__ = "command"
    id: UUID = Field(primary_key=True)
    case_id: UUID | None = None
    answer: dict[str, Any] = json_value()
    at: datetime = at(null=False, index=True)


class InstallationRow(SQLModel, table=True):
    """Facts of this installation that the application writes, such as how far the demo's clock was moved."""

    __tablename__ = "installation"
    key: str = Field(primary_key=True)
    value: dict[str, Any] = json_value()


class DemoRow(SQLModel, table=True):
    """The one row that a demo's database has, and no other; the application reads it only."""

    __tablename__ = "demo"
    one: bool = Field(default=True, primary_key=True, sa_column_kwargs={"server_default": true()})
    since: datetime = at(null=False)
    __table_args__ = (CheckConstraint("one", name="demo_one_row"),)
