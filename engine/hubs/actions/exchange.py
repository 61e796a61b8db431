"""Exchange messages with other hubs: sent at least once, as things stand; taken as they come, carried out in order."""

import json
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.db.transaction import Transaction
from engine.errors import AlreadyEndedError, BusyError, ConflictError, IcmcError, NotFoundError
from engine.hubs.actions.arriving import arrive
from engine.hubs.actions.mirrors import note_exchange, require_still_shared
from engine.hubs.actions.peers import keys_of, take_keys
from engine.hubs.envelope import ACK, FORM, decrypted_from, encrypted_for, followed, read_signed, require_signed
from engine.hubs.records import (
    KNOWN_NUMBER,
    LONGEST_TEXT,
    MOST_AHEAD,
    TAKEN,
    WITHHELD,
    HubMessage,
    HubRefusedError,
    Kind,
    LineError,
    Mirror,
    PeerHub,
    PeerStatus,
    instant,
)
from engine.hubs.store import HubStore
from engine.sharing.actions.releasing import statements_that_stay
from engine.sharing.actions.sharing import known_referral
from engine.sharing.records.consent import ConsentError, SharedLine
from engine.sharing.store import ReferralStore
from engine.sharing.views.sent import partner_page
from engine.sign_in.actions.guarding import custody_since

log = logging.getLogger(__name__)

_MOST_IN_A_PASS: Final = 200
_SAME: Final = ("kind", "purpose", "help", "urgency", "number", "jurisdiction", "zone", "due_at")
_OF_MIRROR: Final = {
    Kind.OFFER: {name: name for name in _SAME},
    Kind.ACCEPTED: {"number": "their_number", "due_at": "their_due_at", "zone": "their_zone"},
    Kind.DECLINED: {"reason": "reason_code"},
    Kind.RECALL: {"reason": "ended_reason"},
    Kind.ERASURE: {"answer": "erasure"},
}
"""What is said as the mirrored case stands, by the names on the wire."""
_MOST_SHOWN: Final = 100_000
_MORE: Final = "More was agreed than one message can carry: ask for it"
_STAYS_UNSAID: Final = frozenset({Kind.SHARED, Kind.STEP, Kind.QUESTION, Kind.NOTE})
"""What is not said where the ground of it is gone; its number goes with a message that says nothing."""

_REFUSED: Final = "hub_refused"
_TELL_EVERY: Final = timedelta(minutes=1)
KEY_BEFORE_COUNTS: Final = timedelta(hours=1)
"""So long after a hub has changed its keys ours takes what was on its way, signed by the key before."""
_NO_KEYS: Final = bytes(32)


def exchange_with_hubs(engine: Engine) -> int:
    """Carry out what came from other hubs, and send what waits for them; returns how many were sent.

    Each hub gets its turn: one whose line is down holds nobody else up, and is tried again later, without an end. What
    a backup brought back waits until two people have looked at it.
    """
    with engine.transaction() as tx:
        peers = () if custody_since(tx) else tx.of(HubStore).peers()
    sent = 0
    for peer in peers:
        try:
            carry_out_arrived(engine, peer.id)
            sent += _send_all(engine, peer)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one hub, the others get their turn
            log.warning("hub_exchange_failed", extra={"hub_id": str(peer.id), "error": type(error).__name__})
    return sent


def _send_all(engine: Engine, peer: PeerHub) -> int:
    if peer.next_try_at is not None and peer.next_try_at > engine.clock.now():
        return 0
    sent = 0
    while sent < _MOST_IN_A_PASS and _send_next(engine, peer.id):
        sent += 1
    return sent


def _send_next(engine: Engine, peer_id: UUID) -> bool:
    """Send the message that comes next and note that it was confirmed; whether there may be another one."""
    now = engine.clock.now()
    prepared = _prepared(engine, peer_id, now)
    if prepared is None:
        return False
    message, peer, sealed = prepared
    try:
        ack = _confirmed(engine, peer, message, engine.hub_line(peer.address, sealed))
    except (LineError, HubRefusedError) as error:
        with engine.transaction() as tx:
            tx.of(HubStore).note_line(tx.of(HubStore).peer(peer_id), problem=str(error), now=now)
            tx.commit()
        return False
    with engine.transaction() as tx:
        store = tx.of(HubStore)
        store.note_line(store.peer(peer_id), problem="", now=now)
        store.note_clock(peer_id, instant(ack["at"]), engine.clock.now())
        if ack["answer"] == KNOWN_NUMBER:
            store.renumber(peer_id, above=int(ack["last"]))
        else:
            store.change(message, settled_at=now, answer=TAKEN)
            store.send_again(peer_id, above=int(ack["has"]), below=message.number)
        tx.commit()
    return True


