"""Show the text of a definition by line, with what was found in each."""

from collections.abc import Iterable
from dataclasses import dataclass

from engine.spec.findings import Finding


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line of a text; `is_found` when something is wrong in it."""

    number: int
    text: str
    is_found: bool


def numbered(source: str, findings: Iterable[Finding] = ()) -> tuple[SourceLine, ...]:
    """Number the lines of a text from 1."""
    found = {finding.line for finding in findings}
    return tuple(SourceLine(number, text, number in found) for number, text in enumerate(source.split("\n"), start=1))
