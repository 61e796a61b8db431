"""What holds for every condition and every state of a case, and agreement with another implementation of CEL."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import cel
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from engine.language.conditions.check import FieldType, check_condition
from engine.language.conditions.evaluate import evaluate, explain
from engine.language.conditions.parse import parse_condition
from engine.language.conditions.rendering import in_words, render
from engine.language.conditions.tree import (
    And,
    BoolLiteral,
    Comparator,
    Compare,
    Condition,
    ConditionSyntaxError,
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
    Quantifier,
    ShiftedInstant,
    Size,
    StringLiteral,
    Variable,
)
from engine.language.conditions.values import UNKNOWN, ConditionTypeError, Truth, Value, ValueType

Path = tuple[str, ...]
Draw = st.DrawFn
Case = dict[Path, Value]

FIELDS: dict[Path, ValueType] = {
    ("flag",): ValueType.BOOL,
    ("s", "bool"): ValueType.BOOL,
    ("s", "number"): ValueType.NUMBER,
    ("t", "number"): ValueType.NUMBER,
    ("s", "text"): ValueType.STRING,
    ("t", "text"): ValueType.STRING,
    ("s", "at"): ValueType.INSTANT,
    ("t", "at"): ValueType.INSTANT,
    ("s", "tags"): ValueType.STRINGS,
    ("t", "tags"): ValueType.STRINGS,
}
TYPES = {path: FieldType(kind) for path, kind in FIELDS.items()}

words = st.sampled_from(["", "a", "b", "it's", 'say "x"', "ক", "a\nb", "\\"])
numbers = st.integers(-3, 3) | st.sampled_from([-0.5, 0.0, 1.0, 2.5])
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
moments = st.sampled_from([NEW_YEAR, NEW_YEAR + timedelta(days=3)]) | st.integers(-(10**15), 10**15).map(
    lambda microseconds: NEW_YEAR + timedelta(microseconds=microseconds)
)
spans = st.sampled_from([timedelta(0), timedelta(hours=72), timedelta(minutes=-90), timedelta(microseconds=1500)])

VALUES: dict[ValueType, st.SearchStrategy[Any]] = {
    ValueType.BOOL: st.booleans(),
    ValueType.NUMBER: numbers,
    ValueType.STRING: words,
    ValueType.INSTANT: moments,
    ValueType.STRINGS: st.lists(words, max_size=3).map(tuple),
}
LITERALS: dict[ValueType, st.SearchStrategy[Node]] = {
    ValueType.BOOL: st.booleans().map(BoolLiteral),
    ValueType.NUMBER: numbers.map(NumberLiteral),
    ValueType.STRING: words.map(StringLiteral),
    ValueType.INSTANT: moments.map(InstantLiteral),
    ValueType.DURATION: spans.map(DurationLiteral),
}
STRANGE: st.SearchStrategy[Any] = (
    st.sampled_from(
        [None, {}, 1j, 2**70, float("nan"), float("inf"), ("a", UNKNOWN), ("a", 1), NEW_YEAR.replace(tzinfo=None)]
    )
    | st.sampled_from([datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
    | st.text(max_size=3)
)


@st.composite
def typed_values(draw: Draw, kind: ValueType, scope: Path) -> Node:
    """Draw a node that has a value of this kind."""
    named = [Field(path) for path, known in FIELDS.items() if known is kind]
    choices = [LITERALS[kind]] if kind in LITERALS else []
    if named:
        choices.append(st.sampled_from(named))
    if kind is ValueType.STRING and scope:
        choices.append(st.sampled_from(scope).map(Variable))
    if kind is ValueType.NUMBER:
        choices.append(st.sampled_from([Size(Field(("s", "tags"))), Size(Field(("t", "tags")))]))
    if kind is ValueType.INSTANT:
        choices.append(
            st.builds(ShiftedInstant, st.sampled_from(named), st.sampled_from(["+", "-"]), LITERALS[ValueType.DURATION])
        )
    if kind is ValueType.DURATION:
        at = st.sampled_from([Field(("s", "at")), Field(("t", "at"))])
        choices.append(st.builds(ShiftedInstant, at, st.just("-"), at))
    return draw(st.one_of(choices))


@st.composite
def comparisons(draw: Draw, scope: Path) -> Node:
    """Draw a question about values of the right kinds."""
    kinds = [ValueType.BOOL, ValueType.NUMBER, ValueType.STRING, ValueType.INSTANT, ValueType.DURATION]
    kind = draw(st.sampled_from(kinds))
    has_order = kind not in {ValueType.BOOL, ValueType.STRING}
    operators = [operator for operator in Comparator if has_order or not operator.is_ordering]
    sides = typed_values(kind, scope)
    return Compare(draw(sides), draw(st.sampled_from(operators)), draw(sides))


@st.composite
def leaves(draw: Draw, scope: Path, *, with_has: bool) -> Node:
    """Draw the smallest questions."""
    texts = typed_values(ValueType.STRING, scope)
    literals: st.SearchStrategy[Any] = st.lists(LITERALS[ValueType.STRING], max_size=3)
    options: list[st.SearchStrategy[Node]] = [
        comparisons(scope),
        typed_values(ValueType.BOOL, scope),
        st.builds(Contains, texts, literals.map(tuple).map(ListLiteral)),
        st.builds(Contains, texts, st.sampled_from([Field(("s", "tags")), Field(("t", "tags"))])),
    ]
    if with_has:
        options.append(st.sampled_from([Has(Field(path)) for path in FIELDS if len(path) > 1]))
    return draw(st.one_of(options))


@st.composite
def questions(draw: Draw, scope: Path = (), levels: int = 3, *, with_has: bool = True) -> Node:
    """Draw a condition whose parts all have the right kind."""
    shape = draw(st.sampled_from(["leaf", "not", "and", "or", "macro"])) if levels else "leaf"
    below = questions(scope, levels - 1, with_has=with_has)
    match shape:
        case "not":
            return Not(draw(below))
        case "and":
            return And(tuple(draw(st.lists(below, min_size=2, max_size=3))))
        case "or":
            return Or(tuple(draw(st.lists(below, min_size=2, max_size=3))))
        case "macro" if len(scope) < 2:
            name = "xy"[len(scope)]
            body = draw(questions((*scope, name), levels - 1, with_has=with_has))
            field = draw(st.sampled_from([Field(("s", "tags")), Field(("t", "tags"))]))
            return Quantified(draw(st.sampled_from(Quantifier)), field, name, body)
        case _:
            leaf: Node = draw(leaves(scope, with_has=with_has))
            return leaf


def wild(levels: int = 3, scope: Path = ()) -> st.SearchStrategy[Node]:
    """Return conditions whose parts have any kind."""
    fields = st.sampled_from([Field(path) for path in FIELDS])
    named: list[st.SearchStrategy[Node]] = [st.just(Variable(name)) for name in scope]
    atoms = st.one_of(*LITERALS.values(), *named, fields, st.builds(Size, fields))
    if not levels:
        return atoms
    below = wild(levels - 1, scope)
    branches: list[st.SearchStrategy[Node]] = [
        st.builds(Not, below),
        st.builds(And, st.tuples(below, below)),
        st.builds(Or, st.tuples(below, below)),
        st.builds(Compare, below, st.sampled_from(Comparator), below),
        st.builds(ShiftedInstant, below, st.sampled_from(["+", "-"]), below),
        st.builds(Contains, below, fields),
    ]
    if len(scope) < 2:
        name = "xy"[len(scope)]
        body = wild(levels - 1, (*scope, name))
        branches.append(st.builds(Quantified, st.sampled_from(Quantifier), fields, st.just(name), body))
    return st.one_of(atoms, *branches)


cases: st.SearchStrategy[Case] = st.fixed_dictionaries({path: VALUES[kind] for path, kind in FIELDS.items()})
partial_cases: st.SearchStrategy[Case] = st.fixed_dictionaries(
    {}, optional={path: VALUES[kind] for path, kind in FIELDS.items()}
)
strange_cases: st.SearchStrategy[Mapping[Path, Any]] = st.fixed_dictionaries(
    {}, optional={path: st.one_of(STRANGE, *VALUES.values()) for path in FIELDS}
)


def read(node: Node) -> Condition:
    text = render(node)
    assume(len(text) <= 500)
    return parse_condition(text)


def answer(condition: Condition, case: Mapping[Path, Any]) -> Truth:
    return evaluate(condition, lambda path: case.get(path, UNKNOWN))


@given(questions() | wild())
def test_what_is_written_back_is_read_as_the_same_tree(node: Node) -> None:
    condition = read(node)
    assert condition.tree == node
    assert render(condition.tree) == condition.text


@given(wild() | questions(), strange_cases)
def test_any_condition_over_any_case_answers_or_says_that_a_kind_is_wrong(node: Node, case: Mapping[Path, Any]) -> None:
    condition = read(node)
    check_condition(condition, TYPES)
    assert in_words(condition, ".".join)
    assert explain(condition, lambda path: case.get(path, UNKNOWN))
    try:
        assert answer(condition, case) in set(Truth)
    except ConditionTypeError as error:
        assert error.facts["column"]  # noqa: PT017 - either way is right


@given(wild() | questions(), cases)
def test_whatever_meets_a_wrong_kind_was_found_by_the_check(node: Node, case: Case) -> None:
    condition = read(node)
    try:
        answer(condition, case)
    except ConditionTypeError:
        assert check_condition(condition, TYPES)


@given(questions(), partial_cases)
def test_a_condition_of_the_right_kinds_passes_the_check_and_always_answers(node: Node, case: Case) -> None:
    condition = read(node)
    found = [problem for problem in check_condition(condition, TYPES) if "empty list" not in problem.message]
    assert not found
    assert answer(condition, case) in set(Truth)


@given(questions(with_has=False), cases, st.sets(st.sampled_from(list(FIELDS))), st.sampled_from(list(FIELDS)))
def test_learning_a_field_never_turns_an_answer_round(node: Node, case: Case, hidden: set[Path], learnt: Path) -> None:
    condition = read(node)
    before = answer(condition, {path: value for path, value in case.items() if path not in hidden})
    after = answer(condition, {path: value for path, value in case.items() if path not in hidden - {learnt}})
    assert before is Truth.UNKNOWN or after is before


@given(questions(with_has=False), cases)
def test_a_condition_over_a_fully_known_case_is_never_unknown(node: Node, case: Case) -> None:
    assert answer(read(node), case) is not Truth.UNKNOWN


@given(questions(), partial_cases)
def test_the_opposite_has_the_opposite_answer(node: Node, case: Case) -> None:
    opposite = {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE, Truth.UNKNOWN: Truth.UNKNOWN}
    assert answer(read(Not(node)), case) is opposite[answer(read(node), case)]


@given(questions(), cases)
def test_another_implementation_of_cel_gives_the_same_answer(node: Node, case: Case) -> None:
    condition = read(node)
    context: dict[str, Any] = {}
    for path, value in case.items():
        owner = context.setdefault(path[0], {}) if len(path) > 1 else context
        owner[path[-1]] = list(value) if isinstance(value, tuple) else value
    assert (answer(condition, case) is Truth.TRUE) is cel.evaluate(condition.text, context)


@given(st.text(alphabet="ab.()[]!&|=<>+-,\"'\\ 01\n\u0430\u200b\x00", max_size=60))
@example("a" * 600)
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    try:
        condition = parse_condition(text)
    except ConditionSyntaxError as refused:
        lines = text.split("\n")
        line, column = refused.facts["line"], refused.facts["column"]
        assert isinstance(line, int) and isinstance(column, int)  # noqa: PT018 - either way is right
        assert 1 <= column <= len(lines[line - 1]) + 1
    else:
        assert parse_condition(render(condition.tree)).tree == condition.tree


@pytest.mark.parametrize("text", ["s.number in [1.0]", "t.number in [1]"])
def test_a_whole_and_a_decimal_number_that_are_equal_are_found_in_a_list(text: str) -> None:
    assert answer(parse_condition(text), {("s", "number"): 1, ("t", "number"): 1.0}) is Truth.TRUE
