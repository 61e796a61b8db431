"""The outbox: jobs are handed out in batches, claimed under a lease with a fencing token, and finished once."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import RowMapping, select, text, update

from engine.db.store import Store
from engine.db.tables import TABLES
from engine.jobs.records import Batch, ClaimedJob, OpenBatch, StaleJobError
from engine.language.limits import TimeLimit

JOB = TABLES["job"]
MOST_ATTEMPTS = 5
MOST_CASES = 50

_NOT_PAUSED = "NOT EXISTS (SELECT 1 FROM installation WHERE key = 'jobs_paused' AND value @> '{\"is_on\": true}')"
_WAITING_CASES = text(f"""
    SELECT d.case_id, d.workflow, c.number FROM dispatch d JOIN "case" c ON c.id = d.case_id
    WHERE d.batch_id IS NULL AND {_NOT_PAUSED} AND d.case_id IN (
        SELECT case_id FROM job WHERE status = 'ready' AND ready_at <= :now ORDER BY ready_at LIMIT 2000)
    ORDER BY d.workflow, d.case_id LIMIT :most FOR UPDATE OF d SKIP LOCKED
""")
_WAITING_LIKE = text(f"""
    SELECT d.case_id, c.number FROM dispatch d JOIN "case" c ON c.id = d.case_id
    WHERE {_NOT_PAUSED} AND d.batch_id IS NULL
        AND d.workflow = (SELECT workflow FROM batch WHERE id = :batch AND closed_at IS NULL)
        AND d.case_id IN (
            SELECT case_id FROM job WHERE status = 'ready' AND ready_at <= :now ORDER BY ready_at LIMIT 2000)
    ORDER BY d.case_id LIMIT :most FOR UPDATE OF d SKIP LOCKED
""")
_ADD_CASES = text("""
    UPDATE batch SET case_ids = case_ids || CAST(:cases AS uuid[]),
        case_numbers = case_numbers || CAST(:numbers AS varchar[])
    WHERE id = :batch AND closed_at IS NULL
""")
_OPEN_BATCHES = text("SELECT count(*) FROM batch WHERE closed_at IS NULL")
_ADD_BATCH = text("""
    INSERT INTO batch (id, workflow, case_ids, case_numbers, opened_at)
    VALUES (:id, :workflow, :cases, :numbers, clock_timestamp())
""")
_TAKE_CASES = text("UPDATE dispatch SET batch_id = :batch WHERE case_id = ANY(:cases)")
_CLAIM = text(f"""
    SELECT j.*, c.number AS case_number FROM job j JOIN "case" c ON c.id = j.case_id
    WHERE j.case_id = ANY(SELECT unnest(case_ids) FROM batch WHERE id = :batch)
      AND ((j.status = 'ready' AND j.ready_at <= :now) OR (j.status = 'held' AND j.held_by = :batch)) AND {_NOT_PAUSED}
    ORDER BY j.critical DESC, j.created_at, j.kind, j.id LIMIT :most FOR UPDATE OF j SKIP LOCKED
""")
_CLAIM_URGENT = text("""
    SELECT j.*, c.number AS case_number FROM job j JOIN "case" c ON c.id = j.case_id
    WHERE j.status = 'ready' AND j.ready_at <= :now AND (j.kind = 'escalate' OR (j.kind = 'deliver' AND j.critical))
    ORDER BY j.created_at LIMIT :most FOR UPDATE OF j SKIP LOCKED
""")
_LEASE = text("""
    UPDATE job SET status = 'claimed', attempt = attempt + 1, token = token + 1, worker = :worker, batch_id = :batch,
        held_by = NULL, lease_until = clock_timestamp() + make_interval(secs => :seconds)
    WHERE id = :id RETURNING attempt, token
""")
_HOLD = text("SELECT status, token FROM job WHERE id = :id FOR UPDATE")
_CASES_WITH_WORK = text("""
    SELECT 1 FROM job WHERE status = 'ready' AND ready_at <= :now
      AND case_id = ANY(SELECT unnest(case_ids) FROM batch WHERE id = :batch) LIMIT 1
