"""The answers of a report as JSON: what of the form a program can answer, of which type, and what does not fit."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from engine.errors import InvalidAnswersError
from engine.plugin.fields import FieldSpec
from engine.plugin.kinds import NOT_KNOWN, FieldKind
from engine.plugin.steps import StepType
from engine.ports import JsonValue

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
