"""What guards a sign-in: guessing is slowed down, what is unlike before is told, custody lets only some in."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import Final, NamedTuple
from uuid import UUID

from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.cases.housekeeping import HousekeepingStore
from engine.core.policy import Viewer
from engine.db.transaction import Transaction
from engine.language.names import Role
from engine.messages.actions.notifying import notify_of_system
from engine.messages.actions.writing import CODE_PAGE, SIGN_IN_CODE, codes_for, reachable, zone_of
from engine.messages.records import EMAIL, IN_APP
from engine.people.records import ActorRecord
from engine.people.store import DirectoryStore
from engine.sign_in.records import (
    ACCOUNT,
    ACCOUNT_HERE,
    NETWORK,
    Sort,
    TooSoonError,
    failures_at,
    hour_of_week,
    hours_around,
    network_prefix,
    unlike_before,
    wait_after,
    waits_for,
)
from engine.sign_in.store import SignInHabitStore, SignInStore


def hash_of(token: str) -> bytes:
    """Return the hash under which a token is known; tokens have 256 random bits, so a quick hash does."""
    return hashlib.sha256(token.encode()).digest()


_PACES: Final = (ACCOUNT_HERE, ACCOUNT, NETWORK)


class Tries:
    """The tries for one account from one network."""

    def __init__(self, engine: Engine, *, account: str, network: str) -> None:
        self._engine = engine
        name = account.strip().casefold()
        blind = engine.vault.blind
        self._keys = (
            blind("sign-in", f"{name}\0{network}"), blind("sign-in", f"{name}\0"), blind("sign-in", f"\0{network}"),
        )  # fmt: skip

    def wait(self) -> timedelta:
        """Return how long the next try waits for what failed before it."""
        now = self._engine.wall_clock.now()
        with self._engine.transaction() as tx:
            return max(map(wait_after, self._failures(tx.of(SignInStore).tries(self._keys, at=now), now), _PACES))

    def failures(self) -> int:
        """Return how many tries for the account failed of late, from anywhere."""
        now = self._engine.wall_clock.now()
        with self._engine.transaction() as tx:
            return self._failures(tx.of(SignInStore).tries(self._keys, at=now), now)[1]

    def count(self, *, anywhere: bool = False, in_turn: bool = True) -> None:
        """Count a try as failed before it is known: many at once do not slip through together.

        Tries of one account from one network take turns; with `anywhere` those from all networks do. Raise
        `TooSoonError` for one that comes before the wait after the failure before it is over; it is not counted.
        Without `in_turn` none is refused: what is asked for tells so little that whoever asks rightly is not held up.
        """
        now = self._engine.wall_clock.now()
        turns = _PACES[:2] if anywhere else _PACES[:1]
        with self._engine.transaction() as tx:
            found = tx.of(SignInStore).tries(self._keys, at=now)
            failures = self._failures(found, now)
            left = max(
                waits_for(failed, pace, last_at=last_at, now=now)
                for failed, pace, (_, last_at) in zip(failures, turns, found, strict=False)
            )
            if left and in_turn:
                raise TooSoonError(seconds=ceil(left.total_seconds()))
            tx.of(SignInStore).set_tries(dict(zip(self._keys, (count + 1 for count in failures), strict=True)), at=now)
            tx.commit()

    def forget(self) -> None:
        """Forget the failures of the account after a success; the network's stay, less this try."""
        now = self._engine.wall_clock.now()
        here, account, network = self._keys
        with self._engine.transaction() as tx:
            count, _ = tx.of(SignInStore).tries((network,), at=now)[0]
            tx.of(SignInStore).set_tries({network: max(count - 1, 0)}, at=now)
            tx.of(SignInStore).forget_tries((here, account))
            tx.commit()

    @staticmethod
    def _failures(found: tuple[tuple[int, datetime], ...], now: datetime) -> list[int]:
        return [failures_at(count, last_at, now) for count, last_at in found]


NEW_DEVICE: Final = "new_device"
UNUSUAL: Final = "unusual_sign_in"
CHANGED: Final = "sign_in_changed"
WRONG_CODES: Final = "wrong_codes"
_ACCOUNT: Final = "/account"


def notify_of_device(engine: Engine, tx: Transaction, actor_id: UUID, *, at: datetime) -> None:
    """Tell somebody of a sign-in from a browser that they had not used before; `at` is by the machine's clock."""
    _notify(engine, tx, actor_id, NEW_DEVICE, at)


def notify_of_unusual(engine: Engine, tx: Transaction, actor_id: UUID, *, at: datetime) -> None:
    """Tell somebody of a sign-in at an hour or from a network unlike all before; `at` is by the machine's clock."""
    _notify(engine, tx, actor_id, UNUSUAL, at)


def notify_of_wrong_codes(engine: Engine, tx: Transaction, actor_id: UUID, *, at: datetime) -> None:
    """Tell somebody that a sign-in with their password ended after wrong codes; `at` is by the machine's clock."""
    _notify(engine, tx, actor_id, WRONG_CODES, at)


def notify_of_change(engine: Engine, tx: Transaction, actor_id: UUID, *, at: datetime) -> None:
    """Tell somebody that their password or second factor was changed; `at` is by the machine's clock."""
    _notify(engine, tx, actor_id, CHANGED, at)