""")
_LOCK_CASES = text("SELECT case_id FROM dispatch WHERE batch_id = :batch ORDER BY case_id FOR UPDATE")
_FREE_CASES = text("UPDATE dispatch SET batch_id = NULL WHERE batch_id = :batch")
_END_BATCH = text("UPDATE batch SET closed_at = clock_timestamp() WHERE id = :batch AND closed_at IS NULL")
_HOLD_JOBS = text("""
    UPDATE job SET status = 'held', held_by = :batch WHERE status = 'ready' AND ready_at <= :now
      AND case_id = ANY(SELECT unnest(case_ids) FROM batch WHERE id = :batch)
""")
_FREE_CLAIMED = text("UPDATE job SET status = 'ready', worker = NULL WHERE status = 'claimed' AND batch_id = :batch")
_FREE_EXPIRED = text("""
    UPDATE job SET worker = NULL, error_code = 'lease-over',
        status = CASE WHEN attempt >= greatest(:most, retries + 1) THEN 'aside' ELSE 'ready' END
    WHERE status = 'claimed' AND lease_until < clock_timestamp() RETURNING case_id
""")
_OLD_BATCHES = text("""
    SELECT id, workflow, case_numbers, flow_run_id FROM batch
    WHERE closed_at IS NULL AND opened_at < clock_timestamp() - make_interval(secs => :seconds) ORDER BY opened_at
