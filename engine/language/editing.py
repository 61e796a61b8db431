"""The text of a definition: changing single values line by line, and what differs between two texts."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, Final, NamedTuple

import yaml

from engine.language.yaml_files import Path, Plain, ValuePlace, YamlDocument, read_yaml

_LONGEST: Final = 100


class UneditableError(ValueError):
    """The text cannot be read, so that nothing in it can be changed by a form."""


def with_value(text: str, path: Path, value: Plain, *, inherited: Mapping[str, Any] | None = None) -> str:
    """Return the text with another value at a path; what leads there is added where it is missing.

    `inherited` is what the definition extends, merged: of a list that comes from there the whole is written out, for
    lists are replaced and never merged. Raises `UneditableError`.
    """
    document = _read(text)
    whole = _list_around(document, path, inherited or {})
    if whole is not None:
        at, items = whole
        return with_value(text, at, _changed(items, path[len(at) :], value), inherited=inherited)
    if path in document.places:
        return _replaced(document, path, value)
    if isinstance(path[-1], int) and isinstance(value_at(document.data, path[:-1]), list):
        return _appended(document, path, value)
    known = max((path[:length] for length in range(len(path)) if _is_mapping(document, path[:length])), key=len)
    wrapped = value
    for key in reversed(path[len(known) + 1 :]):
        wrapped = {str(key): wrapped}
    below = (*known, path[len(known)])
    return _replaced(document, below, wrapped) if below in document.places else _added(document, known, below, wrapped)


def without(text: str, path: Path, *, inherited: Mapping[str, Any] | None = None) -> str:
    """Return the text without the value at a path; what is inherited there is taken out by `null`."""
    document = _read(text)
    whole = _list_around(document, path, inherited or {})
    if whole is not None and len(path) > len(whole[0]):
        at, items = whole
        return with_value(text, at, _changed(items, path[len(at) :], _GONE), inherited=inherited)
    if path in document.places:
        text = _cut(document, path)
    in_list = any(isinstance(key, int) for key in path)
    return with_value(text, path, None, inherited=inherited) if not in_list and _has(inherited or {}, path) else text


def moved(text: str, path: Path, to: int, *, inherited: Mapping[str, Any] | None = None) -> str:
    """Return the text with an entry of a list at another place in it, with the comments above and beside it.

    Raises `UneditableError`.
    """
    document, at, number = _read(text), path[:-1], path[-1]
    assert isinstance(number, int)  # noqa: S101 - an entry of a list
    whole = _list_around(document, path, inherited or {})
    if whole is not None:
        return with_value(text, at, _in_order(whole[1], number, to), inherited=inherited)
    slots, after = [], 0
    for index in range(len(value_at(document.data, at))):
        slots.append(_slot(document, (*at, index), after))
        after = slots[-1][1]
    entries = _in_order([text[start:end] for start, end in slots], number, to)
    for (start, end), entry in zip(reversed(slots), reversed(entries), strict=True):
        text = f"{text[:start]}{entry}{text[end:]}"
    return text


def _in_order(items: list[Any], number: int, to: int) -> list[Any]:
    rest = [*items[:number], *items[number + 1 :]]
    return [*rest[:to], items[number], *rest[to:]]


def _slot(document: YamlDocument, path: Path, after: int) -> tuple[int, int]:
    """Return where an entry of a list begins and ends: in a block with its whole lines, and the comments above it."""
    text, start, end = document.text, document.places[path].start, _end(document, path)
    if document.places[path[:-1]].style:
        return start, end
    start, end = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    while (above := text.rfind("\n", 0, start - 1) + 1) > after and text[above:start].lstrip().startswith("#"):
        start = above
    return start, len(text) if end < 0 else end


def value_at(data: object, path: Path) -> Any:  # noqa: ANN401 - whatever stands there
    """Return what stands at a path of plain data; None where nothing does."""
    for key in path:
        if isinstance(data, Mapping):
            data = data.get(key)
        elif isinstance(data, list) and isinstance(key, int) and key < len(data):
            data = data[key]
        else:
            return None
    return data


_GONE: Final = object()


def _read(text: str) -> YamlDocument:
    document = read_yaml(text, file="definition.yaml")
    if not isinstance(document.data, dict):
        raise UneditableError(str(document.findings[0]) if document.findings else "")
    return document


def _has(data: Mapping[str, Any], path: Path) -> bool:
    return bool(path) and value_at(data, path) is not None


def _is_mapping(document: YamlDocument, path: Path) -> bool:
    return isinstance(value_at(document.data, path), dict) or not path


def _list_around(document: YamlDocument, path: Path, inherited: Mapping[str, Any]) -> tuple[Path, list[Any]] | None:
    """Return the inherited list that a path leads into, if the text has none of its own there yet."""
    for length, key in enumerate(path):
        if isinstance(key, int) and path[:length] not in document.places:
            found = value_at(inherited, path[:length])
            return path[:length], list(found) if isinstance(found, list) else []
    return None


def _changed(items: list[Any], path: Path, value: object) -> Plain:
    """Return a copy of a list with one value in it changed, added or taken out."""
    copied: Any = deepcopy(items)
    inside = copied
    for key in path[:-1]:
        inside = inside[key]
    last = path[-1]
    if value is _GONE:
        del inside[last]
    elif isinstance(inside, list) and isinstance(last, int) and last >= len(inside):
        inside.append(value)
    else:
        inside[last] = value
    found: Plain = copied
    return found


def _replaced(document: YamlDocument, path: Path, value: Plain) -> str:
    text, place = document.text, document.places[path]
    start, end = place.start, _end(document, path)
    if place.style == "" and isinstance(value_at(document.data, path), dict | list):
        start = text.rindex(":", 0, start) + 1 if isinstance(path[-1], str) else start
        start = _after_key(document, path, start)
        return f"{text[:start]} {_flow(value)}{text[end:]}"
    before = " " if text[start - 1 : start] == ":" else ""
    is_inside = len(path) > 1 and bool(document.places[path[:-1]].style)
    return f"{text[:start]}{before}{_inside(value) if is_inside else _flow(value)}{text[end:]}"


def _after_key(document: YamlDocument, path: Path, fallback: int) -> int:
    """Return where the colon after a key ends."""
    if not isinstance(path[-1], str):
        return fallback
    place = document.places[path]
    begin = _line_start(document.text, place.key_line) + place.key_column - 1
    return document.text.index(":", begin + len(path[-1])) + 1


def _added(document: YamlDocument, parent: Path, path: Path, value: Plain) -> str:
    text, place = document.text, document.places[parent]
    if place.style == "{":
        end = place.end - 1
        inside = text[:end].rstrip()
        comma = "" if inside.endswith("{") else ", "
        return f"{inside}{comma}{path[-1]}: {_inside(value)}{text[end:]}"
    first = next(document.places[known] for known in document.places if known[:-1] == parent and known != parent)
    indent = " " * (first.key_column - 1)
    end = text.find("\n", _end(document, parent))
    end = len(text) if end < 0 else end
    return f"{text[:end]}\n{_lines(str(path[-1]), value, indent)}{text[end:] or chr(10)}"


def _appended(document: YamlDocument, path: Path, value: Plain) -> str:
    """Put a value at the end of a list that the text has."""
    text, place = document.text, document.places[path[:-1]]
    if place.style:
        end = place.end - 1
        inside = text[:end].rstrip()
        return f"{inside}{'' if inside.endswith('[') else ', '}{_inside(value)}{text[end:]}"
    column = document.places[*path[:-1], 0].column
    end = text.find("\n", _end(document, path[:-1]))
    end = len(text) if end < 0 else end
    return f"{text[:end]}\n{' ' * (column - 3)}- {_flow(value)}{text[end:] or chr(10)}"


def _lines(key: str, value: Plain, indent: str) -> str:
    """Write a key with its value on one line, or each of its own keys on one where that would get long."""
    line = f"{indent}{key}: {_flow(value)}"
    if len(line) <= _LONGEST or not isinstance(value, dict):
        return line
    return "\n".join([f"{indent}{key}:", *(_lines(name, inner, f"{indent}  ") for name, inner in value.items())])


def _cut(document: YamlDocument, path: Path) -> str:
    text, parent = document.text, document.places[path[:-1]]
    siblings = [one for one in document.places if one[:-1] == path[:-1] and len(one) == len(path)]
    if len(siblings) == 1 and len(path) > 1:
        return _cut(document, path[:-1])
    start, end = _key_start(document, path), _end(document, path)
    if parent.style in {"{", "["}:
        number = siblings.index(path)
        if number + 1 < len(siblings):
            return text[:start] + text[_key_start(document, siblings[number + 1]) :]
        return text[: _end(document, siblings[number - 1])] + text[end:]
    line, after = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    return text[:line] + (text[after + 1 :] if after >= 0 else "")


def _key_start(document: YamlDocument, path: Path) -> int:
    place = document.places[path]
    return _line_start(document.text, place.key_line) + place.key_column - 1


def _end(document: YamlDocument, path: Path) -> int:
    """Return where a value ends: for a block, where the last value in it does, without what follows as a comment."""
    place = document.places[path]
    if not _is_block(document, path, place):
        return place.start + len(document.text[place.start : place.end].rstrip())
    inside = (known for known in document.places if known[:-1] == path and len(known) == len(path) + 1)
    return max((_end(document, known) for known in inside), default=place.end)


def _is_block(document: YamlDocument, path: Path, place: ValuePlace) -> bool:
    return place.style == "" and isinstance(value_at(document.data, path), dict | list)


def _line_start(text: str, line: int) -> int:
    start = 0
    for _ in range(line - 1):
        start = text.index("\n", start) + 1
    return start


def _flow(value: Plain) -> str:
    """Write a value on one line, quoted where it needs to be."""
    written = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=1_000_000, sort_keys=False)
    return str(written).removesuffix("\n...\n").strip()


def _inside(value: Plain) -> str:
    """Write a value within braces or brackets, where a comma ends it."""
    return _flow([value]).removeprefix("[").removesuffix("]")


WEIGHTY: Final = frozenset({
    "after", "approve", "assign", "at_least", "at_most", "channels", "close", "counting", "exclude", "gates", "holds",
    "ladder", "law", "levels", "limit", "limits", "repeat", "role", "roles", "rules", "time", "to", "until", "warn",
    "week", "weekend", "when",
})  # fmt: skip
"""Parts of a definition by which people are told, held back or given time: what differs in them is shown first."""
_OWN_NAMES: Final = ("id", "key", "name", "level", "date", "class")
_LONGEST_DIFFERENCES: Final = 300


class Difference(NamedTuple):
    """One line that differs: where, what stood there and what would; empty where there was or would be nothing."""

    where: str
    before: str
    after: str
    is_weighty: bool


def differences(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """List what differs between two flattened definitions, what weighs most first; the version alone is none.

    With no `before` everything is new.
    """
    old, new = dict(_leaves(before, ())) if before else {}, dict(_leaves(after, ()))
    found = [
        Difference(" / ".join(path), _short(old.get(path, "")), _short(new.get(path, "")), not WEIGHTY.isdisjoint(path))
        for path in dict.fromkeys((*old, *new))
        if path != ("version",) and old.get(path) != new.get(path)
    ]
    return tuple(sorted(found, key=lambda one: not one.is_weighty))


def _leaves(value: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _leaves(inner, (*path, str(key)))
    elif isinstance(value, Sequence) and not isinstance(value, str) and any(_is_whole(one) for one in value):
        for name, inner in zip(_names(value), value, strict=True):
            yield from _leaves(inner, (*path, name))
    else:
        yield path, _in_words(value)


def _is_whole(value: object) -> bool:
    return isinstance(value, Mapping | list | tuple)


def _names(values: Sequence[object]) -> list[str]:
    """Call the parts of a list by their own names, so that one that is put in moves none; by number where two share."""
    own = [_name_of(value) for value in values]
    if "" in own or len(set(own)) < len(own):
        return [str(number) for number in range(1, len(own) + 1)]
    return own


def _name_of(value: object) -> str:
    found = (value.get(name) for name in _OWN_NAMES) if isinstance(value, Mapping) else ()
    return next((str(name) for name in found if isinstance(name, str | int)), "")


def _in_words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping) or value is None or value in ((), []):
        return "nothing"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _short(said: str) -> str:
    return said if len(said) <= _LONGEST_DIFFERENCES else f"{said[:_LONGEST_DIFFERENCES]}…"
