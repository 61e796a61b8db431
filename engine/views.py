"""What pages, the command line and messages are shown: frozen views, made for one viewer."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

_IN_DAYS_FROM_HOURS = 48
"""From how many hours on a length is said in days."""


class View(BaseModel):
    """The base of every view."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Viewer(View):
    """Who is looking: an actor, with the units and roles that decide what they may see."""

    actor_id: UUID
    name: str
    unit_ids: tuple[UUID, ...]
    roles: tuple[str, ...]
    language: str = "en"
    zone: str = "Asia/Kolkata"
    is_system: bool = False

    def has_role(self, *roles: str) -> bool:
        """Say whether the viewer has one of these roles."""
        return self.is_system or any(role in self.roles for role in roles)


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


class DeadlineView(View):
    """A deadline as people see it. `state` is one of: running, near, overdue, met, late, ended.

    `force` says how it binds: `binding` and `advisory` are law, `target` is the network's own. `paused_until` is given
    while it stands still, and `asked` while somebody waits for an answer to a wish for more time.
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

    @property
    def asked(self) -> ExtensionView | None:
        """The wish for more time that waits for an answer."""
        return next((one for one in self.extensions if one.state == "asked"), None)


class WorkItemView(View):
    """A line of a worklist."""

    id: UUID
    case_id: UUID
    case_number: str
    step_id: UUID
    step_key: str
    uses: str
    pillar: str
    title: str
    person_label: str
    status: str
    revision: int
    priority: int
    candidate_roles: tuple[str, ...]
    assignee: str | None
    is_mine: bool
    is_approval: bool
    opened_at: datetime
    due_at: datetime | None
    is_overdue: bool


class WorkCounts(View):
    """How much there is on somebody's work page."""

    overdue: int
    due_today: int
    mine: int
    to_acknowledge: int


class FieldView(View):
    """One question of a form, with what is known of its answer."""

    name: str
    kind: str
    label: str
    help: str
    required: bool
    first_bite: bool
    sensitivity: str
    choices: Mapping[str, str]
    shown_when: str
    value: object | None
    proposed: bool


class FormView(View):
    """A work item opened to be answered: all fields, what was saved as a draft, what was proposed."""

    item: WorkItemView
    purpose: str
    help: str
    fields: tuple[FieldView, ...]
    outcomes: Mapping[str, str]
    event_time_field: str | None
    notes: tuple[str, ...]
    documents: tuple["DocumentView", ...]
    deadline: DeadlineView | None
    submitted: tuple["AnswerView", ...]


class AnswerView(View):
    """One given answer; `masked` ones are shown only after a recorded act."""

    name: str
    label: str
    text: str
    masked: bool


class StepView(View):
    """One occurrence of a step on the case page."""

    id: UUID
    run_id: UUID
    key: str
    path: str
    uses: str
    pillar: str
    title: str
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
    deadline: DeadlineView | None
    answers: tuple[AnswerView, ...]
    documents: tuple["DocumentView", ...]
    notes: tuple[str, ...]


class PersonView(View):
    """A person of a case; the name stays masked unless revealed."""

    id: UUID
    role: str
    label: str
    name: str | None
    age: int | None


class DeliveryView(View):
    """What became of one message by one channel. `state` is one of: waits, sent, shown, read, given_up."""

    channel: str
    recipient: str
    state: str
    at: datetime | None
    error_code: str | None


class EscalationView(View):
    """A line of the escalation ledger.

    `delivered_at` is when the last of its channels had taken it: none of them stands for another. `follow_up_id` is
    the step that the level opened: a letter to release, or a call to make.
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


class StretchView(View):
    """A recorded time that a limit may leave out; `place` is given only to who has revealed it, a recorded act."""

    name: str
    start: datetime
    end: datetime | None
    has_place: bool
    place: str | None = None


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


class ShiftView(View):
    """Who is on call for a unit, from when to when; `is_now` while it lasts."""

    id: UUID
    unit_id: UUID
    unit: str
    zone: str
    actor_id: UUID
    actor: str
    starts_at: datetime
    ends_at: datetime
    taken_from: str | None
    is_now: bool


class AbsenceView(View):
    """When somebody is away, and who stands in."""

    id: UUID
    actor_id: UUID
    actor: str
    deputy: str | None
    starts_at: datetime
    ends_at: datetime
    is_now: bool


class ConflictView(View):
    """Somebody who is not told of a case."""

    actor_id: UUID
    actor: str
    reason_code: str
    noted_by: str | None
    noted_at: datetime


class OfferView(View):
    """Work that another unit has offered, without any personal data. `status` as of the referral."""

    id: UUID
    case_number: str
    from_unit: str
    contact: str
    to_unit: str
    what: str
    jurisdiction: str
    status: str
    sent_at: datetime
    due_at: datetime | None
    answered_at: datetime | None


class DeadLetterView(View):
    """A sending that was given up: work for a person. No words of the message are shown."""

    id: UUID
    case_id: UUID | None
    case_number: str
    kind: str
    channel: str
    recipient: str
    attempts: int
    written_at: datetime
    error_code: str | None
    critical: bool


class ChannelView(View):
    """A gateway that is set up; its address with credentials is never shown."""

    organisation: str
    channel: str
    host: str
    enabled: bool
    rate_per_minute: int
    changed_at: datetime
    waiting: int


class ContactView(View):
    """By which channels a person is reached; the address itself stays sealed."""

    channel: str
    changed_at: datetime


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
    """An automatic piece of work, with where Prefect did it."""

    id: UUID
    case_id: UUID
    case_number: str
    kind: str
    task: str
    status: str
    attempt: int
    ready_at: datetime
    finished_at: datetime | None
    done_by: str | None
    flow_run_id: UUID | None
    task_run_id: UUID | None
    error_code: str | None


class DocumentView(View):
    """A paper that was made for a case."""

    id: UUID
    case_id: UUID
    name: str
    title: str
    number: str
    version: int
    made_at: datetime
    sha256: str
    released_by: str | None


class EventView(View):
    """A line of the history of a case, in words."""

    seq: int
    at: datetime
    actor: str | None
    type: str
    text: str


class CaseView(View):
    """A case page."""

    id: UUID
    number: str
    status: str
    unit: str
    jurisdiction: str
    zone: str
    opened_at: datetime
    closed_at: datetime | None
    concern: str
    runs: tuple[RunView, ...]
    steps: tuple[StepView, ...]
    persons: tuple[PersonView, ...]
    facts: Mapping[str, str]
    deadlines: tuple[DeadlineView, ...]
    escalations: tuple[EscalationView, ...]
    documents: tuple[DocumentView, ...]
    jobs: tuple[JobView, ...]
    findings: tuple[str, ...]


class CaseLine(View):
    """A line of the list of cases."""

    id: UUID
    number: str
    status: str
    unit: str
    concern: str
    opened_at: datetime
    open_items: int
    next_due_at: datetime | None
    is_overdue: bool
    waiting_for: str


class NoticeView(View):
    """A message in somebody's in-app inbox."""

    id: UUID
    kind: str
    case_id: UUID | None
    case_number: str
    text: str
    created_at: datetime
    read_at: datetime | None
    critical: bool
    link: str


