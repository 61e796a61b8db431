"""What a condition may say, and where and why it is refused."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.language.conditions.parse import parse_condition
from engine.language.conditions.tree import (
    And,
    Comparator,
    Compare,
    ConditionSyntaxError,
    Contains,
    DurationLiteral,
    Field,
    FieldRef,
    InstantLiteral,
    ListLiteral,
    Node,
    Not,
    NumberLiteral,
    Or,
    Quantified,
    Quantifier,
    Size,
    StringLiteral,
    TextSpan,
    Variable,
)

A, B, C = Field(("a",)), Field(("b",)), Field(("c",))

MEANT: list[tuple[str, Node]] = [
    ("a || b && c", Or((A, And((B, C))))),
    ("(a || b) && c", And((Or((A, B)), C))),
    ("!a && !!b", And((Not(A), Not(Not(B))))),
    ("!(a && b)", Not(And((A, B)))),
    ("a == -1", Compare(A, Comparator.EQUAL, NumberLiteral(-1))),
    ("a >= 1.5e3", Compare(A, Comparator.AT_LEAST, NumberLiteral(1500.0))),
    ("a == 'it\\'s'", Compare(A, Comparator.EQUAL, StringLiteral("it's"))),
    ('a == "\\u0995\\n\\\\"', Compare(A, Comparator.EQUAL, StringLiteral("ক\n\\"))),
    ('a == "হ্যাঁ"', Compare(A, Comparator.EQUAL, StringLiteral("হ্যাঁ"))),
    ('a in ["x", "y"]', Contains(A, ListLiteral((StringLiteral("x"), StringLiteral("y"))))),
    ('"x" in a.b', Contains(StringLiteral("x"), Field(("a", "b")))),
    ("size(a.b) > 2", Compare(Size(Field(("a", "b"))), Comparator.MORE, NumberLiteral(2))),
    (
        "a.b.all(x, x != c)",
        Quantified(Quantifier.ALL, Field(("a", "b")), "x", Compare(Variable("x"), Comparator.NOT_EQUAL, C)),
    ),
    (
        'a < timestamp("2026-01-01T05:30:00+05:30")',
        Compare(A, Comparator.LESS, InstantLiteral(datetime(2026, 1, 1, tzinfo=UTC))),
    ),
    ('a == duration("-1h30m0.5s")', Compare(A, Comparator.EQUAL, DurationLiteral(-timedelta(minutes=90, seconds=0.5)))),
    ("inside == in_time", Compare(Field(("inside",)), Comparator.EQUAL, Field(("in_time",)))),
    ("-9223372036854775808 < a", Compare(NumberLiteral(-(2**63)), Comparator.LESS, A)),
    ("  a\r\n\t|| b ", Or((A, B))),
]

REFUSED: list[tuple[str, int, int, str]] = [
    ("", 1, 1, "empty"),
    (" \n ", 1, 1, "empty"),
    ("a.b ==", 1, 7, "too early"),
    ("a ||\n  ", 1, 5, "too early"),
    ("a.", 1, 3, "too early"),
    ("a == b == c", 1, 8, "between two values"),
    ("a and b", 1, 3, "write &&"),
    ("a or b", 1, 3, "write ||"),
    ("not a", 1, 1, "write !"),
    ("a is b", 1, 3, "write =="),
    ("a = b", 1, 3, "write =="),
    ("a\n&& b = c", 2, 6, "write =="),
    ("a & b", 1, 3, "write &&"),
    ("a | b", 1, 3, "write ||"),
    ("a ? b : c", 1, 3, "two conditions"),
    ("a @ b", 1, 3, "no meaning"),
    ("a; b", 1, 2, "no meaning"),
    ("a * b", 1, 3, "no meaning"),
    ("a..b", 1, 3, "not expected"),
    ("a b", 1, 3, "not expected"),
    ("()", 1, 2, "not expected"),
    ("12abc", 1, 3, "not expected"),
    ("-x", 1, 2, "not expected"),
    ("a == null", 1, 6, "has(step.field)"),
    ("a == True", 1, 6, "write true"),
    ("Victim.age > 3", 1, 1, "not a name"),
    ("a.Age > 3", 1, 3, "not a name"),
    ("_a", 1, 1, "not a name"),
    ("a.in", 1, 3, "word of the language"),
    ("a.while", 1, 3, "word of the language"),
    ("a.exists", 1, 3, "word of the language"),
    ("[1]", 1, 1, 'only after "in"'),
    ("a == [1]", 1, 6, 'only after "in"'),
    ("a in (b && c)", 1, 7, "stands a list"),
    ("a in 3", 1, 6, "stands a list"),
    ('a in ["x", b]', 1, 12, "nothing else"),
    ("a in [[1]]", 1, 7, "nothing else"),
    ("foo(1)", 1, 1, "no foo()"),
    ('a.b.startsWith("c")', 1, 5, "no startsWith()"),
    ("a.b.map(x, x)", 1, 5, "no map()"),
    ("has(a)", 1, 5, "has(step.field)"),
    ("has()", 1, 1, "one value"),
    ("has(1)", 1, 5, "name of a field"),
    ("size(a.b, c)", 1, 1, "one value"),
    ("timestamp(a)", 1, 11, "quotes"),
    ('a < timestamp("2026-01-01")', 1, 15, "offset"),
    ('a < timestamp("2026-01-01T00:00:00")', 1, 15, "offset"),
    ('a < timestamp("2026-02-30T00:00:00Z")', 1, 15, "no such date"),
    ('a < timestamp("0001-01-01T00:00:00+05:30")', 1, 15, "no such date"),
    ('a < duration("3d")', 1, 14, "72h"),
    ('a < duration("PT72H")', 1, 14, "72h"),
    ('a < duration("0.5us")', 1, 14, "microsecond"),
    ('a < duration("99999999999h")', 1, 14, "too long"),
    ("a.b.exists(1, c)", 1, 12, "plain name"),
    ("a.b.exists(x.y, c)", 1, 12, "plain name"),
    ("a.b.exists(x)", 1, 5, "a condition"),
    ("a.b.exists(x, x.y)", 1, 17, "no fields"),
    ("a.b.exists(x, x.all(y, y))", 1, 15, "not a list"),
    ("a.b.exists(x, size(x) > 1)", 1, 20, "name of a field"),
    ("a.b.exists(x, c.d.all(x, x))", 1, 23, "another name"),
    ("a.b.exists(x, c.d.all(y, e.f.all(z, z)))", 1, 30, "nested more than 2"),
    ("(a).exists(x, x)", 1, 4, "not expected"),
    ("9223372036854775808 == a", 1, 1, "64 bits"),
    ("a == -9223372036854775809", 1, 6, "64 bits"),
    ("a == 1e999", 1, 6, "too large"),
    ("(a", 1, 1, "never closed"),
    ("a in [1", 1, 6, "never closed"),
    ("a)", 1, 2, "closes nothing"),
    ("(a]", 1, 3, "closes nothing"),
    ('a == "b', 1, 6, "no closing"),
    ("a == 'b\"", 1, 6, "no closing"),
    ('a == "b\nc"', 1, 6, "not closed on its line"),
    ('a == "b\\q"', 1, 8, "after \\"),
    ('a == "\\ud800"', 1, 7, "no character"),
    ('a == "\\U00110000"', 1, 7, "no character"),
    ("\u0430 == 1", 1, 1, "U+0430 CYRILLIC SMALL LETTER A"),
    ("ab\u03bf == 1", 1, 3, "U+03BF GREEK SMALL LETTER OMICRON"),
    ("a\uff1d1", 1, 2, "U+FF1D FULLWIDTH EQUALS SIGN"),
    ("a == \u201cb\u201d", 1, 6, "plain quote"),
    ("a\u00a0== 1", 1, 2, "NO-BREAK SPACE"),
    ("a\u200b == 1", 1, 2, "ZERO WIDTH SPACE"),
    ("\ufeffa", 1, 1, "ZERO WIDTH NO-BREAK SPACE"),
    ("a\x00", 1, 2, "U+0000"),
    ("a\x0b", 1, 2, "U+000B"),
    ("\ud800", 1, 1, "U+D800"),
    ('a == "b\u200b"', 1, 8, "ZERO WIDTH SPACE"),
    ('a == "b\u202e"', 1, 8, "RIGHT-TO-LEFT OVERRIDE"),
    ('a == "\x07"', 1, 7, "U+0007"),
]

HOSTILE = [
    "(" * 10_000,
    "(" * 400,
    "(" * 200 + "a" + ")" * 200,
    "!" * 499 + "a",
    "! " * 200 + "a",
    "a" * 5_000_000,
    "\u0430" * 5_000_000,
    '"' * 5_000_001,
    '"' + "\\" * 400,
    "[" * 300,
    "a(" * 200,
    "a." * 249 + "a(",
    "-" * 400 + "1",
    "9" * 500,
    "1" + "e" * 400,
    "a" + " + a" * 120,
    ("a.b.exists(x, " * 30) + "x" + ")" * 30,
    "\x00" * 500,
    "\n" * 499 + "=",
]


@pytest.mark.parametrize(("text", "tree"), MEANT)
def test_a_condition_is_read_into_the_tree_that_it_means(text: str, tree: Node) -> None:
    assert parse_condition(text).tree == tree


@pytest.mark.parametrize(("text", "line", "column", "says"), REFUSED)
def test_what_cannot_be_read_is_refused_at_its_line_and_column(text: str, line: int, column: int, says: str) -> None:
    with pytest.raises(ConditionSyntaxError) as refused:
        parse_condition(text)
    facts = refused.value.facts
    assert (facts["line"], facts["column"]) == (line, column)
    assert says in str(facts["problem"])
    assert str(facts["problem"]) in str(refused.value)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:12]))
def test_a_hostile_text_is_refused_with_one_short_sentence(text: str) -> None:
    with pytest.raises(ConditionSyntaxError) as refused:
        parse_condition(text)
    assert len(str(refused.value)) < 700
    assert refused.value.facts["column"]


def test_twenty_levels_are_read_and_one_more_is_not() -> None:
    assert parse_condition("(" * 20 + "a" + ")" * 20).tree == A
    parse_condition("!" * 19 + "a")
    with pytest.raises(ConditionSyntaxError, match="20 deep"):
        parse_condition("(" * 21 + "a" + ")" * 21)
    with pytest.raises(ConditionSyntaxError, match="20 deep"):
        parse_condition("!" * 20 + "a")


def test_five_hundred_characters_are_read_and_one_more_is_not() -> None:
    longest = "a" * 498 + " ="
    with pytest.raises(ConditionSyntaxError, match="write =="):
        parse_condition(longest)
    parse_condition("a".ljust(500))
    with pytest.raises(ConditionSyntaxError, match="501 characters"):
        parse_condition("a".ljust(501))


def test_a_deep_condition_is_read_even_with_little_stack_left() -> None:
    text = "(a&&!" * 6 + "a" + ")" * 6

    def deeper(levels: int) -> Node:
        return parse_condition(text).tree if levels == 0 else deeper(levels - 1)

    assert deeper(300) == parse_condition(text).tree


def test_fields_are_listed_in_the_order_of_the_text_with_their_columns() -> None:
    condition = parse_condition("has(intake.age) && tags.set.exists(x, x == intake.kind)\n|| fear")
    assert condition.fields == (
        FieldRef(("intake", "age"), column=5, tested=True),
        FieldRef(("tags", "set"), column=20),
        FieldRef(("intake", "kind"), column=44),
        FieldRef(("fear",), column=4, line=2),
    )


def test_a_variable_hides_a_field_of_the_same_name_only_inside_its_macro() -> None:
    condition = parse_condition('a.b.exists(x, x == "p") && x')
    assert [mention.path for mention in condition.fields] == [("a", "b"), ("x",)]


def test_each_node_knows_where_it_stands() -> None:
    tree = parse_condition('a == 1 &&\n !(bc in ["x"])').tree
    assert tree.at == TextSpan(1, 1, 2, 16)
    assert isinstance(tree, And)
    compare, negation = tree.operands
    assert (compare.at, negation.at) == (TextSpan(1, 1, 1, 7), TextSpan(2, 2, 2, 16))
    assert isinstance(negation, Not)
    assert negation.operand.at == TextSpan(2, 4, 2, 15)


def test_the_same_text_gives_the_same_record_and_equal_texts_are_equal_conditions() -> None:
    assert parse_condition("a && b") is parse_condition("a && b")
    assert parse_condition("a && b") != parse_condition("b && a")
    assert len({parse_condition("a"), parse_condition("a")}) == 1
