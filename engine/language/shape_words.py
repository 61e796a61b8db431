"""What the shape of a value should be, in sentences: what is expected, what stands there, how it is written."""

import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import ErrorDetails

from engine.language.names import ChoiceCode, Id, JurisdictionCode, Name, StepTypeKey, meant, shown
from engine.language.yaml_files import Path
from engine.language.yaml_text import foreign_letter

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
            return f"{str(value).lower()}"
        case int() | float():
            return f"the number {str(value)[:30]}"
        case str():
            return f"the text {shown(value)}"
        case list() | tuple():
            return "a list"
        case _:
            return "a group of keys"


_LENGTH: Final = "Write it like PT48H (hours), P3D (days), P4M (months)."
_REMEDIES: Final = {
    "limit": _LENGTH, "every": _LENGTH, "delay": _LENGTH, "timeout": _LENGTH, "pause": _LENGTH, "extend": _LENGTH,
    "wait": _LENGTH, "time_out": _LENGTH, "opens_before": _LENGTH, "opens_after": _LENGTH,
    "warn": "Write it like 50% or PT48H.", "ladder": "Write the name of a ladder, like ladder: standard.",
}  # fmt: skip
"""What a value looks like, by its key."""
_EXAMPLES: Final = {
    "version": "version: 1", "uses": "uses: reporting.intake", "title": "title: What people read", "times": "times: 12",
    "label": 'label: "What is asked?"', "reason": 'reason: "Why it waits"', "type": "type: bool",
    "steps": "steps: {ask: {uses: core.ask}}", "holds": "holds: [ask]", "until": "until: 'ask.outcome == \"done\"'",
    "choices": 'choices: {yes: "Yes", no: "No"}',
}  # fmt: skip
_MAPPING, _LIST, _TEXT = frozenset({"dict", "model", "mapping"}), frozenset({"tuple", "list"}), frozenset({"string"})


def example_of(key: object) -> str:
    """Show how a key is written, as the end of a sentence that asks for it."""
    return f", like {_EXAMPLES[str(key)]}" if str(key) in _EXAMPLES else ""


def remedy_of(kinds: list[str], path: Path, value: object) -> str:
    """Say how a value of another type is written instead, where that can be told; empty where it cannot."""
    key = next((str(one) for one in reversed(path) if isinstance(one, str)), "")
    expected = {kind.split("_")[0] for kind in kinds}
    if key in _REMEDIES and value is not None and not (expected <= _LIST or expected & _MAPPING):
        return _REMEDIES[key]
    if value is None:
        return "Give it a value, or take it out."
    if expected <= _TEXT and isinstance(value, bool | int | float):
        return f'Put it in quotes: "{written(value)}".'
    if expected <= _LIST:
        return "Write a hyphen before each entry." if isinstance(value, dict) else f"Write {key}: [{written(value)}]."
    if expected <= _MAPPING and isinstance(value, list) and any(isinstance(one, dict) for one in value):
        return f'Each has its name here: take the hyphen out before it, like "{_first(value)}:".'
    return f"Write it{example_of(key)}." if expected <= _MAPPING and key in _EXAMPLES else ""


def _first(entries: list[Any]) -> str:
    return next((str(key) for entry in entries if isinstance(entry, dict) for key in entry), "name")


def slug_of(words: str) -> str:
    """Make an id of words: `Safety plan` gives `safety_plan`."""
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")


def written(value: object) -> str:
    """Write a short value as it stands in a file."""
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"[:60]
    return (str(value).lower() if isinstance(value, bool) else " ".join(str(value).split()))[:40]
