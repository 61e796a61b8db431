"""How late deadlines fire: many that fall due at one instant, and a trickle beside very many that are open."""

import threading
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg
from psycopg.rows import scalar_row

from engine.deadlines.actions.firing import fire_deadlines
from engine.machine import Clock
from tests.bench.copies import add_far_deadlines, copy_case
from tests.bench.people import Rate
from tests.bench.workload import Bench, open_one, plain_address

_PASS: Final = 500
_LOOK_EVERY: Final = 0.05
_LEAD: Final = timedelta(seconds=3)
_COUNT: Final[LiteralString] = (
    "SELECT count(*) FROM deadline d WHERE breached_at IS NOT NULL"
    " AND EXISTS (SELECT FROM escalation e JOIN message m ON m.escalation_id = e.id"
    " WHERE e.deadline_id = d.id AND e.level = 1)"
)


@dataclass(frozen=True)
class StandingClock:
    """A clock that stands at one instant."""

    instant: datetime

    def now(self) -> datetime:
        """Return the instant."""
        return self.instant

    def look_again(self) -> None:
        """Do nothing: nobody moves this clock."""


@dataclass(frozen=True)
class _AheadClock:
    """A clock that goes as the real one, ahead of it."""

    real: Clock
    ahead: timedelta

    def now(self) -> datetime:
        """Return the instant."""
        return self.real.now() + self.ahead

    def look_again(self) -> None:
        """Do nothing: nobody moves this clock."""


def fire_at_once(bench: Bench, *, deadlines: int) -> Rate:
    """Let so many deadlines be due at one instant; returns how many were recorded, escalated and told, and the seconds.

    What is due before that instant, such as a warning, is fired first and not counted. Needs a world of its own.
    """
    due_at = make_ready(bench, copies=deadlines - 1)
    began = time.perf_counter()
    fire_all(at(bench, StandingClock(due_at)))
    seconds = time.perf_counter() - began
    return Rate(_recorded(bench), seconds)


def trickle_seconds(bench: Bench, *, open_deadlines: int, deadlines: int, a_second: int) -> list[float]:
    """Let so many fall due one after the other beside many more that are open; returns how late each was committed.

    Needs a world of its own.
    """
    apart = timedelta(seconds=1) / a_second
    first = make_ready(bench, copies=deadlines, apart=apart, open_deadlines=open_deadlines) + apart
    clock = _AheadClock(bench.engine.wall_clock, first - bench.engine.wall_clock.now() - _LEAD)
    due = dict(_due(bench))
    running = at(bench, clock)
    late: list[float] = []
    waiting = threading.Event()
    while len(late) < deadlines and clock.now() < first + apart * deadlines + timedelta(minutes=1):
        report = fire_deadlines(running.engine, limit=_PASS)
        committed_at = clock.now()
        late += [(committed_at - due[breach.deadline_id]).total_seconds() for breach in report.breaches]
        waiting.wait(_LOOK_EVERY)
    return late


def make_ready(bench: Bench, *, copies: int, apart: timedelta = timedelta(), open_deadlines: int = 0) -> datetime:
    """Open a case, fire its warnings, and copy it; gives when its first deadline is due."""
    case_id, _ = open_one(bench)
    due_at: datetime = _scalar(bench, "SELECT max(due_at) FROM deadline")
    fire_all(at(bench, StandingClock(due_at - timedelta(seconds=1))))
    if copies:
        copy_case(bench, case_id, copies=copies, apart=apart)
    if open_deadlines:
        filler, _ = open_one(bench)
        add_far_deadlines(bench, filler, count=open_deadlines)
    return due_at


def at(bench: Bench, clock: Clock) -> Bench:
    """Return the same system, whose engine goes by a clock."""
    return replace(bench, engine=replace(bench.engine, clock=clock))


def fire_all(bench: Bench) -> int:
    """Fire all that is due; returns how many deadlines that were."""
    fired = 0
    while count := fire_deadlines(bench.engine, limit=_PASS).count:
        fired += count
    return fired


def _recorded(bench: Bench) -> int:
    return int(_scalar(bench, _COUNT))


def _due(bench: Bench) -> list[tuple[UUID, datetime]]:
    with psycopg.connect(plain_address(bench.running.urls.owner)) as connection:
        return connection.execute("SELECT id, due_at FROM deadline WHERE path <> 'far'").fetchall()


def _scalar(bench: Bench, query: LiteralString) -> Any:
    with psycopg.connect(plain_address(bench.running.urls.owner), row_factory=scalar_row) as connection:
        return connection.execute(query).fetchone()
