"""Cases: the list, the page, the steps, the people, the jobs and the history."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from engine.core.policy import View
from engine.deadlines.records.explanations import EscalationView
from engine.deadlines.records.limits import DeadlineView
from engine.errors import NotFoundError
from engine.persons.records import CasePersonView
from engine.work.records import AnswerView, DocumentView


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


class EventView(View):
    """A line of the history of a case, in words."""

    seq: int
    at: datetime
    actor: str | None
    type: str
    text: str


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
