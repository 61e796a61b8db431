"""How fast the histories are proved: copies of a worked-off case's history, each chained for a case of its own."""

import time
from collections.abc import Iterator
from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from engine.db.row_history import GENESIS, link
from tests.bench.copies import copy_case
from tests.bench.people import Rate, complete_all
from tests.bench.workload import Bench, open_one, plain_address

_MINE: Final[LiteralString] = "SELECT seq, unit_id, at, actor_id, type, body FROM event WHERE case_id = %s ORDER BY seq"
_INTO: Final[LiteralString] = "COPY event (case_id, seq, unit_id, at, actor_id, type, body, hash) FROM STDIN"
_HEAD: Final[LiteralString] = 'UPDATE "case" SET chain_length = %s, chain_head = %s WHERE id = %s'


def verify_rows(bench: Bench, *, rows: int) -> Rate:
    """Prove about so many events of many cases; returns how many, and the seconds. Raises ValueError if one is bad.

    Needs a world of its own.
    """
    case_id, item_id = open_one(bench)
    complete_all(bench, item_id)
    count = _fill(bench, case_id, rows)
    began = time.perf_counter()
    faults = list(bench.engine.faults([]))
    seconds = time.perf_counter() - began
    if faults:
        raise ValueError(faults[0].in_words)
    return Rate(count, seconds)


def _fill(bench: Bench, case_id: UUID, rows: int) -> int:
    """Return copies of a case its history; returns how many events there are then."""
    with psycopg.connect(plain_address(bench.running.urls.owner)) as connection:
        history = connection.execute(_MINE, (case_id,)).fetchall()
    copy_case(bench, case_id, copies=max(1, rows // len(history) - 1))
    with psycopg.connect(plain_address(bench.running.urls.owner)) as connection:
        others = [row[0] for row in connection.execute('SELECT id FROM "case" WHERE id <> %s', (case_id,)).fetchall()]
        heads: list[tuple[int, bytes, UUID]] = []
        with connection.cursor() as cursor, cursor.copy(_INTO) as copy:
            for other in others:
                for row in _chained(bench, other, history):
                    copy.write_row(row)
                    last = row
                heads.append((last[1], last[7], other))
        with connection.cursor() as cursor:
            cursor.executemany(_HEAD, heads)
    with psycopg.connect(plain_address(bench.running.urls.owner), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE event")
    return len(history) * (len(others) + 1)


def _chained(bench: Bench, case_id: UUID, history: list[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    head = GENESIS
    for seq, unit_id, at, actor_id, type_, body in history:
        head = link(
            bench.engine.vault, head, case_id=case_id, seq=seq, at=at, actor_id=actor_id, type_=type_, body=body
        )
        yield case_id, seq, unit_id, at, actor_id, type_, Jsonb(body), head
