"""Let other programs ask: accounts that no person signs in with, and their keys, each for little and not for ever."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.cases.housekeeping import HousekeepingStore
from engine.core.policy import Viewer
from engine.db.transaction import Transaction
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError, SignInError
from engine.language.names import Role
from engine.people.administering import looks_after, require_administrator, unit_looked_after
from engine.people.store import DirectoryStore
from engine.people.viewer import as_viewer
from engine.sign_in.actions.account import require_step_up
from engine.sign_in.actions.guessing import hash_of
from engine.sign_in.records import ApiKey
from engine.sign_in.store import SignInStore

BOARD: Final = "board"
SCOPES: Final = {BOARD: "read the counts of the board"}
"""What a key may be for, and what that allows."""
LONGEST_DAYS: Final = 366
PREFIX: Final = "icmc_"
_ROLES: Final = {BOARD: Role.AUDITOR.value}
"""The role that a service account needs for a scope."""


_MADE: Final = (
    "This key has already been made, and a key is shown only once. If no one has seen it, revoke it and make another."
)


class NewKey(NamedTuple):
    """A key that was made: the key itself is known only now."""

    id: UUID
    key: str


def add_key(
    engine: Engine,
    *,
    viewer: Viewer,
    account: str,
    unit: str,
    name: str,
    scopes: Iterable[str],
    days: int,
    command_id: UUID | None = None,
) -> NewKey:
    """Make a key of a service account, which is made when there is none of that name; it ends after some days.

    One command makes one key: sent again, it is refused, since a key is shown once. Raises `InvalidAnswersError`,
    `NotFoundError` for an unknown unit, `NotAllowedError`, `StepUpNeededError`.
    """
    _require(engine, viewer)
    wanted = tuple(dict.fromkeys(scopes))
    problems = _problems(account, name, wanted, days)
    if problems:
        raise InvalidAnswersError(problems)
    command = command_id or engine.entropy.uuid()
    token, now = PREFIX + engine.entropy.token(), engine.wall_clock.now()
    with engine.transaction() as tx:
        tx.of(HousekeepingStore).take_turn(command)
        if tx.of(HousekeepingStore).answer_to(command) is not None:
            raise InvalidAnswersError({"name": _MADE})
        unit_id = next((known.id for known in tx.of(DirectoryStore).units() if known.name == unit), None)
        if unit_id is None:
            raise NotFoundError(kind="unit")
        unit_looked_after(tx, viewer, unit_id)
        actor_id = _account(engine, tx, account.strip())
        for scope in wanted:
            tx.of(DirectoryStore).add_role(actor_id, unit_id=unit_id, role=_ROLES[scope])
        key = ApiKey(engine.entropy.uuid(), actor_id, name.strip(), wanted, now + timedelta(days=days))
        by = None if viewer.is_system else viewer.actor_id
        tx.of(SignInStore).add_key(key, hash_of(token), by=by, at=now)
        body = {"key_id": str(key.id), "actor_id": str(actor_id), "scopes": list(wanted), "days": days}
        tx.of(AuditLogStore).note("people", "KeyMade", body, actor_id=by, at=now)
        tx.of(HousekeepingStore).remember(command, {"key_id": str(key.id)}, case_id=None, at=now)
        tx.commit()
    return NewKey(key.id, token)


def _account(engine: Engine, tx: Transaction, name: str) -> UUID:
    """Return the service account of a name, which is made where there is none."""
    address = f"{name.casefold().replace(' ', '-')}@service.invalid"
    known = tx.of(DirectoryStore).credentials(address)
    if known is not None:
        return known.actor_id
    actor_id = engine.entropy.uuid()
    tx.of(DirectoryStore).add_actor(actor_id, name=name, email=address)
    tx.of(DirectoryStore).change_actor(actor_id, is_service=True)
    return actor_id


def keys(engine: Engine, *, viewer: Viewer) -> tuple[ApiKey, ...]:
    """List the keys of service accounts; raises `NotAllowedError`."""
    require_administrator(viewer)
    with engine.transaction() as tx:
        found = tx.of(SignInStore).keys()
        return tuple(key for key in found if _is_theirs(tx, viewer, key))


def revoke_key(engine: Engine, key_id: UUID, *, viewer: Viewer) -> None:
    """Let a key count no more, at once; raises `NotFoundError` for one that does not count, `NotAllowedError`."""
    _require(engine, viewer)
    now, by = engine.wall_clock.now(), None if viewer.is_system else viewer.actor_id
    with engine.transaction() as tx:
        every = tx.of(SignInStore).keys()
        known = next((key for key in every if key.id == key_id), None)
        if known is None or not _is_theirs(tx, viewer, known) or not tx.of(SignInStore).revoke_key(key_id, at=now):
            raise NotFoundError(kind="key")
        tx.of(AuditLogStore).note("people", "KeyRevoked", {"key_id": str(key_id)}, actor_id=by, at=now)
        tx.commit()


def viewer_of_key(engine: Engine, key: str, *, scope: str) -> Viewer:
    """Return the service account of a key as a viewer, and note that the key was used.

    Raises `SignInError` for a key that does not count, `NotAllowedError` for one that is not for that.
    """
    now = engine.wall_clock.now()
    with engine.transaction() as tx:
        found = tx.of(SignInStore).key(hash_of(key), now=now)
        if found is None:
            raise SignInError
        may = scope in found.scopes
        tx.of(SignInStore).use_key(found.id, at=now)
        body = {"key_id": str(found.id), "scope": scope, "allowed": may}
        tx.of(AuditLogStore).note("sign-in", "KeyUsed", body, actor_id=found.actor_id, at=now)
        tx.commit()
    if not may:
        raise NotAllowedError(actor=found.account, action=SCOPES[scope])
    return engine.ask_all(as_viewer, found.actor_id)


def _is_theirs(tx: Transaction, viewer: Viewer, key: ApiKey) -> bool:
    account = tx.of(DirectoryStore).actor(key.actor_id)
    return looks_after(tx, viewer, account.organisation_id if account else None)


def _require(engine: Engine, viewer: Viewer) -> None:
    require_administrator(viewer)
    require_step_up(engine, viewer)


def _problems(account: str, name: str, scopes: tuple[str, ...], days: int) -> dict[str, str]:
    problems = {}
    if not account.strip():
        problems["account"] = "Name the program."
    if not name.strip():
        problems["name"] = "Give the key a name."
    if not scopes or not set(scopes) <= set(SCOPES):
        problems["scope"] = f"Choose of {', '.join(SCOPES)}."
    if not 1 <= days <= LONGEST_DAYS:
        problems["days"] = f"A key is valid for 1 to {LONGEST_DAYS} days."
    return problems
