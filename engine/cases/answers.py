"""Answers of forms: read, with what does not fit told field by field, or put in the words of their form."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Literal, cast, final
from uuid import UUID

from pydantic import AwareDatetime, FiniteFloat, JsonValue, StringConstraints, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from engine.core.compiled import CompiledStep
from engine.core.records import TELLS, Scalar, StepInterval
from engine.core.values import truth_of
from engine.errors import InvalidAnswersError
from engine.language.conditions.parse import parse_condition
from engine.language.conditions.values import UNKNOWN, Lookup, Truth, Value
from engine.language.limits import TimeLimit
from engine.language.names import in_plain_words, in_running_words
from engine.language.workflow import Question
from engine.people.records import language_words, region_words
from engine.plugin.answers import BOTH, Form, without
from engine.plugin.copies import is_refused, kept_anyway, may_ask_all, not_asked, not_shown, problems_of_copies
from engine.plugin.fields import TELLABLE, FieldSpec, OutputKind
from engine.plugin.kinds import KINDS_NOT_KNOWN, NOT_KNOWN, FieldKind
from engine.plugin.steps import StepType

_INSTANT: TypeAdapter[datetime] = TypeAdapter(datetime)
_QUESTION_KINDS: Mapping[str, TypeAdapter[object]] = {
    "bool": TypeAdapter(bool | Literal["not_known"]),
    "choice": TypeAdapter(str),
    "number": TypeAdapter(FiniteFloat),
    "text": TypeAdapter(Annotated[str, StringConstraints(max_length=300)]),
    "longtext": TypeAdapter(Annotated[str, StringConstraints(max_length=20_000)]),
    "date": TypeAdapter(date),
    "instant": TypeAdapter(AwareDatetime),
}
_TAKE_NOT_KNOWN = frozenset({"bool", "number", "date", "instant"})
_DECIDED_ON = frozenset({"bool", "number", "choice", "instant"})
_WORDS = {
    "missing": "Answer this question.",
    "bool_parsing": "Answer yes, no or not known.",
    "bool_type": "Answer yes, no or not known.",
    "literal_error": "Choose one of the answers offered.",
    "datetime_parsing": "Give a date and time, such as 2026-03-07 18:40.",
    "datetime_from_date_parsing": "Give a date and time, such as 2026-03-07 18:40.",
    "timezone_aware": "Say in which time zone this is, such as 2026-03-07T18:40+05:30.",
    "date_parsing": "Give a date, such as 2026-03-07.",
    "date_from_datetime_parsing": "Give a date, such as 2026-03-07.",
    "int_parsing": "Give a whole number, such as 3.",
    "float_parsing": "Give a number, such as 2.5.",
    "finite_number": "Give a number, such as 2.5.",
    "decimal_parsing": "Give an amount, such as 1500 or 1500.50.",
    "greater_than_equal": "This number is too small: give {ge} or more.",
    "less_than_equal": "This number is too large: give {le} or less.",
    "string_too_short": "Answer this question.",
    "string_too_long": "This answer is too long: {max_length} characters fit.",
    "string_pattern_mismatch": "This is not in the form that was asked for.",
    "extra_forbidden": "This question does not belong to this form.",
}
_FORM = "form"
"""Where the sentences of broken rules stand, which belong to no single question."""
_NOT_TO_BE_KEPT = "They do not want this recorded: leave it out. Nothing was kept."

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CODE = re.compile(r"[a-z]+(?:_[a-z0-9]+)+")
CODED = frozenset(
    {
        FieldKind.BOOL,
        FieldKind.CHOICE,
        FieldKind.MULTI,
        FieldKind.LANG,
        FieldKind.COUNTRY,
        FieldKind.DURATION,
        FieldKind.FILE,
    }
)
"""The kinds of fields whose answers are stored as codes or ids; of a file that may also be words."""


def _nowhere(_name: tuple[str, ...]) -> Value:
    return UNKNOWN


def check_answers(
    step_type: StepType,
    answers: Mapping[str, JsonValue],
    *,
    questions: Iterable[Question] = (),
    partly: bool = False,
    elsewhere: Lookup = _nowhere,
    is_first_needed: bool = False,
) -> None:
    """Refuse answers that do not fit the form; with `partly`, only its first bite must be there.

    A question with a condition must be answered only where it holds; `elsewhere` finds what the condition may name
    beside the form itself. After a no to whether it may be written down, nothing is demanded or taken but what is kept
    all the same. What can only be answered from a copy is refused, and not missed, where the form takes none; with
    `is_first_needed` the question that says so must be answered. Raises `InvalidAnswersError` with a sentence for each
    field; no sentence quotes an answer.
    """
    questions = tuple(questions)
    asked = {question.id: question for question in questions}
    problems = _form_problems(step_type, {k: v for k, v in answers.items() if k not in asked}, partly=partly)
    problems |= problems_of_copies(step_type.fields, answers, is_first_needed=is_first_needed and not partly)
    if is_refused(step_type, answers):
        given = {name for name, value in answers.items() if value not in (None, "", [])}
        problems |= dict.fromkeys(given - kept_anyway(step_type, answers), _NOT_TO_BE_KEPT)
        asked = {}
    for name, question in asked.items():
        needed = question.required and not partly and _applies(step_type, question, answers, asked.values(), elsewhere)
        problem = _question_problem(question, answers.get(name), needed=needed)
        if problem:
            problems[name] = problem
    if problems:
        labels = {spec.name: spec.label for spec in step_type.fields} | {one.id: one.label for one in questions}
        raise InvalidAnswersError(problems, labels)


def refuse_copies(step_type: StepType | None, answers: Mapping[str, JsonValue]) -> None:
    """Refuse a file, a hash and what else is of a copy where the form takes none; raises `InvalidAnswersError`."""
    problems = problems_of_copies(step_type.fields, answers) if step_type else {}
    if problems:
        raise InvalidAnswersError(problems)


def open_outputs(
    step_type: StepType | None, answers: Mapping[str, JsonValue], *, questions: Iterable[Question] = ()
) -> dict[str, Scalar]:
    """Return the answers on which workflows may decide, and those that tell what limits of the law depend on.

    The first are open choices, bools, numbers and instants; the others stand under names of their own, as text. The
    answer *Not known* to a question other than a choice is none of them: conditions see it as unknown, never as false
    or zero, and a limit of the law as something that nobody has told.
    """
    outputs: dict[str, Scalar] = {}
    for spec in step_type.fields if step_type else ():
        value = answers.get(spec.name)
        if value is None or (value == NOT_KNOWN and spec.kind in KINDS_NOT_KNOWN):
            continue
        if spec.output is not None:
            outputs[spec.name] = _scalar(spec.output, value)
        if spec.tells in TELLABLE and value != "":
            outputs[f"{TELLS}{spec.tells}"] = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    for question in questions:
        value = answers.get(question.id)
        if question.sensitivity != "open" or question.type not in _DECIDED_ON or value is None or value == "":
            continue
        if value != NOT_KNOWN or question.type not in _TAKE_NOT_KNOWN:
            outputs[question.id] = _plain(_QUESTION_KINDS[question.type].validate_python(value))
    return outputs


def event_instant(
    step_type: StepType | None, answers: Mapping[str, JsonValue], given: datetime | None, now: datetime
) -> datetime:
    """Return when the step happened: its event-time field, else what was said, else now (UTC).

    Raises `InvalidAnswersError` for an instant without a time zone.
    """
    name = step_type.event_time_field if step_type else None
    value = answers.get(name) if name else None
    instant = instant_of(value) if isinstance(value, str) else given
    if instant is not None and instant.tzinfo is None:
        raise InvalidAnswersError({name or "happened_at": _WORDS["timezone_aware"]})
    return (instant or now).astimezone(UTC)


def excluded_intervals(
    step_type: StepType | None, answers: Mapping[str, JsonValue], step_id: UUID
) -> tuple[StepInterval, ...]:
    """Return the stretches of time that the answers tell of and that a limit may leave out."""
    found: list[StepInterval] = []
    for spec in step_type.fields if step_type else ():
        value = answers.get(spec.name)
        if spec.kind is FieldKind.INTERVALS and spec.excluded_time and isinstance(value, list):
            found += [_interval(spec, entry, step_id) for entry in value if isinstance(entry, dict)]
    return tuple(found)


def instant_of(text: str) -> datetime:
    """Read an aware instant; raises `InvalidAnswersError` for another text."""
    try:
        instant = _INSTANT.validate_python(text)
    except ValidationError:
        raise InvalidAnswersError({"happened_at": _WORDS["datetime_parsing"]}) from None
    if instant.tzinfo is None:
        raise InvalidAnswersError({"happened_at": _WORDS["timezone_aware"]})
    return instant


def questions_of(compiled: CompiledStep | None) -> tuple[Question, ...]:
    """Return the questions that the workflow adds to a step."""
    return compiled.spec.questions if compiled else ()


def _form_problems(step_type: StepType, answers: Mapping[str, JsonValue], *, partly: bool) -> dict[str, str]:
    if step_type.form is None:
        return {}
    needed = {spec.name for spec in step_type.fields if spec.required and (spec.first_bite or not partly)}
    if not may_ask_all(step_type, answers):
        needed &= kept_anyway(step_type, answers)
    hidden = not_shown(step_type.fields, answers)
    needed -= hidden
    left_out = not_asked(step_type.fields, answers) | hidden
    misfits = _misfits(without(step_type.form, left_out), answers)
    problems = _sentences(misfits, needed)
    if problems and not partly and _FORM not in problems:  # its rules were not asked: the answers did not fit
        unread = frozenset(_place(one) for one in misfits)
        rest = {name: answer for name, answer in answers.items() if name not in unread}
        problems |= _sentences(_misfits(without(step_type.form, left_out, unread=unread), rest), needed)
    return problems


def _misfits(form: type[Form], answers: Mapping[str, JsonValue]) -> Sequence[ErrorDetails]:
    try:
        form.model_validate(dict(answers))
    except ValidationError as error:
        return error.errors(include_url=False, include_input=False)
    return ()


def _place(misfit: ErrorDetails) -> str:
    return str(misfit["loc"][0]) if misfit["loc"] else _FORM


def _sentences(misfits: Iterable[ErrorDetails], needed: Collection[str]) -> dict[str, str]:
    """Return the sentences to be shown, by the names of their questions; what is not there and not needed is none."""
    problems: dict[str, str] = {}
    for misfit in misfits:
        name = _place(misfit)
        if misfit["type"] == "missing" and name not in needed:
            continue
        sentence = _sentence(misfit["type"], misfit["msg"], misfit.get("ctx", {}))
        problems[name] = f"{problems[name]} {sentence}" if name == _FORM and name in problems else sentence
    return problems


def _sentence(kind: str, message: str, bounds: Mapping[str, object]) -> str:
    if kind in _WORDS:
        return _WORDS[kind].format(**bounds)
    return message.removeprefix("Value error, ") if kind == "value_error" else f"{message.rstrip('.')}."


def _applies(
    step_type: StepType,
    question: Question,
    answers: Mapping[str, JsonValue],
    questions: Iterable[Question],
    elsewhere: Lookup,
) -> bool:
    """Return whether a question is asked at all: its condition holds with the other answers of the form."""
    if question.when is None:
        return True

    def find(name: tuple[str, ...]) -> Value:
        value = answers.get(name[0]) if len(name) == 1 else None
        if value is None or value == "":
            return elsewhere(name)
        try:
            return open_outputs(step_type, {name[0]: value}, questions=questions).get(name[0], UNKNOWN)
        except (InvalidAnswersError, ValidationError):
            return UNKNOWN

    return truth_of(parse_condition(question.when), find) is Truth.TRUE


def _question_problem(question: Question, value: JsonValue, *, needed: bool) -> str | None:
    if value is None or value == "":
        return _WORDS["missing"] if needed else None
    if question.required and question.type in _TAKE_NOT_KNOWN:
        if value == NOT_KNOWN:
            return None
        if isinstance(value, list) and NOT_KNOWN in value:
            return BOTH
    try:
        answer = _QUESTION_KINDS[question.type].validate_python(value)
    except ValidationError as error:
        detail = error.errors(include_input=False)[0]
        return _sentence(detail["type"], "This answer does not fit", detail.get("ctx", {}))
    return _WORDS["literal_error"] if question.type == "choice" and answer not in question.choices else None


def _plain(answer: object) -> Scalar:
    """Keep an instant as text in UTC, as every output is kept."""
    return answer.astimezone(UTC).isoformat() if isinstance(answer, datetime) else cast("Scalar", answer)


def _scalar(kind: OutputKind, value: JsonValue) -> Scalar:
    match kind:
        case OutputKind.BOOL:
            return TypeAdapter(bool).validate_python(value)
        case OutputKind.NUMBER:
            return TypeAdapter(int).validate_python(value)
        case OutputKind.INSTANT:
            return instant_of(str(value)).astimezone(UTC).isoformat()
        case OutputKind.CHOICE:
            return str(value)


def _interval(spec: FieldSpec, entry: Mapping[str, object], step_id: UUID) -> StepInterval:
    start, end = instant_of(str(entry["start"])), entry.get("end")
    ended = instant_of(str(end)) if end else None
    if ended is not None and ended < start:
        raise InvalidAnswersError({spec.name: "The end is before the start."})
    return StepInterval(
        step_id=step_id,
        name=spec.excluded_time,
        start=start.astimezone(UTC),
        end=ended.astimezone(UTC) if ended else None,
        has_place=bool(str(entry.get("place") or "").strip()),
    )


@final
class InWords:
    """A stored code as a template is given it: it is compared by its code, and prints its words only.

    It is no text, so that no filter of a template reaches the code: whatever writes it writes the words.
    """

    __slots__ = ("_code", "_words")

    def __init__(self, code: str | bool, words: str) -> None:  # noqa: FBT001 - the answer itself
        """Hide a code behind its words."""
        self._code = code
        self._words = words

    def __eq__(self, other: object) -> bool:
        """Whether this is the same code, so that a template can ask which answer was given."""
        return bool(self._code == (other._code if isinstance(other, InWords) else other))

    def __hash__(self) -> int:
        """Hash as the code does, so that it is found among codes."""
        return hash(self._code)

    def __bool__(self) -> bool:
        """Whether the answer is something else than no, nothing or *Not known*: no paper claims what nobody knows."""
        return self._code not in (False, "", NOT_KNOWN)

    def __str__(self) -> str:
        """Return the words."""
        return self._words

    __repr__ = __str__

    def startswith(self, prefix: str) -> bool:
        """Whether the code begins so: a template asks a jurisdiction for its country."""
        return isinstance(self._code, str) and self._code.startswith(prefix)


def code_in_words(spec: FieldSpec, code: str) -> str:
    """Say what is stored for a field that has codes: the label of a choice, a language, a country, a length of time.

    A file of the case is named as such, never by its id.
    """
    match spec.kind:
        case FieldKind.LANG:
            return language_words(code)
        case FieldKind.COUNTRY:
            return region_words(code)
        case FieldKind.DURATION:
            return _length(code)
        case FieldKind.FILE:
            return "a file of this case" if _ID.fullmatch(code) else code
        case _:
            return spec.choices.get(code) or in_plain_words(code)


def for_templates(fields: Iterable[FieldSpec], answers: Mapping[str, object]) -> dict[str, object]:
    """Return answers as templates of papers get them: no code among them can be printed, only its words.

    What looks like a code and is explained by no field is put into words by its own.
    """
    specs = {spec.name: spec for spec in fields}
    return {name: _shown(specs.get(name), value) for name, value in answers.items()}


def unexplained_in_words(text: str) -> str:
    """Say what no field explains: what looks like a code by its own words, all else as it is."""
    return in_plain_words(text) if _CODE.fullmatch(text) else text


def jurisdiction_in_words(jurisdiction: str) -> InWords:
    """Return a jurisdiction as templates get it: it prints the name of the place."""
    return InWords(jurisdiction, region_words(jurisdiction))


def key_in_words(key: str) -> InWords:
    """Return a key for which no label is written as templates get it, such as a role."""
    return InWords(key, in_plain_words(key))


def _shown(spec: FieldSpec | None, value: object) -> object:
    match value:
        case bool():
            return InWords(value, "yes" if value else "no")
        case str() if value == NOT_KNOWN:
            return InWords(value, in_running_words(value))
        case str() if spec is None:
            return unexplained_in_words(value)
        case str() if value and spec is not None and spec.kind in CODED:
            return InWords(value, code_in_words(spec, value))
        case list() | tuple() if spec is not None and spec.kind in CODED:
            return tuple(_shown(spec, one) for one in value)
        case _:
            return value


def _length(written: str) -> str:
    try:
        return TimeLimit(written).in_words()
    except ValidationError:
        return written
