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
from engine.language.names import COUNTRIES, LEFT_OUT, OF_PERSONS, PERSON
from engine.language.telling import Tell, both, either, in_english, length_in, running

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
    Comparator.EQUAL: "{left} is {right}",
    Comparator.NOT_EQUAL: "{left} is not {right}",
    Comparator.LESS: "{left} is less than {right}",
    Comparator.AT_MOST: "{left} is at most {right}",
    Comparator.MORE: "{left} is more than {right}",
    Comparator.AT_LEAST: "{left} is at least {right}",
}
_COMPARE_INSTANTS = {
    Comparator.LESS: "{left} is before {right}",
    Comparator.AT_MOST: "{left} is not after {right}",
    Comparator.MORE: "{left} is after {right}",
    Comparator.AT_LEAST: "{left} is not before {right}",
}
_OPPOSITES = {
    Comparator.EQUAL: Comparator.NOT_EQUAL,
    Comparator.NOT_EQUAL: Comparator.EQUAL,
    Comparator.LESS: Comparator.AT_LEAST,
    Comparator.AT_MOST: Comparator.MORE,
    Comparator.MORE: Comparator.AT_MOST,
    Comparator.AT_LEAST: Comparator.LESS,
}


def in_words(condition: Condition, titles: Titles, tell: Tell = in_english) -> str:
    """Return a condition as a sentence without its full stop; `titles` gives the title of a field."""
    return _Teller(titles, tell).in_full(condition.tree)


class _Teller:
    """Tells one condition with the titles of its fields."""

    def __init__(self, titles: Titles, tell: Tell) -> None:
        self.titles, self.tell = titles, tell

    def in_full(self, node: Node, *, fits: bool = True) -> str:  # noqa: PLR0911 - one return a kind of node
        """Return what must hold for a node to be true, or false when it must not fit."""
        match node:
            case And(operands):
                return self._joined(operands, is_and=fits, fits=fits)
            case Or(operands):
                return self._joined(operands, is_and=not fits, fits=fits)
            case Not(operand):
                return self.in_full(operand, fits=not fits)
            case Compare(left, operator, right):
                return self._compared(left, operator if fits else _OPPOSITES[operator], right)
            case Contains():
                return self._contained(node, fits=fits)
            case Has(target):
                message = "{field} is answered" if fits else "{field} is not answered"
                return self.tell(message, field=self.titles(target.path))
            case Quantified():
                return self._quantified(node, fits=fits)
            case BoolLiteral(value):
                return self.tell("always" if value is fits else "never")
            case Field((owner, name)) if owner == PERSON and name in OF_PERSONS:
                message = "the person is {what}" if fits else "the person is not {what}"
                return self.tell(message, what=self.tell(OF_PERSONS[name]))
            case _:
                return self.tell("{value} is true" if fits else "{value} is false", value=self._value(node))

    def _joined(self, operands: tuple[Node, ...], *, is_and: bool, fits: bool) -> str:
        parts = (self._part(operand, is_and=is_and, fits=fits) for operand in operands)
        return both(parts, self.tell) if is_and else either(parts, self.tell)

    def _part(self, node: Node, *, is_and: bool, fits: bool) -> str:
        told = self.in_full(node, fits=fits)
        inner, sense = node, fits
        while isinstance(inner, Not):
            inner, sense = inner.operand, not sense
        if isinstance(inner, And | Or):
            return told if (isinstance(inner, And) is sense) is is_and else f"({told})"
        return told

    def _compared(self, left: Node, operator: Comparator, right: Node) -> str:
        if isinstance(left, BoolLiteral | NumberLiteral | StringLiteral | InstantLiteral) and isinstance(right, Field):
            return self._compared(right, _MIRRORED.get(operator, operator), left)
        values = {"left": self._value(left), "right": self._value(right)}
        if operator in _COMPARE_INSTANTS and (_is_instant(left) or _is_instant(right)):
            return self.tell(_COMPARE_INSTANTS[operator], **values)
        return self.tell(_COMPARE[operator], **values)

    def _contained(self, node: Contains, *, fits: bool) -> str:
        if isinstance(node.items, Field):
            message = "{field} includes {value}" if fits else "{field} does not include {value}"
            return self.tell(message, field=self.titles(node.items.path), value=self._value(node.item))
        if (step := _left_out_of(node)) is not None:
            return self.tell("{step} is left out" if fits else "{step} is not left out", step=self.titles((step,)))
        values = [self._value(item) for item in node.items.items]
        several = [", ".join(values[:-1]), values[-1]] if values[1:] else values
        listed = either(several, self.tell) or self.tell("nothing")
        message = (
            "{left} is {right}" if fits else "{left} is none of {right}" if values[1:] else "{left} is not {right}"
        )
        return self.tell(message, left=self._value(node.item), right=listed)

    def _quantified(self, node: Quantified, *, fits: bool) -> str:
        """Say for how many entries; not at least one fits: for every entry it does not fit."""
        is_any = (node.quantifier is Quantifier.EXISTS) is fits
        return self.tell(
            "for at least one entry {name} of {list}: ({condition})" if is_any
            else "for every entry {name} of {list}: ({condition})",
            name=node.variable, list=self.titles(node.field.path), condition=self.in_full(node.body, fits=fits),
        )  # fmt: skip

    def _value(self, node: Node) -> str:
        match node:
            case Field(path):
                return self.titles(path)
            case Variable(name):
                return name
            case Size(target):
                return self.tell("the number of entries of {list}", list=self.titles(target.path))
            case ShiftedInstant():
                return self._shifted(node)
            case _:
                return _literal_in_words(node, self.tell) or f"({self.in_full(node)})"

    def _shifted(self, node: ShiftedInstant) -> str:
        left, right = self._value(node.left), self._value(node.right)
        if isinstance(node.right, DurationLiteral):
            message = "{length} after {moment}" if node.operator == "+" else "{length} before {moment}"
            return self.tell(message, length=right, moment=left)
        if isinstance(node.left, DurationLiteral) and node.operator == "+":
            return self.tell("{length} after {moment}", length=left, moment=right)
        if node.operator == "-":
            return self.tell("the time from {start} to {end}", start=right, end=left)
        return self.tell("{one} plus {other}", one=left, other=right)


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


