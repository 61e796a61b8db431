"""Whether a condition can be true at all, by trying every answer that its fields can have."""

from collections.abc import Collection, Iterator
from itertools import product
from math import prod

from engine.errors import ConditionTypeError
from engine.language.conditions.check import ValueType
from engine.language.conditions.evaluate import evaluate
from engine.language.conditions.tree import Condition, Node, NumberLiteral, children
from engine.language.conditions.values import UNKNOWN, Truth, Value
from engine.language.lint.fields import Fields

MOST_COMBINATIONS = 4096

FieldPath = tuple[str, ...]


def can_be_true(condition: Condition, types: Fields, *, never_known: Collection[FieldPath] = ()) -> bool:
    """Return whether some answers make the condition true; also true when there are too many answers to try.

    Fields in `never_known` have no answer when the condition is asked.
    """
    domains: dict[FieldPath, tuple[Value, ...]] = {}
    tested = {mention.path for mention in condition.fields if mention.tested}
    for path in dict.fromkeys(mention.path for mention in condition.fields):
        domain = (UNKNOWN,) if path in never_known else _domain(condition, types, path)
        if domain is None:
            return True
        domains[path] = (*domain, UNKNOWN) if path in tested else domain
    if prod(len(domain) for domain in domains.values()) > MOST_COMBINATIONS:
        return True
    try:
        return any(
            _is_true(condition, dict(zip(domains, values, strict=True))) for values in product(*domains.values())
        )
    except ConditionTypeError:
        return True


def left_open_by(condition: Condition, types: Fields, path: FieldPath) -> bool:
    """Whether a condition can stay unknown because a yes-or-no question of a step that was done is *Not known*.

    All other answers are there, and every one is tried; false when they are too many to try.
    """
    domains: dict[FieldPath, tuple[Value, ...]] = {path: (UNKNOWN,), (path[0], "outcome"): ("done",)}
    for other in dict.fromkeys(mention.path for mention in condition.fields):
        domain = domains.get(other) or _domain(condition, types, other)
        if domain is None:
            return False
        domains[other] = domain
    if prod(len(domain) for domain in domains.values()) > MOST_COMBINATIONS:
        return False
    tries = (dict(zip(domains, values, strict=True)) for values in product(*domains.values()))
    try:
        return any(_answer(condition, tried) is Truth.UNKNOWN for tried in tries)
    except ConditionTypeError:
        return False


def _answer(condition: Condition, answers: dict[FieldPath, Value]) -> Truth:
    return evaluate(condition, lambda path: answers.get(path, UNKNOWN))


def _is_true(condition: Condition, answers: dict[FieldPath, Value]) -> bool:
    return _answer(condition, answers) is Truth.TRUE


def _domain(condition: Condition, types: Fields, path: FieldPath) -> tuple[Value, ...] | None:
    """List the answers to try for a field; None when they cannot be listed."""
    known = types.get(path)
    if known is None:
        return None
    match known.kind:
        case ValueType.BOOL:
            return (True, False)
        case ValueType.STRING if known.choices:
            return known.choices
        case ValueType.NUMBER:
            numbers = {number + step for number in _numbers(condition.tree) for step in (-1, -0.5, 0, 0.5, 1)}
            return tuple(sorted(numbers)) or (0,)
        case _:
            return None


def _numbers(node: Node) -> Iterator[int | float]:
    if isinstance(node, NumberLiteral):
        yield node.value
    for child in children(node):
        yield from _numbers(child)
