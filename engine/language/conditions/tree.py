"""The frozen tree that a condition is read into, down to its literals, with the place of each part in the text."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar

from lark import Token, Tree

from engine.errors import IcmcError

_SMALLEST, _LARGEST = -(2**63), 2**63 - 1
_ESCAPES = {"\\": "\\", '"': '"', "'": "'", "n": "\n", "r": "\r", "t": "\t"}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_SURROGATES = range(0xD800, 0xE000)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_DURATION = re.compile(r"-?(\d+(\.\d+)?(h|ms|us|m|s))+", re.ASCII)
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(h|ms|us|m|s)", re.ASCII)
_MICROSECONDS = {"h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1_000, "us": 1}
_LONGEST = timedelta(seconds=315_576_000_000)  # ten thousand years, as in CEL


class ConditionSyntaxError(IcmcError):
    """Raised for a condition that cannot be read; line and column count from 1 within its text."""

    code = "condition-syntax"
    sentence = "The condition cannot be read at line {line}, column {column}: {problem}"


class LiteralError(Exception):
    """Raised for a literal that says nothing; `offset` counts characters from its start."""

    def __init__(self, problem: str, offset: int = 0) -> None:
        self.problem = problem
        self.offset = offset
        super().__init__(problem)


def read_number(text: str) -> int | float:
    """Return the number that `text` writes; raise LiteralError when it is too large."""
    if text.lstrip("-").isdecimal():
        whole = int(text)
        if not _SMALLEST <= whole <= _LARGEST:
            raise LiteralError("this whole number is too large (64 bits is the limit).")
        return whole
    decimal = float(text)
    if math.isinf(decimal):
        raise LiteralError("this number is too large.")
    return decimal


def read_string(text: str) -> str:
    """Return what the quoted `text` says; raise LiteralError for an escape that does not exist."""
    return _ESCAPE.sub(_unescape, text[1:-1])


def read_instant(text: str) -> datetime:
    """Return the UTC instant of an RFC 3339 text; raise LiteralError when it is not one."""
    if not _INSTANT.fullmatch(text):
        raise LiteralError('an instant is written with its offset, like "2026-01-31T18:00:00Z" or "…+05:30".')
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise LiteralError("there is no such date or time.") from error


def read_duration(text: str) -> timedelta:
    """Return the duration of a text like `72h` or `1h30m`; raise LiteralError when it is not one."""
    if not _DURATION.fullmatch(text):
        raise LiteralError('a duration is written in h, m, s, ms or us, like "72h" or "1h30m"; three days are "72h".')
    exact = sum((Fraction(number) * _MICROSECONDS[unit] for number, unit in _DURATION_PART.findall(text)), Fraction(0))
    if exact.denominator != 1:
        raise LiteralError("a duration is not finer than a microsecond (us).")
    if exact > _LONGEST // timedelta(microseconds=1):
        raise LiteralError("this duration is too long (ten thousand years is the limit).")
    span = timedelta(microseconds=int(exact))
    return -span if text.startswith("-") else span


def _unescape(found: re.Match[str]) -> str:
    escape = found[1]
    if len(escape) == 1:
        if escape not in _ESCAPES:
            raise LiteralError("after \\ stands one of \\ \" ' n r t, or u and four digits.", found.start() + 1)
        return _ESCAPES[escape]
    code = int(escape[1:], 16)
    if code in _SURROGATES or code > 0x10FFFF:  # noqa: PLR2004
        raise LiteralError("no character has this number.", found.start() + 1)
    return chr(code)


@dataclass(frozen=True, slots=True)
class TextSpan:
    """Where a node stands in its condition: lines and columns count from 1, the end column is the one after it."""

    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 1


class Comparator(StrEnum):
    """How two values are compared."""

    EQUAL = "=="
    NOT_EQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="

    @property
    def is_ordering(self) -> bool:
        """Whether it asks which of the two comes first."""
        return self not in {Comparator.EQUAL, Comparator.NOT_EQUAL}


class Quantifier(StrEnum):
    """How many entries of a list must fit."""

    EXISTS = "exists"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class _Placed:
    """A node that knows its place, which does not count when trees are compared."""

    at: TextSpan = field(default=TextSpan(), compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class BoolLiteral(_Placed):
    """`true` or `false`."""

    value: bool


@dataclass(frozen=True, slots=True)
class NumberLiteral(_Placed):
    """A whole number of at most 64 bits, or a decimal number."""

    value: int | float


@dataclass(frozen=True, slots=True)
class StringLiteral(_Placed):
    """A text in quotes."""

    value: str


@dataclass(frozen=True, slots=True)
class InstantLiteral(_Placed):
    """`timestamp("…")`; the value is in UTC."""

    value: datetime


@dataclass(frozen=True, slots=True)
class DurationLiteral(_Placed):
    """`duration("…")`."""

    value: timedelta


@dataclass(frozen=True, slots=True)
class ListLiteral(_Placed):
    """`[…]`, which stands only after `in`."""

    items: tuple[BoolLiteral | NumberLiteral | StringLiteral, ...]


@dataclass(frozen=True, slots=True)
class Field(_Placed):
    """A fact, or an output of a step."""

    path: tuple[str, ...]

    @property
    def name(self) -> str:
        """The path as it is written."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Variable(_Placed):
    """The entry of a list that `exists` or `all` is looking at."""

    name: str


