"""What each sort of message from another hub does here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import JsonValue

from engine.assembly import Engine
from engine.builtin import HEAR_OTHER_HUBS, LOOK_AFTER_PARTNERS
from engine.cases.actions.deciding import carry_out
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core.case_links import ReferralStatus
from engine.core.follow_ups import brought_by_act
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.errors import NotFoundError
from engine.hubs.actions.mirrors import note_exchange
from engine.hubs.records import (
    LONGEST_TEXT,
    HubMessage,
    Kind,
    Mirror,
    MirrorStatus,
    PeerHub,
    instant,
    mirror_id,
    short,
)
from engine.hubs.store import HubStore
from engine.messages.actions.notifying import add_delivery_job, notify, notify_of_system
from engine.messages.actions.recipients import reachable
from engine.messages.records import EMAIL, IN_APP
from engine.people.records import ActorRecord
from engine.people.store import DirectoryStore
from engine.sharing.actions.partners import answer_from_outside
from engine.sharing.actions.sharing import call_back, known_referral, open_run, who_offered
from engine.sharing.records.consent import ConsentError

REQUESTS: Final = "/hubs/requests"
_ASK: Final = "core.ask"
_STEPS: Final = {Kind.QUESTION: "hub_question", Kind.RECALL: "hub_recall"}
_MOST_LINES: Final = 500


@dataclass(frozen=True, slots=True)
class Arrived:
    """What is kept of a message, and for which case it is encrypted."""

    body: JsonValue = None
    case_id: UUID | None = None


def arrive(
    engine: Engine, tx: Transaction, peer: PeerHub, message: HubMessage, said: dict[str, Any], *, now: datetime
) -> Arrived:
    """Do what a message asks for. Raise `NotFoundError` for a case that this hub has nothing to do with, and others.

    Each sort is taken from one side only: who was asked cannot recall, and who asked cannot accept.
    """
    if message.kind is Kind.OFFER:
        _take_offer(engine, tx, peer, message, said, now)
        return Arrived()
    if message.kind is Kind.KEYS:
        return Arrived()  # every message shows them
    mirror = tx.of(HubStore).mirror_of(peer.id, message.ref)
    if message.kind in {Kind.SHARED, Kind.RECALL} and not mirror.came_in:
        raise NotFoundError(kind="request of another hub")
    if message.kind in {Kind.ACCEPTED, Kind.DECLINED, Kind.ERASURE} and mirror.came_in:
        raise NotFoundError(kind="request of another hub")
    if message.kind is Kind.VOID:
        return Arrived()
    if mirror.case_id is None:
        _end_request(tx, mirror, message, said, now)
        return Arrived()
    state = tx.of(CaseStore).lock(mirror.case_id)
    state = note_exchange(tx, state, "HubHeard", mirror, message.kind, by=None, now=now)
    if message.kind in {Kind.ACCEPTED, Kind.DECLINED}:
        _take_answer(engine, tx, state, mirror, message, said, now)
        return Arrived()
    body = _take_words(tx, mirror, message, said, now)
    _let_people_know(engine, tx, state, mirror, message, now)
    return Arrived(body, state.case.id)


def _take_offer(
    engine: Engine, tx: Transaction, peer: PeerHub, message: HubMessage, said: dict[str, Any], now: datetime
) -> None:
    words = {name: short(said, name) for name in ("kind", "purpose", "help", "urgency", "number", "jurisdiction")}
    mirror = Mirror(
        id=mirror_id(peer.id, message.ref), hub_id=peer.id, ref=message.ref, came_in=True, unit_id=peer.unit_id,
        offered_at=message.sent_at or now, due_at=_instant(said, "due_at"), zone=short(said, "zone") or "UTC", **words,
    )  # fmt: skip
    if not tx.of(HubStore).add_mirror(mirror):
        return
    people = tx.of(DirectoryStore).with_role(unit_id=peer.unit_id, roles=HEAR_OTHER_HUBS, now=now)
    notify_of_system(
        engine, tx, kind="hub_message", rule=f"{mirror.id}|hub_message", people=people, channels=(IN_APP, EMAIL),
        link=REQUESTS, now=now, critical=mirror.urgency == "critical",
        unit=tx.of(DirectoryStore).unit(peer.unit_id), due_at=mirror.due_at,
    )  # fmt: skip


def _end_request(tx: Transaction, mirror: Mirror, message: HubMessage, said: dict[str, Any], now: datetime) -> None:
    """Take back what nobody here has accepted; anything else says nothing yet."""
    if message.kind is Kind.RECALL and mirror.ended_at is None:
        changes = {"status": MirrorStatus.RECALLED, "ended_at": now, "ended_reason": short(said, "reason", 40)}
        ended = mirror.model_copy(update={**changes, "erasure": "nothing_kept", "erasure_at": now})
        tx.of(HubStore).save_mirror(ended)
        tx.of(HubStore).say(ended, Kind.ERASURE, by=None, at=now)


def _take_answer(
    engine: Engine,
    tx: Transaction,
    state: CaseState,
    mirror: Mirror,
    message: HubMessage,
    said: dict[str, Any],
    now: datetime,
) -> None:
    """Let our case wait no more; what was agreed leaves now, if that on which it rests still holds."""
    if mirror.status is not MirrorStatus.OFFERED:
        return
    accepts, reason = message.kind is Kind.ACCEPTED, short(said, "reason", 40)
    changes: dict[str, Any] = {"answered_at": now, "reason_code": reason, "status": MirrorStatus(message.kind.value)}
    if accepts:
        changes |= {"their_number": short(said, "number"), "their_due_at": _instant(said, "due_at")}
        changes |= {"their_zone": short(said, "zone")}
    else:
        changes |= {"ended_at": now, "ended_reason": "declined"}
    answered = mirror.model_copy(update=changes)
    tx.of(HubStore).save_mirror(answered)
    referral = known_referral(tx, mirror.ref)
    if referral.status is not ReferralStatus.OFFERED:
        return
    try:
        answer_from_outside(engine, tx, state, referral, accepts=accepts, reason_code=reason, now=now)
    except ConsentError:
        call_back(engine, tx, state, referral, reason="nothing_allows_it", by=None, now=now)
        return
    if accepts:
        tx.of(HubStore).say(answered, Kind.SHARED, by=referral.released_by, at=now)


def _take_words(tx: Transaction, mirror: Mirror, message: HubMessage, said: dict[str, Any], now: datetime) -> JsonValue:
    """Change what follows for the mirrored case, and return what is kept of the words."""
    match message.kind:
        case Kind.SHARED if mirror.status in {MirrorStatus.ACCEPTED, MirrorStatus.CLOSED}:
            lines = said.get("lines")
            pairs = [one for one in lines if isinstance(one, list) and len(one) == 2] if isinstance(lines, list) else []  # noqa: PLR2004 - label and text
            shown: JsonValue = [[_cut(label), _cut(text)] for label, text in pairs[:_MOST_LINES]]
            return {"lines": shown, "note": _cut(said.get("note"))}
        case Kind.QUESTION | Kind.NOTE if mirror.status is not MirrorStatus.RECALLED:
            return {"text": _cut(said.get("text"))}
        case Kind.STEP:
            return {"label": short(said, "label", 200), "outcome": short(said, "outcome"), **_day(said, "done_at")}
        case Kind.CLOSED:
            if mirror.status is MirrorStatus.ACCEPTED:
                tx.of(HubStore).save_mirror(mirror.model_copy(update={"status": MirrorStatus.CLOSED}))
            return _day(said, "closed_at")
        case Kind.RECALL if mirror.ended_at is None:
            tx.of(HubStore).forget_shown(mirror)
            changes = {"status": MirrorStatus.RECALLED, "ended_at": now, "ended_reason": short(said, "reason", 40)}
            recalled = mirror.model_copy(update={**changes, "erasure": "removed", "erasure_at": now})
            tx.of(HubStore).save_mirror(recalled)
            tx.of(HubStore).say(recalled, Kind.ERASURE, by=None, at=now, key="removed")
        case Kind.ERASURE:
            changes = {"erasure": short(said, "answer", 40), "erasure_at": now}
            tx.of(HubStore).save_mirror(mirror.model_copy(update=changes))
    return None


def _let_people_know(
    engine: Engine, tx: Transaction, state: CaseState, mirror: Mirror, message: HubMessage, now: datetime
) -> None:
    """Give people the work that follows, where the case goes on; else tell them that something came."""
    run, name = open_run(state), _STEPS.get(message.kind)
    if run is not None and name and state.case.merged_into is None:
        added = brought_by_act(run, _ASK, name, engine.definitions, tx.library())
        command = cm.AddStep(run.id, f"hub_{message.id.hex[:12]}", added)
        state = carry_out(engine, tx, state, command, actor_id=None, now=now).state
    rule = f"{message.id}|hub_message"
    must_send = notify(
        engine, tx, state, kind="hub_message", rule=rule, people=_people(tx, state, mirror, now),
        channels=(IN_APP, EMAIL), step_title="", due_at=None, link=f"/cases/{state.case.id}/hubs", now=now,
    )  # fmt: skip
    if must_send:
        add_delivery_job(tx, state, rule=rule, critical=False, now=now)


def _people(tx: Transaction, state: CaseState, mirror: Mirror, now: datetime) -> Iterable[ActorRecord]:
    if not mirror.came_in:
        return who_offered(tx, state, known_referral(tx, mirror.ref), now)
    accepted = tx.of(DirectoryStore).actor(mirror.answered_by) if mirror.answered_by else None
    found = reachable(tx, state, (accepted,), now=now).people if accepted else ()
    ours = tx.of(DirectoryStore).holders(roles=LOOK_AFTER_PARTNERS, unit_id=state.case.unit_id)
    return found or reachable(tx, state, ours, now=now).people


def _cut(text: object) -> str:
    return str(text or "")[:LONGEST_TEXT]


def _day(said: dict[str, Any], name: str) -> dict[str, JsonValue]:
    at = _instant(said, name)
    return {name: at.isoformat() if at else ""}


def _instant(said: dict[str, Any], name: str) -> datetime | None:
    try:
        return instant(said.get(name))
    except ValueError:
        return None
