"""Hand jobs out to workers, take them back, and pause automatic work: what orchestration asks of the outbox."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.cases.actions.deciding import carry_out
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core.consequences import JobKind
from engine.core.policy import Action, Viewer, require
from engine.core.records import OPEN, DeadlineStatus
from engine.core.settle import is_left_to_itself
from engine.errors import InvalidAnswersError, NotFoundError
from engine.jobs.records import (
    JOBS_PAUSED,
    PAUSE_REASONS,
    SKIP_REASONS,
    Batch,
    ClaimedJob,
    JobPause,
    OpenBatch,
    StepFailedError,
)
from engine.jobs.store import MOST_ATTEMPTS, JobStore

_LONGEST_WAIT = timedelta(minutes=30)
TIMED_OUT = "timed-out"
OF_A_PILLAR = frozenset({StepFailedError.code, TIMED_OUT})
"""The failures for which a pillar says how often, and how far apart, its function is tried."""


def dispatchable(engine: Engine, *, limit: int, bundled: bool = False) -> tuple[Batch, ...]:
    """Claim cases with due jobs, in batches, as long as fewer than `limit` batches are out.

    Where there are few cases each gets a batch of its own, unless they are to be `bundled`.
    """
    with engine.transaction() as tx:
        ids = (engine.entropy.uuid() for _ in range(limit))
        batches = tx.of(JobStore).dispatch(most_open=limit, new_ids=ids, now=engine.clock.now(), bundled=bundled)
        tx.commit()
        return batches


def refill_batch(engine: Engine, *, batch_id: UUID, unless_fewer_open: int) -> int:
    """Add waiting cases of its workflow to a batch at work, unless few batches are out; return how many."""
    with engine.transaction() as tx:
        added = tx.of(JobStore).refill(batch_id, unless_fewer_open=unless_fewer_open, now=engine.clock.now())
        tx.commit()
        return added


def note_flow_run(engine: Engine, *, batch_id: UUID, flow_run_id: UUID) -> None:
    """Keep which flow run serves a batch."""
    with engine.transaction() as tx:
        tx.of(JobStore).note_flow_run(batch_id, flow_run_id)
        tx.commit()


def claim_jobs(engine: Engine, *, batch_id: UUID, worker: str, limit: int) -> tuple[ClaimedJob, ...]:
    """Claim due jobs of a batch's cases, and those that were held for it."""
    with engine.transaction() as tx:
        jobs = tx.of(JobStore).claim(batch_id, worker=worker, most=limit, now=engine.clock.now())
        tx.commit()
        return jobs


def claim_urgent_jobs(engine: Engine, *, worker: str, limit: int) -> tuple[ClaimedJob, ...]:
    """Claim escalations and critical deliveries, for when Prefect is away."""
    with engine.transaction() as tx:
        jobs = tx.of(JobStore).claim_urgent(worker=worker, most=limit, now=engine.clock.now())
        tx.commit()
        return jobs


def note_failure(engine: Engine, job: ClaimedJob, *, code: str, why: str = "") -> bool:
    """Write why a job failed that is tried again at once, so that the board shows it; return whether it is still ours.

    A failure of a pillar's function counts as one of its tries.
    """
    with engine.transaction() as tx:
        if tx.of(JobStore).hold(job.id, job.token) != "claimed":
            return False
        tx.of(JobStore).note_failure(job.id, error_code=_said(code, why), is_counted=code in OF_A_PILLAR)
        tx.commit()
        return True


