"""What a condition can be and what it can see: the three truths, the unknown, the kinds of value."""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from typing import Final, NoReturn


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
