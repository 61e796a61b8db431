"""Say what was done to a chain, from the first row that does not fit."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from engine.adapters.sql.chain_reading import CASES, READINGS, ChainKind, ChainRow, KeptHead, fits, heads, links
from engine.ports import ChainKey
from engine.views import AuditFault

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
