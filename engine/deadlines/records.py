"""Deadlines as people see them: why this date, who was notified, pauses, more time, whose delay, where a link leads."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from engine.core.policy import View
from engine.errors import IcmcError


class LinkedLevel(NamedTuple):
    """What the link of a message leads to."""

    deadline_id: UUID
    case_id: UUID
    recipient_id: UUID


class PauseView(View):
    """A time during which a limit stands or stood still."""

    start: datetime
    until: datetime
    reason: str
    by: str | None


class ExtensionView(View):
    """More time that was asked for. `state` is one of: asked, given, refused."""

    more: str
    reason: str
    state: str
    asked_at: datetime
    asked_by: str | None
    asked_by_id: UUID | None
    answered_at: datetime | None
    answered_by: str | None


class AskingView(View):
    """A level, at one of its rounds, asked that someone is rung."""

    level: int
    round: int
    at: datetime


class RingingView(View):
    """Someone rang. `outcome` is one of: reached, acknowledged, left_message, not_reached; what was said is masked."""

    at: datetime
    by: str | None
    outcome: str
    noted_at: datetime
    has_words: bool


class CallView(View):
    """Who is to be rung about what is late, and who has rung.

    `meant` says as whom the level names them that asked last. `ended` is None while they are to be rung, else one of:
    reached, acknowledged, over, has_it, barred.
    """

    id: UUID
    actor_id: UUID | None
    whom: str
    meant: str
    askings: tuple[AskingView, ...]
    ringings: tuple[RingingView, ...] = ()
    ended: str | None = None

    @property
    def is_shown(self) -> bool:
        """Whether it is told beside what is late: they are to be rung, or were reached and have not acknowledged."""
        return self.ended in {None, "reached"}


class DeadlineView(View):
    """A deadline as people see it. `state` is one of: running, near, overdue, met, late, ended.

    `force` says how it binds: `binding` and `advisory` are law, `target` is the network's own. `paused_until` is given
    while it stands still, `late_at` where a limit is kept beyond its due time,
    and `asked` while somebody waits for an answer to a wish for more time.
    """

    id: UUID
    step_id: UUID
    step_key: str
    step_title: str
    person_label: str
    started_at: datetime
    due_at: datetime
    state: str
    breached_at: datetime | None
    ended_at: datetime | None
    limit_words: str
    term: str
    law: str | None
    ladder: str
    next_at: datetime | None
    acknowledged_at: datetime | None
    force: str = "target"
    paused_until: datetime | None = None
    pauses: tuple[PauseView, ...] = ()
    extensions: tuple[ExtensionView, ...] = ()
    delay_owner: str | None = None
    critical: bool = False
    late_at: datetime | None = None
    calls: tuple[CallView, ...] = ()

    @property
    def asked(self) -> ExtensionView | None:
        """The wish for more time that waits for an answer."""
        return next((one for one in self.extensions if one.state == "asked"), None)


class LateView(View):
    """One strip: what is late, and whom to ring about it; `is_asked` says that the viewer's worklist asks it of them.

    It may not be late yet: a ladder can ask to ring before the due time.
    """

    case_id: UUID
    case_number: str
    deadline: DeadlineView
    calls: tuple[CallView, ...]
    item_id: UUID | None = None
    is_asked: bool = False

    @property
    def to_ring(self) -> tuple[CallView, ...]:
        """Who is still to be rung."""
        return tuple(call for call in self.calls if call.ended is None)

    @property
    def has_words(self) -> bool:
        """Whether something that was said was kept, masked."""
        return any(ringing.has_words for call in self.calls for ringing in call.ringings)


def late_views(
    deadlines: Iterable[DeadlineView], *, case_id: UUID, case_number: str, but: UUID
) -> tuple[LateView, ...]:
    """Make the strips of a case from its deadlines, the nearest first; nobody (`but`) is asked to ring themselves."""
    return tuple(
        LateView(case_id=case_id, case_number=case_number, deadline=deadline, calls=calls)
        for deadline in sorted(deadlines, key=lambda one: one.due_at)
        if deadline.ended_at is None
        and (calls := tuple(call for call in deadline.calls if call.is_shown and call.actor_id != but))
    )


class AskedView(View):
    """Somebody asks for more time, and the viewer may answer."""

    case_id: UUID
    case_number: str
    deadline: DeadlineView
    is_mine: bool


class DelayLine(View):
    """How one unit kept its limits in one month, by numbers only. `late` counts by whose delay it was.

    `share_kept` is what the staff is measured by: it leaves out every delay that was not theirs.
    """

    unit: str
    month: str
    kept: int
    late: Mapping[str, int]

    @property
    def late_in_all(self) -> int:
        """All that were late, whoever's delay it was."""
        return sum(self.late.values())

    @property
    def share_kept(self) -> int | None:
        """Percent kept of those kept or late by our own fault; None when there were none."""
        counted = self.kept + self.late.get("ours", 0)
        return round(100 * self.kept / counted) if counted else None


class LinkView(View):
    """What the link of a message leads to; case and step are named only to those who see the case."""

    token: str
    is_visible: bool
    case_id: UUID
    case_number: str
    step_title: str
    deadline_id: UUID
    due_at: datetime | None
    acknowledged_at: datetime | None
    late_at: datetime | None = None


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


class NothingFiredError(IcmcError):
    """Raised for a deadline that is due and of which nothing can be fired: it would be due for ever."""

    code = "nothing-fired"
    sentence = "Deadline {deadline} is due, and nothing of it can be fired."


@dataclass(frozen=True, slots=True)
class Breach:
    """A deadline that was breached in a pass, for announcements: ids only."""

    case_number: str
    deadline_id: UUID


@dataclass(frozen=True, slots=True)
class FiredReport:
    """What a pass over the deadlines did, and when the next one is due."""

    count: int
    next_due_at: datetime | None
    breaches: tuple[Breach, ...] = ()
    is_paused: bool = False
    """Nothing was fired, since the clock has jumped and nobody has said yet that it is right."""


@dataclass(frozen=True, slots=True)
class NewEscalation:
    """A line of the ledger."""

    id: UUID
    case_id: UUID
    deadline_id: UUID
    level: int
    round: int
    planned_at: datetime
    fired_at: datetime
    recipient_ids: tuple[UUID, ...]
    channels: tuple[str, ...]
    note: str
    ladder: str = ""
    ladder_version: int = 1
    is_missed: bool = False
    step_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class DueDeadline:
    """A deadline of which something is due."""

    id: UUID
    case_id: UUID
    next_at: datetime
    ladder: str
    critical: bool = False
    failures: int = 0
