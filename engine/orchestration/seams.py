"""Say what orchestration asks of the actions, as one narrow protocol."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol
from uuid import UUID

from engine.deadlines.records import FiredReport
from engine.jobs.records import Batch, ClaimedJob, JobPause, OpenBatch

DoneBy = Literal["prefect", "fallback"]


@dataclass(frozen=True)
class PublishedWorkflow:
    """A published workflow that has a deployment of its own."""

    name: str
    version: str
    title: str


@dataclass(frozen=True)
class Chore:
    """A piece of housekeeping and how often it is due."""

    name: str
    every: timedelta
    title: str = ""


@dataclass(frozen=True)
class Installation:
    """What Prefect must know of this installation: workflows, gateways, the rates a minute of some, and chores."""

    workflows: tuple[PublishedWorkflow, ...]
    gateways: tuple[str, ...] = ()
    rates: tuple[tuple[str, int], ...] = ()
    chores: tuple[Chore, ...] = field(default_factory=tuple)


class Work(Protocol):
    """The actions that orchestration calls; every method is a transaction of its own."""

    def installation(self) -> Installation:
        """Return what must be registered with Prefect."""
        ...

    def share_of(self, gateway: str, *, most: Callable[[int], int]) -> int | None:
        """Return how many messages wait for a gateway with a rate, at most `most` of its rate; None without a rate."""
        ...

    def now(self) -> datetime:
        """Return the present time as deadlines are counted by; always UTC, and simulated in a demo."""
        ...

    def listening_address(self) -> str:
        """Return the address of the case database for plain psycopg connections, with its password."""
        ...

    def dispatchable(self, *, limit: int, bundled: bool = False) -> tuple[Batch, ...]:
        """Claim cases that have due jobs, in batches, as long as fewer than `limit` batches are open.

        Where there are few, each gets a batch of its own, unless they are to be `bundled`.
        """
        ...

    def refill_batch(self, *, batch_id: UUID, unless_fewer_open: int) -> int:
        """Add waiting cases of its workflow to a batch at work; return how many.

        Adds none while fewer than `unless_fewer_open` batches are open: then they get flow runs of their own.
        """
        ...

    def note_flow_run(self, *, batch_id: UUID, flow_run_id: UUID) -> None:
        """Remember which flow run does a batch."""
        ...

    def claim_jobs(self, *, batch_id: UUID, worker: str, limit: int) -> tuple[ClaimedJob, ...]:
        """Claim due jobs of the batch's cases, and those that were held when the batch was cancelled."""
        ...

    def run_job(self, job: ClaimedJob, *, flow_run_id: UUID | None, task_run_id: UUID | None, done_by: DoneBy) -> str:
        """Do a job and commit its result; return its status. Raises StepFailedError or StaleJobError."""
        ...

    def note_failure(self, job: ClaimedJob, *, code: str, why: str) -> bool:
        """Write why a job failed that is tried again at once; tell whether it is still ours to try."""
        ...

    def fail_job(self, job: ClaimedJob, *, code: str, why: str = "") -> str:
        """Give up on this attempt: the job waits, or is set aside as work for a person."""
        ...

    def release_job(self, job: ClaimedJob, *, after: timedelta) -> None:
        """Return a job back untouched, to be claimed again after a while."""
        ...

    def close_batch(self, *, batch_id: UUID) -> bool:
        """Close a batch unless one of its cases has a due job again; tell whether it is closed."""
        ...

    def hold_batch(self, *, batch_id: UUID) -> int:
        """Close a cancelled batch; its due jobs wait until it is retried. Returns how many."""
        ...

    def abandon_batch(self, *, batch_id: UUID) -> None:
        """Close a batch whose flow run is lost; its jobs go to the next one."""
        ...

    def open_batches(self, *, older_than: timedelta) -> tuple[OpenBatch, ...]:
        """Return the batches that have been open for longer than this."""
        ...

    def claim_urgent_jobs(self, *, worker: str, limit: int) -> tuple[ClaimedJob, ...]:
        """Claim escalations and critical messages, whatever their batch."""
        ...

    def fire_deadlines(self, *, limit: int) -> FiredReport:
        """Record the breaches of due deadlines and raise their escalation levels."""
        ...

    def run_chore(self, name: str) -> None:
        """Do one piece of housekeeping."""
        ...

    def job_pause(self) -> JobPause:
        """Return whether automatic work is paused, and whether Prefect was told."""
        ...

    def note_pause_known(self, *, is_on: bool) -> None:
        """Keep that Prefect's queue was paused, or resumed."""
        ...

    def note_service(self, *, service: str, state: str) -> None:
        """Remember the state of a part of the system, for the admin page and the doctor."""
        ...

    def service_age(self, service: str) -> timedelta | None:
        """Return how long ago the service was last noted, or None if never."""
        ...
