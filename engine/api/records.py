"""What the API takes and answers, as its document describes it."""

from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from engine.cases.actions.reported import OwnReport


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
    """A report that was taken: what whoever reported may be told, and nothing of the case."""

    id: UUID
    case_number: str
    receipt_code: Annotated[str, Field(description="Read it out to whoever reported, if it is safe: with it they ask")]
    status: ReportStatus
    in_words: str


def report_answer(report: OwnReport) -> ReportAnswer:
    """Return what is told of a report."""
    status = ReportStatus(report.progress.value)
    return ReportAnswer(
        id=report.case_id, case_number=report.case_number, receipt_code=report.receipt_code, status=status,
        in_words=_IN_WORDS[status],
    )  # fmt: skip
