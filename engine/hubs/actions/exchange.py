"""Send what waits for other hubs: at least once, and as things stand when it leaves."""

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from engine.assembly import Engine
from engine.cases.store import CaseStore
from engine.db.transaction import Transaction
from engine.errors import AlreadyEndedError, ConsentError, NotFoundError
from engine.hubs.actions.mirrors import note_exchange, require_still_shared
from engine.hubs.actions.peers import keys_of, take_keys
from engine.hubs.actions.taking import carry_out_arrived
from engine.hubs.envelope import ACK, encrypted_for, followed, read_signed, require_signed
from engine.hubs.records import (
    KNOWN_NUMBER,
    LONGEST_TEXT,
    TAKEN,
    WITHHELD,
    HubMessage,
    HubRefusedError,
    Kind,
    LineError,
    Mirror,
    PeerHub,
    instant,
)
from engine.hubs.store import HubStore
from engine.sharing.actions.releasing import statements_that_stay
from engine.sharing.actions.sharing import known_referral
from engine.sharing.records.consent import SharedLine
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
