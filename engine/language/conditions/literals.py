"""The values that are written into a condition: texts, numbers, instants and durations."""

import math
import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction

_SMALLEST, _LARGEST = -(2**63), 2**63 - 1
_ESCAPES = {"\\": "\\", '"': '"', "'": "'", "n": "\n", "r": "\r", "t": "\t"}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_SURROGATES = range(0xD800, 0xE000)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_DURATION = re.compile(r"-?(\d+(\.\d+)?(h|ms|us|m|s))+", re.ASCII)
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(h|ms|us|m|s)", re.ASCII)
_MICROSECONDS = {"h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1_000, "us": 1}
_LONGEST = timedelta(seconds=315_576_000_000)  # ten thousand years, as in CEL


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
