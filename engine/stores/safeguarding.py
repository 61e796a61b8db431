"""Concerns about staff, and cases opened in an emergency."""

from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID


class Concern(NamedTuple):
    """What was told in confidence to one person about one of us, without its words (UTC)."""

    id: UUID
    kind: str
    about_id: UUID
    case_number: str
    raised_by: UUID
    raised_at: datetime
    recipient_id: UUID
    status: str
    answered_at: datetime | None


class Concerns(Protocol):
    """What was told in confidence about one of us."""

    def add(self, concern: Concern, *, words: str) -> None:
        """Write a concern, its words sealed."""
        ...

    def get(self, concern_id: UUID) -> Concern | None:
        """Load a concern without its words."""
        ...

    def unheard(self) -> tuple[UUID, ...]:
        """List the concerns that are not closed and were told to somebody who acts no longer."""
        ...

    def pass_on(self, concern_id: UUID, *, recipient_id: UUID) -> None:
        """Let somebody else hear a concern in place of whom it was told to."""
        ...

    def words_of(self, concern_id: UUID) -> tuple[str, str]:
        """Open the words of a concern, and of its answer."""
        ...

    def answer(self, concern_id: UUID, *, status: str, words: str, at: datetime) -> None:
        """Write the answer over an earlier one."""
        ...


class GlassRequest(NamedTuple):
    """That somebody asked to see a case that is not theirs (UTC); the ids are empty where nothing was opened."""

    id: UUID
    actor_id: UUID
    number: str
    case_id: UUID | None
    grant_id: UUID | None
    approval_id: UUID | None
    reason_code: str
    hours: int
    asked_at: datetime
    ends_at: datetime


class OpenGlass(NamedTuple):
    """A request by which a case was opened (UTC)."""

    id: UUID
    actor_id: UUID
    case_id: UUID | None
    grant_id: UUID | None
    approval_id: UUID | None
    asked_at: datetime


class BreakGlass(Protocol):
    """Requests to see a case that is not one's own."""

    def case_of_number(self, number: str) -> UUID | None:
        """Find a case by its whole number, whoever may see it; None when there is none."""
        ...

    def add(self, request: GlassRequest, *, words: str) -> None:
        """Write a request, its words sealed."""
        ...

    def get(self, request_id: UUID) -> OpenGlass | None:
        """Load a request that opened a case."""
        ...

    def unanswered(self, *, before: datetime) -> tuple[OpenGlass, ...]:
        """List what was opened before an instant, that nobody has confirmed and of which nobody above was told."""
        ...

    def flag(self, request_id: UUID, *, at: datetime) -> None:
        """Write that those above were told."""
        ...

    def asked_since(self, since: datetime, *, at_least: int) -> tuple[tuple[UUID, int], ...]:
        """Count who has asked often since an instant, whether there were such cases or not."""
        ...
