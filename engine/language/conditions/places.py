"""Where in the text something was found, which is what every refusal tells."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from lark import Token, Tree

from engine.errors import ConditionSyntaxError
from engine.language.conditions.literals import LiteralError
from engine.language.conditions.tree import TextSpan

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