def _notify(engine: Engine, tx: Transaction, actor_id: UUID, kind: str, at: datetime) -> None:
    person = tx.of(DirectoryStore).actor(actor_id)
    if person is not None:
        notify_of_system(
            engine, tx, kind=kind, rule=f"{kind}|{at.isoformat()}", people=(person,), channels=(IN_APP, EMAIL),
            link=_ACCOUNT, now=engine.clock.now(), critical=True,
        )  # fmt: skip


class SignInOrigin(NamedTuple):
    """From where somebody signs in: the mark of the browser and the address of the network, each empty if unknown."""

    device: str = ""
    network: str = ""


def unusual_in(
    engine: Engine, tx: Transaction, actor_id: UUID, place: SignInOrigin, *, at: datetime
) -> frozenset[Sort]:
    """Say in what a sign-in at `at` (UTC) is unlike all before of somebody; nothing is unusual in a demo."""
    person = tx.of(DirectoryStore).actor(actor_id)
    if engine.demo or person is None:
        return frozenset()
    habits = tx.of(SignInHabitStore).of(actor_id)
    hours = hours_around(hour_of_week(at, _zone(tx, person)))
    prefix = network_prefix(place.network)
    near = {
        Sort.HOUR: {mark for hour in hours for mark in _marks(engine, actor_id, Sort.HOUR, str(hour))},
        Sort.NETWORK: _marks(engine, actor_id, Sort.NETWORK, prefix) if prefix else {},
    }
    found = unlike_before(habits, near, at=at)
    is_new = bool(place.device) and tx.of(SignInHabitStore).is_new_device(actor_id, hash_of(place.device))
    return found | {Sort.DEVICE} if is_new else found


def learn(engine: Engine, tx: Transaction, actor_id: UUID, place: SignInOrigin, *, at: datetime) -> None:
    """Note the hour and the network of a sign-in that was proved."""
    person = tx.of(DirectoryStore).actor(actor_id)
    if engine.demo or person is None:
        return
    marks = dict(_marks(engine, actor_id, Sort.HOUR, str(hour_of_week(at, _zone(tx, person)))))
    if prefix := network_prefix(place.network):
        marks.update(_marks(engine, actor_id, Sort.NETWORK, prefix))
    tx.of(SignInHabitStore).note(actor_id, marks, at=at)


def send_code(engine: Engine, tx: Transaction, actor_id: UUID, token: str, *, at: datetime) -> bool:
    """Send somebody the code of a sign-in by e-mail; False where none leaves, or no address of theirs is known.

    It says nothing of the place. `at` is by the machine's clock.
    """
    person = tx.of(DirectoryStore).actor(actor_id)
    if person is None or EMAIL not in reachable(engine, tx, person, (EMAIL,), None):
        return False
    notify_of_system(
        engine, tx, kind=SIGN_IN_CODE, rule=f"{SIGN_IN_CODE}|{at.isoformat()}", people=(person,), channels=(EMAIL,),
        link=CODE_PAGE, now=engine.clock.now(), critical=True, code_of=hash_of(token),
    )  # fmt: skip
    tx.of(AuditLogStore).note("sign-in", "SignInCodeSent", {}, actor_id=actor_id, at=at)
    return True


def sent_code_fits(engine: Engine, token: str, code: str) -> bool:
    """Return whether a code is the one that was sent for a sign-in that waits."""
    typed = "".join(code.split()).replace("-", "").encode()
    return any(hmac.compare_digest(one.encode(), typed) for one in codes_for(engine, hash_of(token)))


def _marks(engine: Engine, actor_id: UUID, sort: Sort, value: str) -> Mapping[bytes, Sort]:
    """Return the marks of a value by every key that is used now: while keys change, it is known by either."""
    tokens = engine.vault.blinds("sign-in-habit", f"{actor_id}\0{sort.value}\0{value}")
    return dict.fromkeys(tokens.values(), sort)


def _zone(tx: Transaction, person: ActorRecord) -> str:
    return zone_of(tx, person, None, None)


CUSTODY: Final = "custody"


def may_enter(tx: Transaction, actor_id: UUID) -> bool:
    """Return whether somebody may sign in now: everybody, or in custody who looks after people."""
    if custody_since(tx) is None:
        return True
    person = tx.of(DirectoryStore).actor(actor_id)
    return person is not None and Role.SYSTEM_ADMINISTRATOR in person.roles


def as_keeper(viewer: Viewer) -> Viewer:
    """Give somebody with the roles that count in custody: that of who looks after people alone.

    Who has another role beside it would see cases, at the very time at which denials and seals may be lost.
    """
    roles = tuple(role for role in viewer.roles if role == Role.SYSTEM_ADMINISTRATOR)
    kept = tuple(one.model_copy(update={"roles": roles}) for one in viewer.memberships if set(roles) & set(one.roles))
    units = tuple(one.unit_id for one in kept) if viewer.memberships else viewer.unit_ids
    return viewer.model_copy(update={"roles": roles, "memberships": kept, "unit_ids": units})


def custody_since(tx: Transaction) -> datetime | None:
    """Return since when (UTC) the installation is in custody after a restore; None for not."""
    fact = tx.of(HousekeepingStore).installation(CUSTODY)
    return datetime.fromisoformat(fact["since"]) if fact else None
