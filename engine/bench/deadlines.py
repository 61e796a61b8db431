"""How long many deadlines that fall due at one instant keep the system busy."""

import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import psycopg
from psycopg.rows import scalar_row

from engine.bench.people import Rate
from engine.bench.workload import Bench, open_one, plain_address
from engine.usecases.fire_deadlines import fire_deadlines

_PASS = 500
_COUNT = (
    "SELECT count(*) FROM deadline d WHERE breached_at IS NOT NULL"
    " AND EXISTS (SELECT FROM escalation e WHERE e.deadline_id = d.id AND e.level = 1)"
)


@dataclass(frozen=True)
class _StandingClock:
    """A clock that stands at one instant."""

    instant: datetime

    def now(self) -> datetime:
        """Give the instant."""
        return self.instant

    def look_again(self) -> None:
        """Do nothing: nobody moves this clock."""


def fire_at_once(bench: Bench, *, deadlines: int) -> Rate:
    """Let so many deadlines be due at one instant; gives how many were recorded and escalated, and the seconds.

    What is due before that instant, such as a warning, is fired first and not counted. Needs a world of its own.
    """
    opened_at = bench.engine.clock.now()
    for _ in range(deadlines):
        open_one(_standing_at(bench, opened_at))
    due_at = _due_at(bench, opened_at)
    _fire_all(bench, due_at - timedelta(seconds=1))
    began = time.perf_counter()
    _fire_all(bench, due_at)
    seconds = time.perf_counter() - began
    return Rate(_recorded(bench), seconds)


def _standing_at(bench: Bench, instant: datetime) -> Bench:
    return replace(bench, engine=replace(bench.engine, clock=_StandingClock(instant)))


def _fire_all(bench: Bench, instant: datetime) -> None:
    while fire_deadlines(_standing_at(bench, instant).engine, limit=_PASS).count:
        continue


def _due_at(bench: Bench, opened_at: datetime) -> datetime:
    with psycopg.connect(plain_address(bench.running.urls.app), row_factory=scalar_row) as connection:
        return connection.execute("SELECT max(due_at) FROM deadline").fetchone() or opened_at


def _recorded(bench: Bench) -> int:
    with psycopg.connect(plain_address(bench.running.urls.app), row_factory=scalar_row) as connection:
        return int(connection.execute(_COUNT).fetchone() or 0)
