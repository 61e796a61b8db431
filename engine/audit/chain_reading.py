"""Read chains link by link, each hashed again, up to the first row that does not fit, with what was done to it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import orjson
import psycopg
import rfc8785
from sqlalchemy import Connection, select

from engine.audit.records import HandOver
from engine.core.history import SIGNER_REPLACED, SIGNER_USED
from engine.db.tables import TABLES
from engine.keys.vault import LinkKey
from engine.overview.records import AuditFault

_ROWS = 5_000

_ELSEWHERE = {
    "case:": "event WHERE seq = %(seq)s AND case_id <> %(key)s::uuid",
    "readings:": "reading WHERE seq = %(seq)s AND case_id <> %(key)s::uuid",
    "stream:": "audit_event WHERE seq = %(seq)s AND stream <> %(key)s",
}


class ChainKind(NamedTuple):
    """A kind of chain: the beginning of its names, its rows in order, and where its heads are kept."""

    prefix: str
    rows: str
    one: str
    heads: str


class ChainRow(NamedTuple):
    """A row of a chain: `text` is the JSON of its body; all but the hash is what the hash is over. `at` is in UTC."""

    key: str
    seq: int
    hash: bytes
    at: str
    actor: str | None
    word: str
    text: str


class KeptHead(NamedTuple):
    """What is said of a chain elsewhere: its length, the hash of its last link, and what people call it."""

    key: str
    name: str
    length: int
    head: bytes


_AT = """to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')"""
_EVENT = f"SELECT case_id::text, seq, hash, {_AT}, actor_id::text, type, body::text FROM event"
_NOTE = f"SELECT stream, seq, hash, {_AT}, actor_id::text, type, body::text FROM audit_event"
_READ = f"""
    SELECT case_id::text, seq, hash, {_AT}, actor_id::text, what,
        json_build_object('subject_id', subject_id, 'classes', classes, 'roles', roles)::text
    FROM reading
"""
_HEADS = """
    SELECT substr(name, {after}), {words}, length, head FROM audit_chain
    WHERE starts_with(name, '{prefix}') ORDER BY substr(name, {after}) COLLATE "C"
"""
CASES = ChainKind(
    "case:",
    f"{_EVENT} ORDER BY case_id, seq",
    f"{_EVENT} WHERE case_id = %(key)s::uuid ORDER BY seq",
    'SELECT id::text, number, chain_length, chain_head FROM "case" ORDER BY id',
)
STREAMS = ChainKind(
    "stream:",
    f'{_NOTE} ORDER BY stream COLLATE "C", seq',
    f"{_NOTE} WHERE stream = %(key)s ORDER BY seq",
    _HEADS.format(after=8, words="substr(name, 8)", prefix="stream:"),
)
READINGS = ChainKind(
    "readings:",
    f"{_READ} ORDER BY case_id, seq",
    f"{_READ} WHERE case_id = %(key)s::uuid ORDER BY seq",
    _HEADS.format(
        after=10,
        words="""coalesce((SELECT number FROM "case" WHERE id::text = substr(name, 10)), '')""",
        prefix="readings:",
    ),
)


def canonical(kind: ChainKind, link: ChainRow, *, key: str | None = None, seq: int | None = None) -> dict[str, Any]:
    """Return what the hash of a link is over; `key` and `seq` put it into another place."""
    key, seq = key or link.key, link.seq if seq is None else seq
    body = orjson.loads(link.text)
    if kind is CASES:
        return {"case": key, "seq": seq, "at": link.at, "actor": link.actor, "type": link.word, "body": body}
    if kind is STREAMS:
        return {"stream": key, "seq": seq, "at": link.at, "actor_id": link.actor, "type": link.word, "body": body}
    of_all = {"chain": "readings", "case_id": key, "seq": seq, "at": link.at, "actor_id": link.actor}
    return {**of_all, "what": link.word, **body}


