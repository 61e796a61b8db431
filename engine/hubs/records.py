"""Hubs elsewhere, cases that two hubs mirror, and the numbered messages between them."""

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID, uuid5

from engine.core.policy import View
from engine.core.records import Record
from engine.errors import IcmcError

KEYS: Final = "icmc-hub-keys-1"
MOST_AHEAD: Final = 1_000
"""So many messages are kept for one that has not come yet; what is further ahead is refused, and sent again."""
LONGEST_TEXT: Final = 4_000
LONGEST_WAIT: Final = timedelta(hours=1)
CLOCKS_DIFFER: Final = timedelta(minutes=2)
"""From here on a page says that two clocks differ: the time that a message takes is within it."""


class HubRefusedError(IcmcError):
    """Raised for what a hub elsewhere did not write, or not to us; the caller is told no more than that."""

    code = "hub-refused"
    sentence = "This message was refused."


class LineError(IcmcError):
    """Raised where another hub does not answer, or not as it should; what was to be sent is sent again."""

    code = "hub-line"
    sentence = "The other hub did not take the message: {problem}"


class KeysOnTheirWayError(IcmcError):
    """Raised where keys would be changed while a hub still needs the ones before the last; `hubs` names them."""

    code = "hub-keys-on-their-way"
    sentence = (
        "The keys were not changed: {hubs} has not confirmed the last change, or something of it is waiting here."
    )


class PeerStatus(StrEnum):
    """How far a hub elsewhere is known: nothing goes to or comes from one that is not live."""

    ASKED = "asked"
    LIVE = "live"
    ENDED = "ended"


class KeyChange(Record):
    """That a hub has new keys, signed by the key before and by the new one: public keys and signatures in base64.

    `hub` is its name on the wire, which stays. `number` counts its changes from 1; `taken_at` (UTC) is when ours took
    it, which nobody signs.
    """

    hub: str
    number: int
    sign_before: str
    agree_before: str
    sign: str
    agree: str
    by_before: str = ""
    by_new: str = ""
    taken_at: datetime | None = None

    @property
    def shown(self) -> dict[str, Any]:
        """What goes to other hubs."""
        return self.model_dump(exclude={"taken_at"})

    @property
    def signed_words(self) -> dict[str, Any]:
        """What both keys sign."""
        return {"form": KEYS, **self.model_dump(exclude={"taken_at", "by_before", "by_new"})}


class PeerHub(Record):
    """A hub elsewhere (instants UTC). `unit_id` is the unit of ours that gets what it sends.

    `wire_id` is its name on the wire where it has changed its keys since its first ones, and `key_changes` say how.
    `sent_number` and `received_number` are those of the last message in each direction, `down_since` is when the line
    went down, `next_try_at` when it is tried again, and `skew_seconds` how far its clock is ahead of ours.
    """

    id: UUID
    name: str
    kind: str
    address: str
    sign_key: bytes
    agree_key: bytes
    unit_id: UUID
    status: PeerStatus = PeerStatus.ASKED
    asked_by: UUID | None = None
    confirmed_by: UUID | None = None
    added_at: datetime
    ended_at: datetime | None = None
    sent_number: int = 0
    received_number: int = 0
    heard_at: datetime | None = None
    skew_seconds: int = 0
    tries: int = 0
    down_since: datetime | None = None
    next_try_at: datetime | None = None
    line_error: str = ""
    wire_id: str = ""
    key_changes: tuple[KeyChange, ...] = ()

    def sign_keys_before(self, *, since: datetime | None = None) -> tuple[bytes, ...]:
        """Return the keys by which it signed before; with an instant those that it still used then."""
        told = [one for one in self.key_changes if since is None or (one.taken_at is not None and one.taken_at > since)]
        return tuple(base64.b64decode(one.sign_before) for one in told)


class MirrorStatus(StrEnum):
    """How a mirrored case stands between the two hubs."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    RECALLED = "recalled"
    CLOSED = "closed"


class Mirror(Record):
    """A case of one hub in which another one helps by a case of its own (instants UTC).

    Both call it by `ref`, which the hub that asked has chosen. With `came_in` the other hub asked; its case is none of
    ours until somebody has accepted. `number`, `due_at` and `zone` are those of the hub that asks; those that begin
    with `their_` are of the hub that answers. `erasure` is what it says of what it was shown, once that was recalled.
    """

    id: UUID
    hub_id: UUID
    ref: UUID
    came_in: bool
    unit_id: UUID
    case_id: UUID | None = None
    status: MirrorStatus = MirrorStatus.OFFERED
    kind: str = ""
    purpose: str = ""
    help: str = ""
    urgency: str = ""
    number: str = ""
    jurisdiction: str = ""
    offered_at: datetime
    due_at: datetime | None = None
    zone: str = "UTC"
    answered_at: datetime | None = None
    answered_by: UUID | None = None
    reason_code: str = ""
    their_number: str = ""
    their_due_at: datetime | None = None
    their_zone: str = ""
    ended_at: datetime | None = None
    ended_reason: str = ""
    erasure: str = ""
    erasure_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether messages about it are still written."""
        return self.status in {MirrorStatus.OFFERED, MirrorStatus.ACCEPTED}


