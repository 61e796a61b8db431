"""Check a condition against the names that it may use and what its fields can hold."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from lark import Token

from engine.language.conditions.tree import (
    And,
    BoolLiteral,
    Compare,
    Condition,
    Contains,
    DurationLiteral,
    Field,
    Has,
    InstantLiteral,
    ListLiteral,
    Node,
    Not,
    NumberLiteral,
    Or,
    Quantified,
    ShiftedInstant,
    Size,
    StringLiteral,
    Variable,
    refusal,
    span_of,
)
from engine.language.conditions.values import ValueType
from engine.language.names import PERSON

_OF_CEL = (
    "as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop",
    "namespace", "null", "package", "return", "true", "var", "void", "while",
)  # fmt: skip
RESERVED_WORDS = frozenset({*_OF_CEL, "has", "size", "timestamp", "duration", "exists", "all"})
"""What no step, fact or field may be called: the words of CEL and of its functions."""

_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


def build_field(names: Sequence[Token]) -> Field:
    """Return the field of a dotted path; raise ConditionSyntaxError for a name that none can have."""
    for name in names:
        if name == "null":
            raise refusal(name, "there is no null: an unanswered field is unknown; ask has(step.field).")
        if name in {"True", "False"}:
            raise refusal(name, f"write {name.lower()} in small letters.")
        if name in RESERVED_WORDS:
            raise refusal(name, f'"{name}" is a word of the language and cannot name a field.')
        if not _NAME.fullmatch(name):
            raise refusal(
                name, f'"{name}" is not a name: names are small letters, digits and _, and begin with a letter.'
            )
    return Field(tuple(str(name) for name in names), at=span_of(names[0], names[-1]))


class ProblemCode(StrEnum):
    """The kinds of problem that a check finds."""

    UNKNOWN_FIELD = "unknown-field"
    TYPE = "type"
    UNKNOWN_CHOICE = "unknown-choice"
    NOT_BOOL = "not-bool"


@dataclass(frozen=True, slots=True)
class FieldType:
    """What one field can hold; `choices`, if not empty, are all the texts that it, or an entry of it, can be."""

    kind: ValueType
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConditionProblem:
    """One thing that is wrong with a condition, where, and what to do; line and column count from 1 in its text."""

    column: int
    code: ProblemCode
    message: str
    line: int = 1


Types = Mapping[tuple[str, ...], FieldType]


def check_condition(condition: Condition, types: Types) -> tuple[ConditionProblem, ...]:
    """Return what is wrong with a condition, given the type of every field that exists, in the order of the text."""
    checker = _Checker(types)
    found = checker.type_of(condition.tree, {}).kind
    if found not in {ValueType.BOOL, ValueType.ANY}:
        checker.note(condition.tree, ProblemCode.NOT_BOOL, f"This is {_WORDS[found]}, not a question: compare it.")
    return tuple(sorted(checker.problems, key=lambda problem: (problem.line, problem.column)))


_WORDS = {
    ValueType.BOOL: "true or false",
    ValueType.NUMBER: "a number",
    ValueType.STRING: "a text",
    ValueType.INSTANT: "an instant",
    ValueType.STRINGS: "a list",
    ValueType.DURATION: "a duration",
    ValueType.ANY: "anything",
}
_REMEDIES = {
    (ValueType.BOOL, ValueType.STRING): " It is asked alone: with ! before it, it asks for no.",
    (ValueType.NUMBER, ValueType.STRING): " Write the number without quotes.",
}
_ORDERED = {ValueType.NUMBER, ValueType.INSTANT, ValueType.DURATION}
_SHIFTS = {
    (ValueType.INSTANT, "-", ValueType.INSTANT): ValueType.DURATION,
    (ValueType.INSTANT, "+", ValueType.DURATION): ValueType.INSTANT,
    (ValueType.INSTANT, "-", ValueType.DURATION): ValueType.INSTANT,
    (ValueType.DURATION, "+", ValueType.INSTANT): ValueType.INSTANT,
    (ValueType.DURATION, "+", ValueType.DURATION): ValueType.DURATION,
    (ValueType.DURATION, "-", ValueType.DURATION): ValueType.DURATION,
}
_BOOL, _ANY = FieldType(ValueType.BOOL), FieldType(ValueType.ANY)

_Scope = Mapping[str, FieldType]


class _Checker:
    """Walks one tree and gathers its problems."""

    def __init__(self, types: Types) -> None:
        self.types = types
        self.problems: list[ConditionProblem] = []

    def note(self, node: Node, code: ProblemCode, message: str) -> None:
        self.problems.append(ConditionProblem(node.at.column, code, message, node.at.line))

    def type_of(self, node: Node, scope: _Scope) -> FieldType:  # noqa: PLR0911 - one return a kind of node
        """Return the type of a node, having noted the problems in it; `any` where they make it unclear."""
        match node:
            case And(operands) | Or(operands):
                for operand in operands:
                    self._need_bool(operand, scope)
                return _BOOL
            case Not(operand):
                self._need_bool(operand, scope)
                return _BOOL
            case Compare():
                return self._compare(node, scope)
            case Contains():
                return self._contains(node, scope)
            case Quantified():
                return self._quantified(node, scope)
            case ShiftedInstant():
                return self._shift(node, scope)
            case _:
                return self._small(node, scope)

    def _small(self, node: Node, scope: _Scope) -> FieldType:
        match node:
            case Field():
                return self._field(node)
            case Variable(name):
                return scope[name]
            case Has(target):
                self._field(target)
                return _BOOL
            case Size(target):
                self._need_list(target)
                return FieldType(ValueType.NUMBER)
            case _:
                return FieldType(_LITERALS[type(node)])

    def _field(self, node: Field) -> FieldType:
        known = self.types.get(node.path)
        if known is None:
            self.note(node, ProblemCode.UNKNOWN_FIELD, _no_field(node, self.types))
        return known or _ANY

    def _need_bool(self, node: Node, scope: _Scope) -> None:
        found = self.type_of(node, scope).kind
        if found not in {ValueType.BOOL, ValueType.ANY}:
            message = (
                f"{_subject(node)} is {_WORDS[found]}, but true or false is needed here: compare it with something."
            )
            self.note(node, ProblemCode.TYPE, message)

    def _need_list(self, node: Field) -> FieldType:
        found = self._field(node)
        if found.kind not in {ValueType.STRINGS, ValueType.ANY}:
            self.note(node, ProblemCode.TYPE, f"{node.name} is {_WORDS[found.kind]}, but a list is needed here.")
            return _ANY
        return found

    def _compare(self, node: Compare, scope: _Scope) -> FieldType:
        if self._lacks_quotes(node.left, node.right) or self._lacks_quotes(node.right, node.left):
            return _BOOL
        left, right = self.type_of(node.left, scope), self.type_of(node.right, scope)
        known = [found.kind for found in (left, right) if found.kind is not ValueType.ANY]
        if ValueType.STRINGS in known:
            listed = node.left if left.kind is ValueType.STRINGS else node.right
            self.note(listed, ProblemCode.TYPE, f'{_subject(listed)} is a list: ask "…" in it, or use exists or all.')
        elif len(set(known)) > 1:
            hint = " (! belongs to what follows it alone: write !(…))" if isinstance(node.left, Not) else ""
            message = f"{_subject(node.left)} is {_WORDS[left.kind]}, but is compared with {_WORDS[right.kind]}{hint}."
            message += _REMEDIES.get((left.kind, right.kind), "" if hint else " Compare like with like.")
            self.note(node, ProblemCode.TYPE, message)
        elif node.operator.is_ordering and not set(known) <= _ORDERED:
            message = f"{_subject(node.left)} is {_WORDS[known[0]]}, which has no order: use ==, != or in."
            self.note(node, ProblemCode.TYPE, message)
        else:
            self._choice(node.left, right, node.right)
            self._choice(node.right, left, node.left)
        return _BOOL

    def _lacks_quotes(self, bare: Node, other: Node) -> bool:
        """Note an answer that stands without its quotes, so that it is read as a name."""
        if not isinstance(bare, Field) or bare.path in self.types or not isinstance(other, Field):
            return False
        if bare.name not in self.types.get(other.path, _ANY).choices:
            return False
        message = f'There is no {bare.name}: an answer stands in quotes, like {other.name} == "{bare.name}".'
        self.note(bare, ProblemCode.UNKNOWN_FIELD, message)
        return True

    def _choice(self, literal: Node, other: FieldType, named: Node) -> None:
        """Note a text that the other side can never be."""
        if not isinstance(literal, StringLiteral) or not other.choices or literal.value in other.choices:
            return
        nearest = get_close_matches(literal.value, other.choices, n=1, cutoff=0.0)[0]
        message = f'{_subject(named)} can never be "{literal.value}"; did you mean "{nearest}"?'
        self.note(literal, ProblemCode.UNKNOWN_CHOICE, message)

    def _contains(self, node: Contains, scope: _Scope) -> FieldType:
        item = self.type_of(node.item, scope)
        if isinstance(node.items, Field):
            entry = self._need_list(node.items)
            if item.kind not in {ValueType.STRING, ValueType.ANY} and entry.kind is not ValueType.ANY:
                message = f"{_subject(node.item)} is {_WORDS[item.kind]}, but {node.items.name} is a list of texts."
                self.note(node.item, ProblemCode.TYPE, message)
            self._choice(node.item, entry, node.items)
            return _BOOL
        if not node.items.items:
            self.note(node.items, ProblemCode.TYPE, "An empty list holds nothing: write what it should hold.")
        for literal in node.items.items:
            found = _LITERALS[type(literal)]
            if item.kind not in {found, ValueType.ANY}:
                message = f"{_subject(node.item)} is {_WORDS[item.kind]}, but this is {_WORDS[found]}."
                self.note(literal, ProblemCode.TYPE, message)
            self._choice(literal, item, node.item)
        return _BOOL

    def _quantified(self, node: Quantified, scope: _Scope) -> FieldType:
        listed = self._need_list(node.field)
        kind = ValueType.ANY if listed.kind is ValueType.ANY else ValueType.STRING
        self._need_bool(node.body, {**scope, node.variable: FieldType(kind, listed.choices)})
        return _BOOL

    def _shift(self, node: ShiftedInstant, scope: _Scope) -> FieldType:
        left, right = self.type_of(node.left, scope).kind, self.type_of(node.right, scope).kind
        if ValueType.ANY in {left, right}:
            return _ANY
        found = _SHIFTS.get((left, node.operator, right))
        if found is None:
            message = (
                f"{_WORDS[left]} {node.operator} {_WORDS[right]} has no meaning: only instants and durations add up."
            )
            self.note(node, ProblemCode.TYPE, message[0].upper() + message[1:])
            return _ANY
        return FieldType(found)


_LITERALS: dict[type, ValueType] = {
    BoolLiteral: ValueType.BOOL,
    NumberLiteral: ValueType.NUMBER,
    StringLiteral: ValueType.STRING,
    InstantLiteral: ValueType.INSTANT,
    DurationLiteral: ValueType.DURATION,
    ListLiteral: ValueType.STRINGS,
}


def _subject(node: Node) -> str:
    match node:
        case Field():
            return node.name
        case Variable(name):
            return name
        case _:
            return "This"


def _no_field(node: Field, types: Types) -> str:
    if node.path[0] == PERSON and not any(path[0] == PERSON for path in types):
        remedy = 'write "for_each: case.persons" in the step that asks'
        return f"{node.name} is known only in a step that is done for each person: {remedy}."
    names = [".".join(path) for path in types]
    nearest = get_close_matches(node.name, names, n=1)
    if nearest:
        return f"There is no {node.name}; did you mean {nearest[0]}?"
    siblings = sorted(name for name, path in zip(names, types, strict=True) if path[:-1] and path[0] == node.path[0])
    if siblings:
        return f"There is no {node.name}; there are {', '.join(siblings[:8])}."
    return f"There is no {node.name}: declare the fact, or name a step and one of its outputs."
