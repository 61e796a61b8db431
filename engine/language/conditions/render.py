"""Write the tree of a condition back as text, in one spelling."""

import unicodedata
from datetime import datetime, timedelta

from engine.language.conditions.tree import (
    And,
    Atom,
    BoolLiteral,
    Compare,
    Contains,
    DurationLiteral,
    Field,
    Has,
    InstantLiteral,
    ListLiteral,
    Literal,
    Node,
    Not,
    NumberLiteral,
    Or,
    Quantified,
    ShiftedInstant,
    Size,
    StringLiteral,
    Variable,
)

_UNITS = (
    ("h", timedelta(hours=1)),
    ("m", timedelta(minutes=1)),
    ("s", timedelta(seconds=1)),
    ("us", timedelta.resolution),
)
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_BASIC_PLANE = 0xFFFF


def render(node: Node) -> str:  # noqa: PLR0911 - one return a kind of node
    """Return the text of a tree: reading it gives an equal tree."""
    match node:
        case And(operands):
            return " && ".join(_inside(operand, And, Or) for operand in operands)
        case Or(operands):
            return " || ".join(_inside(operand, Or) for operand in operands)
        case Not(operand):
            return f"!{_inside(operand, And, Or, Compare, Contains, ShiftedInstant)}"
        case Compare(left, operator, right):
            return f"{_side(left)} {operator} {_side(right)}"
        case Contains(item, items):
            return f"{_side(item)} in {render(items)}"
        case ShiftedInstant(left, operator, right):
            return f"{_side(left)} {operator} {_inside(right, And, Or, Compare, Contains, ShiftedInstant)}"
        case Quantified(quantifier, target, variable, body):
            return f"{target.name}.{quantifier}({variable}, {render(body)})"
        case _:
            return _atom(node)


def write_duration(span: timedelta) -> str:
    """Return a duration in hours, minutes, seconds and microseconds, like `72h` or `1h30m`."""
    rest, parts = abs(span), []
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return ("-" if span < timedelta(0) else "") + ("".join(parts) or "0s")


def _atom(node: Atom) -> str:
    match node:
        case ListLiteral(items):
            return f"[{', '.join(_literal(item) for item in items)}]"
        case Has(target):
            return f"has({target.name})"
        case Size(target):
            return f"size({target.name})"
        case Field() | Variable():
            return node.name
        case _:
            return _literal(node)


def _literal(node: Literal) -> str:
    match node:
        case BoolLiteral(value):
            return "true" if value else "false"
        case NumberLiteral(value):
            return repr(value)
        case StringLiteral(value):
            return _quoted(value)
        case InstantLiteral(instant):
            return f'timestamp("{_instant(instant)}")'
        case DurationLiteral(span):
            return f'duration("{write_duration(span)}")'


def _inside(node: Node, *bracketed: type) -> str:
    return f"({render(node)})" if isinstance(node, bracketed) else render(node)


def _side(node: Node) -> str:
    return _inside(node, And, Or, Compare, Contains)


def _instant(instant: datetime) -> str:
    return instant.replace(tzinfo=None).isoformat() + "Z"


def _quoted(text: str) -> str:
    return f'"{"".join(_escaped(character) for character in text)}"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if unicodedata.category(character)[0] == "C" or unicodedata.category(character) in {"Zl", "Zp"}:
        code = ord(character)
        return f"\\u{code:04x}" if code <= _BASIC_PLANE else f"\\U{code:08x}"
    return character
