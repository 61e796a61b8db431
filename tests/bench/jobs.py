"""How soon automatic work begins after a commit, and how much of it is done in a second."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg

from engine.errors import ServiceError
from tests.bench.automatic import automatic_work, is_idle, task_starts, wait_until
from tests.bench.people import Rate
from tests.bench.workload import Bench, complete, open_one, plain_address

_PAUSE_SECONDS: Final = 1.0
_DONE_BY_TASKS: Final = "SELECT count(*) FROM job WHERE id = ANY(%s) AND status = 'done' AND task_run_id IS NOT NULL"


@dataclass(frozen=True)
class JobTimes:
    """Seconds from a commit to the start of its first task, one by one; and the rate of many jobs due at once."""

    seconds_to_start: tuple[float, ...]
    under_load: Rate


@dataclass(frozen=True)
class _Sample:
    committed_at: datetime
    task_run_ids: tuple[UUID, ...]


def measure_jobs(bench: Bench, *, samples: int, at_once: int) -> JobTimes:
    """Measure with Prefect and one worker: first when there is nothing else to do, then with `at_once` jobs due.

    Raises ServiceError when Prefect does not come up, or does not do the work.
    """
    later = _put_off(bench, at_once)
    with automatic_work(bench) as address:
        _complete_and_wait(bench)
        measured = [_complete_and_wait(bench) for _ in range(samples)]
        load = _release(bench, later)
        starts = task_starts(address, [one for sample in measured for one in sample.task_run_ids])
    return JobTimes(_seconds(measured, starts), load)


def _complete_and_wait(bench: Bench) -> _Sample:
    """Complete the first item of a new case when all is quiet; the completion's jobs are those that it added."""
    case_id, item = open_one(bench)
    wait_until(lambda: is_idle(bench))
    before = {row[0] for row in _jobs_of(bench, case_id)}
    threading.Event().wait(_PAUSE_SECONDS)
    complete(bench, item)
    committed_at = bench.engine.wall_clock.now()
    wait_until(lambda: is_idle(bench))
    tasks = [task for job, task in _jobs_of(bench, case_id) if job not in before and task is not None]
    return _Sample(committed_at, tuple(tasks))


def _seconds(samples: Sequence[_Sample], starts: dict[UUID, datetime]) -> tuple[float, ...]:
    begun = [(one.committed_at, [starts[task] for task in one.task_run_ids if task in starts]) for one in samples]
    if not all(instants for _, instants in begun):
        raise ServiceError(
            service="Prefect",
            problem="it did not do, or did not record, the task of a job that was measured.",
            remedy="Measure again when the machine has less to do, or leave this part out with --no-prefect.",
        )
    return tuple((min(instants) - committed_at).total_seconds() for committed_at, instants in begun)


def _put_off(bench: Bench, at_once: int) -> list[UUID]:
    """Open cases, each with one job that prepares its first item, and let these jobs wait."""
    cases = [open_one(bench)[0] for _ in range(at_once)]
    rows = _rows(
        bench, "UPDATE job SET ready_at = now() + interval '1 day' WHERE case_id = ANY(%s) RETURNING id", (cases,)
    )
    return [row[0] for row in rows]


def _release(bench: Bench, jobs: list[UUID]) -> Rate:
    """Let the jobs be due in one commit, and count the seconds until the last of them is done."""
    statement = "UPDATE job SET ready_at = now() WHERE id = ANY(%s) RETURNING pg_notify('icmc_jobs', '')"
    began = time.monotonic()
    _rows(bench, statement, (jobs,))
    wait_until(lambda: is_idle(bench))
    seconds = time.monotonic() - began
    done = _rows(bench, _DONE_BY_TASKS, (jobs,))
    return Rate(done[0][0], seconds)


def _jobs_of(bench: Bench, case_id: UUID) -> list[tuple[Any, ...]]:
    return _rows(bench, "SELECT id, task_run_id FROM job WHERE case_id = %s", (case_id,))


def _rows(bench: Bench, statement: LiteralString, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    with psycopg.connect(plain_address(bench.running.urls.owner)) as connection:
        return connection.execute(statement, values).fetchall()
