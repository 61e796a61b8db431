"""Get to know a hub elsewhere by its file, and confirm its keys by reading their fingerprint aloud."""

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from engine.approvals.actions.approvals import Answer, Handler, Lapse, ask_second, register, take_answer, who_answers
from engine.approvals.records import ApprovalKind
from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.core.policy import Action, Viewer, require
from engine.db.transaction import Transaction
from engine.errors import AlreadyEndedError, InvalidAnswersError, NotFoundError
from engine.hubs.envelope import (
    CARD,
    PublicKeys,
    address_problem,
    card,
    card_keys,
    followed,
    read_signed,
    require_signed,
)
from engine.hubs.records import HubRefusedError, KeyChange, KeysOnTheirWayError, Kind, PeerHub, PeerStatus, short
from engine.hubs.store import HubStore
from engine.people.store import DirectoryStore

_HUBS: Final = UUID("7e3c2b64-0b1d-4d8a-9a53-2f5ad6a2b8e7")
_OTHER_FINGERPRINT: Final = "This is not the fingerprint of the keys in the file. Ask them to read it to you again."


def own_card(engine: Engine, *, viewer: Viewer) -> tuple[bytes, str]:
    """Return the file by which another hub gets to know ours, and the fingerprint to be read to it.

    The keys are made when they are asked for first. Raise `NotAllowedError`, `SettingsError`.
    """
    require(viewer, Action.KEEP_CHANNELS)
    with engine.transaction() as tx:
        unit = next((one for one in tx.of(DirectoryStore).units() if one.id in viewer.unit_ids), None)
        name = tx.of(DirectoryStore).names_around([unit.id])[-1] if unit else engine.portal_url
    made = card(engine.hub_keys, name=name, address=engine.portal_url)
    return made, engine.hub_keys.public().fingerprint


def ask_peer(engine: Engine, *, viewer: Viewer, file: str, fingerprint: str, unit_id: UUID, kind: str) -> UUID:
    """Enter a hub elsewhere by its file and the fingerprint that its people have read; a second person confirms it.

    Raise `InvalidAnswersError` for another file or fingerprint, `AlreadyEndedError` for keys that are known already,
    `NoSecondPersonError`, `NotAllowedError`, `NotFoundError`.
    """
    require(viewer, Action.KEEP_CHANNELS)
    said, keys = _read(file)
    _require_read_aloud(keys, fingerprint)
    if problem := address_problem(str(said.get("address") or "")) or _own(engine, keys):
        raise InvalidAnswersError({"file": problem})
    now = engine.clock.now()
    peer = PeerHub(
        id=uuid5(_HUBS, keys.id), name=short(said, "name") or "A hub without a name", kind=kind,
        address=str(said["address"]), sign_key=keys.sign, agree_key=keys.agree, wire_id=keys.first,
        key_changes=_changes(said.get("keys"), now), unit_id=unit_id, asked_by=viewer.actor_id, added_at=now,
    )  # fmt: skip
    with engine.transaction() as tx:
        if tx.of(DirectoryStore).unit(unit_id) is None:
            raise NotFoundError(kind="unit")
        units = (unit_id, *viewer.unit_ids)
        answered_in, people = who_answers(tx, ApprovalKind.HUB, units, but={viewer.actor_id})
        if not tx.of(HubStore).add_peer(peer):
            _ask_again(tx, peer)
        ask_second(
            engine, tx, ApprovalKind.HUB, peer.id, asked_by=viewer.actor_id, now=now, unit_id=answered_in,
            people=people, seen=keys.mark,
        )  # fmt: skip
        _note(tx, "HubAsked", peer, viewer, engine)
        tx.commit()
    return peer.id


