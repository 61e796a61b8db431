"""Who acts and who may see: organisations, units, actors, sign-ins, keys of service accounts, access to a case."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, text
from sqlalchemy.types import Uuid
from sqlmodel import Field

from engine.approvals.records import ApprovalRequest
from engine.core.access import Grant, Recusal
from engine.db.tables.fields import Row, at, encrypted
from engine.messages.records import Preference
from engine.people.records import Absence, Shift, Unit
from engine.sign_in.records import ApiKey, Invitation, Session


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
    """A role of an actor in a unit; from `ends_at` on it lets nobody do anything."""

    actor_id: UUID = Field(primary_key=True, foreign_key="actor.id")
    unit_id: UUID = Field(primary_key=True, foreign_key="unit.id")
    role: str = Field(primary_key=True)
    ends_at: datetime | None = at()
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
    """By which ways and at which hours a person wants to be told what is not critical; the filters that they saved."""

    encrypted_filters: bytes | None = encrypted()
    changed_at: datetime = at(null=False)


class ContactRow(Row):
    """Where a person is reached by a channel; the address is sealed."""

    actor_id: UUID = Field(primary_key=True, foreign_key="actor.id")
    channel: str = Field(primary_key=True)
    encrypted_address: bytes | None = encrypted()
    changed_at: datetime = at(null=False)


class SessionRow(
    Row,
    of=Session,
    without=("disabled",),
    key=("token_hash",),
    to={"actor_id": "actor"},
    index=("actor_id",),
    server_default=("by_factor", "pending", "device"),
):
    """A sign-in; only the hash of its token is kept.

    A pending one has proved the password only. `by_factor` says that a second factor was proved at `stepped_up_at`.
    """

    token_hash: bytes = Field(primary_key=True)
    id: UUID = Field(
        default=None, sa_column=Column(Uuid(), nullable=False, unique=True, server_default=text("gen_random_uuid()"))
    )


class SecondFactorRow(Row):
    """The secret of somebody's authenticator, sealed; `last_step` is the newest code that was used.

    A proposed one counts only once a code of it was given.
    """

    actor_id: UUID = Field(primary_key=True, foreign_key="actor.id")
    encrypted_secret: bytes | None = encrypted()
    encrypted_proposed: bytes | None = encrypted()
    created_at: datetime = at(null=False)
    confirmed_at: datetime | None = at()
    last_step: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})


class RecoveryCodeRow(Row):
    """A code that stands in once for an authenticator; only its slow hash is kept."""

    id: UUID = Field(primary_key=True)
    actor_id: UUID = Field(foreign_key="actor.id", index=True)
    code_hash: str
    created_at: datetime = at(null=False)
    used_at: datetime | None = at()


class InvitationRow(Row, of=Invitation, to={"actor_id": "actor"}, index=("actor_id",)):
    """A link by which somebody sets a password, once; only its hash is kept.

    Without an actor it is that of the first administrator.
    """

    token_hash: bytes = Field(unique=True)
    used_at: datetime | None = at()
    cancelled_at: datetime | None = at()


class KnownDeviceRow(Row):
    """A browser from which somebody has signed in; only the hash of its mark is kept."""

    actor_id: UUID = Field(primary_key=True, foreign_key="actor.id")
    mark_hash: bytes = Field(primary_key=True)
    first_seen_at: datetime = at(null=False)
    seen_at: datetime = at(null=False)


class SignInHabitRow(Row):
    """An hour of the week or a network in which somebody has signed in; only a keyed mark of it is kept."""

    actor_id: UUID = Field(primary_key=True, foreign_key="actor.id")
    mark: bytes = Field(primary_key=True)
    sort: str
    count: int
    first_seen_at: datetime = at(null=False)
    seen_at: datetime = at(null=False)


class SignInTryRow(Row):
    """How often signing in failed of late, by a blind token of account and network."""

    key: bytes = Field(primary_key=True)
    count: int
    last_at: datetime = at(null=False)


class KeptFormRow(Row):
    """What somebody had typed when their session was over, sealed until they sign in again."""

    id: UUID = Field(primary_key=True)
    actor_id: UUID = Field(foreign_key="actor.id", index=True)
    path: str
    encrypted_fields: bytes | None = encrypted()
    created_at: datetime = at(null=False)


class ApiKeyRow(Row, of=ApiKey, without=("account",), to={"actor_id": "actor"}, index=("actor_id",)):
    """A key of a service account; only its hash is kept. That of a gateway signs, and its secret is sealed."""

    key_hash: bytes = Field(unique=True)
    encrypted_secret: bytes | None = encrypted()
    created_at: datetime = at(null=False)
    created_by: UUID | None = None
    name: str = Field(default="", sa_column_kwargs={"server_default": ""})


class GrantRow(
    Row,
    of=Grant,
    to={"case_id": "case", "unit_id": "unit", "actor_id": "actor"},
    index=("case_id", "unit_id", "referral_id", "consent_id"),
    server_default=("kind", "ended_reason"),
):
    """A unit, or one person of it, that may see a case of another one, for a purpose, until an instant."""


class RecusalRow(
    Row,
    of=Recusal,
    to={"case_id": "case", "actor_id": "actor", "unit_id": "unit", "organisation_id": "organisation"},
    index=("case_id", "actor_id", "unit_id", "organisation_id"),
):
    """A person, unit or organisation that has no part in a case, whatever else would let them."""

    __table_args__ = (
        CheckConstraint("num_nonnulls(actor_id, unit_id, organisation_id) = 1", name="recusal_names_one"),
        CheckConstraint(
            "reason = 'denied' OR (reason = 'conflict_of_interest' AND actor_id IS NOT NULL)",
            name="recusal_has_a_reason",
        ),
    )


class ApprovalRequestRow(
    Row,
    of=ApprovalRequest,
    to={"case_id": "case", "unit_id": "unit"},
    index=("case_id",),
    server_default=("seen", "needed", "ended_reason"),
):
    """What one person asks for and others must answer. `subject` holds ids and codes only, `agreed` who and when."""

    __table_args__ = (
        Index("approval_request_open", "unit_id", "asked_at", postgresql_where=text("answered_at IS NULL")),
        Index(
            "approval_request_about", "kind", "subject_id", unique=True, postgresql_where=text("answered_at IS NULL")
        ),
        Index("approval_request_subject", "subject_id"),
    )
