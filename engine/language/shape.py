"""Whether a file's data has the shape that a model asks for, told in findings and plain words."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from engine.language.findings import Finding
from engine.language.merged import Merged
from engine.language.names import ChoiceCode, Id, JurisdictionCode, Name, StepTypeKey, meant, shown
from engine.language.yaml_files import Path
from engine.language.yaml_text import MOST_FINDINGS, foreign_letter

_TYPES = {
    "string": "a text",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "dict": "keys with values",
    "model": "keys with values",
    "mapping": "keys with values",
    "tuple": "a list",
    "list": "a list",
    "date": "a date like 2026-01-31",
    "time": "a time like 09:00",
}


def _pattern(name: Any) -> str:  # noqa: ANN401 - an annotated type
    return str(name.__metadata__[0].pattern)


_PATTERNS = {
    _pattern(Id): "an id of lower-case letters, digits and _, which begins with a letter and has at most 64 characters",
    _pattern(
        Name
    ): "a name of lower-case letters, digits and -, which begins with a letter and has at most 64 characters",
    _pattern(StepTypeKey): "a step type (the pillar, a dot, what is done) like reporting.intake",
    _pattern(ChoiceCode): "an id of lower-case letters, digits and _, or the code of a place like IN or IN-AS",
    _pattern(JurisdictionCode): "a place like IN or IN-AS",
}


def sentence(problems: list[ErrorDetails], *, of_key: bool) -> tuple[str, str]:
    """Return code and sentence for what is wrong with one value (or key)."""
    problem = problems[0]
    kind, value, context = problem["type"], problem["input"], problem.get("ctx") or {}
    if kind == "string_pattern_mismatch":
        return _bad_name(value, context, of_key=of_key)
    if kind in {"enum", "literal_error"}:
        return "unknown-word", _bad_word(value, context)
    if kind in {"value_error", "time_limit", "assertion_error"}:
        return "bad-value", _own_words(problem, context)
    bound = _out_of_bounds(kind, context)
    if bound:
        return "out-of-bounds", bound
    return "wrong-type", _wrong_type([item["type"] for item in problems], value)


def _bad_name(value: object, context: Mapping[str, Any], *, of_key: bool) -> tuple[str, str]:
    letter = foreign_letter(str(value))
    if letter:
        return "look-alike", f"{shown(value)} holds {letter}: ids and names are written in plain ASCII letters."
    expected = _PATTERNS.get(str(context.get("pattern")), "a name in the form that this key asks for")
    return "bad-name", f"{shown(value)} cannot be {'a key' if of_key else 'used'} here: write {expected}."


def _bad_word(value: object, context: Mapping[str, Any]) -> str:
    expected = str(context.get("expected", ""))
    words = [word.strip("' ") for word in expected.replace(" or ", ", ").split(", ")]
    if not isinstance(value, str):
        return f"One word is expected here: {', '.join(words)}."
    return f"{shown(value)} is not known here. {meant(value, words)}"


def _own_words(problem: ErrorDetails, context: Mapping[str, Any]) -> str:
    words = str(context.get("error") or problem["msg"])
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."


def _out_of_bounds(kind: str, context: Mapping[str, Any]) -> str | None:
    limits = {
        "string_too_short": "The text is empty: write at least {min_length} character.",
        "string_too_long": "The text is too long: at most {max_length} characters.",
        "too_short": "At least {min_length} entry is needed here.",
        "too_long": "At most {max_length} entries fit here.",
        "greater_than_equal": "The number must be {ge} or more.",
        "less_than_equal": "The number must be {le} or less.",
        "greater_than": "The number must be more than {gt}.",
        "less_than": "The number must be less than {lt}.",
    }
    return limits[kind].format(**context) if kind in limits else None


def _wrong_type(kinds: list[str], value: object) -> str:
    expected = dict.fromkeys(_TYPES.get(kind.split("_")[0], "another value") for kind in kinds)
    return f"Expected {' or '.join(expected)} here, but this is {_what_is(value)}."


def _what_is(value: object) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return f"{str(value).lower()} (put a text in quotes)"
        case int() | float():
            return f"the number {str(value)[:30]}"
        case str():
            return f"the text {shown(value)}"
        case list() | tuple():
            return "a list"
        case _:
            return "a group of keys"


_Model = TypeVar("_Model", bound=BaseModel)
_KEY = "[key]"
_LENGTH: Final = "Write it like PT48H (hours), P3D (days), P4M (months)."
_REMEDIES: Final = {
    "limit": _LENGTH, "every": _LENGTH, "delay": _LENGTH, "timeout": _LENGTH, "pause": _LENGTH, "extend": _LENGTH,
    "warn": "Write it like 50% or PT48H.",
}  # fmt: skip
"""What a value looks like, by its key."""
_EXAMPLES: Final = {
    "version": "version: 1", "uses": "uses: reporting.intake", "title": "title: What people read", "times": "times: 12",
    "label": 'label: "What is asked?"', "reason": 'reason: "Why it waits"', "steps": "steps:",
}  # fmt: skip
_FIRST: Final = ("role", "limit", "every", "any", "default", "until", "uses")
"""The key that somebody means who writes a value where keys with values belong."""


def fit(model: type[_Model], merged: Merged) -> tuple[_Model | None, list[Finding]]:
    """Return the record that the data makes, or None with what does not fit and where."""
    try:
        record = model.model_validate(merged.data)
    except ValidationError as error:
        return None, _findings(model, merged, error)
    findings = [_of_another_type(merged, path) for path in _coerced(merged.data, record.model_dump(by_alias=True), ())]
    return (None if findings else record), findings


def known_keys(model: type[BaseModel], path: Path) -> tuple[str, ...]:
    """List the keys that the model knows at a path of the data."""
    here: Any = model
    for key in path:
        here = _below(here, key)
    found = next((part for part in _parts(here) if _is_model(part)), None)
    return tuple(field.alias or name for name, field in found.model_fields.items()) if found else ()


def _findings(model: type[BaseModel], merged: Merged, error: ValidationError) -> list[Finding]:
    by_path: dict[Path, list[ErrorDetails]] = {}
    for problem in error.errors(include_url=False):
        by_path.setdefault(_path(merged.data, problem), []).append(problem)
    return [_finding(model, merged, path, problems) for path, problems in by_path.items()][:MOST_FINDINGS]


def _finding(model: type[BaseModel], merged: Merged, path: Path, problems: list[ErrorDetails]) -> Finding:
    problem = problems[0]
    if problem["type"] == "extra_forbidden":
        message = f'There is no key "{str(path[-1])[:60]}" here. {_meant_key(model, path, problem["input"])}'
        return merged.finding(path, "unknown-key", message, of_key=True)
    if problem["type"] == "missing":
        example = f", like {_EXAMPLES[str(path[-1])]}" if path[-1] in _EXAMPLES else ""
        message = f'The key "{path[-1]}" is missing here: add it{example}.'
        return merged.finding(path[:-1], "missing-key", message, of_key=True)
    of_key = problem["loc"][-1:] == (_KEY,)
    code, message = sentence(problems, of_key=of_key)
    remedy = _remedy(model, merged, path, problem["input"], of_key=of_key)
    return merged.finding(path, code, f"{message} {remedy}".rstrip(), of_key=of_key)


def _meant_key(model: type[BaseModel], path: Path, value: object) -> str:
    """Say which key is meant: one of the same name within a key that is there, or the nearest."""
    for key in known_keys(model, path[:-1]):
        inside = known_keys(model, (*path[:-1], key))
        if path[-1] in inside and path[-1] in _FIRST and not isinstance(value, dict):
            return f'It stands within "{key}": write {key}: {{{path[-1]}: {_written(value)}}}.'
    return meant(str(path[-1]), known_keys(model, path[:-1]))


def _remedy(model: type[BaseModel], merged: Merged, path: Path, value: object, *, of_key: bool) -> str:
    """Say how to write what was meant, where that can be told; empty where it cannot."""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return ""
    inside = next((key for key in _FIRST if key in known_keys(model, path)), None)
    if inside and not of_key:
        return f"Write {path[-1]}: {{{inside}: {_written(value)}}}."
    found = next((_REMEDIES[key] for key in path[:-3:-1] if isinstance(key, str) and key in _REMEDIES), "")
    if found or not isinstance(value, str):
        return found
    if of_key:
        slug = _slug(value)
        return f'Write "{slug}".' if slug and slug != value else ""
    return _meant_step(merged, value) if path[0] == "steps" else ""


def _meant_step(merged: Merged, value: str) -> str:
    """Name the step that is meant by its words or its type, or write several as a list."""
    steps = merged.data.get("steps")
    known = {key: step for key, step in steps.items() if isinstance(step, dict)} if isinstance(steps, dict) else {}
    if "," in value:
        return f"Several stand in brackets: [{', '.join(one.strip() for one in value.split(','))}]."
    of_type = next((key for key, step in known.items() if step.get("uses") == value), None)
    return f'Did you mean the step "{of_type or _slug(value)}"?' if of_type or _slug(value) in known else ""


def _slug(words: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")


def _written(value: object) -> str:
    return " ".join(str(value).split())[:40]


def _path(data: object, problem: ErrorDetails) -> Path:
    """Find the path of the data that a complaint is about: what the model wrapped or chose is not in the file."""
    found: list[str | int] = []
    for key in problem["loc"]:
        entries = dict(enumerate(data)) if isinstance(data, list) else data
        if isinstance(entries, Mapping) and key in entries:
            data = entries[key]
            found.append(key)
    if problem["type"] == "missing":
        found.append(str(problem["loc"][-1]))
    return tuple(found)


def _coerced(data: object, record: object, path: Path) -> Iterator[Path]:
    """Find values that the model took although they are of another type, like the text "3" for a number."""
    if isinstance(data, Mapping) and isinstance(record, Mapping):
        for key, value in data.items():
            if key in record:
                yield from _coerced(value, record[key], (*path, key))
    elif isinstance(record, tuple | list):
        values = data if isinstance(data, list) else [data]
        for index, value in enumerate(values[: len(record)]):
            yield from _coerced(value, record[index], (*path, index) if isinstance(data, list) else path)
    elif isinstance(data, str | int | float) and _is_another_type(data, record):
        yield path


def _is_another_type(data: str | float, record: object) -> bool:
    if not isinstance(record, bool | int | float) or type(data) is type(record):
        return False
    return not (isinstance(record, float) and type(data) is int)


def _of_another_type(merged: Merged, path: Path) -> Finding:
    problem = "The value is of another type than the key takes: numbers, true and false stand without quotes."
    return merged.finding(path, "wrong-type", problem)


def _below(annotation: Any, key: str | int) -> Any:  # noqa: ANN401 - annotations are of any type
    for part in _parts(annotation):
        if _is_model(part):
            for name, field in part.model_fields.items():
                if key in {field.alias, name}:
                    return field.annotation
        elif get_origin(part) is tuple and isinstance(key, int):
            return get_args(part)[0]
        elif isinstance(origin := get_origin(part), type) and issubclass(origin, Mapping):
            return get_args(part)[1]
    return None


def _parts(annotation: Any) -> Iterator[Any]:  # noqa: ANN401
    """Yield the types that an annotation allows; a single value also stands for a list of one."""
    if get_origin(annotation) is Annotated:
        yield from _parts(get_args(annotation)[0])
    elif get_origin(annotation) is tuple or annotation is None or isinstance(annotation, type):
        yield annotation
        if get_origin(annotation) is tuple:
            yield from _parts(get_args(annotation)[0])
    elif isinstance(origin := get_origin(annotation), type) and issubclass(origin, Mapping):
        yield annotation
    else:
        for part in get_args(annotation):
            yield from _parts(part)


def _is_model(part: Any) -> bool:  # noqa: ANN401
    return isinstance(part, type) and issubclass(part, BaseModel)
