"""What is wrong with a definition file: findings with their place, their code and a sentence that says what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error keeps a definition from being published; a warning asks for a second look."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is wrong, and where; lines and columns count from 1."""

    file: str
    line: int
    column: int
    code: str
    message: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        """Return the finding as one line: `file:line:column: code: message`."""
        mark = "" if self.severity is Severity.ERROR else "warning: "
        return f"{self.file}:{self.line}:{self.column}: {mark}{self.code}: {self.message}"

    def as_json(self) -> dict[str, str | int]:
        """Return the finding as it is printed with `--json`."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "code": self.code,
            "message": self.message,
            "severity": self.severity.value,
        }


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort findings by file, line and column, each told once."""
    return tuple(sorted(set(findings)))


def has_errors(findings: Iterable[Finding]) -> bool:
    """Return whether one of the findings keeps the file from being used."""
    return any(finding.severity is Severity.ERROR for finding in findings)