def fail_job(engine: Engine, job: ClaimedJob, *, code: str, why: str = "") -> str:
    """Let a failed job wait before it is tried again, or set it aside as work for a person.

    A pillar's function is called `retries` times again, `retry_delay` apart, and no more often, whoever calls it. What
    fails otherwise is tried five times, longer and longer apart.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        status = tx.of(JobStore).hold(job.id, job.token)
        if status != "claimed":
            return status
        is_of_pillar, tries = code in OF_A_PILLAR, tx.of(JobStore).tries(job.id)
        if tries >= (job.retries + 1 if is_of_pillar else max(MOST_ATTEMPTS, job.retries + 1)):
            tx.of(JobStore).finish(job.id, status="aside", at=now, error_code=_said(code, why))
            status = "aside"
        else:
            longer = min(timedelta(seconds=30) * 2**tries, _LONGEST_WAIT)
            wait = timedelta(seconds=job.retry_delay) if is_of_pillar else longer
            tx.of(JobStore).put_back(job.id, ready_at=now + wait, count_attempt=True, error_code=_said(code, why))
            status = "ready"
        tx.commit()
        return status


def _said(code: str, why: str) -> str:
    return f"{code}: {why}" if why else code


def release_job(engine: Engine, job: ClaimedJob, *, after: timedelta = timedelta()) -> None:
    """Return a job back untouched; it does not count as an attempt."""
    with engine.transaction() as tx:
        if tx.of(JobStore).hold(job.id, job.token) == "claimed":
            tx.of(JobStore).put_back(job.id, ready_at=engine.clock.now() + after, count_attempt=False)
            tx.commit()


def close_batch(engine: Engine, *, batch_id: UUID) -> bool:
    """Return a batch's cases back, unless one of them has work again; returns whether it is closed."""
    with engine.transaction() as tx:
        closed = tx.of(JobStore).close_batch(batch_id, now=engine.clock.now())
        tx.commit()
        return closed


def hold_batch(engine: Engine, *, batch_id: UUID) -> int:
    """Keep the due jobs of a cancelled batch until it is retried; returns how many."""
    with engine.transaction() as tx:
        held = tx.of(JobStore).hold_batch(batch_id, now=engine.clock.now())
        tx.commit()
        return held


def abandon_batch(engine: Engine, *, batch_id: UUID) -> None:
    """Give back the cases and jobs of a batch whose flow run is lost."""
    with engine.transaction() as tx:
        tx.of(JobStore).abandon_batch(batch_id)
        tx.commit()


def open_batches(engine: Engine, *, older_than: timedelta) -> tuple[OpenBatch, ...]:
    """List the batches that have been out for longer."""
    with engine.transaction() as tx:
        return tx.of(JobStore).open_batches(older_than=older_than)


def reconcile_jobs(engine: Engine) -> int:
    """Free the jobs whose lease is over; gives of how many cases."""
    with engine.transaction() as tx:
        freed = tx.of(JobStore).free_expired()
        tx.commit()
        return len(freed)


def retry_job(engine: Engine, job_id: UUID, *, viewer: Viewer) -> None:
    """Let a job that was set aside or held be tried again, now, with the rights of the viewer."""
    require(viewer, Action.MEND)
    with engine.transaction() as tx:
        tx.of(JobStore).try_again(job_id, by=viewer.acting_id, now=engine.clock.now())
        tx.commit()


_OF_NO_STEP: Final = "Messages and escalations are not skipped: try again, or look at the messages given up."
_HAS_A_LIMIT: Final = "This step has a time limit: someone who leads the case has to cancel the step there."
_LAST: Final = "This is the last step of the case: someone who leads the case has to close it."


