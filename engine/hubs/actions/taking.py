"""Take what other hubs send: kept as it comes, confirmed, and carried out once, in its order."""

import json
import logging
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.cases.housekeeping import HousekeepingStore
from engine.errors import BusyError, ConflictError, IcmcError
from engine.hubs.actions.arriving import arrive
from engine.hubs.actions.peers import keys_of, take_keys
from engine.hubs.envelope import ACK, FORM, decrypted_from, followed, read_signed
from engine.hubs.records import (
    KNOWN_NUMBER,
    MOST_AHEAD,
    TAKEN,
    HubMessage,
    HubRefusedError,
    Kind,
    PeerHub,
    PeerStatus,
    instant,
)
from engine.hubs.store import HubStore
from engine.sign_in.actions.guarding import custody_since

log = logging.getLogger(__name__)

_REFUSED: Final = "hub_refused"
_TELL_EVERY: Final = timedelta(minutes=1)
KEY_BEFORE_COUNTS: Final = timedelta(hours=1)
"""So long after a hub has changed its keys ours takes what was on its way, signed by the key before."""
_NO_KEYS: Final = bytes(32)


def take_message(engine: Engine, raw: bytes) -> bytes:
    """Keep what another hub has sent, carry out what has its turn, and return our signed confirmation.

    What came before is confirmed again in the same words and does nothing. Raise `HubRefusedError`, in the same words
    for whatever is wrong, for what is not from a hub that was confirmed here: that is recorded.
    """
    try:
        outer, _ = read_signed(raw, FORM)
        peer = _writer(engine, outer)
        now, shown = engine.clock.now(), outer.get("keys")
        keys, changes = followed(keys_of(peer), peer.key_changes, shown)
        before = peer.sign_keys_before(since=now - KEY_BEFORE_COUNTS)
        said = decrypted_from(engine.hub_keys, keys, raw, before=before)
        message = _read(peer, said, now=now)
        if changes:
            take_keys(engine, peer.id, shown)
    except HubRefusedError:
        _note_refused(engine)
        raise
    confirmation = _keep(engine, peer, message, raw, wire_id=str(said["id"]))
    try:
        carry_out_arrived(engine, peer.id)
    except Exception as error:  # noqa: BLE001 - it is kept, and carried out later
        log.warning("hub_message_waits", extra={"hub_id": str(peer.id), "error": type(error).__name__})
    return engine.hub_keys.signed(json.loads(confirmation))


def _writer(engine: Engine, outer: dict[str, Any]) -> PeerHub:
    """Return the live hub that a message says it is from; for none, a hub whose key has signed nothing."""
    with engine.transaction() as tx:
        if custody_since(tx) is not None:
            raise BusyError(waited_for="those who look at what a backup brought back")
        peers = tx.of(HubStore).peers()
    found = [peer for peer in peers if keys_of(peer).id == outer.get("from")]
    now = engine.clock.now()
    nobody = PeerHub(
        id=UUID(int=0), name="", kind="", address="", sign_key=_NO_KEYS, agree_key=_NO_KEYS, unit_id=UUID(int=0),
        status=PeerStatus.ENDED, added_at=now,
    )  # fmt: skip
    return found[0] if found else nobody


def _read(peer: PeerHub, said: dict[str, Any], *, now: datetime) -> HubMessage:
    try:
        number, written = int(said["number"]), instant(said["sent_at"])
        if not 1 <= number <= peer.received_number + MOST_AHEAD:
            raise HubRefusedError
        kind = Kind(said["kind"]) if said["kind"] in set(Kind) else Kind.VOID
        return HubMessage(
            id=uuid5(peer.id, str(UUID(said["id"]))), hub_id=peer.id, came_in=True, number=number, kind=kind,
            ref=UUID(said["about"]), at=now, sent_at=written,
        )  # fmt: skip
    except (LookupError, ValueError, TypeError, AttributeError, OverflowError):
        raise HubRefusedError from None