def _prepared(engine: Engine, peer_id: UUID, now: datetime) -> tuple[HubMessage, PeerHub, bytes] | None:
    """Seal the next message as things stand now; that it leaves is recorded before it does."""
    with engine.transaction() as tx:
        message = tx.of(HubStore).next_to_send(peer_id)
        if message is None:
            return None
        if message.kind is Kind.KEYS:
            return message, tx.of(HubStore).peer(peer_id), _sealed(engine, tx.of(HubStore).peer(peer_id), message, {})
        state = tx.of(CaseStore).lock(message.case_id) if message.case_id else None
        peer, mirror = tx.of(HubStore).peer(peer_id), tx.of(HubStore).mirror_of(peer_id, message.ref)
        kind, body = message.kind, {}
        try:
            if state is not None and kind in _STAYS_UNSAID:
                require_still_shared(tx, state, mirror, now=now)
            body = _body(engine, tx, message, mirror)
            if message.problem == WITHHELD:
                raise NotFoundError(kind="message")  # noqa: TRY301 - as what it said is gone
        except (ConsentError, AlreadyEndedError, NotFoundError):
            kind, body = Kind.VOID, {}
        if message.tried_at is None:
            problem = WITHHELD if kind is Kind.VOID else ""
            tx.of(HubStore).change(message, tried_at=now, problem=problem)
            if state is not None and kind is Kind.SHARED:
                note_exchange(tx, state, "HubTold", mirror, kind, by=message.by, now=now)
            tx.commit()
    return message, peer, _sealed(engine, peer, message.model_copy(update={"kind": kind}), body)


def _sealed(engine: Engine, peer: PeerHub, message: HubMessage, body: dict[str, Any]) -> bytes:
    content = {
        "id": str(message.id), "number": message.number, "kind": message.kind.value, "about": str(message.ref),
        "sent_at": engine.clock.now().isoformat(), "written_at": message.at.isoformat(), "body": body,
    }  # fmt: skip
    return encrypted_for(engine.hub_keys, keys_of(peer), content)


def _body(engine: Engine, tx: Transaction, message: HubMessage, mirror: Mirror) -> dict[str, Any]:
    """Return what a message says. What is shown of persons is read now, and never kept beside the case."""
    if message.kind in _OF_MIRROR:
        fields = _OF_MIRROR[message.kind]
        return {name: _text(getattr(mirror, field)) for name, field in fields.items()}
    if message.kind is Kind.SHARED:
        referral = known_referral(tx, mirror.ref)
        stay = statements_that_stay(engine, tx, tx.of(CaseStore).read(referral.case_id), referral)
        page = engine.ask_all(partner_page, referral.id, tx.of(ReferralStore).note(referral.id), without=stay)
        return {"lines": _fitting(page.lines), "note": page.note[:LONGEST_TEXT]}
    said = tx.of(HubStore).body(message)
    if said is None:
        raise NotFoundError(kind="message")  # the case was erased since
    return said


def _fitting(lines: Iterable[SharedLine]) -> list[list[str]]:
    """Return what one message can carry; what is left out is asked for by a question."""
    found: list[list[str]] = []
    size = 0
    for line in lines:
        size += len(line.label) + len(line.text)
        if size > _MOST_SHOWN:
            return [*found, [_MORE, ""]]
        found.append([line.label, line.text[:LONGEST_TEXT]])
    return found


def _confirmed(engine: Engine, peer: PeerHub, message: HubMessage, answer: bytes) -> dict[str, Any]:
    """Read what a hub has confirmed of a message; raise `LineError` for what is no confirmation of this one by it."""
    ours = engine.hub_keys.public().id
    try:
        read, signature = read_signed(answer, ACK)
        keys, _ = followed(keys_of(peer), peer.key_changes, read.get("keys"))
        require_signed(keys.sign, read, signature)
        about = (read["from"], read["to"], read["message"], read["number"])
        is_right = about == (keys.id, ours, str(message.id), message.number)
        known = read["answer"] in {TAKEN, KNOWN_NUMBER} and instant(read["at"]) is not None
        _ = int(read["has"]), int(read["last"])
    except (HubRefusedError, LookupError, ValueError, TypeError):
        is_right = known = False
    if not (is_right and known):
        raise LineError(problem="its answer is not signed by its key.")
    take_keys(engine, peer.id, read.get("keys"))
    return read


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value or "")


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
