"""A condition as rows of drop-downs: a typed output, what it must be; and read back, where it is that simple."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from engine.language.catalogue import Output, ValueKind
from engine.language.conditions.parse import parse_condition
from engine.language.conditions.tree import (
    And,
    BoolLiteral,
    Comparator,
    Compare,
    Contains,
    Field,
    Has,
    Node,
    Not,
    NumberLiteral,
    Or,
    StringLiteral,
)


class RowAsk(StrEnum):
    """What a row asks of an output."""

    IS = "is"
    IS_NOT = "is_not"
    KNOWN_AND = "known_and_is"
    KNOWN = "is_known"
    NOT_KNOWN = "is_not_known"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"


WORDS: Final[Mapping[RowAsk, str]] = {
    RowAsk.IS: "is so", RowAsk.IS_NOT: "is not so", RowAsk.KNOWN_AND: "is answered, and is so",
    RowAsk.KNOWN: "is answered",
    RowAsk.NOT_KNOWN: "is not answered", RowAsk.AT_LEAST: "is at least", RowAsk.AT_MOST: "is at most",
}  # fmt: skip
_ORDERS: Final = {
    Comparator.AT_LEAST: RowAsk.AT_LEAST,
    Comparator.AT_MOST: RowAsk.AT_MOST,
    Comparator.EQUAL: RowAsk.IS,
}


class BuiltRow(NamedTuple):
    """One row: the output (`triage.decision`), what it must be (a choice, or a number as text), and how."""

    output: str
    value: str = ""
    test: RowAsk = RowAsk.IS


class Built(NamedTuple):
    """A condition of rows, of which all must hold, or any."""

    rows: tuple[BuiltRow, ...]
    is_any: bool = False


def offers(name: str, output: Output) -> Iterator[BuiltRow]:
    """List what a row may say of an output: each of its choices; of a number or an instant, itself."""
    if output.kind is ValueKind.CHOICE:
        yield from (BuiltRow(name, choice) for choice in output.choices)
    else:
        yield BuiltRow(name)


def rows_of(text: str) -> Built | None:
    """Return the rows of a condition; None for one that is too rich for them."""
    tree = parse_condition(text).tree
    if isinstance(tree, Contains) and (found := _one_of(tree)):
        return Built(found, is_any=len(found) > 1)
    operands = tree.operands if isinstance(tree, And | Or) else (tree,)
    rows = _rows(operands, may_guard=not isinstance(tree, Or))
    return Built(rows, is_any=isinstance(tree, Or)) if rows else None


def put_together(built: Built, outputs: Mapping[str, Output]) -> str:
    """Write rows as the text of a condition; a row about an output that there is not is left out."""
    known = [row for row in built.rows if row.output in outputs]
    several = len(known) > 1
    return (" || " if built.is_any else " && ").join(
        _text(row, outputs[row.output], in_brackets=several and built.is_any) for row in known
    )


def _text(row: BuiltRow, output: Output, *, in_brackets: bool) -> str:
    if row.test in {RowAsk.KNOWN, RowAsk.NOT_KNOWN}:
        return f"{'' if row.test is RowAsk.KNOWN else '!'}has({row.output})"
    if output.kind is ValueKind.BOOL:
        said = f"{'!' if row.test is RowAsk.IS_NOT else ''}{row.output}"
    elif output.kind is ValueKind.NUMBER:
        order = {RowAsk.AT_LEAST: ">=", RowAsk.AT_MOST: "<=", RowAsk.IS_NOT: "!="}.get(row.test, "==")
        said = f"{row.output} {order} {row.value or 0}"
    else:
        said = f'{row.output} {"!=" if row.test is RowAsk.IS_NOT else "=="} "{row.value}"'
    if row.test is not RowAsk.KNOWN_AND:
        return said
    return f"(has({row.output}) && {said})" if in_brackets else f"has({row.output}) && {said}"


def _rows(operands: Sequence[Node], *, may_guard: bool) -> tuple[BuiltRow, ...]:
    """Return a row for each operand, or none at all where one is too rich; a guard goes with what it guards."""
    found: list[BuiltRow] = []
    for node in operands:
        inner = _rows(node.operands, may_guard=True) if isinstance(node, And) else ()
        row = inner[0] if len(inner) == 1 else _row(node)
        if row is None:
            return ()
        if may_guard and found and found[-1] == BuiltRow(row.output, test=RowAsk.KNOWN) and row.test is RowAsk.IS:
            row = row._replace(test=RowAsk.KNOWN_AND)
            found.pop()
        found.append(row)
    return tuple(found)


def _row(node: Node) -> BuiltRow | None:
    is_not = isinstance(node, Not)
    inner = node.operand if isinstance(node, Not) else node
    match inner:
        case Has(target):
            return BuiltRow(target.name, test=RowAsk.NOT_KNOWN if is_not else RowAsk.KNOWN)
        case Field():
            return BuiltRow(inner.name, test=RowAsk.IS_NOT if is_not else RowAsk.IS)
        case Compare(Field() as field, how, literal) if not is_not:
            return _compared(field.name, how, literal)
        case _:
            return None


def _compared(name: str, how: Comparator, literal: Node) -> BuiltRow | None:
    match literal:
        case BoolLiteral(value) if how is Comparator.EQUAL:
            return BuiltRow(name, test=RowAsk.IS if value else RowAsk.IS_NOT)
        case StringLiteral(value) if not how.is_ordering:
            return BuiltRow(name, value, RowAsk.IS if how is Comparator.EQUAL else RowAsk.IS_NOT)
        case NumberLiteral(value) if how in _ORDERS:
            return BuiltRow(name, str(value), _ORDERS[how])
        case _:
            return None


def _one_of(node: Contains) -> tuple[BuiltRow, ...]:
    if not isinstance(node.item, Field) or isinstance(node.items, Field):
        return ()
    name = node.item.name
    values = [item.value for item in node.items.items if isinstance(item, StringLiteral)]
    return tuple(BuiltRow(name, value) for value in values) if len(values) == len(node.items.items) else ()
