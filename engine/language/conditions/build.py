"""From what the grammar found to the frozen tree of a condition."""

from collections.abc import Callable

from lark import Token, Tree

from engine.language.conditions.calls import build_call
from engine.language.conditions.characters import DEEPEST
from engine.language.conditions.literals import read_number, read_string
from engine.language.conditions.names import build_field
from engine.language.conditions.places import Found, names_in, read, refusal, span_of
from engine.language.conditions.tree import (
    And,
    BoolLiteral,
    Comparator,
    Compare,
    Contains,
    Field,
    ListLiteral,
    Node,
    Not,
    NumberLiteral,
    Or,
    ShiftedInstant,
    StringLiteral,
    Variable,
)

_Scope = tuple[str, ...]


def build_tree(found: Found, scope: _Scope = (), levels: int = DEEPEST) -> Node:
    """Return the frozen tree of what the grammar found.

    `scope` holds the variables in sight, `levels` is how deep the tree may still go. Raises ConditionSyntaxError for
    what has no meaning.
    """
    if levels <= 0:
        raise refusal(found, f"it is nested more than {DEEPEST} deep: declare a fact for a part of it.")
    if isinstance(found, Token):
        return _literal(found)
    return _BUILDERS[found.data](found, scope, levels - 1)


def _literal(token: Token) -> BoolLiteral | NumberLiteral | StringLiteral:
    match token.type:
        case "TRUE" | "FALSE":
            return BoolLiteral(token.type == "TRUE", at=span_of(token))
        case "NUMBER":
            return NumberLiteral(read(read_number, token, token), at=span_of(token))
        case _:
            return StringLiteral(read(read_string, token, token), at=span_of(token))


def _or(found: Tree[Token], scope: _Scope, levels: int) -> Node:
    return Or(tuple(build_tree(part, scope, levels) for part in found.children), at=span_of(found))


def _and(found: Tree[Token], scope: _Scope, levels: int) -> Node:
    return And(tuple(build_tree(part, scope, levels) for part in found.children), at=span_of(found))


def _not(found: Tree[Token], scope: _Scope, levels: int) -> Node:
    *marks, operand = found.children
    node = build_tree(operand, scope, levels - len(marks) + 1)
    for mark in reversed(marks):
        node = Not(node, at=span_of(mark, found))
    return node


def _compare(found: Tree[Token], scope: _Scope, levels: int) -> Node:
    left, operator, right = found.children
    sides = build_tree(left, scope, levels), build_tree(right, scope, levels)
    return Compare(sides[0], Comparator(str(operator)), sides[1], at=span_of(found))


def _contains(found: Tree[Token], scope: _Scope, levels: int) -> Node:
    left, _, right = found.children
    item = build_tree(left, scope, levels)
    if isinstance(right, Tree) and right.data == "list":
        return Contains(item, _list(right), at=span_of(found))
    items = build_tree(right, scope, levels)
    if not isinstance(items, Field):
        raise refusal(right, 'after "in" stands a list, like ["yes", "unsure"], or a field that holds one.')
    return Contains(item, items, at=span_of(found))


def _list(found: Tree[Token]) -> ListLiteral:
    return ListLiteral(tuple(_list_item(part) for part in found.children), at=span_of(found))


def _list_item(found: Found) -> BoolLiteral | NumberLiteral | StringLiteral:
    if isinstance(found, Token):
        return _literal(found)
    if found.data == "negative":
        return _negative(found, (), 0)
    raise refusal(found, "a list in brackets holds texts in quotes, numbers, true or false, and nothing else.")


def _stray_list(found: Tree[Token], _scope: _Scope, _levels: int) -> Node:
    raise refusal(found, 'a list in brackets stands only after "in".')


def _sum(found: Tree[Token], scope: _Scope, levels: int) -> Node:
    first, *rest = found.children
    operators, operands = names_in(Tree("operators", rest[::2])), rest[1::2]
    node = build_tree(first, scope, levels - len(operands) + 1)
    for operator, operand in zip(operators, operands, strict=True):
        node = ShiftedInstant(node, str(operator), build_tree(operand, scope, levels), at=span_of(first, operand))
    return node


def _negative(found: Tree[Token], _scope: _Scope, _levels: int) -> NumberLiteral:
    return NumberLiteral(read(read_number, "".join(names_in(found)), found), at=span_of(found))


def _path(found: Tree[Token], scope: _Scope, _levels: int) -> Node:
    first, *rest = names_in(found)
    if first not in scope:
        return build_field([first, *rest])
    if rest:
        raise refusal(rest[0], f"{first} is one entry of a list and has no fields.")
    return Variable(str(first), at=span_of(found))


def _call(found: Tree[Token], scope: _Scope, levels: int) -> Node:
    return build_call(found, scope, lambda body, inner: build_tree(body, inner, levels))


_BUILDERS: dict[str, Callable[[Tree[Token], _Scope, int], Node]] = {
    "or": _or,
    "and": _and,
    "negation": _not,
    "compare": _compare,
    "contains": _contains,
    "sum": _sum,
    "negative": _negative,
    "list": _stray_list,
    "path": _path,
    "call": _call,
}
