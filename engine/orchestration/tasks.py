"""Run one job as one Prefect task, named after the job's step."""

import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.concurrency.sync import concurrency, rate_limit
from prefect.context import TaskRunContext

from engine.errors import IcmcError
from engine.orchestration import gateways
from engine.orchestration.events import announce_job
from engine.orchestration.process import health, runtime
from engine.ports import ClaimedJob

log = logging.getLogger(__name__)

LONGEST_RETRY_SECONDS: Final = 30.0
"""Retries that take longer in total are the job's own `ready_at`, and a new task run."""
GATEWAY_BUSY: Final = "gateway-busy"
"""The code of a job that found no free slot: it is given back, not failed."""
_GATEWAY_WAIT_SECONDS: Final = 10.0
_NOT_AGAIN: Final = frozenset({GATEWAY_BUSY, "stale-job"})


class JobFailedError(Exception):
    """Raised to Prefect when a job fails: a code and an id, never what was said underneath."""


@dataclass
class _Attempt:
    job: ClaimedJob
    code: str = ""


_attempts: Final[dict[str, _Attempt]] = {}
_lock: Final = threading.Lock()


def run_as_task(job: ClaimedJob) -> str:
    """Run a job as a task of the current flow run; return the code of its failure, or nothing."""
    with _known(job) as attempt:
        state: State[Any] = _task_for(attempt)(str(job.id), return_state=True)
    return "" if state.is_completed() else attempt.code


@contextmanager
def _known(job: ClaimedJob) -> Iterator[_Attempt]:
    """Let the task find the job by its id: what is passed to a task may end up in Prefect's database."""
    attempt = _Attempt(job)
    with _lock:
        _attempts[str(job.id)] = attempt
    try:
        yield attempt
    finally:
        with _lock:
            _attempts.pop(str(job.id), None)


def _task_for(attempt: _Attempt) -> Task[[str], None]:
    job = attempt.job

    def is_worth_another_try(_task: Task[..., Any], _run: TaskRun, _state: State[Any]) -> bool:
        return attempt.code not in _NOT_AGAIN

    return _do_job.with_options(
        name=job.task_name,
        task_run_name=job.task_name,
        retries=job.retries if job.retries * job.retry_delay <= LONGEST_RETRY_SECONDS else 0,
        retry_delay_seconds=job.retry_delay,
        retry_condition_fn=is_worth_another_try,
        timeout_seconds=job.timeout,
    )


@task(cache_policy=NO_CACHE, persist_result=False, log_prints=False)
def _do_job(job_id: str) -> None:
    attempt = _attempts[job_id]
    attempt.code = "timed-out"
    try:
        _do(attempt)
    except IcmcError as error:
        attempt.code = error.code
    except Exception as error:  # noqa: BLE001 - the border of a thread or a flow run
        attempt.code = "unexpected"
        log.warning("job_failed", extra={"job_id": job_id, "error": type(error).__name__})
    if attempt.code:
        raise JobFailedError(f"{attempt.code} job={job_id}")
    announce_job(attempt.job, health)


def _do(attempt: _Attempt) -> None:
    flow_run_id, task_run_id = _ids()
    with ExitStack() as slots:
        job = _enter_gateway(slots, attempt.job) if attempt.job.gateway else attempt.job
        if job is None:
            attempt.code = GATEWAY_BUSY
            return
        runtime.work.run_job(job, flow_run_id=flow_run_id, task_run_id=task_run_id, done_by="prefect")
    attempt.code = ""


def _enter_gateway(slots: ExitStack, job: ClaimedJob) -> ClaimedJob | None:
    """Wait for a slot, or for as many as a gateway with a rate has messages; None when none came free in time."""
    share = runtime.work.share_of(job.gateway, most=gateways.most_at_once)
    name = gateways.PREFIX + job.gateway
    try:
        if share is not None:
            rate_limit(name, occupy=share, strict=True, timeout_seconds=_GATEWAY_WAIT_SECONDS)
            return replace(job, payload={**job.payload, "most": share})
        slots.enter_context(concurrency(name, strict=True, timeout_seconds=_GATEWAY_WAIT_SECONDS))
    except TimeoutError:
        return None
    return job


def _ids() -> tuple[UUID | None, UUID | None]:
    context = TaskRunContext.get()
    if context is None:
        return None, None
    return context.task_run.flow_run_id, context.task_run.id