def _literal_in_words(node: Node, tell: Tell) -> str:
    match node:
        case BoolLiteral(value):
            return tell("true" if value else "false")
        case NumberLiteral(value):
            return str(value)
        case StringLiteral(value):
            return f"“{running(value, tell) if value.islower() or value in COUNTRIES else value}”"
        case InstantLiteral(instant):
            return _date(instant, tell)
        case DurationLiteral(span):
            return _span(span, tell)
        case _:
            return ""


def _is_instant(node: Node) -> bool:
    """Whether a node is known to be an instant without knowing the types of the fields."""
    return isinstance(node, InstantLiteral) or (
        isinstance(node, ShiftedInstant)
        and (isinstance(node.right, DurationLiteral) or isinstance(node.left, DurationLiteral))
    )


def _date(instant: datetime, tell: Tell) -> str:
    day = tell("{day} {month} {year}", day=instant.day, month=tell(f"{instant:%B}"), year=f"{instant.year:04d}")
    return f"{day}, {instant:%H:%M:%S} UTC".replace(":00 UTC", " UTC")


def _span(span: timedelta, tell: Tell) -> str:
    """Say a span in one unit where it fits, such as 48 hours or 90 minutes; else in several."""
    if span < timedelta():
        return tell("minus {length}", length=_span(-span, tell))
    for unit, size in _SPANS:
        count, rest = divmod(span, size)
        if not rest and count > 0 and (unit != "day" or count > 2):  # noqa: PLR2004 - people say 48 hours, and 3 days
            return tell(amounts_in_words((count, unit)))
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    whole = amounts_in_words((minutes // 60, "hour"), (minutes % 60, "minute"), (seconds, "second"))
    return length_in(whole, tell)


_SPANS = (
    ("day", timedelta(days=1)),
    ("hour", timedelta(hours=1)),
    ("minute", timedelta(minutes=1)),
)
