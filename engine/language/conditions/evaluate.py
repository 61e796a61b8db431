"""Answer a condition: true, false or unknown."""

from dataclasses import dataclass
from functools import lru_cache

from engine.errors import ConditionTypeError
from engine.language.conditions.compile import compile_node
from engine.language.conditions.operators import Run, expect
from engine.language.conditions.render import render
from engine.language.conditions.tree import And, Condition, Node, Not, Or, fields_of
from engine.language.conditions.values import UNKNOWN, ConditionKind, Lookup, Truth, Unknown, Value

__all__ = ["UNKNOWN", "Explained", "Lookup", "SeenValue", "Truth", "Unknown", "Value", "evaluate", "explain"]


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