def confirm_peer(engine: Engine, peer_id: UUID, *, viewer: Viewer, fingerprint: str) -> None:
    """Confirm, as a second person who has heard the fingerprint too: from now on messages go and come.

    Raise `InvalidAnswersError` for another fingerprint, `AlreadyEndedError`, `OwnApprovalError`, `NotAllowedError`.
    """
    require(viewer, Action.AGREE_HUB)
    with engine.transaction() as tx:
        peer = tx.of(HubStore).peer(peer_id)
        _require_read_aloud(keys_of(peer), fingerprint)
        _answer(engine, tx, peer, viewer, approved=True)
        tx.of(HubStore).change_peer(peer.id, status=PeerStatus.LIVE, confirmed_by=viewer.actor_id, ended_at=None)
        _note(tx, "HubConfirmed", peer, viewer, engine)
        tx.commit()


def refuse_peer(engine: Engine, peer_id: UUID, *, viewer: Viewer) -> None:
    """Say, as a second person, that these are not the keys of that hub; or take the request back, as who asked."""
    with engine.transaction() as tx:
        peer = tx.of(HubStore).peer(peer_id)
        _answer(engine, tx, peer, viewer, approved=False)
        tx.of(HubStore).change_peer(peer.id, status=PeerStatus.ENDED, ended_at=engine.clock.now())
        _note(tx, "HubRefused", peer, viewer, engine)
        tx.commit()


def end_peer(engine: Engine, peer_id: UUID, *, viewer: Viewer) -> None:
    """Work with a hub no longer: nothing goes to it, nothing of it is taken. Raise `NotAllowedError`."""
    require(viewer, Action.KEEP_CHANNELS)
    with engine.transaction() as tx:
        peer = tx.of(HubStore).peer(peer_id)
        if peer.status is not PeerStatus.LIVE:
            raise AlreadyEndedError(kind="hub")
        tx.of(HubStore).change_peer(peer.id, status=PeerStatus.ENDED, ended_at=engine.clock.now())
        _note(tx, "HubEnded", peer, viewer, engine)
        tx.commit()


def keys_of(peer: PeerHub) -> PublicKeys:
    """Return the public keys of a hub."""
    return PublicKeys(peer.sign_key, peer.agree_key, peer.wire_id)


def take_keys(engine: Engine, peer_id: UUID, shown: object) -> None:
    """Take the new keys that a message of a hub shows; what is known already does nothing. Raise `HubRefusedError`.

    Whoever calls has seen that the newest of them has signed the message.
    """
    if not shown:
        return
    now = engine.clock.now()
    with engine.transaction() as tx:
        store = tx.of(HubStore)
        store.take_turn(peer_id)
        peer = store.peer(peer_id)
        keys, new = followed(keys_of(peer), peer.key_changes, shown)
        if not new:
            return
        if any(other.sign_key == keys.sign for other in store.peers(live=False)):
            raise HubRefusedError
        taken = peer.model_copy(
            update={
                "sign_key": keys.sign, "agree_key": keys.agree, "wire_id": keys.first,
                "key_changes": (*peer.key_changes, *(one.model_copy(update={"taken_at": now}) for one in new)),
            }
        )  # fmt: skip
        store.save_keys(taken)
        body = {"hub_id": str(peer.id), "number": len(taken.key_changes), "keys": keys.mark}
        tx.of(AuditLogStore).note("hubs", "HubKeysTaken", body, actor_id=None, at=now)
        tx.commit()


def change_own_keys(engine: Engine, *, viewer: Viewer) -> int:
    """Put new keys in the place of our own, and let every hub we work with know; returns how often they were changed.

    The key before names the new one, so nobody has to read anything aloud; it opens what is sealed to it until the
    next change. Raise `KeysOnTheirWayError` while a hub has not confirmed the last change, or something that came in
    waits for its turn; `NotAllowedError`, `SettingsError`.
    """
    require(viewer, Action.KEEP_CHANNELS)
    now = engine.clock.now()
    with engine.transaction() as tx:
        store = tx.of(HubStore)
        peers = store.peers()
        for peer in peers:
            store.take_turn(peer.id)
        if waiting := store.names_before_keys():
            raise KeysOnTheirWayError(hubs=", ".join(waiting))
        made = engine.hub_keys.change()
        for peer in peers:
            id_ = uuid5(peer.id, f"{made.hub}|keys|{made.number}")
            store.add_message(peer.id, Kind.KEYS, id_, id_=id_, case_id=None, by=viewer.acting_id, at=now)
        body = {"number": made.number, "keys": engine.hub_keys.public().mark}
        tx.of(AuditLogStore).note("hubs", "OwnHubKeysChanged", body, actor_id=viewer.acting_id, at=now)
        tx.commit()
    return made.number