@dataclass(frozen=True, slots=True)
class ShiftedInstant(_Placed):
    """An instant moved by a duration, or the time between two instants."""

    left: "Node"
    operator: str
    right: "Node"


@dataclass(frozen=True, slots=True)
class Compare(_Placed):
    """Two values compared."""

    left: "Node"
    operator: Comparator
    right: "Node"


@dataclass(frozen=True, slots=True)
class Contains(_Placed):
    """`item in items`."""

    item: "Node"
    items: ListLiteral | Field


@dataclass(frozen=True, slots=True)
class Has(_Placed):
    """Whether a field is known."""

    field: Field


@dataclass(frozen=True, slots=True)
class Size(_Placed):
    """How many entries a list has."""

    field: Field


@dataclass(frozen=True, slots=True)
class Quantified(_Placed):
    """Whether at least one entry, or every entry, of a list fits a condition."""

    quantifier: Quantifier
    field: Field
    variable: str
    body: "Node"


@dataclass(frozen=True, slots=True)
class Not(_Placed):
    """The opposite."""

    operand: "Node"


@dataclass(frozen=True, slots=True)
class And(_Placed):
    """All of them."""

    operands: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or(_Placed):
    """At least one of them."""

    operands: tuple["Node", ...]


Literal = BoolLiteral | NumberLiteral | StringLiteral | InstantLiteral | DurationLiteral
Atom = Literal | ListLiteral | Field | Variable | Has | Size
Node = (
    Literal
    | ListLiteral
    | Field
    | Variable
    | ShiftedInstant
    | Compare
    | Contains
    | Has
    | Size
    | Quantified
    | Not
    | And
    | Or
)


@dataclass(frozen=True, slots=True)
class FieldRef:
    """One mention of a field in a condition; `tested` when it is the argument of `has()`."""

    path: tuple[str, ...]
    column: int
    line: int = 1
    tested: bool = False


@dataclass(frozen=True)
class Condition:
    """A condition that has been read: its text, its tree, and the fields it mentions in order of appearance."""

    text: str
    tree: Node = field(compare=False, repr=False)
    fields: tuple[FieldRef, ...] = field(compare=False, repr=False)


def children(node: Node) -> tuple[Node, ...]:  # noqa: PLR0911 - one return a kind of node
    """Return the nodes directly below `node`, in the order of the text."""
    match node:
        case And(operands) | Or(operands):
            return operands
        case Compare(left, _, right) | ShiftedInstant(left, _, right):
            return (left, right)
        case Not(operand):
            return (operand,)
        case Contains(item, items):
            return (item, items)
        case Has(target) | Size(target):
            return (target,)
        case Quantified(field=target, body=body):
            return (target, body)
        case ListLiteral(items):
            return items
        case _:
            return ()


def fields_of(node: Node) -> Iterator[FieldRef]:
    """Yield each mention of a field at or below `node`, in the order of the text."""
    match node:
        case Field(path):
            yield FieldRef(path, node.at.column, node.at.line)
        case Has(target):
            yield FieldRef(target.path, target.at.column, target.at.line, tested=True)
        case _:
            for child in children(node):
                yield from fields_of(child)


Found = Token | Tree[Token]
_Value = TypeVar("_Value")


def span_of(first: Found, last: Found | None = None) -> TextSpan:
    """Return the place of what was found, or of all from the first to the last of them."""
    begin, end = _marks(first), _marks(last or first)
    return TextSpan(begin[0], begin[1], end[2], end[3])


def names_in(path: Found) -> Sequence[Token]:
    """Return the names that a dotted path is made of."""
    return [part for part in path.children if isinstance(part, Token)] if isinstance(path, Tree) else [path]


def refusal(found: Found, problem: str, *, offset: int = 0) -> ConditionSyntaxError:
    """Return the error to raise at the place of what was found, or so many characters after it."""
    line, column, _, _ = _marks(found)
    return ConditionSyntaxError(line=line, column=column + offset, problem=problem)


def read(reader: Callable[[str], _Value], text: str, found: Found) -> _Value:
    """Return what a reader of literals makes of the text; raise ConditionSyntaxError at its place."""
    try:
        return reader(text)
    except LiteralError as error:
        raise refusal(found, error.problem, offset=error.offset) from error


def _marks(found: Found) -> tuple[int, int, int, int]:
    place = found if isinstance(found, Token) else found.meta
    return place.line or 1, place.column or 1, place.end_line or 1, place.end_column or 1
