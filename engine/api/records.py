"""What the API takes from programs, what it answers, and how what does not fit is told."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, ValidationError
from starlette.exceptions import HTTPException

from engine.cases.actions.gateways import OwnReport
from engine.core.policy import View
from engine.errors import InvalidAnswersError
from engine.overview.records import CaseView
from engine.plugin.fields import FieldSpec
from engine.plugin.kinds import NOT_KNOWN, FieldKind
from engine.plugin.steps import StepType

_Read = TypeVar("_Read", bound=BaseModel)


def read_body(model: type[_Read], sent: bytes) -> _Read:
    """Read a body; raise `InvalidAnswersError` for one that does not fit, and 400 for what is no JSON."""
    try:
        return model.model_validate_json(sent)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
    if any(one["type"] == "json_invalid" for one in problems):
        raise HTTPException(HTTPStatus.BAD_REQUEST)
    raise InvalidAnswersError({pointer(*map(str, one["loc"])): f"{one['msg']}." for one in problems})


def pointer(*names: str) -> str:
    """Return a JSON pointer to a place in a body."""
    return "".join(f"/{name.replace('~', '~0').replace('/', '~1')}" for name in names)


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


_NEVER: Final = frozenset({FieldKind.FILE, FieldKind.HASH, FieldKind.SIGN, FieldKind.INTERVALS})
"""What only a person gives who is signed in, or what a report never asks."""
_WORDS: Final[Mapping[FieldKind, str]] = {
    FieldKind.BOOL: 'Answer true, false or "not_known".',
    FieldKind.INT: "Give a whole number.",
    FieldKind.MULTI: "Give a list of texts.",
}
_TEXT: Final = "Give a text."
_NOT_HERE: Final = "This question does not belong to a report by the API."


def asked(step_type: StepType) -> dict[str, FieldSpec]:
    """Return the questions of a form that a program can answer, by name."""
    return {spec.name: spec for spec in step_type.fields if spec.kind not in _NEVER}


def typed_answers(step_type: StepType, answers: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the answers that are given, each of the type of its question; raise `InvalidAnswersError` for others.

    Texts lose the one character that no database keeps, as they do on pages. Whether an answer fits is asked of the
    form: `engine.cases.answers`.
    """
    questions = asked(step_type)
    problems = dict.fromkeys(answers.keys() - questions.keys(), _NOT_HERE)
    problems |= {
        name: _WORDS.get(spec.kind, _TEXT)
        for name, spec in questions.items()
        if name in answers and not _fits(spec, answers[name])
    }
    if problems:
        raise InvalidAnswersError(problems)
    return {name: _kept(value) for name, value in answers.items() if value is not None}


def schema_of(step_type: StepType) -> dict[str, Any]:
    """Return the JSON schema of the answers, made of the form: its own types, words and choices."""
    whole = step_type.form.model_json_schema() if step_type.form else {}
    questions = asked(step_type)
    first = [spec for spec in questions.values() if spec.first_bite and spec.required]
    return {
        "type": "object",
        "title": step_type.title,
        "description": _rules(first),
        "properties": {name: _property(spec, whole["properties"][name]) for name, spec in questions.items()},
        "required": [spec.name for spec in first if spec.kept_anyway == "true"],
        "additionalProperties": False,
    }


def _property(spec: FieldSpec, found: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: said for name, said in found.items() if name not in {"icmc", "default"}}
    if spec.choices:
        words = "; ".join(f"`{value}`: {label}" for value, label in spec.choices.items())
        shown["description"] = f"{spec.help} {words}".strip()
    return shown


def _rules(first: Sequence[FieldSpec]) -> str:
    names = ", ".join(f"`{spec.name}`" for spec in first)
    return (
        f"Needed at once, unless the person does not allow that anything is recorded: {names}. The other questions"
        " can be left out: a person asks them later. After a no to that, only what the law asks for is taken."
    )


def _fits(spec: FieldSpec, value: JsonValue) -> bool:
    if value is None:
        return not spec.required
    if spec.kind is FieldKind.BOOL:
        return isinstance(value, bool) or value == NOT_KNOWN
    if spec.kind is FieldKind.INT:
        return type(value) is int or value == NOT_KNOWN
    if spec.kind is FieldKind.MULTI:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return isinstance(value, str)


def _kept(value: JsonValue) -> JsonValue:
    return value.replace("\x00", "") if isinstance(value, str) else value