def skip_job(engine: Engine, job_id: UUID, *, viewer: Viewer, reason_code: str) -> None:
    """Leave a job undone that was set aside or held; the history of its case names it, with the reason.

    An automatic step is cancelled with it, unless it has a time limit or is the last of its case. Raises
    `InvalidAnswersError` also for that, and for messages; `NotFoundError`, `NotAllowedError`.
    """
    require(viewer, Action.MEND)
    if reason_code not in SKIP_REASONS:
        raise InvalidAnswersError({"reason": "Choose why it is skipped."})
    now, by = engine.clock.now(), viewer.acting_id
    with engine.transaction() as tx:
        job = tx.of(JobStore).waiting_for_a_person(job_id)
        if job is None:
            raise NotFoundError(kind="job")
        if job.step_id is None:
            raise InvalidAnswersError({"reason": _OF_NO_STEP})
        state = tx.of(CaseStore).lock(job.case_id)
        step = state.steps[job.step_id]
        if job.kind == JobKind.RUN.value and step.status in OPEN:
            if any(one.step_id == step.id and one.status is DeadlineStatus.OPEN for one in state.deadlines.values()):
                raise InvalidAnswersError({"reason": _HAS_A_LIMIT})
            state = carry_out(engine, tx, state, cm.CancelStep(step.id, reason_code), actor_id=by, now=now).state
            if is_left_to_itself(state):
                raise InvalidAnswersError({"reason": _LAST})
        body = {"step_id": str(step.id), "step_key": step.key, "kind": job.kind, "reason_code": reason_code}
        tx.of(CaseStore).note(state, "JobSkipped", body, actor_id=by, at=now)
        tx.of(JobStore).finish(job_id, status="skipped", at=now)
        tx.commit()


def note_service(engine: Engine, *, service: str, state: str) -> None:
    """Keep what a service says of itself."""
    with engine.transaction() as tx:
        tx.of(HousekeepingStore).note_service(service, state)
        tx.commit()


def service_age(engine: Engine, service: str) -> timedelta | None:
    """Return how long ago a service last said something; None when it never did."""
    with engine.transaction() as tx:
        seconds = tx.of(HousekeepingStore).service_age(service)
    return None if seconds is None else timedelta(seconds=seconds)


def pause_jobs(engine: Engine, *, viewer: Viewer, reason_code: str) -> bool:
    """Hand no job out from now on; returns whether that is new. A worker lets Prefect pause its queue too.

    What was begun is finished. Raises `NotAllowedError`, `InvalidAnswersError`.
    """
    require(viewer, Action.MEND)
    if reason_code not in PAUSE_REASONS:
        raise InvalidAnswersError({"reason": "Choose why automatic work is paused."})
    return _change(engine, viewer, to_pause=True, reason_code=reason_code)


def resume_jobs(engine: Engine, *, viewer: Viewer) -> bool:
    """Hand jobs out again; returns whether they were paused. Raises `NotAllowedError`."""
    require(viewer, Action.MEND)
    return _change(engine, viewer, to_pause=False, reason_code="")


def job_pause(engine: Engine) -> JobPause:
    """Return whether automatic work is paused, and whether Prefect knows it."""
    with engine.transaction() as tx:
        kept = tx.of(HousekeepingStore).installation(JOBS_PAUSED) or {}
    return JobPause(is_on=bool(kept.get("is_on")), is_told=bool(kept.get("is_told", True)))


def note_pause_known(engine: Engine, *, is_on: bool) -> None:
    """Keep that Prefect has paused or resumed its queue, unless it was decided otherwise meanwhile."""
    with engine.transaction() as tx:
        kept = tx.of(HousekeepingStore).installation(JOBS_PAUSED)
        if kept and kept["is_on"] == is_on:
            tx.of(HousekeepingStore).set_installation(JOBS_PAUSED, {**kept, "is_told": True})
            tx.commit()


def _change(engine: Engine, viewer: Viewer, *, to_pause: bool, reason_code: str) -> bool:
    now, by = engine.wall_clock.now(), viewer.acting_id
    with engine.transaction() as tx:
        if bool((tx.of(HousekeepingStore).installation(JOBS_PAUSED) or {}).get("is_on")) is to_pause:
            return False
        state: dict[str, Any] = {"is_on": to_pause, "is_told": False, "at": now.isoformat(), "reason_code": reason_code}
        tx.of(HousekeepingStore).set_installation(JOBS_PAUSED, state | {"by": str(by) if by else ""})
        body = {"reason_code": reason_code} if to_pause else {}
        tx.of(AuditLogStore).note("jobs", "JobsPaused" if to_pause else "JobsResumed", body, actor_id=by, at=now)
        tx.wake_listeners()
        tx.commit()
        return True
