"""The case page, the board and how the system runs, as people see them."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from uuid import UUID

from engine.core.policy import View
from engine.deadlines.records import DeadlineView, EscalationView
from engine.errors import NotFoundError
from engine.persons.records import CasePersonView
from engine.work.records import AnswerView, DocumentView, WorkItemView


class StepView(View):
    """One occurrence of a step on the case page.

    To a grant that shows some of its answers and not the work, it is these answers under the title of its step type:
    `status` is `shared` then, and of run, key, times and people there is nothing.
    """

    id: UUID
    run_id: UUID | None
    key: str
    path: str
    uses: str
    pillar: str
    title: str
    called: str = ""
    """What somebody calls a step that they added."""
    person_label: str
    status: str
    outcome: str | None
    gate: str | None
    gate_reason: str | None
    opened_at: datetime | None
    opens_at: datetime | None
    ended_at: datetime | None
    recorded_at: datetime | None
    completed_by: str | None
    assignee: str | None
    discretionary: bool
    item_id: UUID | None
    may_answer: bool = False
    """Whether the form of its open item opens for the viewer."""
    deadline: DeadlineView | None
    answers: tuple[AnswerView, ...]
    documents: tuple[DocumentView, ...]
    notes: tuple[str, ...]
    origin: str = ""
    """What brings it: a line of a published definition, or whoever added it."""


class RunView(View):
    """A run of a case."""

    id: UUID
    workflow: str
    version: int
    title: str
    status: str
    started_at: datetime
    definition_hash: str


class JobView(View):
    """An automatic piece of work, its `title` in words, with where Prefect did it."""

    id: UUID
    case_id: UUID
    case_number: str
    kind: str
    task: str
    title: str
    status: str
    attempt: int
    ready_at: datetime
    finished_at: datetime | None
    done_by: str | None
    flow_run_id: UUID | None
    task_run_id: UUID | None
    error_code: str | None


class EventView(View):
    """A line of the history of a case, in words."""

    seq: int
    at: datetime
    actor: str | None
    type: str
    text: str


class NoteView(View):
    """A note in the diary of a case, without its words; about the whole case where `person_id` is None."""

    seq: int
    kind: str
    happened_at: datetime
    noted_at: datetime
    by: str
    person_id: UUID | None
    person_label: str
    file_id: UUID | None


class DiaryFile(View):
    """A file of a case that a note can name."""

    id: UUID
    kind: str
    added_at: datetime


class DiaryView(View):
    """A page of the diary of a case, how many notes there are, and the files that a note can name."""

    notes: tuple[NoteView, ...]
    count: int
    files: tuple[DiaryFile, ...]


class NewsView(View):
    """What others did in a case since somebody looked at it, the latest first; `looked_at` is None for the first time.

    `has_more` says that there is more than is listed.
    """

    looked_at: datetime | None
    events: tuple[EventView, ...]
    has_more: bool


class CaseView(View):
    """A case page.

    `is_own` says that the viewer sees it as its own unit does, and `allowed` are the actions that they may do then: no
    link leads where a granted case does not go. `shows_work` says that its workflows, steps and times are shown; where
    they are not, `status` is `shared` and there is neither a run nor a date.
    """

    id: UUID
    number: str
    is_own: bool
    shows_work: bool
    allowed: tuple[str, ...]
    status: str
    unit: str
    jurisdiction: str
    zone: str
    opened_at: datetime | None
    closed_at: datetime | None
    concern: str
    runs: tuple[RunView, ...]
    steps: tuple[StepView, ...]
    persons: tuple[CasePersonView, ...]
    facts: Mapping[str, str]
    deadlines: tuple[DeadlineView, ...]
    escalations: tuple[EscalationView, ...]
    documents: tuple[DocumentView, ...]
    jobs: tuple[JobView, ...]
    findings: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    def step(self, step_id: UUID) -> StepView:
        """Return a step that is shown; raises `NotFoundError`."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise NotFoundError(kind="step")


class CaseLine(View):
    """A line of the list of cases; of one whose work is not shown, the number and the unit."""

    id: UUID
    number: str
    status: str
    unit: str
    concern: str
    opened_at: datetime | None
    open_items: int
    next_due_at: datetime | None
    is_overdue: bool
    next_late_at: datetime | None = None
    waiting_for: str


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


