"""Sessions, second factors, invitations, and keys of service accounts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, text
from sqlalchemy.types import Uuid
from sqlmodel import Field

from engine.db.tables.fields import Row, at, encrypted
from engine.sign_in.records import ApiKey, Invitation, Session


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
    """A key of a service account; only its hash is kept."""

    key_hash: bytes = Field(unique=True)
    created_at: datetime = at(null=False)
    created_by: UUID | None = None
    name: str = Field(default="", sa_column_kwargs={"server_default": ""})