def mirror_id(hub_id: UUID, ref: UUID) -> UUID:
    """Return our id of what another hub has asked for: it cannot choose one of ours."""
    return uuid5(hub_id, str(ref))


class Kind(StrEnum):
    """What a message says. `KEYS` and `VOID` say nothing.

    Every message shows the keys of its writer; `KEYS` sees to it that one goes. `VOID` stands where nothing may be said
    any more: its number was given already.
    """

    OFFER = "offer"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    SHARED = "shared"
    STEP = "step"
    QUESTION = "question"
    NOTE = "note"
    CLOSED = "closed"
    KEYS = "keys"
    RECALL = "recall"
    ERASURE = "erasure"
    VOID = "void"


TAKEN: Final = "taken"
KNOWN_NUMBER: Final = "known_number"
"""What a hub confirms of a message: that it is kept, or that another one has its number."""
WITHHELD: Final = "withheld"
"""The problem of a message whose words did not leave, since nothing allowed it any more when its turn came."""
TOLD_BY_HAND: Final = frozenset({Kind.STEP, Kind.QUESTION, Kind.NOTE, Kind.CLOSED})
"""What somebody writes, and answers for, in a mirrored case."""
ERASURE_ANSWERS: Final[Mapping[str, str]] = {
    "removed": "What was shown was removed; no one has said yet what was recorded from it",
    "erased": "Everything that was taken from it was erased",
    "kept_by_law": "A law of that country requires some of it to be kept",
    "nothing_kept": "Nothing was taken from it",
}
"""What the hub that was shown something says once it was recalled; the first comes by itself."""


class HubMessage(Record):
    """A message between two hubs, numbered for each direction without a gap (instants UTC).

    `at` is when it was written, or came in; `sent_at` the instant that its sender's clock showed. `settled_at` is when
    the other hub confirmed it, or when ours has carried it out. `answer` is what we confirmed, or were told.
    """

    id: UUID
    hub_id: UUID
    came_in: bool
    number: int
    kind: Kind
    ref: UUID
    case_id: UUID | None = None
    by: UUID | None = None
    at: datetime
    sent_at: datetime | None = None
    tried_at: datetime | None = None
    settled_at: datetime | None = None
    answer: str = ""
    problem: str = ""


class HubView(View):
    """A hub elsewhere, for whoever keeps the channels, with how its line stands."""

    id: UUID
    name: str
    address: str
    unit: str
    status: str
    fingerprint: str
    asked_by: str
    is_mine: bool
    confirmed_by: str
    heard_at: datetime | None
    skew_seconds: int
    down_since: datetime | None
    next_try_at: datetime | None
    line_error: str
    key_changes: int
    keys_at: datetime | None
    waiting: int
    waits_since: datetime | None


class HubLine(View):
    """One message of a mirrored case, without what was shown or typed: of a step, its label, how and when it ended."""

    id: UUID
    came_in: bool
    kind: str
    at: datetime
    sent_at: datetime | None
    settled_at: datetime | None
    by: str
    problem: str = ""
    label: str = ""
    outcome: str = ""
    happened_at: datetime | None = None


class MirrorView(View):
    """A mirrored case, with what went to the other hub and what came back."""

    id: UUID
    hub: str
    hub_id: UUID
    came_in: bool
    case_id: UUID | None
    status: str
    kind: str
    purpose: str
    help: str
    urgency: str
    number: str
    jurisdiction: str
    offered_at: datetime
    due_at: datetime | None
    zone: str
    answered_at: datetime | None
    reason_code: str
    their_number: str
    their_due_at: datetime | None
    their_zone: str
    ended_at: datetime | None
    ended_reason: str
    erasure: str
    erasure_at: datetime | None
    skew_seconds: int
    down_since: datetime | None
    lines: tuple[HubLine, ...] = ()


def instant(text: object) -> datetime | None:
    """Read an instant with its zone; None for nothing. Raise `ValueError` for one without a zone."""
    if not text:
        return None
    read = datetime.fromisoformat(str(text))
    if read.tzinfo is None:
        raise ValueError(text)
    return read


def short(body: Mapping[str, Any], name: str, longest: int = 80) -> str:
    """Return a text of what another hub wrote, cut to a length and without control characters."""
    return "".join(sign for sign in str(body.get(name) or "") if sign.isprintable())[:longest]


def pause_after(tries: int) -> timedelta:
    """Return how long to wait after so many tries in vain: 15 seconds, doubled each time, an hour at most."""
    return min(LONGEST_WAIT, timedelta(seconds=15 << min(max(tries - 1, 0), 8)))
