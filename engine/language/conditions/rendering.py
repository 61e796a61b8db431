"""Write a condition back as text in one spelling, or tell it in plain English."""

import unicodedata
from collections.abc import Callable
from datetime import datetime, timedelta

from engine.language.conditions.tree import (
    And,
    Atom,
    BoolLiteral,
    Comparator,
    Compare,
    Condition,
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
    Quantifier,
    ShiftedInstant,
    Size,
    StringLiteral,
    Variable,
)
from engine.language.limits import amounts_in_words
from engine.language.names import LEFT_OUT, OF_PERSONS, PERSON, in_running_words

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


Titles = Callable[[tuple[str, ...]], str]

_COMPARE = {
    Comparator.EQUAL: "is",
    Comparator.NOT_EQUAL: "is not",
    Comparator.LESS: "is less than",
    Comparator.AT_MOST: "is at most",
    Comparator.MORE: "is more than",
    Comparator.AT_LEAST: "is at least",
}
_COMPARE_INSTANTS = {
    Comparator.LESS: "is before",
    Comparator.AT_MOST: "is not after",
    Comparator.MORE: "is after",
    Comparator.AT_LEAST: "is not before",
}
_OPPOSITES = {
    Comparator.EQUAL: Comparator.NOT_EQUAL,
    Comparator.NOT_EQUAL: Comparator.EQUAL,
    Comparator.LESS: Comparator.AT_LEAST,
    Comparator.AT_MOST: Comparator.MORE,
    Comparator.MORE: Comparator.AT_MOST,
    Comparator.AT_LEAST: Comparator.LESS,
}


def in_words(condition: Condition, titles: Callable[[tuple[str, ...]], str]) -> str:
    """Return a condition as an English sentence without its full stop; `titles` gives the title of a field."""
    return _Teller(titles).tell(condition.tree)


class _Teller:
    """Tells one condition with the titles of its fields."""

    def __init__(self, titles: Titles) -> None:
        self.titles = titles

    def tell(self, node: Node, *, fits: bool = True) -> str:  # noqa: PLR0911 - one return a kind of node
        """Return what must hold for a node to be true, or false when it must not fit."""
        match node:
            case And(operands):
                return self._joined(operands, "and" if fits else "or", fits=fits)
            case Or(operands):
                return self._joined(operands, "or" if fits else "and", fits=fits)
            case Not(operand):
                return self.tell(operand, fits=not fits)
            case Compare(left, operator, right):
                return self._compared(left, operator if fits else _OPPOSITES[operator], right)
            case Contains():
                return self._contained(node, fits=fits)
            case Has(target):
                return f"{self.titles(target.path)} {'is' if fits else 'is not'} answered"
            case Quantified():
                return self._quantified(node, fits=fits)
            case BoolLiteral(value):
                return "always" if value is fits else "never"
            case Field((owner, name)) if owner == PERSON and name in OF_PERSONS:
                return f"the person is {'' if fits else 'not '}{OF_PERSONS[name]}"
            case _:
                return f"{self._value(node)} is {'true' if fits else 'false'}"

    def _joined(self, operands: tuple[Node, ...], word: str, *, fits: bool) -> str:
        return f" {word} ".join(self._part(operand, word, fits=fits) for operand in operands)

    def _part(self, node: Node, word: str, *, fits: bool) -> str:
        told = self.tell(node, fits=fits)
        inner, sense = node, fits
        while isinstance(inner, Not):
            inner, sense = inner.operand, not sense
        if isinstance(inner, And | Or):
            own = "and" if isinstance(inner, And) is sense else "or"
            return told if own == word else f"({told})"
        return told

    def _compared(self, left: Node, operator: Comparator, right: Node) -> str:
        if isinstance(left, BoolLiteral | NumberLiteral | StringLiteral | InstantLiteral) and isinstance(right, Field):
            return self._compared(right, _MIRRORED.get(operator, operator), left)
        word = _COMPARE[operator]
        if _is_instant(left) or _is_instant(right):
            word = _COMPARE_INSTANTS.get(operator, word)
        return f"{self._value(left)} {word} {self._value(right)}"

    def _contained(self, node: Contains, *, fits: bool) -> str:
        if isinstance(node.items, Field):
            word = "includes" if fits else "does not include"
            return f"{self.titles(node.items.path)} {word} {self._value(node.item)}"
        if (step := _left_out_of(node)) is not None:
            return f"{self.titles((step,))} {'is' if fits else 'is not'} left out"
        values = [self._value(item) for item in node.items.items]
        if len(values) == 1:
            return f"{self._value(node.item)} {'is' if fits else 'is not'} {values[0]}"
        listed = f"{', '.join(values[:-1])} or {values[-1]}" if values else "nothing"
        word = "is" if fits else "is none of" if values else "is not"
        return f"{self._value(node.item)} {word} {listed}"

    def _quantified(self, node: Quantified, *, fits: bool) -> str:
        """Say for how many entries; not at least one fits: for every entry it does not fit."""
        is_any = (node.quantifier is Quantifier.EXISTS) is fits
        amount = "at least one entry" if is_any else "every entry"
        return f"for {amount} {node.variable} of {self.titles(node.field.path)}: ({self.tell(node.body, fits=fits)})"

    def _value(self, node: Node) -> str:
        match node:
            case Field(path):
                return self.titles(path)
            case Variable(name):
                return name
            case Size(target):
                return f"the number of entries of {self.titles(target.path)}"
            case ShiftedInstant():
                return self._shifted(node)
            case _:
                return _literal_in_words(node) or f"({self.tell(node)})"

    def _shifted(self, node: ShiftedInstant) -> str:
        left, right = self._value(node.left), self._value(node.right)
        if isinstance(node.right, DurationLiteral):
            return f"{right} {'after' if node.operator == '+' else 'before'} {left}"
        if isinstance(node.left, DurationLiteral) and node.operator == "+":
            return f"{left} after {right}"
        return f"the time from {right} to {left}" if node.operator == "-" else f"{left} plus {right}"


