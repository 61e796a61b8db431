"""What a check finds in a condition before any case meets it."""

import pytest

from engine.language.conditions.check import ConditionProblem, FieldType, check_condition
from engine.language.conditions.parse import parse_condition
from engine.language.conditions.values import ValueType

TYPES = {
    ("fear",): FieldType(ValueType.BOOL),
    ("home", "recommendation"): FieldType(ValueType.STRING, ("safe", "safe_with_conditions", "unsafe")),
    ("home", "visited_on"): FieldType(ValueType.INSTANT),
    ("home", "asked_on"): FieldType(ValueType.INSTANT),
    ("home", "income"): FieldType(ValueType.NUMBER),
    ("home", "needs"): FieldType(ValueType.STRINGS, ("school", "health")),
    ("home", "note"): FieldType(ValueType.STRING),
    ("other", "thing"): FieldType(ValueType.ANY),
}


def problems(text: str) -> tuple[ConditionProblem, ...]:
    return check_condition(parse_condition(text), TYPES)


@pytest.mark.parametrize("text", [
    'home.recommendation != "unsafe" && !fear', 'home.recommendation in ["safe", "unsafe"]',
    'home.visited_on - home.asked_on > duration("72h")',
    'home.visited_on + duration("1h") <= timestamp("2026-01-01T00:00:00Z")', "home.income >= 2.5",
    '"school" in home.needs || home.note in home.needs', 'home.needs.exists(n, n == "health") && size(home.needs) > 1',
    "home.needs.all(n, home.needs.exists(m, n == m))", "has(home.note) || other.thing",
    'other.thing == 3 || other.thing == "x" || other.thing < 3 || "a" in other.thing',
    'other.thing - home.asked_on > duration("1h") || other.thing.all(x, x == "1")', "fear == true", "true",
    'home.note == "anything"',
])  # fmt: skip
def test_a_condition_that_fits_its_fields_has_no_problems(text: str) -> None:
    assert problems(text) == ()


@pytest.mark.parametrize(("text", "column", "code", "says"), [
    ('home.recomendation == "safe"', 1, "unknown-field", "did you mean home.recommendation?"),
    ("home.xyz == 1", 1, "unknown-field", "there are home.asked_on, home.income"),
    ("has(home.gone)", 5, "unknown-field", "There is no home.gone"),
    ("qqq", 1, "unknown-field", "declare the fact"),
    ("gone.list.exists(x, x == 1 && x)", 1, "unknown-field", "There is no gone.list"),
    ('home.recommendation == "unsave"', 24, "unknown-choice", 'did you mean "unsafe"?'),
    ('"unsave" != home.recommendation', 1, "unknown-choice", 'home.recommendation can never be "unsave"'),
    ('home.recommendation in ["safe", "danger"]', 33, "unknown-choice", 'can never be "danger"'),
    ('"food" in home.needs', 1, "unknown-choice", 'home.needs can never be "food"'),
    ('home.needs.exists(n, n == "food")', 27, "unknown-choice", 'n can never be "food"'),
    ('home.income == "3"', 1, "type", "home.income is a number, but is compared with a text"),
    ("fear == 1", 1, "type", "true or false"),
    ('home.note < "z"', 1, "type", "no order"),
    ("fear > false", 1, "type", "no order"),
    ('home.needs == "school"', 1, "type", "is a list"),
    ("home.needs == home.needs", 1, "type", "is a list"),
    ("fear && home.income", 9, "type", "compare it with something"),
    ("!home.note", 2, "type", "true or false is needed"),
    ('!fear == "yes"', 1, "type", "write !(…)"),
    ("home.income in [1, true]", 20, "type", "this is true or false"),
    ("home.income in []", 16, "type", "empty list"),
    ("home.income in home.needs", 1, "type", "list of texts"),
    ('"x" in home.note', 8, "type", "a list is needed"),
    ("size(home.note) > 1", 6, "type", "a list is needed"),
    ("home.income.all(x, true)", 1, "type", "a list is needed"),
    ("home.needs.all(x, x)", 19, "type", "x is a text"),
    ("home.income - 1 == 2", 1, "type", "A number - a number has no meaning"),
    ("home.visited_on + home.asked_on == home.asked_on", 1, "type", "has no meaning"),
    ("home.income", 1, "not-bool", "This is a number, not a question"),
    ("home.visited_on - home.asked_on", 1, "not-bool", "a duration"),
    ('"safe"', 1, "not-bool", "a text"),
])  # fmt: skip
def test_a_condition_that_does_not_fit_has_one_problem_at_its_place(
    text: str, column: int, code: str, says: str
) -> None:
    (problem,) = problems(text)
    assert (problem.column, problem.code) == (column, code)
    assert says in problem.message


def test_all_problems_are_told_in_the_order_of_the_text() -> None:
    found = problems('gone.x == 1 ||\n home.income == "a" || home.recommendation == "b"')
    assert [(problem.line, problem.column, str(problem.code)) for problem in found] == [
        (1, 1, "unknown-field"),
        (2, 2, "type"),
        (2, 47, "unknown-choice"),
    ]
