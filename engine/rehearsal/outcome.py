"""What a replay found: the story's steps as they went, and every difference."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True)


class EventOutcome(_Line):
    """How one event of the story went."""

    label: str
    step: str
    at: datetime
    foreseen: bool
    due_expected: datetime | None
    due: datetime | None
    breached_at: datetime | None


class BreachOutcome(_Line):
    """A deadline that was breached."""

    step: str
    due_at: datetime
    breached_at: datetime
    label: str | None


class EscalationOutcome(_Line):
    """A level that was raised."""

    step: str
    level: int
    round: int
    planned_at: datetime
    fired_at: datetime
    recipients: tuple[str, ...]
    note: str


class MessageOutcome(_Line):
    """A message that left by a channel."""

    to: str
    subject: str


class ReplayOutcome(_Line):
    """All that a replay found."""

    story: str
    case: str
    workflow: str
    events: tuple[EventOutcome, ...]
    breaches: tuple[BreachOutcome, ...]
    escalations: tuple[EscalationOutcome, ...]
    messages: tuple[MessageOutcome, ...]
    jobs: int
    closed: bool
    reopened: int
    """How often the case was opened again, since something more happened after it had closed."""
    differences: tuple[str, ...]

    @property
    def foreseen_share(self) -> float:
        """How much of the story the workflow foresaw, from 0 to 1."""
        return sum(event.foreseen for event in self.events) / len(self.events)

    def as_json(self) -> dict[str, Any]:
        """Give the outcome as JSON, with the share of foreseen steps and the labels of those that were not."""
        return self.model_dump(mode="json") | {
            "foreseen": round(self.foreseen_share, 3),
            "discretionary": [event.label for event in self.events if not event.foreseen],
        }
