"""What the API takes and answers, as its document describes it."""

from enum import StrEnum
from typing import Annotated, Final, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from engine.cases.actions.reported import OwnReport
from engine.core.policy import View
from engine.overview.records import CaseView


class Exchanged(BaseModel):
    """The base of all that is taken and answered."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ReportBody(Exchanged):
    """A report: its answers by the names of the questions, and for which unit, where the key has several."""

    model_config = ConfigDict(strict=True)

    answers: dict[str, JsonValue]
    unit_id: UUID | None = None


class ReportStatus(StrEnum):
    """How far a report is: all that is told of it."""

    RECEIVED = "received"
    AT_WORK = "at_work"
    CLOSED = "closed"


_IN_WORDS: Final = {
    ReportStatus.RECEIVED: "The report has arrived, and someone will look at it.",
    ReportStatus.AT_WORK: "People are working on it.",
    ReportStatus.CLOSED: "The work on it has ended. If something new has happened, report again.",
}


class ReportAnswer(Exchanged):
    """How far a report is, and nothing of the case."""

    id: UUID
    case_number: str
    status: ReportStatus
    in_words: str


class SentReportAnswer(ReportAnswer):
    """A report that was taken, with what whoever reported needs to come back."""

    receipt_code: Annotated[str, Field(description="Given with this answer only: who has it can ask, add and read")]


def report_answer(report: OwnReport) -> ReportAnswer:
    """Return how far a report is."""
    status = ReportStatus(report.progress.value)
    return ReportAnswer(
        id=report.case_id, case_number=report.case_number, status=status, in_words=_IN_WORDS[status]
    )  # fmt: skip


class CaseLineAnswer(Exchanged):
    """A line of the list of cases: where it stands and by when something is due, and nothing that anybody answered."""

    id: UUID
    number: str
    status: str
    unit: str
    opened_at: AwareDatetime | None
    open_items: int
    next_due_at: AwareDatetime | None
    is_overdue: bool


class CasesAnswer(Exchanged):
    """Some cases in the order in which they were opened; `next` asks for those after them, null where none is left."""

    cases: tuple[CaseLineAnswer, ...]
    next: UUID | None


class PersonAnswer(Exchanged):
    """Somebody of a case, by number and role: never by name."""

    label: str
    role: str


class StepAnswer(Exchanged):
    """A step of a case, without its answers, its outcome, or who does it."""

    id: UUID
    title: str
    person_label: str
    status: str
    opened_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    due_at: AwareDatetime | None
    due_state: Annotated[str | None, Field(description="running, near, overdue, met, late or ended")]


class CaseAnswer(Exchanged):
    """A case: where it stands, who is in it by number and role, and its steps with their times."""

    id: UUID
    number: str
    status: str
    unit: str
    jurisdiction: str
    opened_at: AwareDatetime | None
    closed_at: AwareDatetime | None
    persons: tuple[PersonAnswer, ...]
    steps: tuple[StepAnswer, ...]


class EventAnswer(Exchanged):
    """What was done in a case, in words: neither who did it, nor what was said."""

    seq: int
    at: AwareDatetime
    type: str
    text: str


class HistoryAnswer(Exchanged):
    """Some events of a case in their order; `next` asks for those after them, null where none is left."""

    events: tuple[EventAnswer, ...]
    next: int | None


class WorkItemAnswer(Exchanged):
    """Work that waits in a case: which, for people of which roles, and by when."""

    id: UUID
    case_id: UUID
    case_number: str
    title: str
    person_label: str
    status: str
    candidate_roles: tuple[str, ...]
    opened_at: AwareDatetime
    due_at: AwareDatetime | None
    is_overdue: bool


class WorkItemsAnswer(Exchanged):
    """Some of the work that waits, in the order in which it came; `next` as for cases."""

    work_items: tuple[WorkItemAnswer, ...]
    next: UUID | None


_Shown = TypeVar("_Shown", bound=Exchanged)


def shown(model: type[_Shown], view: View, **more: object) -> _Shown:
    """Return of a view what an answer names, and nothing else of it."""
    named = {name: getattr(view, name) for name in model.model_fields if name not in more}
    return model.model_validate(named | more)


def case_answer(view: CaseView) -> CaseAnswer:
    """Return what is shown of a case."""
    steps = tuple(
        shown(
            StepAnswer, step, due_at=step.deadline.due_at if step.deadline else None,
            due_state=step.deadline.state if step.deadline else None,
        )
        for step in view.steps
    )  # fmt: skip
    return shown(CaseAnswer, view, steps=steps, persons=tuple(shown(PersonAnswer, one) for one in view.persons))
