"""What was done to a chain, from the first row that does not fit, and whose signature counts."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, select

from engine.audit.chain_reading import CASES, READINGS, ChainKind, ChainRow, KeptHead, fits, heads, links
from engine.core.history import SIGNER_REPLACED, SIGNER_USED
from engine.db.tables import TABLES
from engine.overview.records import AuditFault
from engine.ports import ChainKey, HandOver

_ELSEWHERE = {
    "case:": "event WHERE seq = %(seq)s AND case_id <> %(key)s::uuid",
    "readings:": "reading WHERE seq = %(seq)s AND case_id <> %(key)s::uuid",
    "stream:": "audit_event WHERE seq = %(seq)s AND stream <> %(key)s",
}


class ChainBreak(NamedTuple):
    """Where a chain does not fit first: the number expected, the hash before it, the row that is there if any.

    `is_over` says that the chain was whole before the row; `is_rewritten` that a checkpoint saw another row there;
    `is_outdated` that the row bears a key that was closed before; `until` is how long the chain should be.
    """

    key: str
    seq: int
    previous: bytes
    row: ChainRow | None
    kept: KeptHead | None
    is_over: bool = False
    is_rewritten: bool = False
    is_outdated: bool = False
    until: int = 0


def name_fault(connection: Connection, keys: Sequence[ChainKey], kind: ChainKind, place: ChainBreak) -> AuditFault:
    """Name what was done, where, and in which case."""
    number = place.kept.name if place.kept else ""
    what, more = _what(connection, keys, kind, place)
    chain = _named(kind, place.key, number)
    noun = "reading" if kind is READINGS else "event"
    words = {
        "edited": f"{noun} {place.seq} was edited",
        "deleted": f"{noun} {place.seq} was deleted",
        "inserted": f"{noun} {place.seq} was inserted",
        "reordered": f"{noun} {place.seq} was put into another place",
        "swapped": f"{noun} {place.seq} belongs to {more}",
        "truncated": f"the end was cut off: {noun} {place.seq}{more} is missing",
        "outdated": f"{noun} {place.seq} was made by a key that was put out of use before",
        "rewritten": f"{noun} {place.seq} is not the one that a checkpoint has seen",
        "head": "what the database says of the chain's end was edited",
        "removed": "the whole chain was removed",
    }[what]
    return AuditFault(what=what, chain=chain, case_number=number, seq=place.seq, in_words=f"{chain}: {words}.")


def _what(connection: Connection, keys: Sequence[ChainKey], kind: ChainKind, place: ChainBreak) -> tuple[str, str]:
    if place.row is None:
        return _cut_off(place)
    if place.is_rewritten or place.is_over:
        return "inserted" if place.is_over else "rewritten", ""
    if place.row.seq != place.seq:
        return "deleted", ""
    if place.is_outdated:
        return "outdated", ""
    return _moved(connection, keys, kind, place) or (_renumbered(connection, keys, kind, place), "")


def _cut_off(place: ChainBreak) -> tuple[str, str]:
    if place.until == 0:
        return "head", ""
    if place.kept is None:
        return "removed", ""
    return "truncated", f" to {place.until}" if place.until > place.seq else ""


def _moved(
    connection: Connection, keys: Sequence[ChainKey], kind: ChainKind, place: ChainBreak
) -> tuple[str, str] | None:
    """Find the row that was at this place, here under another number or in another chain."""
    row = place.row
    assert row is not None  # noqa: S101 - the caller has one
    with links(connection, kind.one, key=place.key) as mine:
        for other in mine:
            if other.seq != place.seq and fits(keys, kind, place.previous, other, seq=place.seq):
                came_between = other.seq == place.seq + 1 and not fits(keys, kind, other.hash, row, seq=other.seq)
                return ("inserted" if came_between else "reordered"), ""
    query = f"{kind.one.partition(' FROM ')[0]} FROM {_ELSEWHERE[kind.prefix]}"
    with links(connection, query, key=place.key, seq=place.seq) as others:
        for other in others:
            if fits(keys, kind, place.previous, other, key=place.key):
                return "swapped", _named(kind, other.key, _number(connection, other.key) if kind is CASES else "")
    return None


def _renumbered(connection: Connection, keys: Sequence[ChainKey], kind: ChainKind, place: ChainBreak) -> str:
    """Tell a row that was changed from one that took the number of a deleted one, by the row after it."""
    row = place.row
    assert row is not None  # noqa: S101 - the caller has one
    with links(connection, kind.one, key=place.key) as mine:
        after = next((other for other in mine if other.seq == place.seq + 1), None)
    if after is None or fits(keys, kind, row.hash, after):
        return "edited"
    return "deleted" if fits(keys, kind, row.hash, after, seq=after.seq + 1) else "edited"


def _number(connection: Connection, key: str) -> str:
    query = "SELECT id::text, number, 0, ''::bytea FROM \"case\" WHERE id = %(key)s::uuid"
    with heads(connection, query, key=key) as found:
        return next((one.name for one in found), "")


def _named(kind: ChainKind, key: str, number: str) -> str:
    if kind is CASES:
        return f"Case {number or key}"
    return f"Readings of case {number or key}" if kind is READINGS else f"Stream {key}"


_EVENT = TABLES["audit_event"]


class Signatures(Protocol):
    """Says whose a signature is."""

    def is_ours(self, key_id: str, text: bytes, signature: bytes) -> bool:
        """Return whether a key of ours made a signature."""
        ...

    def may_follow(self, before: str, after: str, number: int) -> bool:
        """Return whether a key may sign after checkpoint `number`, the last one of another: that one has named it."""
        ...

    def public_keys(self) -> Mapping[str, str]:
        """Return the public keys of the signing file by id."""
        ...

    def with_recorded(self, keys: Mapping[str, str], hand_overs: tuple[HandOver, ...]) -> "Signatures":
        """Return the same with public keys and hand-overs that were recorded elsewhere; a key counts by its own id."""
        ...


class Replaced(NamedTuple):
    """A key that was not there any more after a restore: another signs after checkpoint `after`."""

    before: str
    key_id: str
    after: int


class KnownSigners:
    """Proves checkpoints by the keys of the signing file and by what the audit's chain of keys has recorded.

    The chain is made with a key of the key file, and is proved with the others: who writes a key into it without that
    one is found there.
    """

    def __init__(self, signatures: Signatures, connection: Connection) -> None:
        """Read what was recorded, as the transaction of `connection` sees it."""
        keys: dict[str, str] = {}
        hand_overs: list[HandOver] = []
        replaced: set[Replaced] = set()
        for row in connection.execute(_recorded()).mappings():
            body: Mapping[str, Any] = row["body"]
            keys |= {str(key_id): str(pem) for key_id, pem in body.get("keys", {}).items()}
            hand_overs += [_hand_over(read) for read in body.get("hand_overs", ())]
            if row["type"] == SIGNER_REPLACED:
                replaced.add(Replaced(str(body["before"]), str(body["key"]), int(body["after"])))
        self._here = frozenset(signatures.public_keys())
        self._signatures = signatures.with_recorded(keys, tuple(hand_overs))
        self._replaced = replaced

    def is_ours(self, key_id: str, text: bytes, signature: bytes) -> bool:
        """Return whether a key of ours made a signature."""
        return self._signatures.is_ours(key_id, text, signature)

    def may_follow(self, before: str, after: str, number: int) -> bool:
        """Whether a key may sign after checkpoint `number`: the one before named it, or a restore recorded it."""
        recorded = Replaced(before, after, number) in self._replaced
        return recorded or self._signatures.may_follow(before, after, number)

    def leads_here(self, key_id: str, number: int) -> bool:
        """Whether the key of the newest checkpoint is one of the signing file, or a restore recorded its change."""
        if key_id in self._here:
            return True
        return any((one.before, one.after) == (key_id, number) and one.key_id in self._here for one in self._replaced)


def _recorded() -> Any:  # noqa: ANN401 - a statement
    is_of_signers = (_EVENT.c.stream == "keys") & _EVENT.c.type.in_((SIGNER_USED, SIGNER_REPLACED))
    return select(_EVENT.c.type, _EVENT.c.body).where(is_of_signers).order_by(_EVENT.c.seq)


def _hand_over(read: Mapping[str, Any]) -> HandOver:
    before, key_id, public = (str(read[name]) for name in ("before", "key_id", "public"))
    return HandOver(before, key_id, public, int(read["after"]), bytes.fromhex(str(read["signature"])))
