"""Automatic work, and what the installation remembers."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from engine.ports import Batch, ClaimedJob, JsonValue, OpenBatch


class Jobs(Protocol):
    """Jobs. Leases are counted by the database's clock."""

    def dispatch(
        self, *, most_open: int, new_ids: Iterable[UUID], now: datetime, bundled: bool = False
    ) -> tuple[Batch, ...]:
        """Hand out cases that have work, as batches; at most `most_open` batches are out at once.

        Few cases get a batch each, unless they are to be `bundled`.
        """
        ...

    def refill(self, batch_id: UUID, *, unless_fewer_open: int, now: datetime) -> int:
        """Add waiting cases of its workflow to an open batch, unless fewer batches are out; return how many."""
        ...

    def note_flow_run(self, batch_id: UUID, flow_run_id: UUID) -> None:
        """Keep which flow run serves a batch."""
        ...

    def claim(self, batch_id: UUID, *, worker: str, most: int, now: datetime) -> tuple[ClaimedJob, ...]:
        """Claim jobs of a batch's cases. The claim counts the attempt; a job claimed too often is set aside."""
        ...

    def claim_urgent(self, *, worker: str, most: int, now: datetime) -> tuple[ClaimedJob, ...]:
        """Claim escalations and critical deliveries, whatever batch their case is in."""
        ...

    def hold(self, job_id: UUID, token: int) -> str:
        """Keep a job from others until the end of the transaction; gives its status.

        Raises `StaleJobError` when the token is not the current one.
        """
        ...

    def finish(self, job_id: UUID, *, status: str, at: datetime, **more: object) -> None:
        """Write how a job ended; call `hold` first."""
        ...

    def put_back(self, job_id: UUID, *, ready_at: datetime, count_attempt: bool, **more: object) -> None:
        """Make a job ready again, later or at once; call `hold` first."""
        ...

    def close_batch(self, batch_id: UUID, *, now: datetime) -> bool:
        """Give a batch's cases back; False, and nothing changed, when one of them has work again."""
        ...

    def hold_batch(self, batch_id: UUID, *, now: datetime) -> int:
        """Keep the due jobs of a cancelled batch until they are asked for again; gives how many."""
        ...

    def abandon_batch(self, batch_id: UUID) -> None:
        """Give a lost batch's cases back, with the jobs that it had claimed."""
        ...

    def open_batches(self, *, older_than: timedelta) -> tuple[OpenBatch, ...]:
        """List the batches that have been out for longer."""
        ...

    def try_again(self, job_id: UUID, *, by: UUID | None, now: datetime) -> bool:
        """Make a job ready that was set aside or held, with all its attempts before it; gives whether it was one.

        From now on it is done with the rights of who asks for it again.
        """
        ...

    def any_due(self, *, now: datetime) -> bool:
        """Say whether any job is due or being done."""
        ...

    def free_expired(self) -> tuple[UUID, ...]:
        """Make jobs ready again whose lease is over; gives their cases."""
        ...


class Records(Protocol):
    """Small records."""

    def take_turn(self, command_id: UUID) -> None:
        """Wait for another transaction with the same command: for commands that have no case to lock yet."""
        ...

    def answer_to(self, command_id: UUID) -> Mapping[str, Any] | None:
        """Give the answer that a command got when it first came; None for a new one.

        Reading what it does not hold raises `OtherCommandError`: then it is the answer to another command.
        """
        ...

    def remember(self, command_id: UUID, answer: Mapping[str, Any], *, case_id: UUID | None, at: datetime) -> None:
        """Keep the answer to a command; a second keeper of the same command fails with an integrity error."""
        ...

    def add_report(
        self,
        report_id: UUID,
        answers: Mapping[str, JsonValue],
        *,
        case_id: UUID,
        unit_id: UUID,
        received_at: datetime,
        at: datetime,
        by: UUID | None,
    ) -> None:
        """Keep what was reported, sealed."""
        ...

    def count_reports(self, by: UUID, *, since: datetime) -> int:
        """Count the reports that somebody has sent since an instant."""
        ...

    def report_of(self, case_id: UUID) -> Mapping[str, JsonValue]:
        """Open what was reported; empty when the case has no report."""
        ...

    def cut_report(self, case_id: UUID, names: Collection[str]) -> None:
        """Forget all that was reported in a case but the answers of these names."""
        ...

    def keep_document(
        self,
        *,
        case_id: UUID,
        unit_id: UUID,
        step_id: UUID | None,
        name: str,
        title: str,
        html: str,
        sha256: str,
        number: str,
        version: int,
        at: datetime,
        key_of: UUID | None = None,
        tells_where: bool = False,
    ) -> UUID:
        """Keep a document, sealed; the same document of the same step and version is kept once.

        One that tells where somebody is is sealed under the key of the case's places too.
        """
        ...

    def release_document(self, document_id: UUID, *, by: UUID, at: datetime) -> bool:
        """Write who has released a document; False for one that was released, or of which there is a newer version."""
        ...

    def release_documents(self, step_id: UUID, *, by: UUID | None, at: datetime) -> None:
        """Write who has released the documents of a step, once."""
        ...

    def note_service(self, name: str, state: str) -> None:
        """Keep what a service says of itself, with the database's time."""
        ...

    def service_age(self, name: str) -> float | None:
        """Give how many seconds ago a service last said something; None when it never did."""
        ...

    def installation(self, key: str) -> Mapping[str, Any] | None:
        """Give a fact of this installation."""
        ...

    def set_installation(self, key: str, value: Mapping[str, Any]) -> None:
        """Write a fact of this installation."""
        ...
