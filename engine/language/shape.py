"""Whether a file's data has the shape that a model asks for, told in findings."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from engine.language.findings import Finding
from engine.language.merged import Merged
from engine.language.nearest import meant
from engine.language.shape_words import sentence
from engine.language.yaml_nodes import Path
from engine.language.yaml_text import MOST_FINDINGS

_Model = TypeVar("_Model", bound=BaseModel)
_KEY = "[key]"


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
        message = f'There is no key "{str(path[-1])[:60]}" here. {meant(str(path[-1]), known_keys(model, path[:-1]))}'
        return merged.finding(path, "unknown-key", message, of_key=True)
    if problem["type"] == "missing":
        return merged.finding(path[:-1], "missing-key", f'The key "{path[-1]}" is missing here.', of_key=True)
    of_key = problem["loc"][-1:] == (_KEY,)
    code, message = sentence(problems, of_key=of_key)
    return merged.finding(path, code, message, of_key=of_key)


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
