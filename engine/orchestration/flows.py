"""The flows: the jobs of a case, the firing of deadlines, and what is pruned."""

import logging
import time
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.states import Cancelled, Completed, Failed

from engine.deadlines.records import FiredReport
from engine.errors import BusyError
from engine.jobs.records import ClaimedJob
from engine.log_lines import why
from engine.orchestration.fallback import keep_deadlines
from engine.orchestration.runtime import GatewaySlots, RunControl, health, runtime
from engine.orchestration.settings import OPEN_BATCHES
from engine.orchestration.tasks import GATEWAY_BUSY, announce_breach, run_as_task

log = logging.getLogger(__name__)

_BUSY_WAIT: Final = timedelta(seconds=10)
_EMPTY_CLAIMS: Final = 3
_CALLS_OF_A_RUN: Final = 5
_LONGEST_LINGER_SECONDS: Final = 15.0
_LINGER_LOOK_SECONDS: Final = 0.5


class BatchFailedError(Exception):
    """Raised to Prefect when a batch could not be worked on: a code and an id, nothing else."""


@flow(name="case", persist_result=False, log_prints=False, validate_parameters=False)
def case(batch_id: str) -> State[Any]:
    """Claim the batch's jobs one after another until none is due; nothing but ids goes in or out."""
    try:
        return _work_off(UUID(batch_id), runtime.control(_flow_run_id()))
    except Exception as error:  # noqa: BLE001 - the border of a thread or a flow run
        log.warning("batch_failed", extra={"batch_id": batch_id, **why(error)})
    raise BatchFailedError(f"unexpected batch={batch_id}")


def _work_off(batch_id: UUID, control: RunControl) -> State[Any]:
    failed: list[str] = []
    empty_claims = 0
    lingering = _Lingering()
    with GatewaySlots(health) as slots:
        while not control.must_stop:
            jobs = runtime.work.claim_jobs(batch_id=batch_id, worker=runtime.worker_name, limit=1)
            if jobs:
                empty_claims, lingering = 0, _Lingering()
                failed += [code for job in jobs if (code := _do(job, slots))]
                continue
            slots.release()
            least = 0 if health.is_slow else OPEN_BATCHES
            if runtime.work.refill_batch(batch_id=batch_id, unless_fewer_open=least):
                continue
            if lingering.goes_on:
                control.wait(_LINGER_LOOK_SECONDS)
                continue
            empty_claims += 1
            if runtime.work.close_batch(batch_id=batch_id):
                return _ended(failed)
            if empty_claims == _EMPTY_CLAIMS:
                runtime.work.abandon_batch(batch_id=batch_id)
                return _ended(failed)
    return _stopped(batch_id, control)


class _Lingering:
    """Staying a while for more work where Prefect is slow: a new flow run costs calls, going on costs none."""

    def __init__(self) -> None:
        self._until: float | None = None

    @property
    def goes_on(self) -> bool:
        """Tell whether to look once more; the time runs from the first time that this is asked."""
        if not health.is_slow:
            return False
        if self._until is None:
            self._until = time.monotonic() + min(_CALLS_OF_A_RUN * health.usual, _LONGEST_LINGER_SECONDS)
        return time.monotonic() < self._until


def _do(job: ClaimedJob, slots: GatewaySlots) -> str:
    code, reason = run_as_task(job, slots)
    if code in {GATEWAY_BUSY, BusyError.code}:
        runtime.work.release_job(job, after=_BUSY_WAIT)
    elif code:
        runtime.work.fail_job(job, code=code, why=reason)
    return code


def _ended(failed: list[str]) -> State[Any]:
    if failed:
        return Failed(message=f"{len(failed)} job(s) failed: {', '.join(sorted(set(failed)))}.")
    return Completed(message="No job is due.")


def _stopped(batch_id: UUID, control: RunControl) -> State[Any]:
    if control.cancelled.is_set():
        held = runtime.work.hold_batch(batch_id=batch_id)
        return Cancelled(message=f"Cancelled; {held} job(s) wait for a retry of this run.")
    runtime.work.abandon_batch(batch_id=batch_id)
    return Completed(message="The worker stops; what is left goes to another run.")


def _flow_run_id() -> UUID | None:
    context = FlowRunContext.get()
    return context.flow_run.id if context is not None and context.flow_run is not None else None


EVERY: Final = timedelta(minutes=5)
"""A lost run is not waited for: whoever notices the silence fires after 15 seconds (`fallback.LATE_AFTER`)."""
_STALE_AFTER: Final = EVERY + timedelta(seconds=15)


class DeadlinesFailedError(Exception):
    """Raised to Prefect when the loop broke; the next run, or the fallback, goes on."""


@flow(name="deadlines", persist_result=False, log_prints=False, validate_parameters=False)
def deadlines() -> State[Any]:
    """Fire deadlines until the next run takes over; a run that comes much too late leaves it to a fresher one."""
    if _is_stale(_STALE_AFTER):
        return Completed(message="A later run is due already.")
    control = runtime.control(_flow_run_id())
    try:
        fired = keep_deadlines(runtime.work, must_stop=lambda: control.must_stop, on_fired=_announce)
    except Exception as error:  # noqa: BLE001 - the border of a thread or a flow run
        log.warning("deadlines_failed", extra=why(error))
    else:
        return Completed(message=f"{fired} deadline(s) fired.")
    raise DeadlinesFailedError("unexpected")


def _announce(report: FiredReport) -> None:
    for breach in report.breaches:
        announce_breach(breach, health)


_RUN_IS_STALE_AFTER: Final = timedelta(minutes=10)


class ChoreFailedError(Exception):
    """Raised to Prefect when chores fail: their names, nothing else."""


@flow(name="housekeeping", persist_result=False, log_prints=False, validate_parameters=False)
def housekeeping(chores: list[str]) -> State[Any]:
    """Do the chores of these names one after another, unless a fresher run of them is due already."""
    if _is_stale(_RUN_IS_STALE_AFTER):
        return Completed(message="A later run is due already.")
    control = runtime.control(_flow_run_id())
    failed = [chore for chore in chores if not control.must_stop and not _is_done(chore)]
    if failed:
        raise ChoreFailedError(", ".join(failed))
    return Completed(message=f"{len(chores)} chore(s) are done." if not control.must_stop else "The worker stops.")


def _is_done(chore: str) -> bool:
    """Do a chore and return whether that went well; one that fails holds up no other."""
    try:
        runtime.work.run_chore(chore)
    except Exception as error:  # noqa: BLE001 - the border of a thread or a flow run
        log.warning("chore_failed", extra={"chore": chore, **why(error)})
        return False
    return True


def _is_stale(after: timedelta) -> bool:
    """Return whether the current flow run was scheduled but started more than `after` late."""
    context = FlowRunContext.get()
    run = context.flow_run if context is not None else None
    if run is None or not run.auto_scheduled or run.state is None or run.expected_start_time is None:
        return False
    return bool(run.state.timestamp - run.expected_start_time > after)