""")


class WaitingJob(NamedTuple):
    """A job that was set aside or held."""

    case_id: UUID
    step_id: UUID | None
    kind: str
    task: str


class JobStore(Store):
    """Jobs in PostgreSQL, within one transaction. Leases are counted by the database's clock."""

    def dispatch(
        self, *, most_open: int, new_ids: Iterable[UUID], now: datetime, bundled: bool = False
    ) -> tuple[Batch, ...]:
        """Hand out cases that have work, as batches; at most `most_open` batches are out at once.

        Few cases get a batch each, unless they are to be `bundled`.
        """
        free = most_open - self._connection.execute(_OPEN_BATCHES).scalar_one()
        if free <= 0:
            return ()
        waiting = self._connection.execute(_WAITING_CASES, {"now": now, "most": free * MOST_CASES}).all()
        size = 1 if len(waiting) <= free and not bundled else MOST_CASES
        batches: list[Batch] = []
        ids = iter(new_ids)
        for workflow in dict.fromkeys(row.workflow for row in waiting):
            rows = [row for row in waiting if row.workflow == workflow]
            for start in range(0, len(rows), size):
                if len(batches) < free:
                    batches.append(self._open_batch(next(ids), workflow, rows[start : start + size]))
        return tuple(batches)

    def refill(self, batch_id: UUID, *, unless_fewer_open: int, now: datetime) -> int:
        """Add waiting cases of its workflow to an open batch, unless fewer batches are out; return how many."""
        if self._connection.execute(_OPEN_BATCHES).scalar_one() < unless_fewer_open:
            return 0
        values = {"batch": batch_id, "now": now, "most": MOST_CASES}
        waiting = self._connection.execute(_WAITING_LIKE, values).all()
        if waiting:
            cases, numbers = [row.case_id for row in waiting], [row.number for row in waiting]
            self._connection.execute(_ADD_CASES, {"batch": batch_id, "cases": cases, "numbers": numbers})
            self._connection.execute(_TAKE_CASES, {"batch": batch_id, "cases": cases})
        return len(waiting)

    def note_flow_run(self, batch_id: UUID, flow_run_id: UUID) -> None:
        """Keep which flow run serves a batch."""
        self._connection.execute(
            text("UPDATE batch SET flow_run_id = :flow WHERE id = :batch"), {"batch": batch_id, "flow": flow_run_id}
        )

    def claim(self, batch_id: UUID, *, worker: str, most: int, now: datetime) -> tuple[ClaimedJob, ...]:
        """Claim jobs of a batch's cases. The claim counts the attempt; a job claimed too often is set aside."""
        found = self._connection.execute(_CLAIM, {"batch": batch_id, "now": now, "most": most}).mappings().all()
        return self._lease(found, worker=worker, batch_id=batch_id)

    def claim_urgent(self, *, worker: str, most: int, now: datetime) -> tuple[ClaimedJob, ...]:
        """Claim escalations and critical deliveries, whatever batch their case is in."""
        found = self._connection.execute(_CLAIM_URGENT, {"now": now, "most": most}).mappings().all()
        return self._lease(found, worker=worker, batch_id=None)

    def hold(self, job_id: UUID, token: int) -> str:
        """Keep a job from others until the end of the transaction; returns its status.

        Raises `StaleJobError` when the token is not the current one.
        """
        row = self._connection.execute(_HOLD, {"id": job_id}).first()
        if row is None or row.token != token:
            raise StaleJobError
        return str(row.status)

    def finish(self, job_id: UUID, *, status: str, at: datetime, **more: object) -> None:
        """Write how a job ended; call `hold` first."""
        values = {"status": status, "finished_at": at, "lease_until": None} | more
        self._connection.execute(update(JOB).where(JOB.c.id == job_id).values(values))

    def put_back(self, job_id: UUID, *, ready_at: datetime, count_attempt: bool, **more: object) -> None:
        """Make a job ready again, later or at once; call `hold` first."""
        attempt = JOB.c.attempt if count_attempt else JOB.c.attempt - 1
        values = {
            "status": "ready",
            "ready_at": ready_at,
            "attempt": attempt,
            "lease_until": None,
            "worker": None,
        } | more
        self._connection.execute(update(JOB).where(JOB.c.id == job_id).values(values))

    def note_failure(self, job_id: UUID, *, error_code: str, is_counted: bool) -> None:
        """Write why a job failed that is tried again at once, and count that try; call `hold` first."""
        values = {"error_code": error_code, "attempt": JOB.c.attempt + int(is_counted)}
        self._connection.execute(update(JOB).where(JOB.c.id == job_id).values(values))

    def tries(self, job_id: UUID) -> int:
        """Return how often a job was tried."""
        return int(self._connection.execute(select(JOB.c.attempt).where(JOB.c.id == job_id)).scalar_one())

    def close_batch(self, batch_id: UUID, *, now: datetime) -> bool:
        """Return a batch's cases back; False, and nothing changed, when one of them has work again."""
        self._connection.execute(_LOCK_CASES, {"batch": batch_id})
        if self._connection.execute(_CASES_WITH_WORK, {"batch": batch_id, "now": now}).first():
            return False
        self._end_batch(batch_id)
        return True

    def hold_batch(self, batch_id: UUID, *, now: datetime) -> int:
        """Keep the due jobs of a cancelled batch until they are asked for again; returns how many."""
        self._connection.execute(_LOCK_CASES, {"batch": batch_id})
        held = self._connection.execute(_HOLD_JOBS, {"batch": batch_id, "now": now}).rowcount
        self._end_batch(batch_id)
        return held

    def abandon_batch(self, batch_id: UUID) -> None:
        """Return a lost batch's cases back, with the jobs that it had claimed."""
        self._connection.execute(_LOCK_CASES, {"batch": batch_id})
        self._connection.execute(_FREE_CLAIMED, {"batch": batch_id})
        self._end_batch(batch_id)

    def open_batches(self, *, older_than: timedelta) -> tuple[OpenBatch, ...]:
        """List the batches that have been out for longer."""
        rows = self._connection.execute(_OLD_BATCHES, {"seconds": older_than.total_seconds()})
        return tuple(OpenBatch(row.id, row.workflow, tuple(row.case_numbers), row.flow_run_id) for row in rows)

    def try_again(self, job_id: UUID, *, by: UUID | None, now: datetime) -> bool:
        """Make a job ready that was set aside or held, with all its attempts before it; returns whether it was one.

        From now on it is done with the rights of who asks for it again.
        """
        values = {"status": "ready", "ready_at": now, "attempt": 0, "held_by": None, "error_code": None, "asked_by": by}
        waiting = JOB.c.status.in_(("aside", "held"))
        done = self._connection.execute(update(JOB).where(JOB.c.id == job_id, waiting).values(values))
        return done.rowcount == 1

    def waiting_for_a_person(self, job_id: UUID) -> WaitingJob | None:
        """Keep a job that was set aside or held from others until the end of the transaction; None for another one."""
        names = [JOB.c[name] for name in WaitingJob._fields]
        query = select(*names).where(JOB.c.id == job_id, JOB.c.status.in_(("aside", "failed", "held")))
        row = self._connection.execute(query.with_for_update()).first()
        return WaitingJob(*row) if row else None

    def any_due(self, *, now: datetime) -> bool:
        """Return whether any job is due or being done."""
        query = text("SELECT 1 FROM job WHERE status = 'claimed' OR (status = 'ready' AND ready_at <= :now) LIMIT 1")
        return self._connection.execute(query, {"now": now}).first() is not None

    def free_expired(self) -> tuple[UUID, ...]:
        """Make jobs ready again whose lease is over; returns their cases."""
        return tuple(row[0] for row in self._connection.execute(_FREE_EXPIRED, {"most": MOST_ATTEMPTS}))

    def _open_batch(self, batch_id: UUID, workflow: str, rows: list[Any]) -> Batch:
        cases, numbers = [row.case_id for row in rows], [row.number for row in rows]
        self._connection.execute(_ADD_BATCH, {"id": batch_id, "workflow": workflow, "cases": cases, "numbers": numbers})
        self._connection.execute(_TAKE_CASES, {"batch": batch_id, "cases": cases})
        return Batch(batch_id, workflow, tuple(numbers))

    def _lease(self, rows: Iterable[RowMapping], *, worker: str, batch_id: UUID | None) -> tuple[ClaimedJob, ...]:
        claimed = []
        for row in rows:
            if row["attempt"] >= max(MOST_ATTEMPTS, row["retries"] + 1):
                self._connection.execute(
                    update(JOB).where(JOB.c.id == row["id"]).values(status="aside", error_code="tried-too-often")
                )
                continue
            timeout, delay = _seconds(row["timeout"]), _seconds(row["retry_delay"])
            lease = (timeout + delay) * (row["retries"] + 1) + 30
            values = {"id": row["id"], "worker": worker, "batch": batch_id, "seconds": lease}
            attempt, token = self._connection.execute(_LEASE, values).one()
            claimed.append(_claimed(row, token=token, attempt=attempt, timeout=timeout, retry_delay=delay))
        return tuple(claimed)

    def _end_batch(self, batch_id: UUID) -> None:
        self._connection.execute(_FREE_CASES, {"batch": batch_id})
        self._connection.execute(_END_BATCH, {"batch": batch_id})


def _claimed(row: RowMapping, *, token: int, attempt: int, timeout: float, retry_delay: float) -> ClaimedJob:
    return ClaimedJob(
        id=row["id"],
        case_id=row["case_id"],
        case_number=row["case_number"],
        kind=row["kind"],
        task_name=row["task"],
        token=token,
        attempt=attempt,
        retries=row["retries"],
        retry_delay=retry_delay,
        timeout=timeout,
        run_id=row["run_id"],
        step_id=row["step_id"],
        payload=row["payload"],
        gateway=row["gateway"],
        critical=row["critical"],
        announces=tuple(row["announces"]),
        asked_by=row["asked_by"],
    )


def _seconds(duration: str) -> float:
    return float(TimeLimit(duration).seconds)
