"""Answer a condition with three values: its tree compiled to functions."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from lark import Token, Tree

from engine.language.conditions.check import build_field
from engine.language.conditions.rendering import render
from engine.language.conditions.tree import (
    And,
    Atom,
    Compare,
    Condition,
    Contains,
    DurationLiteral,
    Field,
    Found,
    Has,
    InstantLiteral,
    ListLiteral,
    Node,
    Not,
    Or,
    Quantified,
    Quantifier,
    ShiftedInstant,
    Size,
    Variable,
    fields_of,
    names_in,
    read,
    read_duration,
    read_instant,
    read_string,
    refusal,
    span_of,
)
from engine.language.conditions.values import (
    UNKNOWN,
    ConditionKind,
    ConditionTypeError,
    Lookup,
    Run,
    Scope,
    Truth,
    Value,
    comparison,
    containment,
    entries_of,
    expect,
    fail,
    kind_of,
    shift,
    subject,
)

MOST_NESTED_MACROS = 2

_THERE_ARE = 'has(step.field), size(list), timestamp("…"), duration("…"), list.exists(x, …) and list.all(x, …)'
_Scope = tuple[str, ...]
_Arguments = list[Found]


def build_call(found: Tree[Token], scope: _Scope, build: Callable[[Found, _Scope], Node]) -> Node:
    """Return the node of a call; `build` makes the body of a macro, in which its variable is in sight."""
    path, *arguments = found.children
    *owner, name = names_in(path)
    if owner and name in set(Quantifier):
        return _macro(found, (owner, name), arguments, scope, build)
    if not owner and name in {"timestamp", "duration"}:
        return _literal(found, name, arguments)
    if not owner and name in {"has", "size"}:
        return _question(found, name, arguments, scope)
    raise refusal(name, f"there is no {name}() here; there are {_THERE_ARE}.")


def _literal(found: Tree[Token], name: Token, arguments: _Arguments) -> Node:
    argument = _only(name, arguments)
    if not isinstance(argument, Token) or argument.type != "STRING":
        raise refusal(argument, f"{name}() takes a text in quotes.")
    text = read(read_string, argument, argument)
    if name == "timestamp":
        return InstantLiteral(read(read_instant, text, argument), at=span_of(found))
    return DurationLiteral(read(read_duration, text, argument), at=span_of(found))


def _question(found: Tree[Token], name: Token, arguments: _Arguments, scope: _Scope) -> Node:
    argument = _only(name, arguments)
    if not isinstance(argument, Tree) or argument.data != "path" or names_in(argument)[0] in scope:
        raise refusal(argument, f"{name}() takes the name of a field.")
    field = build_field(names_in(argument))
    if name == "size":
        return Size(field, at=span_of(found))
    if len(field.path) == 1:
        raise refusal(argument, "has() takes a step and its field, like has(step.field).")
    return Has(field, at=span_of(found))


def _only(name: Token, arguments: _Arguments) -> Found:
    if len(arguments) != 1:
        raise refusal(name, f"{name}() takes one value in its brackets.")
    return arguments[0]


def _macro(
    found: Tree[Token],
    called: tuple[list[Token], Token],
    arguments: _Arguments,
    scope: _Scope,
    build: Callable[[Found, _Scope], Node],
) -> Node:
    owner, name = called
    if len(scope) >= MOST_NESTED_MACROS:
        raise refusal(name, f"exists and all are nested more than {MOST_NESTED_MACROS} deep.")
    if owner[0] in scope:
        raise refusal(owner[0], f"{owner[0]} is one entry of a list, not a list.")
    match arguments:
        case [entry, body]:
            variable = _variable(entry, scope)
            inner = build(body, (*scope, variable))
            return Quantified(Quantifier(str(name)), build_field(owner), variable, inner, at=span_of(found))
        case _:
            raise refusal(name, f'{name} takes a name for one entry and a condition, like list.{name}(x, x == "…").')


def _variable(found: Found, scope: _Scope) -> str:
    if not isinstance(found, Tree) or found.data != "path" or len(found.children) != 1:
        raise refusal(found, "the first value here is a plain name for one entry, like x.")
    name = build_field(names_in(found)).name
    if name in scope:
        raise refusal(found, f"{name} already names an entry of the list outside: use another name.")
    return name


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


_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class SeenValue:
    """The value that a field had when a condition was answered."""

    path: tuple[str, ...]
    value: Value


@dataclass(frozen=True, slots=True)
class Explained:
    """One part of a condition that is answered on its own: its text, its answer, and the values it saw.

    `problem` says why it could not be answered, and its truth is then unknown. The values are shown to people who may
    see the case, and never logged.
    """

    text: str
    truth: Truth
    seen: tuple[SeenValue, ...]
    column: int
    line: int = 1
    problem: str = ""


def evaluate(condition: Condition, lookup: Lookup) -> Truth:
    """Answer a condition from the values that `lookup` gives.

    Raises ConditionTypeError when a value is of a kind that the condition cannot use; that is never false.
    """
    return _truth(condition.tree, _compiled(condition), lookup)


def explain(condition: Condition, lookup: Lookup) -> tuple[Explained, ...]:
    """Answer each part between `&&`, `||` and `!` on its own, in the order of the text; raises nothing of its own."""
    return tuple(_explained(leaf, lookup) for leaf in _leaves(condition.tree))


@lru_cache(maxsize=_REMEMBERED)
def _compiled(condition: Condition) -> Run:
    return compile_node(condition.tree)


def _truth(node: Node, run: Run, lookup: Lookup) -> Truth:
    value = run(lookup, {})
    if value is True:
        return Truth.TRUE
    if value is False:
        return Truth.FALSE
    if value is not UNKNOWN:
        expect(value, ConditionKind.BOOL, node)
    return Truth.UNKNOWN


def _leaves(node: Node) -> tuple[Node, ...]:
    match node:
        case And(operands) | Or(operands):
            return tuple(leaf for operand in operands for leaf in _leaves(operand))
        case Not(operand):
            return _leaves(operand)
        case _:
            return (node,)


def _explained(leaf: Node, lookup: Lookup) -> Explained:
    paths = dict.fromkeys(mention.path for mention in fields_of(leaf))
    seen = tuple(SeenValue(path, lookup(path)) for path in paths)
    truth, problem = Truth.UNKNOWN, ""
    try:
        truth = _truth(leaf, compile_node(leaf), lookup)
    except ConditionTypeError as error:
        problem = str(error.facts["problem"])
    return Explained(render(leaf), truth, seen, leaf.at.column, leaf.at.line, problem)
