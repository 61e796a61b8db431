"""Grants, denials, and requests that need a second person."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol
from uuid import UUID

from engine.domain.access import CaseAccess, Denial, Grant
from engine.domain.four_eyes import ApprovalRequest
from engine.domain.policy import Viewer


class Access(Protocol):
    """Who may see a case beside its unit, and who never."""

    def add_grant(self, grant: Grant) -> bool:
        """Write a grant once; a second one with the same id changes nothing and gives False."""
        ...

    def grant(self, grant_id: UUID) -> Grant | None:
        """Load a grant, also one that has ended."""
        ...

    def grants_of(self, case_id: UUID) -> tuple[Grant, ...]:
        """Load every grant of a case, also those that have ended, the earliest first."""
        ...

    def end_grant(self, grant_id: UUID, *, at: datetime, reason: str) -> bool:
        """End a grant, also one that is suspended, with the reason as a code; gives whether it was not over."""
        ...

    def confirm_grant(self, grant_id: UUID, *, by: UUID, at: datetime) -> None:
        """Write who was the second person to agree to a grant."""
        ...

    def deny(self, denial: Denial) -> bool:
        """Write that somebody must not see a case; a second one with the same id changes nothing and gives False."""
        ...

    def denial(self, denial_id: UUID) -> Denial | None:
        """Load a denial, also one that was lifted."""
        ...

    def denials_of(self, case_id: UUID) -> tuple[Denial, ...]:
        """Load every denial of a case, also those that were lifted, the earliest first."""
        ...

    def lift(self, denial_id: UUID, *, by: UUID | None, second_by: UUID | None, at: datetime) -> bool:
        """Lift a denial, with who asked and who agreed; gives whether it still held."""
        ...

    def is_denied(self, case_id: UUID, *, actor_id: UUID, unit_ids: Collection[UUID]) -> bool:
        """Say whether a denial of a case names somebody, one of their units or its organisation, or they conflict."""
        ...

    def access_of(self, viewer: Viewer, case_id: UUID, now: datetime) -> CaseAccess:
        """Say how somebody sees a case; raises `NotFoundError` for a case that there is not."""
        ...


class Approvals(Protocol):
    """What one person asks for and others must answer."""

    def ask(self, request: ApprovalRequest) -> bool:
        """Write a request; one that is there, or another open one about the same, stays and gives False."""
        ...

    def get(self, request_id: UUID) -> ApprovalRequest | None:
        """Load a request and keep others from answering it until the transaction ends."""
        ...

    def open_about(self, kind: str, subject_id: UUID) -> ApprovalRequest | None:
        """Load what waits about something, be it late or not, and keep others from answering it."""
        ...

    def open_of(self, kind: str, *, now: datetime) -> tuple[ApprovalRequest, ...]:
        """List what waits of a kind and has not run out, the first that was asked for first."""
        ...

    def latest_about(self, kind: str, subject_id: UUID) -> ApprovalRequest | None:
        """Load what was asked about something last, answered or not."""
        ...

    def save(self, request: ApprovalRequest) -> bool:
        """Write how a request stands now; gives whether it still waited."""
        ...

    def run_out(self, *, now: datetime, most: int) -> tuple[tuple[UUID, UUID | None], ...]:
        """List what nobody has answered in time, with its case, the earliest first."""
        ...
