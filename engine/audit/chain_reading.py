"""Read chains link by link, without ever holding more than a few thousand rows, and hash each link again."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

import orjson
import psycopg
import rfc8785
from sqlalchemy import Connection

from engine.ports import ChainKey

_ROWS = 5_000


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
    keys: Iterable[ChainKey],
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