class NamedProblem(AuditProblem):
    """The same with the case and the step that it is about, where the reader is shown cases of that unit."""

    case_number: str = ""
    step_key: str = ""

    @property
    def level_words(self) -> str:
        """Return the name of the ledger in words."""
        kind, _, number = self.level.partition(":")
        return f"level {number}" if kind == "l" else "warning" if kind == "w" else kind


class EscalationAudit(View):
    """What the last pass of the escalation auditor found, and how many deadlines were checked in 24 hours."""

    checked_at: datetime
    checked: int
    checked_in_a_day: int
    problems: tuple[NamedProblem, ...]

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


class StuckView(View):
    """An open case in which nothing can happen by itself and no one is asked: why, and since when (UTC).

    `why` names what it waits for: `failed` a job of a step, `missing` a pillar, `unasked` an open step, `nothing` a
    step. `title` and `step_id` are of the step, which stuck cases of the last kind do not have.
    """

    case_id: UUID
    number: str
    unit: str
    why: str
    since: datetime
    title: str = ""
    uses: str = ""
    step_id: UUID | None = None
    job: JobView | None = None


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


class JobPauseView(View):
    """Automatic work is paused: since when (UTC), by whom (empty for the command line) and why, in words."""

    since: datetime
    by: str
    reason: str
    is_told: bool


BACKUP_AT, BACKUP_PROVED_AT = "backup", "backup_proved"
"""Facts of the installation: when a backup was made last, and when one was opened with exported keys."""


BACKUP_IS_OLD, MAIL_IS_LATE = timedelta(days=7), timedelta(minutes=30)
"""A backup that is older protects too little; a mail that waits for longer shows that something is out of order."""


class MachineView(View):
    """A machine with workers: how many, how long ago one was heard last, and the room of its disk in words."""

    name: str
    workers: int
    heard: timedelta
    disk: str = ""
    is_disk_small: bool = False


class PartsView(View):
    """What automatic work rests on: machines, backups and mail (UTC). None for what never was.

    `proved_at` is when an export of the keys opened a backup; a backup itself is restored once when it is made.
    """

    machines: tuple[MachineView, ...] = ()
    last_worker: timedelta | None = None
    backup_at: datetime | None = None
    proved_at: datetime | None = None
    mail_sent_at: datetime | None = None
    mail_waiting: int = 0
    mail_waits_since: datetime | None = None
    mail_given_up: int = 0


class DownLineView(View):
    """A hub elsewhere that cannot be reached, and since when (UTC)."""

    name: str
    since: datetime


class BoardDay(View):
    """What one day brought, in the zone of whoever looks: cases opened and closed, limits found missed, levels raised.

    `done` is the automatic work that Prefect did, `failed` the jobs that ended and had failed at least once, `waiting`
    the work items that were open at its end. `stuck` is how many cases were stuck at most: None where nobody knows.
    """

    day: date
    opened: int = 0
    closed: int = 0
    missed: int = 0
    raised: int = 0
    failed: int = 0
    waiting: int = 0
    stuck: int | None = None
    done: int = 0


class BoardView(View):
    """What an admin sees at a glance: counts, and the lines behind each.

    Of the lines only the first are listed, however many the count says that there are.
    """

    open_cases: int
    open_items: int
    overdue: tuple[WorkItemView, ...]
    overdue_count: int
    waiting: Mapping[str, int]
    stuck: tuple[StuckView, ...]
    stuck_count: int
    failed_jobs: tuple[JobView, ...]
    failed_count: int
    tried_jobs: tuple[JobView, ...]
    waiting_jobs: int
    oldest_waiting_job_at: datetime | None
    dead_deliveries: int
    deadlines_last_pass_at: datetime | None
    deadlines_age: timedelta | None
    fallback_since: datetime | None
    recent_flow_runs: tuple[JobView, ...]
    firing: FiringView = FiringView()
    unreached: tuple[str, ...] = ()
    unserved: tuple[UnservedView, ...] = ()
    running_hours: tuple[RunningHoursView, ...] = ()
    held_jobs: tuple[JobView, ...] = ()
    held_count: int = 0
    down_lines: tuple[DownLineView, ...] = ()
    why_jobs_wait: tuple[WaitReasonView, ...] = ()
    pause: JobPauseView | None = None
    parts: PartsView | None = None
    ready_jobs: tuple[JobView, ...] = ()
    days: tuple[BoardDay, ...] = ()