def fits(
    keys: Iterable[LinkKey],
    kind: ChainKind,
    previous: bytes,
    link: ChainRow,
    *,
    key: str | None = None,
    seq: int | None = None,
) -> bool:
    """Return whether one of these keys made the hash of a link after `previous`, in its own place or in another one.

    Most links are hashed over the fast text of their content; one that does not fit is tried with the canonical text,
    which differs for numbers with a fraction. Both say the same content and no other. A content that no link can have
    had fits nowhere.
    """
    try:
        parts = canonical(kind, link, key=key, seq=seq)
        fast, strict = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS), rfc8785.dumps(parts)
    except (ValueError, TypeError, RecursionError):
        return False
    texts = (fast,) if fast == strict else (fast, strict)
    return any(one.sign(previous, text) == link.hash for one in keys for text in texts)


def fast_texts(kind: ChainKind, key: str) -> Callable[[ChainRow], bytes] | None:
    """Return what makes the fast text of the links of a chain; None for a kind that has none.

    It is what `canonical` gives, in the order of the names, put together without taking it apart first.
    """
    if kind is READINGS:
        return None
    is_case, name = kind is CASES, orjson.dumps(key).decode()
    actor_name = "actor" if is_case else "actor_id"
    end = f',"case":{name},"seq":%d,"type":%s}}' if is_case else f',"seq":%d,"stream":{name},"type":%s}}'
    words: dict[str, str] = {}

    def text(link: ChainRow) -> bytes:
        _, seq, _, at, actor, word, body = link
        known = words.get(word) or words.setdefault(word, orjson.dumps(word).decode())
        who = f'"{actor}"' if actor else "null"
        head = f'{{"{actor_name}":{who},"at":"{at}","body":'
        sorted_body = orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS)
        return head.encode() + sorted_body + (end % (seq, known)).encode()

    return text


@contextmanager
def links(connection: Connection, query: str, **values: object) -> Iterator[Iterator[ChainRow]]:
    """Read links by a query of a kind."""
    with _rows(connection, query, values) as rows:
        yield map(ChainRow._make, rows)


@contextmanager
def heads(connection: Connection, query: str, **values: object) -> Iterator[Iterator[KeptHead]]:
    """Read what is said of chains, in the order of their keys."""
    with _rows(connection, query, values) as rows:
        yield (KeptHead(*row) for row in rows)


@contextmanager
def _rows(connection: Connection, query: str, values: Mapping[str, object]) -> Iterator[Iterator[tuple[Any, ...]]]:
    """Fetch through a cursor of the server; several can be open in one transaction."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)  # noqa: S101 - the only driver there is
    with raw.cursor(name=f"chain_{next(_numbers)}", binary=True) as cursor:
        cursor.execute(query, values)
        yield _fetched(cursor)


def _fetched(cursor: Any) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - psycopg's server cursor
    """Return the rows; the database makes the next some ready while these are looked at."""
    with ThreadPoolExecutor(1) as ahead:
        coming = ahead.submit(cursor.fetchmany, _ROWS)
        while rows := coming.result():
            coming = ahead.submit(cursor.fetchmany, _ROWS)
            yield from rows


def _count() -> Iterator[int]:
    number = 0
    while True:
        number += 1
        yield number


_numbers = _count()


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


def name_fault(connection: Connection, keys: Sequence[LinkKey], kind: ChainKind, place: ChainBreak) -> AuditFault:
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


def _what(connection: Connection, keys: Sequence[LinkKey], kind: ChainKind, place: ChainBreak) -> tuple[str, str]:
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
    connection: Connection, keys: Sequence[LinkKey], kind: ChainKind, place: ChainBreak
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


def _renumbered(connection: Connection, keys: Sequence[LinkKey], kind: ChainKind, place: ChainBreak) -> str:
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


_AUDIT_EVENT = TABLES["audit_event"]


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
    is_of_signers = (_AUDIT_EVENT.c.stream == "keys") & _AUDIT_EVENT.c.type.in_((SIGNER_USED, SIGNER_REPLACED))
    return select(_AUDIT_EVENT.c.type, _AUDIT_EVENT.c.body).where(is_of_signers).order_by(_AUDIT_EVENT.c.seq)


def _hand_over(read: Mapping[str, Any]) -> HandOver:
    before, key_id, public = (str(read[name]) for name in ("before", "key_id", "public"))
    return HandOver(before, key_id, public, int(read["after"]), bytes.fromhex(str(read["signature"])))
