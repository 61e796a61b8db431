"""Where a file uses the parameters, conditions and starts that it names, and how one of them gets another name."""

import re
from collections.abc import Iterator

from engine.language.editing import UneditableError, value_at, with_value
from engine.language.short_forms import CONDITIONS, PARAMETER, is_asked_in, with_names
from engine.language.yaml_files import Path, Plain, YamlDocument, read_yaml


def used_at(group: str, name: str, data: dict[str, Plain]) -> Iterator[Path]:
    """Yield where conditions, and what steps come after or count from, name something that a file names in a group."""
    for path, text in texts(data, ()):
        if group == "parameters":
            if uses(group, name, path, text):
                yield path
            continue
        key = next(str(one) for one in reversed(path) if isinstance(one, str))
        is_condition = key in CONDITIONS or path[0] == "conditions" or path[-2:-1] == ("sets",)
        is_start = key in {"after", "all", "any", "of", "also", "from", "not_before"} and group != "conditions"
        named = is_asked_in(text, name) if is_condition else is_start and text == name
        if named and path[:2] != (group, name):
            yield path


def renamed(text: str, group: str, name: str, new: str) -> str:
    """Return a text with another name for a condition or a start, where it is given and wherever it is used.

    Everything else stays as it is written. Raises `UneditableError`.
    """
    document = read_yaml(text, file="definition.yaml")
    if not isinstance(document.data, dict) or (group, name) not in document.places:
        raise UneditableError(name)
    wanted = {
        path: with_names(value_at(document.data, path), {name: new}) for path in used_at(group, name, document.data)
    }
    spans = [(document.places[path].start, document.places[path].end) for path in wanted]
    for start, end in sorted((*spans, _of_key(document, (group, name))), reverse=True):
        text = f"{text[:start]}{_named_anew(text[start:end], name, new)}{text[end:]}"
    for path, value in wanted.items():
        if value_at(read_yaml(text, file="definition.yaml").data, path) != value:
            text = with_value(text, path, value)
    return text


def uses(group: str, name: str, path: Path, text: str) -> bool:
    """Whether a text names a short form, other than where that is given."""
    if name not in text or path[:2] == (group, name):
        return False
    if group == "parameters":
        return name in PARAMETER.findall(text)
    return is_asked_in(text, name) if group == "conditions" else text == name


def texts(value: Plain, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield every text of a file with its place."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from texts(one, (*path, key))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from texts(one, (*path, number))


def _of_key(document: YamlDocument, path: Path) -> tuple[int, int]:
    """Return where a key begins and the value after it does."""
    place = document.places[path]
    before = sum(len(line) + 1 for line in document.text.split("\n")[: place.key_line - 1])
    return before + place.key_column - 1, document.text.index(":", before + place.key_column - 1)


def _named_anew(written: str, name: str, new: str) -> str:
    """Return what is written with another name, but for what stands in quotes within it."""
    pattern = re.compile(rf"(?<![\w.]){re.escape(name)}(?![\w(])")
    quoted = r"""(\\"[^"]*")""" if written.startswith('"') else r"""("[^"]*")"""
    parts = re.split(quoted, written)
    return "".join(part if number % 2 else pattern.sub(new, part) for number, part in enumerate(parts))
