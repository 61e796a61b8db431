"""Whether a file's data has the shape that a model asks for, told in findings and plain words."""

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, Final, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from engine.language.findings import Finding
from engine.language.merged import Merged
from engine.language.names import meant, nearest, shown
from engine.language.shape_words import example_of, remedy_of, sentence, slug_of, written
from engine.language.yaml_files import Path
from engine.language.yaml_text import MOST_FINDINGS

_Model = TypeVar("_Model", bound=BaseModel)
_KEY = "[key]"
_FIRST: Final = ("role", "limit", "every", "any", "default", "until", "uses", "on")
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
    extra = [path for path, problems in by_path.items() if problems[0]["type"] == "extra_forbidden"]
    misspelt = {(*path[:-1], nearest(str(path[-1]), _keys_in_file(model, path[:-1]))) for path in extra}
    return [
        _finding(model, merged, path, problems)
        for path, problems in by_path.items()
        if not _follows(path, problems[0], misspelt)
    ][:MOST_FINDINGS]


def _follows(path: Path, problem: ErrorDetails, misspelt: Collection[Path]) -> bool:
    """Whether a problem goes with another one: the key was misspelt, or the entries of a list do not fit."""
    context = problem.get("ctx") or {}
    if problem["type"] == "too_short":
        return bool(len(problem["input"]) >= context["min_length"])
    return problem["type"] == "missing" and (path in misspelt or (("extends",) in misspelt and len(path) == 1))


def _finding(model: type[BaseModel], merged: Merged, path: Path, problems: list[ErrorDetails]) -> Finding:
    problem = problems[0]
    if problem["type"] == "extra_forbidden":
        message = f'There is no key "{str(path[-1])[:60]}" here. {_meant_key(model, path, problem["input"])}'
        return merged.finding(path, "unknown-key", message, of_key=True)
    if problem["type"] == "missing":
        return merged.finding(path[:-1], "missing-key", _missing(merged, path), of_key=True)
    of_key = problem["loc"][-1:] == (_KEY,)
    code, message = sentence(problems, of_key=of_key)
    remedy = _remedy(model, merged, path, problems, of_key=of_key)
    return merged.finding(path, code, f"{message} {remedy}".rstrip(), of_key=of_key)


_NAME_AND_KEY = 3


def _missing(merged: Merged, path: Path) -> str:
    """Say which key is missing; in a file that extends another, also which inherited name may be meant."""
    like = example_of(path[-1])
    group, name, key = map(str, path) if len(path) == _NAME_AND_KEY else ("", "", str(path[-1]))
    others = {
        str(one[1]) for one, owner in merged.owners.items() if one[:1] == (group,) != one and owner is not merged.main
    }
    if not name or name in others or not merged.is_extending:
        return f'The key "{key}" is missing here: add it{like}.'
    problem = f"What this file extends has no {group.removesuffix('s')} {shown(name)}."
    if near := nearest(name, others):
        return f'{problem} Did you mean "{near}"? A new one needs the key "{key}": add it{like}.'
    return f'{problem} So the key "{key}" is missing here: add it{like}.'


def _keys_in_file(model: type[BaseModel], path: Path) -> frozenset[str]:
    """Return the keys that somebody may write at a path: `extends` goes before the model, `is_whole` comes after it."""
    keys = frozenset(known_keys(model, path))
    return keys - {"is_whole"} | {"extends"} if not path and "is_whole" in keys else keys


def _meant_key(model: type[BaseModel], path: Path, value: object) -> str:
    """Say which key is meant: one of the same name within a key that is there, or the nearest."""
    for key in known_keys(model, path[:-1]):
        inside = known_keys(model, (*path[:-1], key))
        if path[-1] in inside and path[-1] in _FIRST and not isinstance(value, dict):
            return f'It stands within "{key}": write {key}: {{{path[-1]}: {written(value)}}}.'
    return meant(str(path[-1]), _keys_in_file(model, path[:-1]))


def _remedy(model: type[BaseModel], merged: Merged, path: Path, problems: list[ErrorDetails], *, of_key: bool) -> str:
    """Say how to write what was meant, where that can be told; empty where it cannot."""
    value, kind = problems[0]["input"], problems[0]["type"]
    if of_key:
        slug = slug_of(str(value))
        return f'Write "{slug}".' if slug and slug != value else ""
    inside = next((key for key in _FIRST if key in known_keys(model, path)), None)
    if kind.endswith("_type"):
        if inside and (_is_plain(value) or isinstance(value, bool) or value == []):
            whole = f"{{{inside}: {written(value) if _is_plain(value) else '…'}}}"
            return f"Write {whole}." if isinstance(path[-1], int) else f"Write {path[-1]}: {whole}."
        return remedy_of([problem["type"] for problem in problems], path, value)
    if kind == "too_short":
        return f"Write it{example_of(path[-1])}." if example_of(path[-1]) else ""
    return _meant_step(merged, value) if isinstance(value, str) and path[0] == "steps" else ""


def _is_plain(value: object) -> bool:
    """Whether a value is a word or a number, or a list of these."""
    if isinstance(value, list):
        return bool(value) and all(_is_plain(one) for one in value)
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _meant_step(merged: Merged, value: str) -> str:
    """Name the step that is meant by its words or its type, or write several as a list."""
    steps = merged.data.get("steps")
    known = {key: step for key, step in steps.items() if isinstance(step, dict)} if isinstance(steps, dict) else {}
    if "," in value:
        return f"Several stand in brackets: [{', '.join(one.strip() for one in value.split(','))}]."
    of_type = next((key for key, step in known.items() if step.get("uses") == value), None)
    return f'Did you mean the step "{of_type or slug_of(value)}"?' if of_type or slug_of(value) in known else ""


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
