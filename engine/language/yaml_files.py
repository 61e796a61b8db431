"""Strict reading of definition files: plain data with a place for every value, and findings instead of exceptions."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Any, Protocol

import yaml
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from engine.language.findings import Finding
from engine.language.yaml_text import (
    LARGEST_BYTES,
    MOST_FINDINGS,
    decode,
    foreign_letter,
    hidden_character,
    syntax_problem,
)

DEEPEST = 30
MOST_NODES = 12_000

Path = tuple[str | int, ...]
Plain = str | int | float | bool | None | list["Plain"] | dict[str, "Plain"]

_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)", re.ASCII)
_DECIMAL = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?", re.ASCII)
_NO_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_LONGEST_NUMBER = 18


class ParserMark(Protocol):
    """A place in the text as the parser counts it: from 0."""

    line: int
    column: int
    index: int


@dataclass(frozen=True, slots=True)
class ValuePlace:
    """Where one value stands: its first line and column (from 1), its first and last character, how it is written."""

    line: int
    column: int
    key_line: int
    key_column: int
    start: int
    end: int
    style: str


class _StopReadingError(Exception):
    """Ends the reading of a file that is hopeless; the finding is already recorded."""


class NodeReader:
    """Reads one document of a text into `data`, `places` and `findings`."""

    def __init__(self, text: str, file: str) -> None:
        self.data: Plain = None
        self.is_whole = False
        self.places: dict[Path, ValuePlace] = {}
        self.findings: list[Finding] = []
        self._file = file
        self._text = text
        self._nodes = 0
        self._events: Iterator[Any] = yaml.parse(text, Loader=yaml.CSafeLoader)

    def read(self) -> None:
        """Read the text; afterwards `is_whole` says whether `data` holds all of it."""
        try:
            self._read_document()
            self.is_whole = True
        except _StopReadingError:
            return
        except MarkedYAMLError as error:
            line, column, problem = syntax_problem(error, self._text)
            lines = self._text.splitlines()
            if line > len(lines):  # the parser puts the end of a text on a line of its own
                line, column = (len(lines), len(lines[-1]) + 1) if lines else (1, 1)
            self._add(line, column, "yaml-syntax", problem)
        except (YAMLError, ValueError, RecursionError) as error:
            self._add(1, 1, "yaml-syntax", f"This is not YAML that can be read ({type(error).__name__}).")

    def _read_document(self) -> None:
        documents = 0
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._stop(
                        event.start_mark, "several-documents", "A second document starts here: one file holds one."
                    )
                if event.version or event.tags:
                    self._stop(event.start_mark, "directive", "Lines that begin with % are not used here: take it out.")
                self.data = self._value(next(self._events), (), None, 0)

    def _value(self, event: Any, path: Path, key: Any, depth: int) -> Plain:  # noqa: ANN401 - the parser's event
        self._count(event, depth)
        self._refuse_extras(event)
        place = self._empty_place(event, key) or _place(event, key)
        self.places[path] = place
        if isinstance(event, MappingStartEvent):
            value, end = self._mapping(path, depth)
        elif isinstance(event, CollectionStartEvent):
            value, end = self._sequence(path, depth)
        else:
            return self._scalar(event)
        self.places[path] = replace(place, end=end.index)
        return value

    def _empty_place(self, event: Any, key: Any) -> ValuePlace | None:  # noqa: ANN401
        """Place an empty value after its key: the parser puts it wherever the next key begins."""
        if key is None or not isinstance(event, ScalarEvent) or event.value or event.style:
            return None
        begin, end = key.start_mark, key.end_mark
        colon = self._text.find(":", end.index)
        if colon < 0:
            return None
        after = (begin.line + 1, begin.column + 1 + colon + 1 - begin.index)
        return ValuePlace(*after, begin.line + 1, begin.column + 1, colon + 1, colon + 1, "")

    def _count(self, event: Any, depth: int) -> None:  # noqa: ANN401
        self._nodes += 1
        if depth > DEEPEST:
            self._stop(event.start_mark, "too-deep", f"Values are nested more than {DEEPEST} deep here.")
        if self._nodes > MOST_NODES:
            self._stop(event.start_mark, "too-large", f"The file has more than {MOST_NODES:,} values: split it.")

    def _mapping(self, path: Path, depth: int) -> tuple[Plain, ParserMark]:
        found: dict[str, Plain] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            name = self._key(event, found)
            value = self._value(next(self._events), (*path, name), event, depth + 1)
            found[name] = value
        return found, event.end_mark

    def _sequence(self, path: Path, depth: int) -> tuple[Plain, ParserMark]:
        found: list[Plain] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            found.append(self._value(event, (*path, len(found)), None, depth + 1))
        return found, event.end_mark

    def _key(self, event: Any, found: dict[str, Plain]) -> str:  # noqa: ANN401
        if not isinstance(event, ScalarEvent):
            self._stop(event.start_mark, "key-not-text", "A key must be a plain word.")
        self._refuse_extras(event)
        name = str(event.value)
        if not isinstance(self._scalar(event, report=False), str) or name == "<<":
            self._at(event, "key-not-text", f'"{name[:40]}" is no text as it stands: put the key in quotes.')
        elif letter := foreign_letter(name):
            self._at(event, "look-alike", f"This key holds {letter}: keys are written in plain a to z.")
        elif name in found:
            self._at(event, "duplicate-key", f'The key "{name[:40]}" stands here a second time: keep one of them.')
        return name

    def _refuse_extras(self, event: Any) -> None:  # noqa: ANN401
        if isinstance(event, AliasEvent):
            self._stop(event.start_mark, "alias", "An alias (*) stands here: write the value out.")
        if event.anchor is not None:
            self._at(event, "alias", "An anchor (&) stands here: write values out where they are used.")
        if event.tag is not None:
            self._at(event, "tag", "A tag (!) stands here: take it out, the type follows from the key.")

    def _scalar(self, event: Any, *, report: bool = True) -> Plain:  # noqa: ANN401
        text = str(event.value)
        if report and event.style == '"' and (hidden := hidden_character(text)):
            self._at(event, "hidden-character", f"{hidden} cannot be seen here: take its escape out.")
        if event.style or not event.implicit[0]:
            return text
        if text in _WORDS:
            return _WORDS[text]
        problem = _number_problem(text)
        if problem:
            if report:
                self._at(event, "not-a-number", problem)
            return 0
        if _WHOLE.fullmatch(text):
            return int(text)
        return float(text) if _DECIMAL.fullmatch(text) else text

    def _at(self, event: Any, code: str, message: str) -> None:  # noqa: ANN401
        self._add(event.start_mark.line + 1, event.start_mark.column + 1, code, message)

    def _add(self, line: int, column: int, code: str, message: str) -> None:
        self.findings.append(Finding(self._file, line, column, code, message))
        if len(self.findings) >= MOST_FINDINGS:
            raise _StopReadingError

    def _stop(self, mark: ParserMark, code: str, message: str) -> None:
        self._add(mark.line + 1, mark.column + 1, code, message)
        raise _StopReadingError


def _number_problem(text: str) -> str | None:
    if _NO_NUMBER.fullmatch(text):
        return f"{text} is no number that can be counted with."
    if _WHOLE.fullmatch(text) and len(text) > _LONGEST_NUMBER:
        return "This number is too large; put it in quotes if it is a text."
    if _DECIMAL.fullmatch(text) and not math.isfinite(float(text)):
        return "This number is too large; put it in quotes if it is a text."
    return None


def _place(event: Any, key: Any) -> ValuePlace:  # noqa: ANN401 - the parser's events
    start, end = event.start_mark, event.end_mark
    written = str(getattr(event, "style", None) or ("{" if getattr(event, "flow_style", False) else ""))
    named = (key or event).start_mark
    at, key_at = (start.line + 1, start.column + 1), (named.line + 1, named.column + 1)
    return ValuePlace(*at, *key_at, start.index, end.index, written)


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """One file that was read: its data (None when it could not be read whole), its places, its findings."""

    file: str
    text: str = field(repr=False)
    data: Plain = field(repr=False)
    findings: tuple[Finding, ...] = ()
    places: Mapping[Path, ValuePlace] = field(default_factory=dict, repr=False)

    def position(self, path: Path, *, of_key: bool = False) -> tuple[int, int]:
        """Return line and column (from 1) of a value, or of its key; of what encloses it when it is not there."""
        place = self.places.get(path)
        if place is None:
            return self.position(path[:-1], of_key=True) if path else (1, 1)
        return (place.key_line, place.key_column) if of_key else (place.line, place.column)

    def inside(self, path: Path, line: int, column: int) -> tuple[int, int]:
        """Return the place in the file of a line and column (from 1) within a text that stands at `path`."""
        place = self.places.get(path)
        if place is None or place.style in {"|", ">"}:
            return self.position(path)
        opening = 1 if place.style in {"'", '"'} else 0
        if line == 1:
            return place.line, place.column + opening + column - 1
        return place.line + line - 1, column


@lru_cache(maxsize=32)
def read_yaml(text: str | bytes, *, file: str) -> YamlDocument:
    """Read one definition file strictly; whatever is wrong with it is a finding, never an exception.

    What was read of a text is kept: a draft is looked at again and again, and the files below it stay as they are.
    Nobody changes a document that was read.
    """
    decoded, findings = decode(text, file)
    if decoded is None:
        return YamlDocument(file, "", None, tuple(findings))
    reader = NodeReader(decoded, file)
    reader.read()
    if reader.is_whole and not reader.findings and not isinstance(reader.data, dict):
        return YamlDocument(file, decoded, None, (_no_mapping(file, reader.data, decoded),))
    data = reader.data if reader.is_whole and isinstance(reader.data, dict) else None
    return YamlDocument(file, decoded, data, tuple(reader.findings), reader.places)


def read_yaml_file(path: FilePath, *, file: str | None = None) -> YamlDocument:
    """Read a definition file from disk; a file that is missing, a folder or not readable is a finding."""
    name = file or str(path)
    try:
        with path.open("rb") as stream:
            return read_yaml(stream.read(LARGEST_BYTES + 1), file=name)
    except IsADirectoryError:
        problem = "This is a folder, not a definition file."
    except FileNotFoundError:
        problem = "There is no such file."
    except (OSError, ValueError) as error:
        problem = f"The file cannot be opened ({type(error).__name__})."
    return YamlDocument(name, "", None, (Finding(name, 1, 1, "cannot-open", problem),))


def _no_mapping(file: str, data: Plain, text: str) -> Finding:
    if data is None:
        return Finding(file, 1, 1, "empty-file", 'The file is empty: begin with "workflow: name".')
    line = next((number for number, row in enumerate(text.split("\n"), start=1) if row.strip(" -")), 1)
    return Finding(file, line, 1, "wrong-type", 'A definition is a list of keys with values, like "workflow: name".')