class MailView(View):
    """A message in the demo mailbox, as it would have left."""

    id: UUID
    to: str
    channel: str
    subject: str
    body: str
    status: str
    sent_at: datetime | None
    case_number: str


class DefinitionView(View):
    """A published definition."""

    kind: str
    name: str
    version: int
    title: str
    content_hash: str
    status: str
    author: str
    published_at: datetime | None
    open_cases: int
    source: str
    differs_from_file: bool = False


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
            "No deadline fires until the clock is set right, or a person confirms it."
        )


class LagBucket(View):
    """How many levels and breaches came at most so many seconds late; None for the last bucket, of the rest."""

    at_most_seconds: int | None
    levels: int
    breaches: int


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
    def in_words(self) -> str:
        """Say whether every level that was due has fired."""
        when = f"Checked at {self.checked_at:%Y-%m-%d %H:%M} UTC, {self.checked_in_a_day} deadlines in 24 hours"
        if not self.problems:
            return f"Every level that was due has fired. {when}."
        return f"{len(self.problems)} things are not as they should be. {when}."


class AsideDeadline(View):
    """A deadline that could not be fired again and again: work for a person."""

    id: UUID
    case_id: UUID
    case_number: str
    step_key: str
    failures: int
    held_until: datetime | None


class FiringView(View):
    """How firing goes: whether the clock has jumped, how late levels and breaches came, what the auditor found."""

    jump: ClockJump | None = None
    lag: tuple[LagBucket, ...] = ()
    audit: EscalationAudit | None = None
    aside: tuple[AsideDeadline, ...] = ()


class BoardView(View):
    """What an admin sees at a glance: counts, and the lines behind each."""

    open_cases: int
    open_items: int
    overdue: tuple[WorkItemView, ...]
    waiting: Mapping[str, int]
    stuck: tuple[str, ...]
    failed_jobs: tuple[JobView, ...]
    waiting_jobs: int
    oldest_waiting_job_at: datetime | None
    dead_deliveries: int
    deadlines_last_pass_at: datetime | None
    fallback_since: datetime | None
    recent_flow_runs: tuple[JobView, ...]
    firing: FiringView = FiringView()
    unreached: tuple[str, ...] = ()


class ActorView(View):
    """A person or service that acts, as lists show them."""

    id: UUID
    name: str
    email: str
    unit: str
    unit_id: UUID
    roles: tuple[str, ...]
    disabled: bool


class SentView(View):
    """What left a case, or waits to: the Transmit page."""

    id: UUID
    case_id: UUID
    case_number: str
    to: str
    kind: str
    status: str
    due_at: datetime | None
    sent_at: datetime | None
    answered_at: datetime | None


class ServiceState(View):
    """What a service last said of itself."""

    name: str
    state: str
    since: datetime
    noted_at: datetime


for _view in (FormView, StepView):
    _view.model_rebuild()


class MovedDeadline(View):
    """A deadline that a change would move, set or end.

    `effect` is one of: would_breach, stays_breached, moves, told_at_another_time, begins, ends. `told_before` and
    `told_after` are when something fires of it next.
    """

    case_id: UUID
    case_number: str
    step_key: str
    step_title: str
    zone: str
    effect: str
    before: datetime | None
    after: datetime | None
    told_before: datetime | None
    told_after: datetime | None


class LimitChange(View):
    """A step whose time limits a new version of a workflow changes, in words; empty where there is no such step."""

    workflow: str
    step_key: str
    before: str
    after: str


class PreviewView(View):
    """What a change would do to open cases: those of the viewer line by line, of others only how many."""

    lines: tuple[MovedDeadline, ...]
    looked_at: int
    left_out: int
    others: int
    others_breached: int
    limits: tuple[LimitChange, ...] = ()
