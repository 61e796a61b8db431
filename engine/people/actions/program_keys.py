"""Give programs keys, each for one thing and for a time, and say whose key it is that a program sends."""

import logging
import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID, uuid5

from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.cases.housekeeping import HousekeepingStore
from engine.core.policy import Membership, Viewer
from engine.db.transaction import Transaction
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.language.names import ProgramRole, Role
from engine.messages.actions.notifying import notify_of_system
from engine.messages.records import EMAIL, IN_APP
from engine.people.actions.roles import AskedRole, give_or_ask
from engine.people.records import KeyTooOftenError
from engine.people.store import DirectoryStore
from engine.people.viewer import (
    as_viewer,
    looks_after,
    require_administrator,
    unit_looked_after,
    who_answers_for,
)
from engine.sign_in.actions.account import require_step_up
from engine.sign_in.actions.guarding import hash_of
from engine.sign_in.records import ApiKey, SignInError
from engine.sign_in.store import SignInStore

log = logging.getLogger(__name__)

BOARD: Final = "board"
REPORT: Final = "report"
CASES: Final = "cases"
GATEWAY: Final = "gateway"
SCOPES: Final = {
    BOARD: "read the counts of the board",
    REPORT: "send reports, and ask how far they are",
    CASES: "read where the unit's cases stand, once someone who leads the unit agrees",
    GATEWAY: "bring messages and missed calls as a gateway, signed",
}
"""What a key may be for, and what that allows."""
MOST_USES_IN_AN_HOUR: Final = 3_600
"""Of the keys of one program together: one a second, which is more than a monitor or a hotline needs."""
_HOUR: Final = timedelta(hours=1)
LONGEST_DAYS: Final = 366
WARNED_BEFORE: Final = timedelta(days=14)
"""So long before a key ends its owners are warned."""
PREFIX: Final = "icmc_"
_ROLES: Final = {
    BOARD: Role.AUDITOR.value, REPORT: ProgramRole.REPORTS.value, CASES: ProgramRole.READS.value,
    GATEWAY: ProgramRole.REPORTS.value,
}  # fmt: skip
"""The role that a service account needs for a scope, and the only one that a key of that scope brings."""


_ALONE: Final = "A gateway is for one unit and does nothing else: give it a name that no other program has."
_SECRET: Final = re.compile(r"[!-~]{16,200}")
_MADE: Final = (
    "This key has already been made, and a key is shown only once. If no one has seen it, revoke it and make another."
)


class NewKey(NamedTuple):
    """A key that was made: the key itself is known only now; whether it `waits` for who leads the unit to agree.

    A gateway posts to the address of its account, `gateway_id`, and signs with the key, or with its own secret.
    """

    id: UUID
    key: str
    waits: bool = False
    gateway_id: UUID | None = None
    signs_itself: bool = False


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
    secret: str = "",
) -> NewKey:
    """Make a key of a service account, which is made when there is none of that name; it ends after some days.

    A gateway signs with the key itself, or with the `secret` that its provider gave; all that count sign, so that one
    follows another at the same address. It serves one unit, and its program does nothing else.
    One command makes one key: sent again, it is refused, since a key is shown once. Raises `InvalidAnswersError`,
    `NotFoundError` for an unknown unit, `NotAllowedError`, `NoSecondPersonError`, `StepUpNeededError`.
    """
    _require(engine, viewer)
    wanted = tuple(dict.fromkeys(scopes))
    _require_fitting(account, name, wanted, days, secret)
    command = command_id or engine.entropy.uuid()
    token, now = PREFIX + engine.entropy.token(), engine.wall_clock.now()
    with engine.transaction() as tx:
        tx.of(HousekeepingStore).take_turn(command)
        if tx.of(HousekeepingStore).answer_to(command) is not None:
            raise InvalidAnswersError({"name": _MADE})
        unit_id = _unit_looked_after(tx, viewer, unit)
        actor_id, is_gateway = _account(engine, tx, account.strip()), GATEWAY in wanted
        _require_alone(tx, actor_id, unit_id, is_gateway=is_gateway)
        waits = [not _give_to_program(engine, tx, AskedRole(actor_id, unit_id, _ROLES[one]), viewer) for one in wanted]
        key = ApiKey(engine.entropy.uuid(), actor_id, name.strip(), wanted, now + timedelta(days=days))
        by = viewer.acting_id
        signs = (secret or token) if is_gateway else None
        tx.of(SignInStore).add_key(key, hash_of(token), by=by, at=now, secret=signs)
        body = {"key_id": str(key.id), "actor_id": str(actor_id), "scopes": list(wanted), "days": days}
        tx.of(AuditLogStore).note("people", "KeyMade", body, actor_id=by, at=now)
        tx.of(HousekeepingStore).remember(command, {"key_id": str(key.id)}, case_id=None, at=now)
        tx.commit()
    return NewKey(key.id, token, any(waits), actor_id if is_gateway else None, signs_itself=bool(secret))


