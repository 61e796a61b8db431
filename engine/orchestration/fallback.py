"""Fire deadlines at their instant, and keep critical messages going without Prefect: no code of Prefect is needed."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import psycopg
from psycopg.rows import TupleRow

from engine.db.locks import FIRE_DEADLINES
from engine.deadlines.records import FiredReport
from engine.errors import BusyError, IcmcError
from engine.jobs.records import ANSWERS, DOWN, PREFECT, PREFECT_SECONDS, SLOW, WORKER, ClaimedJob
from engine.log_lines import why
from engine.orchestration.health import PrefectHealth
from engine.orchestration.seams import Work
from engine.orchestration.tasks import failure_of, log_failure

CHANNEL: Final = "icmc_deadlines"
SERVICE: Final = "deadlines"
PAUSED: Final = "paused"
"""The state while the clock is in doubt: somebody looks, and nothing fires."""
AT_MOST_SECONDS: Final = 600.0
_PASS_LIMIT: Final = 500
_LONGEST_WAIT_SECONDS: Final = 3.0
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


log = logging.getLogger(__name__)

ACTIVE: Final = "active"
IDLE: Final = "idle"
LATE_AFTER: Final = timedelta(seconds=15)
"""The deadlines count as unattended when nobody noted a pass for this long, whatever Prefect says of itself."""
_EVERY_SECONDS: Final = 3.0
_FIRE_LIMIT: Final = 500
_JOB_LIMIT: Final = 20
_NOTE_EVERY_ROUNDS: Final = 2
_BUSY_WAIT: Final = timedelta(seconds=10)
_SYSTEM_MESSAGES: Final = ("tell-of-trouble", "deliver-unattended", "exchange-with-hubs")
"""The housekeeping that must not wait for Prefect: what administrators are told, messages of no case and of hubs."""
_CHECKPOINT: Final = "sign-checkpoint"
_CHECKPOINT_EVERY_NOTES: Final = 10
"""A checkpoint of the audit is signed each minute while Prefect is down."""


class Fallback(threading.Thread):
    """Step in when Prefect is down or the deadlines are unattended, and step back when they are not."""

    def __init__(self, work: Work, *, worker_name: str, health: PrefectHealth, stop: threading.Event) -> None:
        super().__init__(name="icmc-fallback", daemon=True)
        self._work = work
        self._worker_name = worker_name
        self._health = health
        self._stop_asked = stop
        self._state = IDLE
        self._notes = 0

    @property
    def service(self) -> str:
        """Return the name under which the state is noted."""
        return f"{WORKER}{self._worker_name}"

    def run(self) -> None:
        """Watch, and step in, until asked to stop."""
        rounds = 0
        while not self._stop_asked.wait(_EVERY_SECONDS):
            try:
                self.round(is_to_be_noted=rounds % _NOTE_EVERY_ROUNDS == 0)
            except Exception as error:  # noqa: BLE001 - the border of a thread or a flow run
                log.warning("fallback_failed", extra=why(error))
            rounds += 1

    def round(self, *, is_to_be_noted: bool) -> bool:
        """Do what must be done now; tell whether the fallback was active."""
        is_down = self._health.is_down
        is_active = is_down or self._deadlines_are_unattended()
        self._note(ACTIVE if is_active else IDLE, is_to_be_noted=is_to_be_noted)
        if is_active:
            while (report := self._work.fire_deadlines(limit=_FIRE_LIMIT)).count >= _FIRE_LIMIT:
                continue
            if is_down:
                self._work.note_service(service=SERVICE, state=PAUSED if report.is_paused else "fallback")
        if is_down or self._work.job_pause().is_on:
            for job in self._work.claim_urgent_jobs(worker=self._worker_name, limit=_JOB_LIMIT):
                self._do(job)
        if is_active and is_to_be_noted:
            for chore in _SYSTEM_MESSAGES:
                self._work.run_chore(chore)
            if self._notes % _CHECKPOINT_EVERY_NOTES == 0:
                self._work.run_chore(_CHECKPOINT)
            self._notes += 1
        return is_active

    def _deadlines_are_unattended(self) -> bool:
        age = self._work.service_age(SERVICE)
        return age is None or age > LATE_AFTER

    def _note(self, state: str, *, is_to_be_noted: bool) -> None:
        if state != self._state:
            log.warning("fallback_changed", extra={"state": state})
        if state != self._state or is_to_be_noted:
            self._work.note_service(service=self.service, state=state)
            self._note_prefect()
        self._state = state

    def _note_prefect(self) -> None:
        """Tell the board how Prefect answers, also while it does not."""
        usual = self._health.usual
        answers = SLOW if self._health.is_slow else ANSWERS
        self._work.note_service(service=PREFECT, state=DOWN if self._health.is_down else answers)
        self._work.note_service(service=PREFECT_SECONDS, state=f"{usual:.1f}")

    def _do(self, job: ClaimedJob) -> None:
        """Return each job its turn: one that fails does not hold up the rest."""
        try:
            self._work.run_job(job, flow_run_id=None, task_run_id=None, done_by="fallback")
        except BusyError:
            self._work.release_job(job, after=_BUSY_WAIT)
        except Exception as error:  # noqa: BLE001 - the border of a thread or a flow run
            code, reason = failure_of(error)
            log_failure(job, code, reason)
            self._fail(job, code, reason)

    def _fail(self, job: ClaimedJob, code: str, reason: str) -> None:
        try:
            self._work.fail_job(job, code=code, why=reason)
        except IcmcError as error:
            log.warning("job_not_failed", extra={"job_id": str(job.id), **why(error)})