_MIRRORED = {
    Comparator.LESS: Comparator.MORE,
    Comparator.AT_MOST: Comparator.AT_LEAST,
    Comparator.MORE: Comparator.LESS,
    Comparator.AT_LEAST: Comparator.AT_MOST,
}


def _left_out_of(node: Contains) -> str | None:
    """Return the step of which a node asks whether nobody did it, as a short form of `starts` is written out."""
    match node:
        case Contains(Field((step, "outcome")), ListLiteral(items)) if set(items) == _LEFT_OUT:
            return step
        case _:
            return None


_LEFT_OUT = {StringLiteral(outcome) for outcome in LEFT_OUT}


def _literal_in_words(node: Node) -> str:
    match node:
        case BoolLiteral(value):
            return "true" if value else "false"
        case NumberLiteral(value):
            return str(value)
        case StringLiteral(value):
            return f"“{in_running_words(value) if value.islower() else value}”"
        case InstantLiteral(instant):
            return _date(instant)
        case DurationLiteral(span):
            return _span(span)
        case _:
            return ""


def _is_instant(node: Node) -> bool:
    """Whether a node is known to be an instant without knowing the types of the fields."""
    return isinstance(node, InstantLiteral) or (
        isinstance(node, ShiftedInstant)
        and (isinstance(node.right, DurationLiteral) or isinstance(node.left, DurationLiteral))
    )


def _date(instant: datetime) -> str:
    return f"{instant.day} {instant:%B} {instant.year:04d}, {instant:%H:%M:%S} UTC".replace(":00 UTC", " UTC")


def _span(span: timedelta) -> str:
    """Say a span in one unit where it fits, such as 48 hours or 90 minutes; else in several."""
    if span < timedelta():
        return f"minus {_span(-span)}"
    for unit, size in _SPANS:
        count, rest = divmod(span, size)
        if not rest and count > 0 and (unit != "day" or count > 2):  # noqa: PLR2004 - people say 48 hours, and 3 days
            return amounts_in_words((count, unit))
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    return amounts_in_words((minutes // 60, "hour"), (minutes % 60, "minute"), (seconds, "second"))


_SPANS = (
    ("day", timedelta(days=1)),
    ("hour", timedelta(hours=1)),
    ("minute", timedelta(minutes=1)),
)
