"""Notice a sign-in that is unlike all before it, learn from each that was proved, and send the code that proves one.

Hours and networks are kept as keyed marks, which tell neither. The code is made of the token of the sign-in that waits,
by a key of this machine: it is kept nowhere, is put into the message when that is sent, and fits nothing but that
sign-in.
"""

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from engine.adapters.sql.audit_log_store import AuditLogStore
from engine.adapters.sql.directory_store import DirectoryStore
from engine.adapters.sql.sign_in_habit_store import SignInHabitStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.domain.sign_in_habits import (
    CODE_DIGITS,
    Sort,
    hour_of_week,
    hours_around,
    network_prefix,
    unlike_before,
)
from engine.ports import ActorRecord, Rendered
from engine.stores import ClaimedDelivery
from engine.usecases.session_tokens import hash_of
from engine.usecases.telling import EMAIL, tell_of_system
from engine.usecases.writing import reachable, zone_of

_CODE: Final = "sign_in_code"
_CODE_PAGE: Final = "/sign-in/code"


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
    tell_of_system(
        engine, tx, kind=_CODE, rule=f"{_CODE}|{at.isoformat()}", people=(person,), channels=(EMAIL,),
        link=_CODE_PAGE, now=engine.clock.now(), critical=True, code_of=hash_of(token),
    )  # fmt: skip
    tx.of(AuditLogStore).note("sign-in", "SignInCodeSent", {}, actor_id=actor_id, at=at)
    return True


def sent_code_fits(engine: Engine, token: str, code: str) -> bool:
    """Say whether a code is the one that was sent for a sign-in that waits."""
    typed = "".join(code.split()).replace("-", "").encode()
    return any(hmac.compare_digest(one.encode(), typed) for one in _codes(engine, hash_of(token)))


def words_to_send(engine: Engine, delivery: ClaimedDelivery) -> Rendered:
    """Give the words of a message as they leave: those that are kept, or with the code of the sign-in it is for."""
    if delivery.code_of is None:
        return Rendered(delivery.subject, delivery.body, delivery.html)
    with engine.transaction() as tx:
        person = tx.of(DirectoryStore).actor(delivery.recipient_id)
    variables = {
        "unit": "", "case_number": "", "due_time": "", "link": f"{engine.portal_url}{_CODE_PAGE}",
        "code": _codes(engine, bytes(delivery.code_of))[0],
    }  # fmt: skip
    return engine.renderer.message(_CODE, (person.language,) if person else (), variables)


def _marks(engine: Engine, actor_id: UUID, sort: Sort, value: str) -> Mapping[bytes, Sort]:
    """Give the marks of a value by every key that is used now: while keys change, it is known by either."""
    tokens = engine.vault.blinds("sign-in-habit", f"{actor_id}\0{sort.value}\0{value}")
    return dict.fromkeys(tokens.values(), sort)


def _codes(engine: Engine, token_hash: bytes) -> tuple[str, ...]:
    tokens = engine.vault.blinds("sign-in-code", token_hash.hex()).values()
    return tuple(f"{int.from_bytes(one, 'big') % 10**CODE_DIGITS:0{CODE_DIGITS}d}" for one in tokens)


def _zone(tx: Transaction, person: ActorRecord) -> str:
    return zone_of(tx, person, None, None)
