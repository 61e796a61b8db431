"""Turn the tree of a condition into functions that answer it with three values."""

from engine.language.conditions.operators import (
    Run,
    Scope,
    comparison,
    containment,
    entries_of,
    expect,
    fail,
    shift,
    subject,
)
from engine.language.conditions.tree import (
    And,
    Atom,
    Compare,
    Contains,
    Field,
    Has,
    ListLiteral,
    Node,
    Not,
    Or,
    Quantified,
    Quantifier,
    ShiftedInstant,
    Size,
    Variable,
)
from engine.language.conditions.values import UNKNOWN, ConditionKind, Lookup, kind_of


def compile_node(node: Node) -> Run:  # noqa: PLR0911 - one return a kind of node
    """Return the function that computes a node.

    Every part is computed, whatever the others say: a value of the wrong kind is found in whatever order the parts
    stand, and a field that becomes known can turn unknown into an answer but, `has` apart, never turn an answer round.
    """
    match node:
        case And(operands):
            return _joined(operands, decisive=False)
        case Or(operands):
            return _joined(operands, decisive=True)
        case Not(operand):
            return _negation(operand)
        case Compare(left, _, right):
            return comparison(node, compile_node(left), compile_node(right))
        case Contains(item, items):
            return containment(node, compile_node(item), compile_node(items))
        case ShiftedInstant(left, _, right):
            return shift(node, compile_node(left), compile_node(right))
        case Quantified():
            return _quantified(node)
        case _:
            return _compile_atom(node)


def _compile_atom(node: Atom) -> Run:
    match node:
        case Has(target):
            return _presence(target)
        case Size(target):
            return _size(target)
        case Field(path):
            return lambda lookup, _scope: lookup(path)
        case Variable(name):
            return lambda _lookup, scope: scope[name]
        case ListLiteral(items):
            return _constant(tuple(item.value for item in items))
        case _:
            return _constant(node.value)


def _constant(value: object) -> Run:
    return lambda _lookup, _scope: value


def _joined(operands: tuple[Node, ...], *, decisive: bool) -> Run:
    """Return the function of `&&` (false is decisive) or `||` (true is decisive), after Kleene."""
    runs = tuple((operand, compile_node(operand)) for operand in operands)

    def run(lookup: Lookup, scope: Scope) -> object:
        answer: object = not decisive
        for node, part in runs:
            value = part(lookup, scope)
            if value is decisive:
                answer = decisive
            elif value is UNKNOWN:
                answer = UNKNOWN if answer is not decisive else answer
            elif value is not (not decisive):
                expect(value, ConditionKind.BOOL, node)
        return answer

    return run


def _negation(operand: Node) -> Run:
    part = compile_node(operand)

    def run(lookup: Lookup, scope: Scope) -> object:
        value = part(lookup, scope)
        if value is UNKNOWN:
            return UNKNOWN
        expect(value, ConditionKind.BOOL, operand)
        return not value

    return run


def _presence(target: Field) -> Run:
    path = target.path

    def run(lookup: Lookup, _scope: Scope) -> object:
        value = lookup(path)
        if value is UNKNOWN:
            return False
        if kind_of(value) is ConditionKind.OTHER:
            fail(target, f"{subject(target)} is {ConditionKind.OTHER}.")
        return True

    return run


def _size(target: Field) -> Run:
    path = target.path

    def run(lookup: Lookup, _scope: Scope) -> object:
        value = lookup(path)
        return UNKNOWN if value is UNKNOWN else len(entries_of(value, target))

    return run


def _quantified(node: Quantified) -> Run:
    """Return the function of `exists` (one true entry decides) or `all` (one false entry decides)."""
    path, name, body = node.field.path, node.variable, compile_node(node.body)
    decisive = node.quantifier is Quantifier.EXISTS

    def run(lookup: Lookup, scope: Scope) -> object:
        value = lookup(path)
        if value is UNKNOWN:
            return UNKNOWN
        answer: object = not decisive
        for entry in entries_of(value, node.field):
            found = body(lookup, {**scope, name: entry})
            if found is decisive:
                answer = decisive
            elif found is UNKNOWN:
                answer = UNKNOWN if answer is not decisive else answer
            else:
                expect(found, ConditionKind.BOOL, node.body)
        return answer

    return run
