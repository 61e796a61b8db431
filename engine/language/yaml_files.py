"""Strict reading of definition files: plain data with a place for every value, and findings instead of exceptions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath

from engine.language.findings import Finding
from engine.language.yaml_nodes import NodeReader, Path, Plain, ValuePlace
from engine.language.yaml_text import LARGEST_BYTES, decode


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


def read_yaml(text: str | bytes, *, file: str) -> YamlDocument:
    """Read one definition file strictly; whatever is wrong with it is a finding, never an exception."""
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
