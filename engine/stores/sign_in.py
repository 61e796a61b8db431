"""Sessions, second factors, invitations, and keys of service accounts."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class Session(NamedTuple):
    """A sign-in, be it over or not (instants UTC); `by_factor`: a second factor was proved at `stepped_up_at`."""

    id: UUID
    actor_id: UUID
    created_at: datetime
    seen_at: datetime
    ended_at: datetime | None
    stepped_up_at: datetime | None
    by_factor: bool
    pending: bool
    device: str
    disabled: bool


class Factor(NamedTuple):
    """The secret of an authenticator. Codes up to `last_step` were used."""

    secret: str
    last_step: int


class Invitation(NamedTuple):
    """A link by which somebody sets a password, once (instants UTC); without an actor: the first administrator."""

    id: UUID
    kind: str
    actor_id: UUID | None
    created_by: UUID | None
    created_at: datetime
    expires_at: datetime


class KeptForm(NamedTuple):
    """What somebody had typed when their session was over: names and texts, in their order."""

    id: UUID
    path: str
    fields: tuple[tuple[str, str], ...]
    at: datetime


class ApiKey(NamedTuple):
    """A key of a service account (instants UTC); never the key itself."""

    id: UUID
    actor_id: UUID
    name: str
    scopes: tuple[str, ...]
    valid_until: datetime | None
    used_at: datetime | None = None
    revoked_at: datetime | None = None
    account: str = ""
