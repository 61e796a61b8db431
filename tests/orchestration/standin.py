"""Small tables that stand for the case database, so that orchestration is tried on its own."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import dict_row

from engine.deadlines.records import Breach, FiredReport
from engine.jobs.records import Batch, ClaimedJob, JobPause, OpenBatch, StaleJobError, StepFailedError
from engine.orchestration.seams import Chore, DoneBy, Installation, PublishedWorkflow

SCHEMA = """
CREATE TABLE batch (
  id uuid PRIMARY KEY, workflow text, flow_run_id uuid, opened_at timestamptz DEFAULT now(), is_open bool DEFAULT true);
CREATE TABLE cases (id uuid PRIMARY KEY, number text, workflow text, batch_id uuid, batches uuid[] DEFAULT '{}');
CREATE TABLE job (
  id uuid PRIMARY KEY, case_id uuid REFERENCES cases, kind text, task_name text, behaviour text DEFAULT 'work',
  status text DEFAULT 'ready', ready_at timestamptz DEFAULT now(), created_at timestamptz DEFAULT clock_timestamp(),
  lease_until timestamptz, token int DEFAULT 0, attempt int DEFAULT 0, held_by uuid, retries int DEFAULT 0,
  gateway text DEFAULT '', announces jsonb DEFAULT '[]', is_critical bool DEFAULT false, started_at timestamptz,
  ended_at timestamptz, worker text, flow_run_id uuid,
  task_run_id uuid, done_by text, code text, times_done int DEFAULT 0);
CREATE TABLE deadline (
  id uuid PRIMARY KEY, case_id uuid REFERENCES cases, due_at timestamptz, fired_at timestamptz,
  times_fired int DEFAULT 0);
CREATE TABLE service (
  name text PRIMARY KEY, state text, since timestamptz DEFAULT now(), noted_at timestamptz DEFAULT now());
