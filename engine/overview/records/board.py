"""How the system runs: services, how deadlines fire, and the board."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from engine.core.policy import View
from engine.overview.records.cases import JobView
from engine.work.records import WorkItemView

_IN_DAYS_FROM_HOURS = 48
"""From how many hours on a length is said in days."""


class ClockJump(View):
    """A jump of the machine's clock since deadlines were last looked at: nothing fires until it is confirmed."""

    last_pass_at: datetime
    seen_at: datetime
    jump_seconds: float

    @property
    def in_words(self) -> str:
        """Say what happened (UTC), and what happens now."""
        hours, way = abs(self.jump_seconds) / 3600, "back" if self.jump_seconds < 0 else "forward"
        size = f"{hours / 24:.1f} days" if hours >= _IN_DAYS_FROM_HOURS else f"{hours:.1f} hours"
        return (
            f"The clock of this machine jumped {way} by {size}: from {self.last_pass_at:%Y-%m-%d %H:%M} to "
            f"{self.seen_at:%Y-%m-%d %H:%M} UTC. "
            "Deadlines are stopped until the clock is set right, or a person confirms it."
        )


class LagBucket(View):
    """How many levels and breaches came at most so many seconds late; None for the last bucket, of the rest."""

    at_most_seconds: int | None
    levels: int
    breaches: int


class AuditFault(View):
    """The first row at which a chain does not fit: what was done, where, and in words."""

    what: str
    chain: str
    case_number: str = ""
    seq: int
    in_words: str


class StateDifference(View):
    """A row that differs from what the history says: of what kind, of which case if of one, and in words."""

    kind: str
    case_number: str = ""
    in_words: str


class AuditProblem(View):
    """A hole that the escalation auditor found: `level` is a name as in the ledger, `l:2`, or `breach`."""

    code: str
    deadline_id: UUID
    level: str


class EscalationAudit(View):
    """What the last pass of the escalation auditor found, and how many deadlines were checked in 24 hours."""

    checked_at: datetime
    checked: int
    checked_in_a_day: int
    problems: tuple[AuditProblem, ...]

    @property
    def finding(self) -> str:
        """Return whether every level that was due has fired."""
        if not self.problems:
            return "Every level that was due was carried out."
        return f"{len(self.problems)} things are not as they should be."

    @property
    def in_words(self) -> str:
        """Say what was found and when (UTC)."""
        when = f"Checked at {self.checked_at:%Y-%m-%d %H:%M} UTC"
        return f"{self.finding} {when}, {self.checked_in_a_day} deadlines in 24 hours."


class AsideDeadline(View):
    """A deadline that could not be fired again and again: work for a person."""

    id: UUID
    case_id: UUID
    case_number: str
    step_key: str
    failures: int
    deferred_until: datetime | None


class FiringView(View):
    """How firing goes: whether the clock has jumped, how late levels and breaches came, what the auditor found."""

    jump: ClockJump | None = None
    lag: tuple[LagBucket, ...] = ()
    audit: EscalationAudit | None = None
    aside: tuple[AsideDeadline, ...] = ()
    aside_count: int = 0


class UnservedView(View):
    """A step type that is missing, or no longer as workflows rely on it, and the cases that wait in it."""

    uses: str
    problem: str
    cases: tuple[str, ...]
    count: int


class RunningHoursView(View):
    """A case in which the board counts the hours: since when (UTC), and since what, in the words of the ladder."""

    case_id: UUID
    case_number: str
    what: str
    since: datetime


class WaitReasonView(View):
    """One reason for which automatic work waits, and what to do about it."""

    code: str
    problem: str
    remedy: str


class BoardView(View):
    """What an admin sees at a glance: counts, and the lines behind each.

    Of the lines only the first are listed, however many the count says that there are.
    """

    open_cases: int
    open_items: int
    overdue: tuple[WorkItemView, ...]
    overdue_count: int
    waiting: Mapping[str, int]
    stuck: tuple[str, ...]
    stuck_count: int
    failed_jobs: tuple[JobView, ...]
    failed_count: int
    tried_jobs: tuple[JobView, ...]
    waiting_jobs: int
    oldest_waiting_job_at: datetime | None
    dead_deliveries: int
    deadlines_last_pass_at: datetime | None
    fallback_since: datetime | None
    recent_flow_runs: tuple[JobView, ...]
    firing: FiringView = FiringView()
    unreached: tuple[str, ...] = ()
    unserved: tuple[UnservedView, ...] = ()
    running_hours: tuple[RunningHoursView, ...] = ()
    held_jobs: tuple[JobView, ...] = ()
    held_count: int = 0
    why_jobs_wait: tuple[WaitReasonView, ...] = ()
