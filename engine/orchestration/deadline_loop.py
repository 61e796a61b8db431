"""Fire deadlines at their instant, in one process at a time, without any code of Prefect."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import psycopg
from psycopg.rows import TupleRow

from engine.db.locks import FIRE_DEADLINES
from engine.orchestration.seams import Work
from engine.ports import FiredReport

CHANNEL: Final = "icmc_deadlines"
SERVICE: Final = "deadlines"
PAUSED: Final = "paused"
"""The state while the clock is in doubt: somebody looks, and nothing fires."""
AT_MOST_SECONDS: Final = 120.0
_PASS_LIMIT: Final = 500
_LONGEST_WAIT_SECONDS: Final = 2.0
"""What is written in between wakes the loop, and it knows when the next deadline is due."""
_SHORTEST_WAIT_SECONDS: Final = 0.02
_NOTE_EVERY_SECONDS: Final = 5.0


@dataclass
class _Notes:
    noted_at: float = float("-inf")


def keep_deadlines(
    work: Work,
    *,
    must_stop: Callable[[], bool],
    on_fired: Callable[[FiredReport], None],
    seconds: float = AT_MOST_SECONDS,
) -> int:
    """Fire deadlines until the next loop asks for the lock, `seconds` are over or `must_stop` says so.

    Returns how many were fired. Waits for the loop before it to hand over; without a hand-over it fires nothing.
    """
    ends_at = time.monotonic() + seconds
    fired = 0
    with _sole_keeper(work.listening_address(), must_stop) as connection:
        if connection is None:
            return 0
        connection.execute(f"LISTEN {CHANNEL}")
        notes = _Notes()
        while not must_stop() and time.monotonic() < ends_at:
            report = _pass(work, notes)
            on_fired(report)
            fired += report.count
            if _is_asked_for(connection):
                break
            _wait(connection, _pause_after(report, work.now()))
    return fired


def _pass(work: Work, notes: _Notes) -> FiredReport:
    report = work.fire_deadlines(limit=_PASS_LIMIT)
    now = time.monotonic()
    if now - notes.noted_at >= _NOTE_EVERY_SECONDS:
        work.note_service(service=SERVICE, state=PAUSED if report.is_paused else "passing")
        notes.noted_at = now
    return report


def _pause_after(report: FiredReport, now: datetime) -> float:
    if report.count >= _PASS_LIMIT:
        return 0.0
    if report.next_due_at is None:
        return _LONGEST_WAIT_SECONDS
    wait = (report.next_due_at - now).total_seconds()
    return min(_LONGEST_WAIT_SECONDS, max(_SHORTEST_WAIT_SECONDS, wait))


def _wait(connection: psycopg.Connection[TupleRow], seconds: float) -> None:
    for _ in connection.notifies(timeout=seconds, stop_after=1):
        return


@contextmanager
def _sole_keeper(address: str, must_stop: Callable[[], bool]) -> Iterator[psycopg.Connection[TupleRow] | None]:
    """Hold the advisory lock on a connection of its own; it ends with the connection, whatever happens to us."""
    with psycopg.connect(address, autocommit=True, connect_timeout=5) as connection:
        connection.execute("SET lock_timeout = '1s'")
        for _ in range(int(AT_MOST_SECONDS)):
            if must_stop():
                break
            try:
                connection.execute("SELECT pg_advisory_lock(%s)", (FIRE_DEADLINES,))
            except psycopg.errors.LockNotAvailable:
                continue
            yield connection
            return
        yield None


def _is_asked_for(connection: psycopg.Connection[TupleRow]) -> bool:
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid::bigint = %s"
        " AND classid::bigint = %s AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
        (FIRE_DEADLINES & 0xFFFFFFFF, FIRE_DEADLINES >> 32),
    ).fetchone()
    return bool(row and row[0])
