"""Read chains link by link, without ever holding more than a few thousand rows, and hash each link again."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC
from typing import Any, NamedTuple

import orjson
import psycopg
import rfc8785
from sqlalchemy import Connection

from engine.ports import Vault

_ROWS = 5_000


class Kind(NamedTuple):
    """A kind of chain: the beginning of its names, its rows in order, and where its heads are kept."""

    prefix: str
    rows: str
    one: str
    heads: str


class Link(NamedTuple):
    """A row of a chain: `parts` is all that its hash is over but for key and number."""

    key: str
    seq: int
    parts: Mapping[str, Any]
    hash: bytes


class KeptHead(NamedTuple):
    """What is said of a chain elsewhere: its length, the hash of its last link, and what people call it."""

    key: str
    name: str
    length: int
    head: bytes


_EVENT = "SELECT case_id::text, seq, hash, at, actor_id::text, type, body::text FROM event"
_NOTE = "SELECT stream, seq, hash, at, actor_id::text, type, body::text FROM audit_event"
_READ = """
    SELECT case_id::text, seq, hash, at, actor_id::text, what,
        json_build_object('subject_id', subject_id, 'classes', classes, 'roles', roles)::text
    FROM reading
"""
_HEADS = """
    SELECT substr(name, {after}), {words}, length, head FROM audit_chain
    WHERE starts_with(name, '{prefix}') ORDER BY substr(name, {after}) COLLATE "C"
"""
CASES = Kind(
    "case:",
    f"{_EVENT} ORDER BY case_id, seq",
    f"{_EVENT} WHERE case_id = %(key)s::uuid ORDER BY seq",
    'SELECT id::text, number, chain_length, chain_head FROM "case" ORDER BY id',
)
STREAMS = Kind(
    "stream:",
    f'{_NOTE} ORDER BY stream COLLATE "C", seq',
    f"{_NOTE} WHERE stream = %(key)s ORDER BY seq",
    _HEADS.format(after=8, words="substr(name, 8)", prefix="stream:"),
)
READINGS = Kind(
    "readings:",
    f"{_READ} ORDER BY case_id, seq",
    f"{_READ} WHERE case_id = %(key)s::uuid ORDER BY seq",
    _HEADS.format(
        after=10,
        words="""coalesce((SELECT number FROM "case" WHERE id::text = substr(name, 10)), '')""",
        prefix="readings:",
    ),
)


def canonical(kind: Kind, link: Link, *, key: str | None = None, seq: int | None = None) -> dict[str, Any]:
    """Give what the hash of a link is over; `key` and `seq` put it into another place."""
    key, seq = key or link.key, link.seq if seq is None else seq
    at, actor, word, text = link.parts["at"], link.parts["actor"], link.parts["word"], link.parts["text"]
    body = orjson.loads(text)
    if kind is CASES:
        return {"case": key, "seq": seq, "at": at, "actor": actor, "type": word, "body": body}
    if kind is STREAMS:
        return {"stream": key, "seq": seq, "at": at, "actor_id": actor, "type": word, "body": body}
    return {"chain": "readings", "case_id": key, "seq": seq, "at": at, "actor_id": actor, "what": word, **body}


def fits(
    vault: Vault, kind: Kind, previous: bytes, link: Link, *, key: str | None = None, seq: int | None = None
) -> bool:
    """Say whether a link bears the hash that it should have after `previous`, in its own place or in another one.

    Most links are hashed over the fast text of their content; one that does not fit is tried with the canonical text,
    which differs for numbers with a fraction. Both say the same content and no other.
    """
    return link.hash == hash_of_link(vault, kind, previous, link, key=key, seq=seq)


def hash_of_link(
    vault: Vault, kind: Kind, previous: bytes, link: Link, *, key: str | None = None, seq: int | None = None
) -> bytes | None:
    """Give the hash that a link should have; None for a content that no link can have had."""
    try:
        parts = canonical(kind, link, key=key, seq=seq)
        fast = vault.sign(previous, orjson.dumps(parts, option=orjson.OPT_SORT_KEYS))
        return fast if fast == link.hash else vault.sign(previous, rfc8785.dumps(parts))
    except (ValueError, TypeError, RecursionError):
        return None


@contextmanager
def links(connection: Connection, query: str, **values: object) -> Iterator[Iterator[Link]]:
    """Read links by a query of a kind."""
    with _rows(connection, query, values) as rows:
        yield (
            Link(
                row[0],
                row[1],
                {
                    "at": row[3].astimezone(UTC).isoformat(timespec="microseconds"),
                    "actor": row[4],
                    "word": row[5],
                    "text": row[6],
                },
                row[2],
            )
            for row in rows
        )


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
    while rows := cursor.fetchmany(_ROWS):
        yield from rows


def _count() -> Iterator[int]:
    number = 0
    while True:
        number += 1
        yield number


_numbers = _count()
