"""Organisations, units, actors, their roles, duty and wishes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from engine.db.tables.fields import at, encrypted, texts


class OrganisationRow(SQLModel, table=True):
    """A body of the network; one of them is the hub's, which keeps what is everybody's."""

    __tablename__ = "organisation"
    id: UUID = Field(primary_key=True)
    name: str
    kind: str = "ngo"
    in_network: bool = True
    is_hub: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    __table_args__ = (Index("organisation_hub", "is_hub", unique=True, postgresql_where=text("is_hub")),)


class UnitRow(SQLModel, table=True):
    """A part of an organisation that keeps its own cases."""

    __tablename__ = "unit"
    id: UUID = Field(primary_key=True)
    organisation_id: UUID = Field(foreign_key="organisation.id", index=True)
    name: str
    jurisdiction: str
    zone: str
    language: str = "en"
    contact: str = ""


class ActorRow(SQLModel, table=True):
    """A person or service that acts."""

    __tablename__ = "actor"
    id: UUID = Field(primary_key=True)
    name: str
    email: str = Field(unique=True)
    language: str = "en"
    password_hash: str | None = None
    disabled: bool = False
    is_service: bool = False
    supervisor_id: UUID | None = Field(default=None, foreign_key="actor.id")
    demo: bool = False
    organisation_id: UUID | None = Field(default=None, foreign_key="organisation.id", index=True)


class MembershipRow(SQLModel, table=True):
    """A role of an actor in a unit."""

    __tablename__ = "membership"
    actor_id: UUID = Field(primary_key=True, foreign_key="actor.id")
    unit_id: UUID = Field(primary_key=True, foreign_key="unit.id")
    role: str = Field(primary_key=True)
    __table_args__ = (Index("membership_by_role", "unit_id", "role"),)


class AbsenceRow(SQLModel, table=True):
    """A time during which an actor is away; a deputy, if one is named, is told instead."""

    __tablename__ = "absence"
    id: UUID = Field(primary_key=True)
    actor_id: UUID = Field(foreign_key="actor.id", index=True)
    deputy_id: UUID | None = Field(default=None, foreign_key="actor.id")
    starts_at: datetime = at(null=False)
    ends_at: datetime = at(null=False)
    noted_by: UUID | None = None
    noted_at: datetime = at(null=False)
    cancelled_at: datetime | None = at()


class ShiftRow(SQLModel, table=True):
    """Who is on call for a unit between two instants; a hand-over ends one shift and begins the next."""

    __tablename__ = "shift"
    id: UUID = Field(primary_key=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    actor_id: UUID = Field(foreign_key="actor.id")
    starts_at: datetime = at(null=False)
    ends_at: datetime = at(null=False)
    taken_from: UUID | None = None
    noted_by: UUID | None = None
    noted_at: datetime = at(null=False)
    cancelled_at: datetime | None = at()
    __table_args__ = (Index("shift_by_unit", "unit_id", "starts_at"),)


class PreferenceRow(SQLModel, table=True):
    """By which ways and at which hours a person wants to be told what is not critical."""

    __tablename__ = "preference"
    actor_id: UUID = Field(primary_key=True, foreign_key="actor.id")
    channels: list[str] = texts()
    digest: str = "none"
    quiet_from: str = ""
    quiet_until: str = ""
    zone: str = ""
    changed_at: datetime = at(null=False)


class ContactRow(SQLModel, table=True):
    """Where a person is reached by a channel; the address is sealed."""

    __tablename__ = "contact"
    actor_id: UUID = Field(primary_key=True, foreign_key="actor.id")
    channel: str = Field(primary_key=True)
    encrypted_address: bytes | None = encrypted()
    changed_at: datetime = at(null=False)