def _require_alone(tx: Transaction, actor_id: UUID, unit_id: UUID, *, is_gateway: bool) -> None:
    """Refuse a gateway that does something else, or for another unit: it could not be told for which a message is."""
    every = tx.of(SignInStore).keys()
    is_other = any((GATEWAY in key.scopes) is not is_gateway for key in every if key.actor_id == actor_id)
    elsewhere = {unit for unit, _ in tx.of(DirectoryStore).memberships(actor_id)} - {unit_id}
    if is_other or (is_gateway and elsewhere):
        raise InvalidAnswersError({"account": _ALONE})


def _give_to_program(engine: Engine, tx: Transaction, wanted: AskedRole, viewer: Viewer) -> bool:
    """Give a service account a role; return whether it counts: one that sees cases does when a lead agrees.

    Raises `NoSecondPersonError`.
    """
    if tx.of(DirectoryStore).has_role(wanted.actor_id, unit_id=wanted.unit_id, role=wanted.role):
        return True
    if wanted.role == ProgramRole.READS:
        return give_or_ask(engine, tx, wanted, viewer=viewer)
    tx.of(DirectoryStore).add_role(wanted.actor_id, unit_id=wanted.unit_id, role=wanted.role)
    return True


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


def keys_ending(engine: Engine, *, viewer: Viewer) -> int:
    """Count the keys that end soon, of those that the viewer looks after; raises `NotAllowedError`."""
    return sum(_ends_soon(engine, key) for key in keys(engine, viewer=viewer))


def warn_of_keys(engine: Engine) -> int:
    """Tell once of each key that ends soon: who leads its unit, and administrators; returns how many."""
    with engine.transaction() as tx:
        every = tx.of(SignInStore).keys()
    ending = [key for key in every if _ends_soon(engine, key)]
    count = 0
    for key in ending:
        try:
            count += _warn(engine, key)
        except Exception:  # noqa: BLE001 - whatever is wrong with one, the others must go on
            log.error("key_could_not_be_warned_of", extra={"key_id": str(key.id)})  # noqa: TRY400
    return count


def _warn(engine: Engine, key: ApiKey) -> bool:
    now = engine.clock.now()
    with engine.transaction() as tx:
        tx.of(HousekeepingStore).take_turn(key.id)
        mark = uuid5(key.id, "ends")
        if tx.of(HousekeepingStore).answer_to(mark) is not None:
            return False
        for unit_id in {unit for unit, _ in tx.of(DirectoryStore).memberships(key.actor_id)}:
            notify_of_system(
                engine, tx, kind="key_ends", rule=f"key-ends|{key.id}|{unit_id}",
                people=who_answers_for(tx, unit_id, but=()), channels=(IN_APP, EMAIL), link="/service-accounts",
                now=now, unit=tx.of(DirectoryStore).unit(unit_id),
            )  # fmt: skip
        tx.of(HousekeepingStore).remember(mark, {"key_id": str(key.id)}, case_id=None, at=now)
        tx.commit()
    return True


def _ends_soon(engine: Engine, key: ApiKey) -> bool:
    now = engine.wall_clock.now()
    return key.revoked_at is None and key.valid_until is not None and now < key.valid_until <= now + WARNED_BEFORE


def revoke_key(engine: Engine, key_id: UUID, *, viewer: Viewer) -> None:
    """Let a key count no more, at once; raises `NotFoundError` for one that does not count, `NotAllowedError`."""
    _require(engine, viewer)
    now, by = engine.wall_clock.now(), viewer.acting_id
    with engine.transaction() as tx:
        every = tx.of(SignInStore).keys()
        known = next((key for key in every if key.id == key_id), None)
        if known is None or not _is_theirs(tx, viewer, known) or not tx.of(SignInStore).revoke_key(key_id, at=now):
            raise NotFoundError(kind="key")
        tx.of(AuditLogStore).note("people", "KeyRevoked", {"key_id": str(key_id)}, actor_id=by, at=now)
        tx.commit()


