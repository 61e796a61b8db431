"""Notice a sign-in that is unlike all before it, and tell somebody of changes to how they sign in."""

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.db.transaction import Transaction
from engine.messages.actions.notifying import notify_of_system
from engine.messages.actions.writing import CODE_PAGE, SIGN_IN_CODE, codes_for, reachable, zone_of
from engine.messages.records import EMAIL, IN_APP
from engine.people.store import DirectoryStore
from engine.ports import ActorRecord
from engine.sign_in.actions.guessing import hash_of
from engine.sign_in.habits import SignInHabitStore
from engine.sign_in.records import Sort, hour_of_week, hours_around, network_prefix, unlike_before

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
