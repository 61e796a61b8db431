"""What is wrong with a definition file: findings with their place, their code and a sentence that says what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from engine.errors import NotPossibleError


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
    """Sort findings by file, line and column, at one place the errors first, each told once."""
    return tuple(sorted(set(findings), key=lambda one: (one.file, one.line, one.column, one.severity, one)))


def has_errors(findings: Iterable[Finding]) -> bool:
    """Return whether one of the findings keeps the file from being used."""
    return any(finding.severity is Severity.ERROR for finding in findings)


READING = frozenset(
    {
        "cannot-open", "too-large", "not-utf8", "empty-file", "yaml-syntax", "tab", "hidden-character", "look-alike",
        "duplicate-key", "key-not-text", "alias", "tag", "several-documents", "directive", "too-deep", "not-a-number",
    },
)  # fmt: skip
SHAPE = frozenset(
    {
        "unknown-kind", "unknown-key", "missing-key", "wrong-type", "bad-name", "unknown-word", "out-of-bounds",
        "bad-value", "name-used-twice",
    },
)  # fmt: skip
EXTENDING = frozenset(
    {"unknown-workflow", "extends-cycle", "extends-too-long", "extends-not-a-name", "removes-nothing"},
)
NAMING = frozenset(
    {
        "reserved-word", "name-twice", "unknown-step-type", "unknown-step", "unknown-role", "nobody-can",
        "unknown-ladder", "unknown-calendar", "unknown-fact", "not-itself", "in-two-choices", "choice-without-default",
        "after-and-choice", "start-not-alone", "start-like-a-step",
        "unknown-parameter", "condition-circle", "unknown-part", "unused-name",
    },
)  # fmt: skip
WAYS = frozenset(
    {
        "loop-crossed",
        "wait-asks",
        "wait-without-end",
        "event-not-asked",
        "event-not-matched",
        "after-standing",
        "undo-of-nothing",
    }
)
ORDER = frozenset({"cycle", "join-impossible", "no-first-step", "after-optional-steps"})
TIMING = frozenset(
    {
        "no-time-limit", "time-never-applies", "time-only-sometimes", "limit-and-law", "time-without-limit",
        "bad-limit", "bad-warning", "unknown-law", "law-without-time", "unknown-option", "law-of-another-place",
        "bad-from", "bad-breach-target", "law-excludes", "unknown-interval", "law-not-pausable",
        "signature-in-file", "may-never-start",
    },
)  # fmt: skip
CONDITIONS = frozenset(
    {
        "condition-syntax", "condition-type", "unknown-field", "unknown-choice", "sealed-field", "condition-too-early",
        "condition-not-before", "may-wait-for-ever", "never-true", "undecided", "gate-never-opens", "unused-fact",
    },
)  # fmt: skip
FOLLOW_UPS = frozenset({"unknown-follow-up", "endless-follow-ups", "follow-up-of-act"})
DETAILS = frozenset(
    {"bad-fact", "question-clash", "bad-question", "automatic-step", "same-role-approves", "title-says-more"},
)
LIBRARY = frozenset(
    {"levels-out-of-order", "unknown-letter", "acknowledgement-without-effect", "no-last-resort", "below-floor",
     "ladder-of-a-unit", "day-twice",
     "unknown-place", "limit-in-use",
     "rota-comment", "rota-gap", "rota-overlap", "rota-of-another-unit", "unknown-person"},
)  # fmt: skip

MESSAGES = frozenset({"message-template", "message-doubt", "paper-words", "paper-doubt"})

CODES = (
    READING
    | SHAPE
    | EXTENDING
    | NAMING
    | WAYS
    | ORDER
    | TIMING
    | CONDITIONS
    | FOLLOW_UPS
    | DETAILS
    | LIBRARY
    | MESSAGES
)


class DefinitionError(NotPossibleError):
    """Raised when a definition file cannot be used; carries the findings of the linter."""

    code = "bad-definition"
    sentence = "{name} cannot be used: {count} problem(s), the first at {where}: {first}"

    def __init__(self, *, findings: tuple[object, ...] = (), **facts: object) -> None:
        self.findings = findings
        super().__init__(**facts)
