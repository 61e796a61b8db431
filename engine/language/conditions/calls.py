"""The functions and macros of the condition language."""

from collections.abc import Callable

from lark import Token, Tree

from engine.language.conditions.literals import read_duration, read_instant, read_string
from engine.language.conditions.names import build_field
from engine.language.conditions.places import Found, names_in, read, refusal, span_of
from engine.language.conditions.tree import DurationLiteral, Has, InstantLiteral, Node, Quantified, Quantifier, Size

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
