"""Run one job as one Prefect task, named after the job's step; tell automations of it, in ids only."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TaskRunContext
from prefect.events import emit_event

from engine.deadlines.records import Breach
from engine.errors import BusyError, IcmcError, place_in
from engine.jobs.actions.serve import TIMED_OUT
from engine.jobs.records import ClaimedJob, StaleJobError
from engine.log_lines import why
from engine.orchestration.health import PrefectHealth
from engine.orchestration.runtime import GatewaySlots, health, runtime

CASE_OPENED: Final = "icmc.case.opened"
STEP_ENDED: Final = "icmc.step.ended"
DEADLINE_BREACHED: Final = "icmc.deadline.breached"
_KNOWN: Final = frozenset({CASE_OPENED, STEP_ENDED, DEADLINE_BREACHED})


def announce_job(job: ClaimedJob, health: PrefectHealth) -> None:
    """Emit the events of a job that is done."""
    for event in job.announces:
        if event in _KNOWN:
            _emit(event, "job", job.id, job.case_number, {"task": job.task_name}, health)


def announce_breach(breach: Breach, health: PrefectHealth) -> None:
    """Emit that a deadline was breached."""
    _emit(DEADLINE_BREACHED, "deadline", breach.deadline_id, breach.case_number, {}, health)


def _emit(
    event: str, kind: str, record: UUID, case_number: str, payload: dict[str, str], health: PrefectHealth
) -> None:
    """Queue one event for Prefect's own sending thread; none while Prefect is down, lest the queue grow."""
    if health.is_down:
        return
    emit_event(
        event=event,
        resource={"prefect.resource.id": f"icmc.case.{case_number}", "prefect.resource.name": case_number},
        related=[{"prefect.resource.id": f"icmc.{kind}.{record}", "prefect.resource.role": kind}],
        payload=dict(payload),
    )


log = logging.getLogger(__name__)

LONGEST_RETRY_SECONDS: Final = 30.0
"""Retries that take longer in total are the job's own `ready_at`, and a new task run."""
GATEWAY_BUSY: Final = "gateway-busy"
"""The code of a job that found no free slot: it is given back, not failed."""
_NOT_AGAIN: Final = frozenset({GATEWAY_BUSY, BusyError.code, StaleJobError.code})


class JobFailedError(Exception):
    """Raised to Prefect when a job fails: a code and an id, never what was said underneath."""


@dataclass
class _Attempt:
    job: ClaimedJob
    slots: GatewaySlots
    code: str = ""
    why: str = ""
    tries: int = 0


_attempts: Final[dict[str, _Attempt]] = {}
_lock: Final = threading.Lock()


def run_as_task(job: ClaimedJob, slots: GatewaySlots) -> tuple[str, str]:
    """Run a job as a task of the current flow run; return code and kind of its failure, or nothing."""
    with _known(job, slots) as attempt:
        state: State[Any] = _task_for(attempt)(str(job.id), return_state=True)
    return ("", "") if state.is_completed() else (attempt.code, attempt.why)


@contextmanager
def _known(job: ClaimedJob, slots: GatewaySlots) -> Iterator[_Attempt]:
    """Let the task find the job by its id: what is passed to a task may end up in Prefect's database."""
    attempt = _Attempt(job, slots)
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
        return attempt.code not in _NOT_AGAIN and _is_noted(attempt)

    return _do_job.with_options(
        name=job.task_name,
        task_run_name=job.task_name,
        retries=tries_left(job),
        retry_delay_seconds=job.retry_delay,
        retry_condition_fn=is_worth_another_try,
        timeout_seconds=job.timeout,
    )


def tries_left(job: ClaimedJob) -> int:
    """Return how often Prefect may try a job again: what is left of its one budget, where the waits are short."""
    return max(job.retries + 1 - job.attempt, 0) if job.retries * job.retry_delay <= LONGEST_RETRY_SECONDS else 0


def _is_noted(attempt: _Attempt) -> bool:
    """Write for the board why a try failed; tell whether the job is still ours to try again."""
    try:
        return runtime.work.note_failure(attempt.job, code=attempt.code, why=attempt.why)
    except IcmcError as error:
        log.warning("failure_not_noted", extra={"job_id": str(attempt.job.id), **why(error)})
        return not isinstance(error, StaleJobError)


@task(cache_policy=NO_CACHE, persist_result=False, log_prints=False)
def _do_job(job_id: str) -> None:
    attempt = _attempts[job_id]
    attempt.code, attempt.why = TIMED_OUT, f"no answer within {attempt.job.timeout:g} s"
    attempt.tries += 1
    try:
        _do(attempt)
    except Exception as error:  # noqa: BLE001 - the border of a thread or a flow run
        attempt.code, attempt.why = failure_of(error)
        log_failure(attempt.job, attempt.code, attempt.why, tries=attempt.tries)
    if attempt.code:
        raise JobFailedError(f"{attempt.code} job={job_id} try={attempt.job.attempt + attempt.tries - 1} {attempt.why}")
    announce_job(attempt.job, health)


def failure_of(error: Exception) -> tuple[str, str]:
    """Return the code of what a job raised, and its kind and place, never its words."""
    if isinstance(error, IcmcError):
        return error.code, str(error.facts.get("reason", ""))
    return "unexpected", f"{type(error).__name__} at {place_in('engine', error)}"


def log_failure(job: ClaimedJob, code: str, reason: str, *, tries: int = 1) -> None:
    """Write to the log which job failed, in which step, why, and at which of its tries."""
    log.warning(
        "job_failed",
        extra={
            "job_id": str(job.id), "task": job.task_name, "case": job.case_number, "code": code, "why": reason,
            "attempt": f"{job.attempt + tries - 1} of {job.retries + 1}",
        },
    )  # fmt: skip


def _do(attempt: _Attempt) -> None:
    flow_run_id, task_run_id = _ids()
    job = attempt.slots.take(attempt.job)
    if job is None:
        attempt.code = GATEWAY_BUSY
        return
    try:
        runtime.work.run_job(job, flow_run_id=flow_run_id, task_run_id=task_run_id, done_by="prefect")
    finally:
        attempt.slots.used()
    attempt.code = attempt.why = ""


def _ids() -> tuple[UUID | None, UUID | None]:
    context = TaskRunContext.get()
    if context is None:
        return None, None
    return context.task_run.flow_run_id, context.task_run.id