def _keep(engine: Engine, peer: PeerHub, message: HubMessage, raw: bytes, *, wire_id: str) -> str:
    """Keep a message until its turn; returns what is confirmed: of one that came before, what was confirmed then."""
    now = engine.clock.now()
    with engine.transaction() as tx:
        store = tx.of(HubStore)
        store.take_turn(peer.id)
        known = store.arrived(peer.id, id_=message.id, number=message.number)
        same = next((one for one in known if (one.id, one.number) == (message.id, message.number)), None)
        if same is not None:
            return json.dumps(json.loads(same.answer) | {"has": store.has_all_to(peer.id)})
        store.note_clock(peer.id, message.sent_at, now)
        answer = KNOWN_NUMBER if known or message.number <= store.peer(peer.id).received_number else TAKEN
        confirmation = {
            "form": ACK, "from": engine.hub_keys.public().id, "to": keys_of(peer).id, "message": wire_id,
            "number": message.number, "answer": answer, "last": store.last_arrived(peer.id), "at": now.isoformat(),
        }  # fmt: skip
        if answer == TAKEN:
            store.keep(message.model_copy(update={"answer": json.dumps(confirmation)}), raw)
        else:
            body = {"hub_id": str(peer.id), "number": message.number}
            tx.of(AuditLogStore).note("hubs", "HubNumberUsedAgain", body, actor_id=None, at=now)
        text = json.dumps(confirmation | {"has": store.has_all_to(peer.id)})
        tx.commit()
        return text


def carry_out_arrived(engine: Engine, peer_id: UUID) -> int:
    """Carry out what a hub has sent, by number, each in a transaction of its own; returns how many.

    What cannot be carried out since things stand otherwise here is noted, and the next one has its turn.
    """
    done = 0
    while _carry_out_next(engine, peer_id):
        done += 1
    return done


def _carry_out_next(engine: Engine, peer_id: UUID) -> bool:
    now = engine.clock.now()
    with engine.transaction() as tx:
        store = tx.of(HubStore)
        store.take_turn(peer_id)
        peer = store.peer(peer_id)
        following = store.next_to_carry_out(peer)
        if following is None:
            return False
        message, envelope = following
    before = peer.sign_keys_before()  # it counted when it came in
    body = decrypted_from(engine.hub_keys, keys_of(peer), envelope, before=before).get("body")
    said = body if isinstance(body, dict) else {}
    try:
        return _carried_out(engine, peer, message, said, now, problem="")
    except (BusyError, ConflictError):
        raise
    except IcmcError as error:
        log.warning("hub_message_not_fitting", extra={"message_id": str(message.id), "code": error.code})
        return _carried_out(engine, peer, message, {}, now, problem=error.code)


def _carried_out(
    engine: Engine, peer: PeerHub, message: HubMessage, said: dict[str, Any], now: datetime, *, problem: str
) -> bool:
    with engine.transaction() as tx:
        store = tx.of(HubStore)
        store.take_turn(peer.id)
        if store.peer(peer.id).received_number >= message.number:
            return True  # somebody else was first
        if problem:
            store.settle(message.model_copy(update={"problem": problem}), now=now)
        else:
            arrived = arrive(engine, tx, peer, message, said, now=now)
            store.settle(message, now=now, body=arrived.body, case_id=arrived.case_id)
        tx.commit()
        return True


def _note_refused(engine: Engine) -> None:
    """Count what was refused, and record it in the audit once a minute at most: nobody fills the audit from outside."""
    now = engine.clock.now()
    with engine.transaction() as tx:
        known = tx.of(HousekeepingStore).installation(_REFUSED) or {}
        count, told_at = int(known.get("count", 0)) + 1, instant(known.get("at"))
        if told_at is None or now - told_at >= _TELL_EVERY or now < told_at:
            tx.of(AuditLogStore).note("hubs", "HubMessageRefused", {"count": count}, actor_id=None, at=now)
            count, told_at = 0, now
        tx.of(HousekeepingStore).set_installation(_REFUSED, {"count": count, "at": told_at.isoformat()})
        tx.commit()
