"""What the fields of a condition can hold, and what a check says about it."""

from dataclasses import dataclass
from enum import StrEnum


class ValueType(StrEnum):
    """What a fact or an output can hold; `any` is not checked, and no field has the type `duration`."""

    BOOL = "bool"
    NUMBER = "number"
    STRING = "string"
    INSTANT = "instant"
    STRINGS = "strings"
    DURATION = "duration"
    ANY = "any"


class ProblemCode(StrEnum):
    """The kinds of problem that a check finds."""

    UNKNOWN_FIELD = "unknown-field"
    TYPE = "type"
    UNKNOWN_CHOICE = "unknown-choice"
    NOT_BOOL = "not-bool"


@dataclass(frozen=True, slots=True)
class FieldType:
    """What one field can hold; `choices`, if not empty, are all the texts that it, or an entry of it, can be."""

    kind: ValueType
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConditionProblem:
    """One thing that is wrong with a condition, where, and what to do; line and column count from 1 in its text."""

    column: int
    code: ProblemCode
    message: str
    line: int = 1
