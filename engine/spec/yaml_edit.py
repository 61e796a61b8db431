"""Change one value in a definition file and leave every other character, comments and order included, as it was."""

from engine.errors import DefinitionError
from engine.spec.nearest import shown
from engine.spec.yaml_files import YamlDocument, read_yaml
from engine.spec.yaml_nodes import Path, Place, Plain
from engine.spec.yaml_render import render_block, render_inline

_FILE = "definition"


def edit_yaml(text: str, path: Path, value: Plain) -> str:
    """Return the text with the value at `path` set; a key that is not there yet is added at the end of its mapping.

    Mappings are changed key by key, so comments between their keys stay. Raises `DefinitionError` for a text that is no
    sound YAML, or a path that leads nowhere.
    """
    document = _read(text)
    found = _at(document, path)
    if found is _MISSING:
        return _checked(_added(document, path, value), path, value)
    if repr(found) == repr(value):
        return text
    if isinstance(found, dict) and isinstance(value, dict) and found and value:
        return _edit_mapping(text, path, found, value)
    if isinstance(found, list) and isinstance(value, list) and len(found) == len(value):
        for number, item in enumerate(value):
            text = edit_yaml(text, (*path, number), item)
        return text
    return _checked(_replaced(document, path, value), path, value)


def remove_yaml(text: str, path: Path) -> str:
    """Return the text without the key at `path`; raises `DefinitionError` when there is no such key."""
    document = _read(text)
    if not path or _at(document, path) is _MISSING:
        raise _nowhere(path)
    parent = _at(document, path[:-1])
    if isinstance(parent, list):
        kept: list[Plain] = [item for number, item in enumerate(parent) if number != path[-1]]
        return edit_yaml(text, path[:-1], kept)
    if not isinstance(parent, dict) or len(parent) == 1:
        return _checked(_replaced(document, path[:-1], {}), path[:-1], {})
    place, enclosing = document.places[path], document.places[path[:-1]]
    start, end = _offset(text, place.key_line, place.key_column), _end(document, path)
    if enclosing.style == "{":
        return _checked(_without_flow(text, start, end), path, _MISSING)
    return _checked(_without_block(text, start, end), path, _MISSING)


class _Missing:
    """The type of what is not there."""


_MISSING = _Missing()


def _edit_mapping(text: str, path: Path, found: dict[str, Plain], value: dict[str, Plain]) -> str:
    for key, item in value.items():
        text = edit_yaml(text, (*path, key), item)
    for key in found:
        if key not in value:
            text = remove_yaml(text, (*path, key))
    return text


def _read(text: str) -> YamlDocument:
    document = read_yaml(text, file=_FILE)
    if document.findings:
        first = document.findings[0]
        raise DefinitionError(
            name="The text", count=len(document.findings), where=f"{first.line}:{first.column}", first=first.message
        )
    return document


def _at(document: YamlDocument, path: Path) -> Plain | _Missing:
    found: Plain = document.data
    for key in path:
        entries: dict[str | int, Plain] = {}
        if isinstance(found, dict | list):
            entries = dict(found.items() if isinstance(found, dict) else enumerate(found))
        if key not in entries:
            return _MISSING
        found = entries[key]
    return found


def _replaced(document: YamlDocument, path: Path, value: Plain) -> str:
    text, place = document.text, document.places[path]
    start, end = place.start, _end(document, path)
    is_block = _is_block(document, path, place)
    if is_block and isinstance(value, dict | list) and value:
        return text[:start] + render_block(value, place.column - 1).lstrip(" ") + text[end:]
    words = render_inline(value)
    if is_block:
        start = len(text[:start].rstrip(" \n"))
    gap = " " if start and text[start - 1] == ":" else ""
    return text[:start] + gap + words + text[end:]


def _is_block(document: YamlDocument, path: Path, place: Place) -> bool:
    return isinstance(_at(document, path), dict | list) and place.style != "{"


def _added(document: YamlDocument, path: Path, value: Plain) -> str:
    parent = _at(document, path[:-1]) if path else _MISSING
    if not isinstance(parent, dict) or not isinstance(path[-1], str):
        raise _nowhere(path)
    text, place = document.text, document.places[path[:-1]]
    end, key = _end(document, path[:-1]), render_inline(path[-1])
    if place.style == "{":
        body = text[: end - 1].rstrip()
        comma = "" if body.endswith(("{", ",")) else ", "
        return f"{body}{comma}{key}: {render_inline(value)}{text[len(body) : end - 1].rstrip(' ')}{text[end - 1 :]}"
    indent = place.column - 1
    line_end = text.find("\n", end)
    head, tail = (text, "") if line_end < 0 else (text[:line_end], text[line_end:])
    if isinstance(value, dict | list) and value:
        return f"{head}\n{' ' * indent}{key}:\n{render_block(value, indent + 2)}{tail or chr(10)}"
    return f"{head}\n{' ' * indent}{key}: {render_inline(value)}{tail or chr(10)}"


def _end(document: YamlDocument, path: Path) -> int:
    """Return where a value really ends: before the comments and empty lines that follow it."""
    place = document.places[path]
    if _is_block(document, path, place):
        length = len(path)
        inner = [known for known in document.places if len(known) == length + 1 and known[:length] == path]
        return max(_end(document, known) for known in inner)
    if place.style in {"|", ">"}:
        return place.start + len(document.text[place.start : place.end].rstrip())
    return place.end


def _without_block(text: str, start: int, end: int) -> str:
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    after = len(text) if line_end < 0 else line_end + 1
    before = text[line_start:start]
    if before.strip():
        rest = text[after:]
        return text[:start] + rest.lstrip(" ")
    return text[:line_start] + text[after:]


def _without_flow(text: str, start: int, end: int) -> str:
    rest = text[end:]
    if rest.lstrip().startswith(","):
        return text[:start] + rest.lstrip()[1:].lstrip()
    return text[:start].rstrip(" \n").removesuffix(",") + rest


def _offset(text: str, line: int, column: int) -> int:
    start = 0
    for _ in range(line - 1):
        start = text.index("\n", start) + 1
    return start + column - 1


def _checked(text: str, path: Path, value: Plain | _Missing) -> str:
    """Read the result back, so that no edit can do anything else than it says."""
    if _at(_read(text), path) != value:
        raise _nowhere(path)
    return text


def _nowhere(path: Path) -> DefinitionError:
    where = ".".join(map(str, path))
    return DefinitionError(name="The text", count=1, where=shown(where), first="this value cannot be changed here.")