def viewer_of_key(engine: Engine, key: str, *, scope: str, or_scope: str = "") -> Viewer:
    """Return the service account of a key as a viewer with the role of one scope alone; note that the key was used.

    Raises `SignInError` for a key that does not count, `KeyTooOftenError`, and `NotAllowedError` for one that is not
    for that, or not yet.
    """
    with engine.transaction() as tx:
        found = tx.of(SignInStore).key(hash_of(key), now=engine.wall_clock.now())
        if found is None:
            raise SignInError
        scope = scope if scope in found.scopes else or_scope or scope
        _note_use(engine, tx, found, scope)
    return _as_program(engine, found, scope)


def viewer_of_gateway(engine: Engine, actor_id: UUID, *, is_signed_with: Callable[[str], bool]) -> Viewer:
    """Return a gateway as a viewer, once one of its secrets has signed what came; note that its key was used.

    Raises `SignInError` where none has, `KeyTooOftenError`, and `NotAllowedError` for one that lost its unit.
    """
    with engine.transaction() as tx:
        keys = tx.of(SignInStore).signing_keys(actor_id, now=engine.wall_clock.now())
        found = next((key for key, secret in keys if is_signed_with(secret)), None)
        if found is None:
            raise SignInError
        _note_use(engine, tx, found, GATEWAY)
    return _as_program(engine, found, GATEWAY)


def is_key_of_gateway(engine: Engine, actor_id: UUID, key: str) -> bool:
    """Return whether a key is of a gateway that signs with a secret of its own: elsewhere the key is the secret."""
    now = engine.wall_clock.now()
    with engine.transaction() as tx:
        found = tx.of(SignInStore).key(hash_of(key), now=now)
        secrets = {known.id: secret for known, secret in tx.of(SignInStore).signing_keys(actor_id, now=now)}
    return found is not None and secrets.get(found.id, key) != key


def _note_use(engine: Engine, tx: Transaction, key: ApiKey, scope: str) -> None:
    """Note that a key was used for something, allowed or not, and commit; raises `KeyTooOftenError`."""
    now = engine.wall_clock.now()
    if tx.of(AuditLogStore).count_uses(key.actor_id, since=now - _HOUR) >= MOST_USES_IN_AN_HOUR:
        raise KeyTooOftenError(most=MOST_USES_IN_AN_HOUR)
    tx.of(SignInStore).use_key(key.id, at=now)
    body = {"key_id": str(key.id), "scope": scope, "allowed": scope in key.scopes}
    tx.of(AuditLogStore).note("sign-in", "KeyUsed", body, actor_id=key.actor_id, at=now)
    tx.commit()


def _as_program(engine: Engine, key: ApiKey, scope: str) -> Viewer:
    viewer = _narrowed(engine.ask_all(as_viewer, key.actor_id), _ROLES[scope])
    if not (scope in key.scopes and viewer.roles):
        raise NotAllowedError(actor=key.account, action=SCOPES[scope])
    return viewer


def _narrowed(viewer: Viewer, role: str) -> Viewer:
    """Leave a viewer one role, in the units in which they have it: another key of theirs may bring others."""
    kept = tuple(Membership(unit_id=one.unit_id, roles=(role,)) for one in viewer.memberships if role in one.roles)
    units = tuple(one.unit_id for one in kept)
    return viewer.model_copy(update={"memberships": kept, "unit_ids": units, "roles": (role,) if kept else ()})


def _is_theirs(tx: Transaction, viewer: Viewer, key: ApiKey) -> bool:
    account = tx.of(DirectoryStore).actor(key.actor_id)
    return looks_after(tx, viewer, account.organisation_id if account else None)


def _require(engine: Engine, viewer: Viewer) -> None:
    require_administrator(viewer)
    require_step_up(engine, viewer)


def _unit_looked_after(tx: Transaction, viewer: Viewer, name: str) -> UUID:
    unit_id = next((known.id for known in tx.of(DirectoryStore).units() if known.name == name), None)
    if unit_id is None:
        raise NotFoundError(kind="unit")
    unit_looked_after(tx, viewer, unit_id)
    return unit_id


def _require_fitting(account: str, name: str, scopes: tuple[str, ...], days: int, secret: str) -> None:
    problems = _problems(account, name, scopes, days) | _problems_of_gateway(scopes, secret)
    if problems:
        raise InvalidAnswersError(problems)


def _problems_of_gateway(scopes: tuple[str, ...], secret: str) -> dict[str, str]:
    if GATEWAY in scopes and len(scopes) > 1:
        return {"scope": "A gateway does nothing else: give the program another key for that."}
    if secret and GATEWAY not in scopes:
        return {"secret": "Only a gateway signs: leave this empty."}
    if secret and not _SECRET.fullmatch(secret):
        return {"secret": "A secret has 16 to 200 letters, digits or signs, without spaces."}
    return {}


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
