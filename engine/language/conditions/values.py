"""What a condition can be and see: three truths, the unknown, kinds of value, and what comparing does with them."""

import operator
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from typing import Any, Final, NoReturn

from engine.errors import IcmcError
from engine.language.conditions.tree import (
    Comparator,
    Compare,
    Contains,
    Field,
    ListLiteral,
    Node,
    ShiftedInstant,
    Variable,
)


class ValueType(StrEnum):
    """What a fact or an output can hold; `any` is not checked, and no field has the type `duration`."""

    BOOL = "bool"
    NUMBER = "number"
    STRING = "string"
    INSTANT = "instant"
    STRINGS = "strings"
    DURATION = "duration"
    ANY = "any"


class Truth(StrEnum):
    """The answer of a condition. It has no truth value of its own: compare it with `is`."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"

    def __bool__(self) -> NoReturn:
        """Refuse: `if evaluate(…)` would take unknown for true."""
        message = "a Truth is compared with `is`"
        raise TypeError(message)


class Unknown(Enum):
    """The type of UNKNOWN."""

    UNKNOWN = "unknown"

    def __bool__(self) -> NoReturn:
        """Refuse: unknown is neither true nor false."""
        message = "UNKNOWN is compared with `is`"
        raise TypeError(message)


UNKNOWN: Final = Unknown.UNKNOWN
"""The value of a field that nobody has answered yet."""

Entry = str | Unknown
Value = str | int | float | bool | datetime | tuple[Entry, ...] | Unknown
"""What a field can hold: an instant is aware; null does not exist, a missing answer is UNKNOWN."""

Lookup = Callable[[tuple[str, ...]], Value]
"""Gives the value of a field, or UNKNOWN; it must give the same value when asked again."""


class ConditionKind(StrEnum):
    """The kinds of value, in the words that problems are told in."""

    BOOL = "true or false"
    NUMBER = "a number"
    STRING = "a text"
    INSTANT = "an instant"
    DURATION = "a duration"
    STRINGS = "a list"
    OTHER = "a value that conditions cannot use"

    @property
    def is_ordered(self) -> bool:
        """Whether one value of it can be less than another."""
        return self in {ConditionKind.NUMBER, ConditionKind.INSTANT, ConditionKind.DURATION}


def kind_of(value: object) -> ConditionKind:
    """Return the kind of a known value; null, naive instants and whatever else is not a value are OTHER."""
    exact = _KINDS.get(type(value))
    if exact is not None:
        return exact
    match value:
        case datetime():
            return (
                ConditionKind.INSTANT
                if value.tzinfo is not None and value.utcoffset() is not None
                else ConditionKind.OTHER
            )
        case str():
            return ConditionKind.STRING
        case int() | float():
            return ConditionKind.NUMBER
        case timedelta():
            return ConditionKind.DURATION
        case _:
            return ConditionKind.OTHER


_KINDS: dict[type, ConditionKind] = {
    bool: ConditionKind.BOOL,
    int: ConditionKind.NUMBER,
    float: ConditionKind.NUMBER,
    str: ConditionKind.STRING,
    timedelta: ConditionKind.DURATION,
    tuple: ConditionKind.STRINGS,
    list: ConditionKind.STRINGS,
}


Scope = Mapping[str, Entry]
Run = Callable[[Lookup, Scope], object]
"""Gives the value of a node, or UNKNOWN. Raises ConditionTypeError."""

LONGEST_LIST = 1000

_COMPARE: dict[Comparator, Callable[[Any, Any], bool]] = {
    Comparator.EQUAL: operator.eq,
    Comparator.NOT_EQUAL: operator.ne,
    Comparator.LESS: operator.lt,
    Comparator.AT_MOST: operator.le,
    Comparator.MORE: operator.gt,
    Comparator.AT_LEAST: operator.ge,
}
_LISTED = frozenset({ConditionKind.BOOL, ConditionKind.NUMBER, ConditionKind.STRING})


def comparison(node: Compare, left: Run, right: Run) -> Run:
    """Return the function that compares two values; unknown when either is."""
    compare = _COMPARE[node.operator]
    plain = frozenset({int, float} if node.operator.is_ordering else {int, float, str, bool})

    def run(lookup: Lookup, scope: Scope) -> object:
        first, second = left(lookup, scope), right(lookup, scope)
        if first is UNKNOWN or second is UNKNOWN:
            return UNKNOWN
        if type(first) is not type(second) or type(first) not in plain:
            _check_comparable(node, kind_of(first), kind_of(second))
        return compare(first, second)

    return run


def containment(node: Contains, item: Run, items: Run) -> Run:
    """Return the function that looks for a value in a list; unknown when the answer hangs on something unknown."""
    if isinstance(node.items, ListLiteral):
        return _in_literal(node, node.items, item)

    def run(lookup: Lookup, scope: Scope) -> object:
        value, entries = item(lookup, scope), items(lookup, scope)
        listed = UNKNOWN if entries is UNKNOWN else entries_of(entries, node.items)
        if value is UNKNOWN or listed is UNKNOWN:
            return UNKNOWN
        expect(value, ConditionKind.STRING, node.item)
        if value in listed:
            return True
        return UNKNOWN if UNKNOWN in listed else False

    return run


def shift(node: ShiftedInstant, left: Run, right: Run) -> Run:
    """Return the function that moves an instant or measures between two; unknown when either is."""

    def run(lookup: Lookup, scope: Scope) -> object:
        first, second = left(lookup, scope), right(lookup, scope)
        if first is UNKNOWN or second is UNKNOWN:
            return UNKNOWN
        try:
            return _shifted(node, first, second)
        except OverflowError as error:
            fail(node, "the instant or duration that comes out is out of range.", error)

    return run


def entries_of(value: object, node: Node) -> tuple[Entry, ...]:
    """Return the entries of a known list; raise ConditionTypeError for anything else."""
    if not isinstance(value, tuple | list):
        expect(value, ConditionKind.STRINGS, node)
        return ()
    if len(value) > LONGEST_LIST:
        fail(node, f"{subject(node)} has more than {LONGEST_LIST} entries.")
    for entry in value:
        if not isinstance(entry, str) and entry is not UNKNOWN:
            fail(node, f"an entry of {subject(node)} is {kind_of(entry)}, and a text is needed.")
    return tuple(value)


def expect(value: object, kind: ConditionKind, node: Node) -> None:
    """Raise ConditionTypeError unless a known value is of that kind; the value itself is never told."""
    found = kind_of(value)
    if found is not kind:
        fail(node, f"{subject(node)} is {found}, and {kind} is needed here.")


def fail(node: Node, problem: str, error: Exception | None = None) -> NoReturn:
    """Raise ConditionTypeError at the place of a node."""
    raise ConditionTypeError(line=node.at.line, column=node.at.column, problem=problem) from error


def subject(node: Node) -> str:
    """Return what to call a node in a sentence."""
    match node:
        case Field():
            return node.name
        case Variable(name):
            return name
        case _:
            return "this"


def _check_comparable(node: Compare, first: ConditionKind, second: ConditionKind) -> None:
    if first is not second:
        fail(node, f"{subject(node.left)} is {first} and is compared with {second}.")
    if first in {ConditionKind.OTHER, ConditionKind.STRINGS}:
        fail(node, f"{subject(node.left)} is {first} and cannot be compared.")
    if node.operator.is_ordering and not first.is_ordered:
        fail(node, f"{subject(node.left)} is {first}, which has no order: compare with ==, != or in.")


def _in_literal(node: Contains, listed: ListLiteral, item: Run) -> Run:
    values = tuple(entry.value for entry in listed.items)
    kinds = {kind_of(value) for value in values}

    def run(lookup: Lookup, scope: Scope) -> object:
        value = item(lookup, scope)
        if value is UNKNOWN:
            return UNKNOWN
        kind = kind_of(value)
        if kind not in _LISTED:
            fail(node, f"{subject(node.item)} is {kind}, which no list in brackets can hold.")
        if kinds and kinds != {kind}:
            fail(node, f"{subject(node.item)} is {kind}, and the list holds something else.")
        return value in values

    return run


def _shifted(node: ShiftedInstant, first: object, second: object) -> object:
    kinds = kind_of(first), kind_of(second)
    match first, node.operator, second:
        case (datetime(), "-", datetime()) if kinds == (ConditionKind.INSTANT, ConditionKind.INSTANT):
            return first - second
        case (datetime(), _, timedelta()) if kinds[0] is ConditionKind.INSTANT:
            return first + second if node.operator == "+" else first - second
        case (timedelta(), "+", datetime()) if kinds[1] is ConditionKind.INSTANT:
            return second + first
        case (timedelta(), _, timedelta()):
            return first + second if node.operator == "+" else first - second
        case _:
            fail(node, f"{kinds[0]} {node.operator} {kinds[1]} has no meaning; only instants and durations add up.")


class ConditionTypeError(IcmcError):
    """Raised when a condition meets a value of a kind that it cannot use: a finding for the admin, never false."""

    code = "condition-type"
    sentence = "The condition cannot be answered at line {line}, column {column}: {problem}"