CREATE TABLE pause (is_on bool, is_told bool);
GRANT ALL ON ALL TABLES IN SCHEMA public TO icmc_app, icmc_system;
"""
DUE = (
    "(j.status = 'ready' AND j.ready_at <= clock_timestamp()"
    " OR j.status = 'leased' AND j.lease_until < clock_timestamp())"
)


@dataclass
class StandIn:
    """The use cases' promises, over the small tables."""

    url: str
    workflows: tuple[PublishedWorkflow, ...] = (PublishedWorkflow("child-labour", "1", "Child labour"),)
    gateways: tuple[str, ...] = ("email",)
    rates: tuple[tuple[str, int], ...] = (("sms", 60),)
    chores: tuple[Chore, ...] = (Chore("reconcile-jobs", timedelta(minutes=1), "Frees jobs whose worker is gone."),)
    chores_done: list[str] = field(default_factory=list)
    _local: threading.local = field(default_factory=threading.local)

    @contextmanager
    def tx(self) -> Iterator[psycopg.Connection[dict[str, Any]]]:
        connection = getattr(self._local, "connection", None)
        if connection is None or connection.closed:
            connection = psycopg.connect(self.url, row_factory=dict_row)
            self._local.connection = connection
        with connection.transaction():
            yield connection

    # what a test does

    def add_case(self, workflow: str = "child-labour") -> UUID:
        case_id = uuid4()
        with self.tx() as db:
            db.execute(
                "INSERT INTO cases (id, number, workflow) VALUES (%s, %s, %s)",
                (case_id, f"C-{case_id.hex[:8]}", workflow),
            )
        return case_id

    def add_job(self, case_id: UUID, task_name: str = "reporting.intake", **columns: Any) -> UUID:
        job_id = uuid4()
        values = {"id": job_id, "case_id": case_id, "kind": "run", "task_name": task_name} | columns
        with self.tx() as db:
            names = ", ".join(values)
            marks = ", ".join(["%s"] * len(values))
            db.execute(f"INSERT INTO job ({names}) VALUES ({marks})", list(values.values()))
            db.execute("SELECT pg_notify('icmc_jobs', %s)", (str(case_id),))
        return job_id

    def add_deadline(self, case_id: UUID, due_in: timedelta) -> UUID:
        deadline_id = uuid4()
        with self.tx() as db:
            db.execute(
                "INSERT INTO deadline (id, case_id, due_at) VALUES (%s, %s, clock_timestamp() + %s)",
                (deadline_id, case_id, due_in),
            )
            db.execute("SELECT pg_notify('icmc_deadlines', '')")
        return deadline_id

    def row(self, table: str, row_id: UUID) -> dict[str, Any]:
        with self.tx() as db:
            row = db.execute(f"SELECT * FROM {table} WHERE id = %s", (row_id,)).fetchone()
        assert row is not None
        return row

    def number(self, case_id: UUID) -> str:
        return str(self.row("cases", case_id)["number"])

    # the protocol

    def installation(self) -> Installation:
        return Installation(self.workflows, self.gateways, self.rates, self.chores)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def share_of(self, gateway: str, *, most: Callable[[int], int]) -> int | None:
        rate = dict(self.rates).get(gateway)
        return None if rate is None else most(rate)

    def listening_address(self) -> str:
        return self.url

    def dispatchable(self, *, limit: int, bundled: bool = False) -> tuple[Batch, ...]:
        with self.tx() as db:
            open_count = db.execute("SELECT count(*) AS n FROM batch WHERE is_open").fetchone()["n"]  # type: ignore[index]
            free = limit - open_count
            if free <= 0:
                return ()
            found = db.execute(
                "SELECT id, number, workflow FROM cases c WHERE batch_id IS NULL AND EXISTS"
                f" (SELECT FROM job j WHERE j.case_id = c.id AND {DUE}) ORDER BY number FOR UPDATE SKIP LOCKED"
                " LIMIT %s",
                (free * 50,),
            ).fetchall()
            batches: list[list[dict[str, Any]]] = []
            size = 1 if len(found) <= free and not bundled else 50
            for row in found:
                fitting = next((b for b in batches if b[0]["workflow"] == row["workflow"] and len(b) < size), None)
                if fitting is not None:
                    fitting.append(row)
                elif len(batches) < free:
                    batches.append([row])
            return tuple(self._open(db, rows) for rows in batches)

    def _open(self, db: psycopg.Connection[dict[str, Any]], rows: list[dict[str, Any]]) -> Batch:
        batch = Batch(uuid4(), rows[0]["workflow"], tuple(row["number"] for row in rows))
        db.execute("INSERT INTO batch (id, workflow) VALUES (%s, %s)", (batch.id, batch.workflow))
        db.execute(
            "UPDATE cases SET batch_id = %s, batches = batches || %s::uuid WHERE id = ANY(%s)",
            (batch.id, batch.id, [row["id"] for row in rows]),
        )
        return batch

    def refill_batch(self, *, batch_id: UUID, unless_fewer_open: int) -> int:
        with self.tx() as db:
            open_count = db.execute("SELECT count(*) AS n FROM batch WHERE is_open").fetchone()["n"]  # type: ignore[index]
            if open_count < unless_fewer_open:
                return 0
            return db.execute(
                "UPDATE cases SET batch_id = %s, batches = batches || %s::uuid WHERE id IN ("
                " SELECT id FROM cases c WHERE batch_id IS NULL AND workflow = (SELECT workflow FROM batch"
                f" WHERE id = %s) AND EXISTS (SELECT FROM job j WHERE j.case_id = c.id AND {DUE})"
                " ORDER BY number FOR UPDATE SKIP LOCKED LIMIT 50)",
                (batch_id, batch_id, batch_id),
            ).rowcount

    def note_flow_run(self, *, batch_id: UUID, flow_run_id: UUID) -> None:
        with self.tx() as db:
            db.execute("UPDATE batch SET flow_run_id = %s WHERE id = %s", (flow_run_id, batch_id))

    def claim_jobs(self, *, batch_id: UUID, worker: str, limit: int) -> tuple[ClaimedJob, ...]:
        return self._claim(
            worker, f"(%s = ANY(c.batches) AND ({DUE} OR j.status = 'held' AND j.held_by = %s))", (batch_id, batch_id),
            limit,
        )  # fmt: skip

    def claim_urgent_jobs(self, *, worker: str, limit: int) -> tuple[ClaimedJob, ...]:
        return self._claim(
            worker, f"((j.kind = 'escalate' OR j.kind = 'deliver' AND j.is_critical) AND {DUE})", (), limit
        )

    def _claim(self, worker: str, where: str, values: tuple[object, ...], limit: int) -> tuple[ClaimedJob, ...]:
        with self.tx() as db:
            rows = db.execute(
                "UPDATE job SET status = 'leased', worker = %s, token = token + 1, attempt = attempt + 1,"
                " lease_until = clock_timestamp() + interval '30 s'"
                f" WHERE id IN (SELECT j.id FROM job j JOIN cases c ON c.id = j.case_id WHERE {where}"
                " ORDER BY j.created_at FOR UPDATE OF j SKIP LOCKED LIMIT %s)"
                " RETURNING *, (SELECT number FROM cases WHERE id = case_id) AS number",
                (worker, *values, limit),
            ).fetchall()
        return tuple(
            ClaimedJob(
                id=row["id"],
                case_id=row["case_id"],
                case_number=row["number"],
                kind=row["kind"],
                task_name=row["task_name"],
                token=row["token"],
                attempt=row["attempt"],
                run_id=None,
                step_id=None,
                payload={},
                retries=row["retries"],
                retry_delay=0.1,
                timeout=20.0,
                gateway=row["gateway"],
                announces=tuple(row["announces"]),
            )
            for row in rows
        )

    def run_job(self, job: ClaimedJob, *, flow_run_id: UUID | None, task_run_id: UUID | None, done_by: DoneBy) -> str:
        with self.tx() as db:
            row = db.execute(
                "UPDATE job SET started_at = coalesce(started_at, clock_timestamp()), flow_run_id = %s,"
                " task_run_id = %s WHERE id = %s AND token = %s RETURNING *",
                (flow_run_id, task_run_id, job.id, job.token),
            ).fetchone()
        if row is None:
            raise StaleJobError
        if row["behaviour"].startswith("sleep:"):
            time.sleep(float(row["behaviour"].removeprefix("sleep:")))
        if row["behaviour"] == "fail":
            raise StepFailedError(step_type=job.task_name, reason="ValueError at rescue.steps:7 in run")
        if row["behaviour"] == "explode":
            raise ValueError("canary Fatima 98765")
        with self.tx() as db:
            done = db.execute(
                "UPDATE job SET status = 'done', done_by = %s, times_done = times_done + 1, ended_at ="
                " clock_timestamp() WHERE id = %s AND token = %s AND status = 'leased' RETURNING behaviour",
                (done_by, job.id, job.token),
            ).fetchone()
            if done is None:
                raise StaleJobError
            if done["behaviour"].startswith("then:"):
                db.execute(
                    "INSERT INTO job (id, case_id, kind, task_name) VALUES (%s, %s, 'run', %s)",
                    (uuid4(), job.case_id, done["behaviour"].removeprefix("then:")),
                )
        return "done"

    def note_failure(self, job: ClaimedJob, *, code: str, why: str) -> bool:  # noqa: ARG002 - the protocol's
        with self.tx() as db:
            mine = "UPDATE job SET code = %s WHERE id = %s AND token = %s AND status = 'leased' RETURNING id"
            return db.execute(mine, (code, job.id, job.token)).fetchone() is not None

    def fail_job(self, job: ClaimedJob, *, code: str, why: str = "") -> str:  # noqa: ARG002 - the protocol's
        with self.tx() as db:
            db.execute(
                "UPDATE job SET status = 'ready', code = %s, ready_at = clock_timestamp() + interval '1 hour'"
                " WHERE id = %s AND token = %s AND status = 'leased'",
                (code, job.id, job.token),
            )
        return "ready"

    def release_job(self, job: ClaimedJob, *, after: timedelta) -> None:
        with self.tx() as db:
            db.execute(
                "UPDATE job SET status = 'ready', ready_at = clock_timestamp() + %s WHERE id = %s AND token = %s",
                (after, job.id, job.token),
            )

    def close_batch(self, *, batch_id: UUID) -> bool:
        with self.tx() as db:
            db.execute("SELECT FROM cases WHERE batch_id = %s FOR UPDATE", (batch_id,))
            due = db.execute(
                f"SELECT FROM job j JOIN cases c ON c.id = j.case_id WHERE c.batch_id = %s AND {DUE} LIMIT 1",
                (batch_id,),
            ).fetchone()
            if due is None:
                self._close(db, batch_id)
            return due is None

    def hold_batch(self, *, batch_id: UUID) -> int:
        with self.tx() as db:
            held = db.execute(
                "UPDATE job j SET status = 'held', held_by = %s FROM cases c WHERE c.id = j.case_id AND"
                " c.batch_id = %s AND j.status = 'ready'",
                (batch_id, batch_id),
            ).rowcount
            self._close(db, batch_id)
        return held

    def abandon_batch(self, *, batch_id: UUID) -> None:
        with self.tx() as db:
            self._close(db, batch_id)
            db.execute("SELECT pg_notify('icmc_jobs', '')")

    @staticmethod
    def _close(db: psycopg.Connection[dict[str, Any]], batch_id: UUID) -> None:
        db.execute("UPDATE cases SET batch_id = NULL WHERE batch_id = %s", (batch_id,))
        db.execute("UPDATE batch SET is_open = false WHERE id = %s", (batch_id,))

    def open_batches(self, *, older_than: timedelta) -> tuple[OpenBatch, ...]:
        with self.tx() as db:
            rows = db.execute(
                "SELECT b.*, array(SELECT number FROM cases c WHERE c.batch_id = b.id) AS numbers FROM batch b"
                " WHERE is_open AND opened_at < clock_timestamp() - %s",
                (older_than,),
            ).fetchall()
        return tuple(OpenBatch(row["id"], row["workflow"], tuple(row["numbers"]), row["flow_run_id"]) for row in rows)

    def fire_deadlines(self, *, limit: int) -> FiredReport:
        with self.tx() as db:
            rows = db.execute(
                "UPDATE deadline SET fired_at = clock_timestamp(), times_fired = times_fired + 1 WHERE id IN"
                " (SELECT id FROM deadline WHERE fired_at IS NULL"
                " AND due_at <= clock_timestamp() ORDER BY due_at FOR UPDATE SKIP LOCKED LIMIT %s) RETURNING"
                " id, (SELECT number FROM cases WHERE id = case_id) AS number",
                (limit,),
            ).fetchall()
            following = db.execute("SELECT min(due_at) AS next_at FROM deadline WHERE fired_at IS NULL").fetchone()
        return FiredReport(len(rows), following["next_at"], tuple(Breach(row["number"], row["id"]) for row in rows))

    def run_chore(self, name: str) -> None:
        self.chores_done.append(name)

    def pause_jobs(self, *, is_on: bool) -> None:
        """Pause or resume, as somebody does on the board."""
        with self.tx() as db:
            db.execute("DELETE FROM pause")
            db.execute("INSERT INTO pause VALUES (%s, false)", (is_on,))
            db.execute("SELECT pg_notify('icmc_jobs', '')")

    def job_pause(self) -> JobPause:
        with self.tx() as db:
            row = db.execute("SELECT is_on, is_told FROM pause").fetchone()
        return JobPause(**row) if row else JobPause()

    def note_pause_known(self, *, is_on: bool) -> None:
        with self.tx() as db:
            db.execute("UPDATE pause SET is_told = true WHERE is_on = %s", (is_on,))

    def note_service(self, *, service: str, state: str) -> None:
        with self.tx() as db:
            db.execute(
                "INSERT INTO service (name, state) VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET noted_at ="
                " clock_timestamp(), state = excluded.state,"
                " since = CASE WHEN service.state = excluded.state THEN service.since ELSE clock_timestamp() END",
                (service, state),
            )

    def service_age(self, service: str) -> timedelta | None:
        with self.tx() as db:
            row = db.execute(
                "SELECT clock_timestamp() - noted_at AS age FROM service WHERE name = %s", (service,)
            ).fetchone()
        return None if row is None else row["age"]


_BUSY_MACHINE = 4


def until(holds: Callable[[], bool], *, seconds: float = 30) -> None:
    """Wait until something holds; fail the test when it does not, even when the machine is busy with much else."""
    deadline = time.monotonic() + seconds * _BUSY_MACHINE
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)