def _answer(engine: Engine, tx: Transaction, peer: PeerHub, viewer: Viewer, *, approved: bool) -> None:
    take_answer(
        engine, tx, ApprovalKind.HUB, peer.id, viewer=viewer, approved=approved, now=engine.clock.now(),
        stands=lambda: keys_of(peer).mark,
    )  # fmt: skip


def _ask_again(tx: Transaction, peer: PeerHub) -> None:
    """Let a hub be confirmed anew with which work had ended; its numbers go on. Raise `AlreadyEndedError`."""
    if tx.of(HubStore).peer(peer.id).status is not PeerStatus.ENDED:
        raise AlreadyEndedError(kind="hub")
    tx.of(HubStore).save_keys(peer)  # two people hear their fingerprint
    tx.of(HubStore).change_peer(peer.id, status=PeerStatus.ASKED)


def _read(file: str) -> tuple[Mapping[str, Any], PublicKeys]:
    try:
        said, signature = read_signed(file.strip().encode(), CARD)
        keys = card_keys(said)
        require_signed(keys.sign, said, signature)
    except HubRefusedError:
        raise InvalidAnswersError({"file": "This is not the file of a hub, or it was changed on its way."}) from None
    return said, keys


def _changes(shown: object, now: datetime) -> tuple[KeyChange, ...]:
    """Return the changes of keys that the file of a hub shows, and that were followed from its first keys."""
    changes = shown if isinstance(shown, list) else []
    return tuple(KeyChange.model_validate({**one, "taken_at": now}) for one in changes)


def _require_read_aloud(keys: PublicKeys, heard: str) -> None:
    """Refuse another fingerprint; dashes, spaces and small letters make no difference."""
    plain = "".join(sign for sign in heard.upper() if sign.isalnum()).replace("O", "0").replace("I", "1")
    expected = keys.fingerprint.replace("-", "")
    if not hmac.compare_digest(plain.replace("L", "1").encode(), expected.encode()):
        raise InvalidAnswersError({"fingerprint": _OTHER_FINGERPRINT})


def _own(engine: Engine, keys: PublicKeys) -> str:
    return "This is the file of your own hub: send it to them." if keys.id == engine.hub_keys.public().id else ""


def _note(tx: Transaction, type_: str, peer: PeerHub, viewer: Viewer, engine: Engine) -> None:
    body = {"hub_id": str(peer.id), "keys": keys_of(peer).mark}
    tx.of(AuditLogStore).note("hubs", type_, body, actor_id=viewer.actor_id, at=engine.clock.now())


def _take(given: Answer) -> None:
    if given.approved:
        raise InvalidAnswersError({"fingerprint": "Type the fingerprint on the page of the hub."})
    refuse_peer(given.engine, given.asked.subject_id, viewer=given.viewer)


def _lapse(late: Lapse) -> None:
    late.tx.of(HubStore).change_peer(late.request.subject_id, status=PeerStatus.ENDED, ended_at=late.now)


register(
    ApprovalKind.HUB,
    Handler(
        "asks to work with another hub", "Confirm its keys", "These are not its keys",
        look=lambda view: f"/hubs/{view.subject_id}", answer=_take, lapse=_lapse, looks_first=True,
    ),
)  # fmt: skip
