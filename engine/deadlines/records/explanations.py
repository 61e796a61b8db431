"""The answer to "why this date?" with the plan of who is told, and the ledger of who was."""

from datetime import datetime
from uuid import UUID

from engine.core.policy import View
from engine.deadlines.records.limits import DeadlineView


class DeliveryView(View):
    """What became of one message by one channel. `state` is one of: waits, sent, shown, read, given_up.

    A telephone call is `to_ring`, or `not_needed` any more, or what came of ringing: reached, acknowledged,
    left_message, not_reached.
    """

    channel: str
    recipient: str
    state: str
    at: datetime | None
    error_code: str | None


class EscalationView(View):
    """A line of the escalation ledger.

    `delivered_at` is when the last of its channels had taken it: none of them stands for another. `follow_up_id` is
    the step that the level opened: a letter to release.
    """

    id: UUID
    deadline_id: UUID
    step_title: str
    level: int
    round: int
    planned_at: datetime
    fired_at: datetime
    recipients: tuple[str, ...]
    channels: tuple[str, ...]
    delivered_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str
    is_missed: bool = False
    meant: str = ""
    ladder: str = ""
    ladder_version: int = 1
    deliveries: tuple[DeliveryView, ...] = ()
    follow_up_id: UUID | None = None
    follow_up: str = ""


class ReasonView(View):
    """One line of the answer to "why this date?"; `instant` (UTC) is the moment it speaks of, where there is one."""

    kind: str
    text: str
    instant: datetime | None


class StretchView(View):
    """A recorded time that a limit may leave out; `place` and `evidence` are given only after a recorded act."""

    name: str
    start: datetime
    end: datetime | None
    has_place: bool
    place: str | None = None
    evidence: str | None = None


class PlannedView(View):
    """Something that fires of a deadline, with when it really did.

    `kind` is one of: warning, breach, level; `state` is one of: planned, fired, passed_over.
    """

    name: str
    kind: str
    at: datetime
    fired_at: datetime | None
    state: str
    to: str
    channels: tuple[str, ...]


class ExplanationView(View):
    """Why a deadline falls when it falls, who is told when, and what has been told already."""

    case_id: UUID
    case_number: str
    zone: str
    deadline: DeadlineView
    lines: tuple[ReasonView, ...]
    stretches: tuple[StretchView, ...]
    planned: tuple[PlannedView, ...]
    told: tuple[EscalationView, ...]
    is_kept_by_viewer: bool
    viewer_was_told: bool
