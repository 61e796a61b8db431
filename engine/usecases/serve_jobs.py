"""Hand jobs out to workers, and take them back: what orchestration asks of the outbox."""

from datetime import timedelta
from uuid import UUID

from engine.assembly import Engine
from engine.domain.policy import Action, can
from engine.errors import NotAllowedError
from engine.ports import Batch, ClaimedJob, OpenBatch
from engine.views import Viewer

MOST_ATTEMPTS = 5
_LONGEST_WAIT = timedelta(minutes=30)


def dispatchable(engine: Engine, *, limit: int, bundled: bool = False) -> tuple[Batch, ...]:
    """Claim cases with due jobs, in batches, as long as fewer than `limit` batches are out.

    Where there are few cases each gets a batch of its own, unless they are to be `bundled`.
    """
    with engine.unit_of_work() as work:
        ids = (engine.entropy.uuid() for _ in range(limit))
        batches = work.jobs.dispatch(most_open=limit, new_ids=ids, now=engine.clock.now(), bundled=bundled)
        work.commit()
        return batches


def refill_batch(engine: Engine, *, batch_id: UUID, unless_fewer_open: int) -> int:
    """Add waiting cases of its workflow to a batch at work, unless few batches are out; return how many."""
    with engine.unit_of_work() as work:
        added = work.jobs.refill(batch_id, unless_fewer_open=unless_fewer_open, now=engine.clock.now())
        work.commit()
        return added


def note_flow_run(engine: Engine, *, batch_id: UUID, flow_run_id: UUID) -> None:
    """Keep which flow run serves a batch."""
    with engine.unit_of_work() as work:
        work.jobs.note_flow_run(batch_id, flow_run_id)
        work.commit()


def claim_jobs(engine: Engine, *, batch_id: UUID, worker: str, limit: int) -> tuple[ClaimedJob, ...]:
    """Claim due jobs of a batch's cases, and those that were held for it."""
    with engine.unit_of_work() as work:
        jobs = work.jobs.claim(batch_id, worker=worker, most=limit, now=engine.clock.now())
        work.commit()
        return jobs


def claim_urgent_jobs(engine: Engine, *, worker: str, limit: int) -> tuple[ClaimedJob, ...]:
    """Claim escalations and critical deliveries, for when Prefect is away."""
    with engine.unit_of_work() as work:
        jobs = work.jobs.claim_urgent(worker=worker, most=limit, now=engine.clock.now())
        work.commit()
        return jobs


def fail_job(engine: Engine, job: ClaimedJob, *, code: str) -> str:
    """Let a failed job wait before it is tried again, or set it aside as work for a person after five attempts."""
    now = engine.clock.now()
    with engine.unit_of_work() as work:
        status = work.jobs.hold(job.id, job.token)
        if status != "claimed":
            return status
        if job.attempt >= MOST_ATTEMPTS:
            work.jobs.finish(job.id, status="aside", at=now, error_code=code)
            status = "aside"
        else:
            wait = min(timedelta(seconds=30) * 2**job.attempt, _LONGEST_WAIT)
            work.jobs.put_back(job.id, ready_at=now + wait, count_attempt=True, error_code=code)
            status = "ready"
        work.commit()
        return status


def release_job(engine: Engine, job: ClaimedJob, *, after: timedelta = timedelta()) -> None:
    """Give a job back untouched; it does not count as an attempt."""
    with engine.unit_of_work() as work:
        if work.jobs.hold(job.id, job.token) == "claimed":
            work.jobs.put_back(job.id, ready_at=engine.clock.now() + after, count_attempt=False)
            work.commit()


def close_batch(engine: Engine, *, batch_id: UUID) -> bool:
    """Give a batch's cases back, unless one of them has work again; gives whether it is closed."""
    with engine.unit_of_work() as work:
        closed = work.jobs.close_batch(batch_id, now=engine.clock.now())
        work.commit()
        return closed


def hold_batch(engine: Engine, *, batch_id: UUID) -> int:
    """Keep the due jobs of a cancelled batch until it is retried; gives how many."""
    with engine.unit_of_work() as work:
        held = work.jobs.hold_batch(batch_id, now=engine.clock.now())
        work.commit()
        return held


def abandon_batch(engine: Engine, *, batch_id: UUID) -> None:
    """Give back the cases and jobs of a batch whose flow run is lost."""
    with engine.unit_of_work() as work:
        work.jobs.abandon_batch(batch_id)
        work.commit()


def open_batches(engine: Engine, *, older_than: timedelta) -> tuple[OpenBatch, ...]:
    """List the batches that have been out for longer."""
    with engine.unit_of_work() as work:
        return work.jobs.open_batches(older_than=older_than)


def reconcile_jobs(engine: Engine) -> int:
    """Free the jobs whose lease is over; gives of how many cases."""
    with engine.unit_of_work() as work:
        freed = work.jobs.free_expired()
        work.commit()
        return len(freed)


def retry_job(engine: Engine, job_id: UUID, *, viewer: Viewer) -> None:
    """Let a job that was set aside or held be tried again, now, with the rights of the viewer."""
    if not can(viewer, Action.MEND):
        raise NotAllowedError(actor=viewer.name, action=Action.MEND.value)
    with engine.unit_of_work() as work:
        work.jobs.try_again(job_id, by=None if viewer.is_system else viewer.actor_id, now=engine.clock.now())
        work.commit()


def note_service(engine: Engine, *, service: str, state: str) -> None:
    """Keep what a service says of itself."""
    with engine.unit_of_work() as work:
        work.records.note_service(service, state)
        work.commit()


def service_age(engine: Engine, service: str) -> timedelta | None:
    """Give how long ago a service last said something; None when it never did."""
    with engine.unit_of_work() as work:
        seconds = work.records.service_age(service)
    return None if seconds is None else timedelta(seconds=seconds)
