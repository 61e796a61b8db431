"""Sessions, second factors, invitations, and keys of service accounts."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
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


class SignIns(Protocol):
    """What signing in keeps: sessions, second factors, invitations, tries, kept forms, keys."""

    def add_session(
        self,
        token_hash: bytes,
        *,
        actor_id: UUID,
        at: datetime,
        pending: bool = False,
        by_factor: bool = False,
        device: str = "",
    ) -> None:
        """Write a sign-in; a pending one waits for the code of a second factor."""
        ...

    def session(self, token_hash: bytes) -> Session | None:
        """Load a session, be it over or not; None for a token that was never given or was replaced."""
        ...

    def sessions_of(self, actor_id: UUID, *, since: datetime) -> tuple[Session, ...]:
        """Load the sessions of somebody that were not ended and began after an instant, the newest first."""
        ...

    def touch_session(self, token_hash: bytes, *, at: datetime) -> None:
        """Note that a session was used."""
        ...

    def renew_session(self, token_hash: bytes, *, new_hash: bytes, at: datetime, by_factor: bool) -> bool:
        """Give a live session another token, proved at `at`; the old token is nobody's. Gives whether there was one."""
        ...

    def end_session(self, token_hash: bytes, *, at: datetime) -> None:
        """End a session; it does not come back."""
        ...

    def end_session_of(self, actor_id: UUID, session_id: UUID, *, at: datetime) -> bool:
        """End one of somebody's own sessions; gives whether it was one."""
        ...

    def end_sessions(self, actor_id: UUID, *, at: datetime, but: bytes | None = None) -> int:
        """End every session of somebody, but for one; gives how many."""
        ...

    def factor(self, actor_id: UUID, *, hold: bool = False) -> Factor | None:
        """Load somebody's second factor; with `hold` nobody else uses a code of it until the transaction ends."""
        ...

    def has_factor(self, actor_id: UUID) -> bool:
        """Say whether somebody has a second factor that was tried once."""
        ...

    def propose_factor(self, actor_id: UUID, secret: str, *, at: datetime) -> None:
        """Write a secret that counts once a code of it was given; the one that counts now stays until then."""
        ...

    def proposed_factor(self, actor_id: UUID) -> str | None:
        """Open the secret that was proposed, if there is one."""
        ...

    def confirm_factor(self, actor_id: UUID, secret: str, *, step: int, at: datetime) -> None:
        """Let a secret count from now on, in place of the one before; the code of `step` was used for that."""
        ...

    def use_step(self, actor_id: UUID, step: int) -> None:
        """Say that the code of these thirty seconds was used: it, and those before it, count no more."""
        ...

    def drop_factor(self, actor_id: UUID) -> None:
        """Take somebody's second factor away, with its recovery codes."""
        ...

    def set_recovery_codes(self, actor_id: UUID, hashes: Mapping[UUID, str], *, at: datetime) -> None:
        """Write the hashes of new recovery codes, by id; the ones before count no more."""
        ...

    def recovery_codes(self, actor_id: UUID) -> tuple[tuple[UUID, str], ...]:
        """Load the recovery codes that were not used: id and hash."""
        ...

    def use_recovery_code(self, code_id: UUID, *, at: datetime) -> bool:
        """Use a recovery code; gives whether it was still there."""
        ...

    def add_invitation(self, invitation: Invitation, token_hash: bytes) -> None:
        """Write a link by which somebody sets a password; earlier ones of the same person count no more."""
        ...

    def invitation(self, token_hash: bytes, *, now: datetime) -> Invitation | None:
        """Load the invitation of a link that can still be used."""
        ...

    def use_invitation(self, invitation_id: UUID, *, at: datetime) -> bool:
        """Use a link; gives whether it could still be used."""
        ...

    def cancel_invitations(self, actor_id: UUID | None, *, at: datetime) -> None:
        """Let no link of somebody count any more; None: no link for the first administrator."""
        ...

    def note_device(self, actor_id: UUID, mark_hash: bytes, *, at: datetime) -> bool:
        """Note the browser of a sign-in; gives whether it is a new one of somebody who had others."""
        ...

    def tries(self, keys: Sequence[bytes], *, at: datetime) -> tuple[tuple[int, datetime], ...]:
        """Load how often signing in failed of late under each key, and when last; others wait for the transaction.

        Keys are made where they are missing, in one order, so that two transactions never wait for each other.
        """
        ...

    def set_tries(self, counts: Mapping[bytes, int], *, at: datetime) -> None:
        """Write how often signing in failed under keys that were loaded."""
        ...

    def forget_tries(self, keys: Iterable[bytes]) -> None:
        """Forget the failures under some keys."""
        ...

    def forget_old(
        self, *, tries_before: datetime, forms_before: datetime, devices_before: datetime, sessions_before: datetime
    ) -> int:
        """Forget failures, kept forms, browsers, sessions and links that are older; gives how many rows."""
        ...

    def keep_form(
        self, form_id: UUID, *, actor_id: UUID, path: str, fields: Sequence[tuple[str, str]], at: datetime
    ) -> None:
        """Keep what somebody had typed, sealed, in place of what was kept of them before."""
        ...

    def kept_form(self, form_id: UUID, *, actor_id: UUID, since: datetime) -> KeptForm | None:
        """Open what somebody had typed; None when it is another's, too old, or gone."""
        ...

    def newest_kept_form(self, actor_id: UUID, *, since: datetime) -> UUID | None:
        """Give the newest of what was kept of somebody."""
        ...

    def drop_form(self, form_id: UUID, *, actor_id: UUID) -> None:
        """Forget what somebody had typed."""
        ...

    def add_key(self, key: ApiKey, key_hash: bytes, *, by: UUID | None, at: datetime) -> None:
        """Write a key of a service account."""
        ...

    def key(self, key_hash: bytes, *, now: datetime) -> ApiKey | None:
        """Load a key that counts now: not revoked, not over, of an account that may act."""
        ...

    def keys(self) -> tuple[ApiKey, ...]:
        """Load every key, by account and name."""
        ...

    def use_key(self, key_id: UUID, *, at: datetime) -> None:
        """Note that a key was used."""
        ...

    def revoke_key(self, key_id: UUID, *, at: datetime) -> bool:
        """Let a key count no more; gives whether it did."""
        ...

    def revoke_keys(self, actor_id: UUID, *, at: datetime) -> None:
        """Let no key of an account count any more."""
        ...
