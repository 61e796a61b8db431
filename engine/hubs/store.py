"""Hubs elsewhere, mirrored cases, and the messages of both directions: every statement on them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from pydantic import JsonValue
from sqlalchemy import and_, func, or_, select, text, update

from engine.core.case_links import Referral
from engine.db.store import Store, columns
from engine.db.tables import TABLES
from engine.errors import KeyMissingError, NotFoundError
from engine.hubs.records import HubMessage, Kind, Mirror, MirrorStatus, PeerHub, PeerStatus, pause_after

_PEER, _MIRROR, _MESSAGE = TABLES["peer_hub"], TABLES["mirror"], TABLES["hub_message"]
_FIELDS: Final = columns(_MESSAGE, HubMessage)
_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:hub, 7))")
_BODY: Final = "encrypted_body"


class HubStore(Store):
    """Hubs elsewhere in PostgreSQL, and what goes between them and ours, within one transaction.

    Whoever needs more than one takes a hub's turn first, then the case, then the row of the hub.
    """

    def add_peer(self, peer: PeerHub) -> bool:
        """Write a hub once; whether there was none with its id or its keys."""
        return self._is_new(_PEER, peer.model_dump() | _keys(peer))

    def save_keys(self, peer: PeerHub) -> None:
        """Write the keys of a hub as they are now, and how it came to them."""
        self.change_peer(peer.id, sign_key=peer.sign_key, agree_key=peer.agree_key, wire_id=peer.wire_id, **_keys(peer))

    def names_before_keys(self) -> tuple[str, ...]:
        """Name the live hubs that have not confirmed a change of our keys, or of which something waits for its turn."""
        waits = select(_MESSAGE.c.hub_id).where(
            _MESSAGE.c.settled_at.is_(None), or_(_MESSAGE.c.came_in, _MESSAGE.c.kind == Kind.KEYS)
        )
        named = select(_PEER.c.name).where(_PEER.c.id.in_(waits), _PEER.c.status == PeerStatus.LIVE)
        return tuple(self._connection.execute(named.order_by(_PEER.c.name)).scalars())

    def peer(self, peer_id: UUID) -> PeerHub:
        """Load a hub; raise `NotFoundError`."""
        found = self._record(PeerHub, select(_PEER).where(_PEER.c.id == peer_id))
        if found is None:
            raise NotFoundError(kind="hub")
        return found

    def peers(self, *, live: bool = True) -> tuple[PeerHub, ...]:
        """Load the hubs that are live, or all, by name."""
        query = select(_PEER).order_by(_PEER.c.name, _PEER.c.id)
        return self._records(PeerHub, query.where(_PEER.c.status == PeerStatus.LIVE) if live else query)

    def change_peer(self, peer_id: UUID, **values: object) -> None:
        """Write some columns of a hub."""
        self._connection.execute(update(_PEER).where(_PEER.c.id == peer_id).values(**values))

    def note_line(self, peer: PeerHub, *, problem: str, now: datetime) -> None:
        """Write that the line to a hub works, or since when it does not and when it is tried again."""
        if not problem:
            self.change_peer(peer.id, tries=0, down_since=None, next_try_at=None, line_error="", heard_at=now)
            return
        tries = peer.tries + 1
        down = {"tries": tries, "down_since": peer.down_since or now, "line_error": problem}
        self.change_peer(peer.id, **down, next_try_at=now + pause_after(tries))

    def note_clock(self, peer_id: UUID, theirs: datetime | None, ours: datetime) -> None:
        """Write how far the clock of a hub is ahead of ours, where it has shown it."""
        if theirs is not None:
            self.change_peer(peer_id, skew_seconds=round((theirs - ours).total_seconds()), heard_at=ours)

    def take_turn(self, peer_id: UUID) -> None:
        """Wait until nobody else carries out what this hub has sent."""
        self._connection.execute(_LOCK, {"hub": str(peer_id)})

    def add_mirror(self, mirror: Mirror) -> bool:
        """Write a mirrored case once."""
        return self._is_new(_MIRROR, mirror.model_dump())

    def save_mirror(self, mirror: Mirror) -> None:
        """Write a mirrored case as it is now."""
        changes = mirror.model_dump(
            exclude={
                "id", "hub_id", "ref", "came_in", "kind", "purpose", "help", "urgency", "number", "jurisdiction",
                "offered_at", "zone",
            }
        )  # fmt: skip
        self._connection.execute(update(_MIRROR).where(_MIRROR.c.id == mirror.id).values(changes))

    def mirror(self, mirror_id: UUID) -> Mirror:
        """Load a mirrored case; raise `NotFoundError`."""
        return self._found(_MIRROR.c.id == mirror_id)

    def mirror_of(self, peer_id: UUID, ref: UUID) -> Mirror:
        """Load what both hubs call by `ref`; raise `NotFoundError`: another hub's is none of this one's."""
        return self._found(_MIRROR.c.hub_id == peer_id, _MIRROR.c.ref == ref)

    def sent_mirrors(self, case_ids: Sequence[UUID]) -> tuple[Mirror, ...]:
        """Load what was asked of other hubs in some cases."""
        return self._records(Mirror, select(_MIRROR).where(_MIRROR.c.case_id.in_(case_ids), ~_MIRROR.c.came_in))

    def add_message(
        self,
        peer_id: UUID,
        kind: Kind,
        ref: UUID,
        *,
        id_: UUID,
        case_id: UUID | None,
        by: UUID | None,
        at: datetime,
        body: JsonValue = None,
    ) -> bool:
        """Write a message to a hub with the next number; whether there was none with its id.

        The row of the hub is held until the commit, so numbers have no gap. `body` is encrypted under the key of the
        case. Nothing goes to a hub that is not live.
        """
        if self._connection.execute(select(_MESSAGE.c.id).where(_MESSAGE.c.id == id_)).first():
            return False
        is_live = and_(_PEER.c.id == peer_id, _PEER.c.status == PeerStatus.LIVE)
        numbered = update(_PEER).where(is_live).values(sent_number=_PEER.c.sent_number + 1)
        number = self._connection.execute(numbered.returning(_PEER.c.sent_number)).scalar()
        if number is None:
            return False
        message = HubMessage(
            id=id_, hub_id=peer_id, came_in=False, number=number, kind=kind, ref=ref, case_id=case_id, by=by, at=at
        )
        return self._is_new(_MESSAGE, message.model_dump() | {_BODY: self._encrypted(message, body)})

    def ask_elsewhere(self, referral: Referral, *, number: str, jurisdiction: str, zone: str, now: datetime) -> None:
        """Let a released referral go to the hub that it is for: what it shows leaves once that has accepted."""
        assert referral.to_hub_id is not None  # noqa: S101 - asked for such referrals alone
        mirror = Mirror(
            id=referral.id, hub_id=referral.to_hub_id, ref=referral.id, came_in=False, unit_id=referral.unit_id,
            case_id=referral.case_id, kind=referral.kind.value, purpose=referral.purpose, help=referral.help,
            urgency=referral.urgency, number=number, jurisdiction=jurisdiction, offered_at=now, due_at=referral.due_at,
            zone=zone,
        )  # fmt: skip
        if self.add_mirror(mirror):
            self.say(mirror, Kind.OFFER, by=referral.released_by, at=now)

    def recall_elsewhere(self, mirror_id: UUID, *, reason: str, by: UUID | None, now: datetime) -> bool:
        """Ask a hub to erase what it was shown, since it was recalled; whether it hears of it by a message."""
        mirror = self.mirror(mirror_id)
        if mirror.ended_at is not None:
            return mirror.status is MirrorStatus.RECALLED
        changes = {"status": MirrorStatus.RECALLED, "ended_at": now, "ended_reason": reason, "erasure": "asked"}
        self.save_mirror(mirror.model_copy(update=changes))
        return self.say(mirror, Kind.RECALL, by=by, at=now)

    def say(
        self, mirror: Mirror, kind: Kind, *, by: UUID | None, at: datetime, body: JsonValue = None, key: str = ""
    ) -> bool:
        """Write a message about a mirrored case; one with the same `key` is written once."""
        id_ = uuid5(mirror.id, f"{kind}|{key}")
        return self.add_message(
            mirror.hub_id, kind, mirror.ref, id_=id_, case_id=mirror.case_id, by=by, at=at, body=body
        )

    def next_to_send(self, peer_id: UUID) -> HubMessage | None:
        """Load the message to a hub that comes next."""
        waits = (_MESSAGE.c.hub_id == peer_id, ~_MESSAGE.c.came_in, _MESSAGE.c.settled_at.is_(None))
        return self._record(HubMessage, select(*_FIELDS).where(*waits).order_by(_MESSAGE.c.number).limit(1))

    def body(self, message: HubMessage) -> dict[str, Any] | None:
        """Open what a message says; None once the key of its case was destroyed, and where it says nothing."""
        sealed = self._connection.execute(select(_MESSAGE.c[_BODY]).where(_MESSAGE.c.id == message.id)).scalar()
        if sealed is None:
            return None
        try:
            read = self._vault.decrypt(sealed, table="hub_message", row=message.id, column=_BODY)
        except KeyMissingError:
            return None
        return read if isinstance(read, dict) else None

    def words_of(self, case_id: UUID) -> Mapping[UUID, dict[str, Any]]:
        """Open what the messages of a case say, by their ids."""
        query = select(*_FIELDS).where(_MESSAGE.c.case_id == case_id, _MESSAGE.c[_BODY].is_not(None))
        found = self._records(HubMessage, query.order_by(_MESSAGE.c.at, _MESSAGE.c.number))
        return {one.id: self.body(one) or {} for one in found}

    def change(self, message: HubMessage, **values: object) -> None:
        """Write some columns of a message."""
        self._connection.execute(update(_MESSAGE).where(_MESSAGE.c.id == message.id).values(**values))

    def settle(
        self, message: HubMessage, *, now: datetime, body: JsonValue = None, case_id: UUID | None = None
    ) -> None:
        """Write that a message that came in was carried out, with what it says, encrypted for its case."""
        of_case = message.model_copy(update={"case_id": case_id})
        values = {"settled_at": now, "envelope": None, "case_id": case_id, _BODY: self._encrypted(of_case, body)}
        self.change(message, problem=message.problem, **values)
        self.change_peer(message.hub_id, received_number=message.number)

    def arrived(self, peer_id: UUID, *, id_: UUID, number: int) -> tuple[HubMessage, ...]:
        """Load what has come in from a hub with this id or this number."""
        same = or_(_MESSAGE.c.id == id_, _MESSAGE.c.number == number)
        return self._records(HubMessage, select(*_FIELDS).where(_MESSAGE.c.hub_id == peer_id, _MESSAGE.c.came_in, same))

    def keep(self, message: HubMessage, envelope: bytes) -> None:
        """Keep what came in as it came, until its turn."""
        self._is_new(_MESSAGE, message.model_dump() | {"envelope": envelope})

    def next_to_carry_out(self, peer: PeerHub) -> tuple[HubMessage, bytes] | None:
        """Load the message from a hub whose turn it is, as it came; None while it has not come."""
        query = select(*_FIELDS, _MESSAGE.c.envelope).where(
            _MESSAGE.c.hub_id == peer.id, _MESSAGE.c.came_in, _MESSAGE.c.number == peer.received_number + 1,
            _MESSAGE.c.settled_at.is_(None),
        )  # fmt: skip
        row = self._connection.execute(query).mappings().first()
        if row is None:
            return None
        known = dict(row)
        envelope = bytes(known.pop("envelope") or b"")
        return HubMessage.model_validate(known), envelope

    def last_arrived(self, peer_id: UUID) -> int:
        """Return the highest number that a hub has used to us."""
        query = select(func.max(_MESSAGE.c.number)).where(_MESSAGE.c.hub_id == peer_id, _MESSAGE.c.came_in)
        return max(self._connection.execute(query).scalar() or 0, self.peer(peer_id).received_number)

    def has_all_to(self, peer_id: UUID) -> int:
        """Return the number up to which everything that a hub has sent is here, carried out or kept."""
        last = self.peer(peer_id).received_number
        later = (_MESSAGE.c.hub_id == peer_id, _MESSAGE.c.came_in, _MESSAGE.c.number > last)
        for number in self._connection.execute(
            select(_MESSAGE.c.number).where(*later).order_by(_MESSAGE.c.number)
        ).scalars():
            if number > last + 1:
                break
            last = number
        return last

    def send_again(self, peer_id: UUID, *, above: int, below: int) -> None:
        """Let confirmed messages go out again that the other hub does not have: it was restored from a backup."""
        lost = (_MESSAGE.c.hub_id == peer_id, ~_MESSAGE.c.came_in, _MESSAGE.c.number > above, _MESSAGE.c.number < below)
        self._connection.execute(update(_MESSAGE).where(*lost).values(settled_at=None))

    def renumber(self, peer_id: UUID, *, above: int) -> None:
        """Give what waits numbers above one that the other hub knows: we were restored from a backup."""
        waits = (_MESSAGE.c.hub_id == peer_id, ~_MESSAGE.c.came_in, _MESSAGE.c.settled_at.is_(None))
        first = self._connection.execute(select(func.min(_MESSAGE.c.number)).where(*waits)).scalar()
        shift = max(0, above + 1 - (first or above + 1))
        for factor, more in ((-1, 0), (-1, shift)):
            self._connection.execute(update(_MESSAGE).where(*waits).values(number=_MESSAGE.c.number * factor + more))
        self._connection.execute(
            update(_PEER).where(_PEER.c.id == peer_id).values(sent_number=_PEER.c.sent_number + shift)
        )

    def forget_shown(self, mirror: Mirror) -> int:
        """Remove what another hub has shown of its case; returns how many messages said something."""
        said = (
            _MESSAGE.c.hub_id == mirror.hub_id, _MESSAGE.c.ref == mirror.ref, _MESSAGE.c.came_in,
            _MESSAGE.c[_BODY].is_not(None),
        )  # fmt: skip
        return self._connection.execute(update(_MESSAGE).where(*said).values({_BODY: None})).rowcount

    def forget_words(self, case_ids: Sequence[UUID]) -> None:
        """Remove whatever was shown or written between hubs about some cases: somebody of them is erased."""
        of_cases = update(_MESSAGE).where(_MESSAGE.c.case_id.in_(case_ids)).values({_BODY: None})
        self._connection.execute(of_cases)

    def _found(self, *conditions: Any) -> Mirror:  # noqa: ANN401 - conditions of SQLAlchemy
        found = self._record(Mirror, select(_MIRROR).where(*conditions))
        if found is None:
            raise NotFoundError(kind="request of another hub")
        return found

    def _encrypted(self, message: HubMessage, body: JsonValue) -> bytes | None:
        if body is None or message.case_id is None:
            return None
        try:
            return self._vault.encrypt(body, key_of=message.case_id, table="hub_message", row=message.id, column=_BODY)
        except KeyMissingError:
            return None  # the case was erased: nothing of it is kept any more


def _keys(peer: PeerHub) -> dict[str, Any]:
    return {"key_changes": [one.model_dump(mode="json") for one in peer.key_changes]}
