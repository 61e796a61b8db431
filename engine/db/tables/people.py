"""Organisations, units, actors, their roles, duty and wishes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from engine.db.tables.fields import Row, at, encrypted
from engine.messages.records import Preference
from engine.people.records import Absence, Shift, Unit


class OrganisationRow(Row):
    """A body of the network; one of them is the hub's, which keeps what is everybody's."""

    id: UUID = Field(primary_key=True)
    name: str
    kind: str = "ngo"
    in_network: bool = True
    is_hub: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    __table_args__ = (Index("organisation_hub", "is_hub", unique=True, postgresql_where=text("is_hub")),)


class UnitRow(Row, of=Unit):
    """A part of an organisation that keeps its own cases."""

    organisation_id: UUID = Field(foreign_key="organisation.id", index=True)
    language: str = "en"
    contact: str = ""


class ActorRow(Row):
    """A person or service that acts."""

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


class MembershipRow(Row):
    """A role of an actor in a unit."""

    actor_id: UUID = Field(primary_key=True, foreign_key="actor.id")
    unit_id: UUID = Field(primary_key=True, foreign_key="unit.id")
    role: str = Field(primary_key=True)
    __table_args__ = (Index("membership_by_role", "unit_id", "role"),)


class AbsenceRow(Row, of=Absence, to={"actor_id": "actor", "deputy_id": "actor"}, index=("actor_id",)):
    """A time during which an actor is away; a deputy, if one is named, is told instead."""

    noted_by: UUID | None = None
    noted_at: datetime = at(null=False)
    cancelled_at: datetime | None = at()


class ShiftRow(Row, of=Shift, to={"unit_id": "unit", "actor_id": "actor"}):
    """Who is on call for a unit between two instants; a hand-over ends one shift and begins the next."""

    noted_by: UUID | None = None
    noted_at: datetime = at(null=False)
    cancelled_at: datetime | None = at()
    __table_args__ = (Index("shift_by_unit", "unit_id", "starts_at"),)


class PreferenceRow(Row, of=Preference, key=("actor_id",), to={"actor_id": "actor"}):
    """By which ways and at which hours a person wants to be told what is not critical."""

    changed_at: datetime = at(null=False)


class ContactRow(Row):
    """Where a person is reached by a channel; the address is sealed."""

    actor_id: UUID = Field(primary_key=True, foreign_key="actor.id")
    channel: str = Field(primary_key=True)
    encrypted_address: bytes | None = encrypted()
    changed_at: datetime = at(null=False)
