"""What a condition answers: true, false, unknown, or that a value is of the wrong kind."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone

import pytest

from engine.language.conditions.evaluate import SeenValue, evaluate, explain
from engine.language.conditions.parse import parse_condition
from engine.language.conditions.values import UNKNOWN, ConditionTypeError, Truth, Value

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
CASE: dict[str, Value] = {
    "yes": True,
    "no": False,
    "step.kind": "rescue",
    "step.age": 12,
    "step.score": 2.5,
    "step.tags": ("health", "police"),
    "step.none": (),
    "step.some": ("health", UNKNOWN),
    "step.at": NEW_YEAR,
    "step.later": NEW_YEAR + timedelta(hours=72),
    "step.local": datetime(2026, 1, 1, 5, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))),
}


def lookup_in(case: Mapping[str, object]) -> Callable[[tuple[str, ...]], Value]:
    return lambda path: case.get(".".join(path), UNKNOWN)  # type: ignore[return-value]


def answer(text: str, case: Mapping[str, object] = CASE) -> str:
    return str(evaluate(parse_condition(text), lookup_in(case)))


@pytest.mark.parametrize(("text", "truth"), [
    ("yes", "true"),
    ("no", "false"),
    ("what", "unknown"),
    ('step.kind == "rescue"', "true"),
    ('step.kind != "rescue"', "false"),
    ('step.gone == "rescue"', "unknown"),
    ('step.gone != "rescue"', "unknown"),
    ("step.gone == step.gone", "unknown"),
    ("step.age > 11.5", "true"),
    ("step.age == 12.0", "true"),
    ("step.age in [11, 12.0]", "true"),
    ("step.score <= 2.5", "true"),
    ("step.gone < 3", "unknown"),
    ("yes == true", "true"),
    ("yes != no", "true"),
    ('step.kind in ["rescue", "visit"]', "true"),
    ('step.kind in ["visit"]', "false"),
    ("step.kind in []", "false"),
    ('step.gone in ["visit"]', "unknown"),
    ('"health" in step.tags', "true"),
    ('"other" in step.tags', "false"),
    ('"other" in step.none', "false"),
    ('"other" in step.gone', "unknown"),
    ("step.gone in step.tags", "unknown"),
    ('"health" in step.some', "true"),
    ('"other" in step.some', "unknown"),
    ("has(step.kind)", "true"),
    ("has(step.gone)", "false"),
    ("has(step.none)", "true"),
    ("size(step.tags) == 2", "true"),
    ("size(step.some) == 2", "true"),
    ("size(step.gone) == 0", "unknown"),
    ('step.tags.exists(x, x == "police")', "true"),
    ('step.tags.exists(x, x == "other")', "false"),
    ('step.none.exists(x, x == "other")', "false"),
    ('step.some.exists(x, x == "health")', "true"),
    ('step.some.exists(x, x == "other")', "unknown"),
    ('step.gone.exists(x, x == "other")', "unknown"),
    ('step.tags.all(x, x != "other")', "true"),
    ('step.tags.all(x, x != "police")', "false"),
    ('step.none.all(x, x == "other")', "true"),
    ('step.some.all(x, x == "other")', "false"),
    ('step.some.all(x, x == "health")', "unknown"),
    ('step.gone.all(x, x == "health")', "unknown"),
    ("step.tags.all(x, step.tags.exists(y, x == y))", "true"),
    ("step.tags.exists(x, x == step.gone)", "unknown"),
    ("step.at == step.local", "true"),
    ('step.at < timestamp("2026-01-01T00:00:01Z")', "true"),
    ('step.later - step.at == duration("72h")', "true"),
    ('step.at + duration("73h") > step.later', "true"),
    ('duration("71h") + step.at >= step.later', "false"),
    ('step.later - duration("72h") == step.at', "true"),
    ('duration("1h") + duration("30m") - duration("90m") == duration("0s")', "true"),
    ('step.gone - step.at > duration("72h")', "unknown"),
])  # fmt: skip
def test_a_condition_answers_with_one_of_three_values(text: str, truth: str) -> None:
    assert answer(text) == truth


TABLE = {
    ("yes", "yes"): ("true", "true"),
    ("yes", "no"): ("false", "true"),
    ("yes", "what"): ("unknown", "true"),
    ("no", "no"): ("false", "false"),
    ("no", "what"): ("false", "unknown"),
    ("what", "what"): ("unknown", "unknown"),
}


@pytest.mark.parametrize(("pair", "truths"), TABLE.items())
def test_and_and_or_follow_kleene_in_either_order(pair: tuple[str, str], truths: tuple[str, str]) -> None:
    left, right = pair
    both, either = truths
    assert answer(f"{left} && {right}") == answer(f"{right} && {left}") == both
    assert answer(f"{left} || {right}") == answer(f"{right} || {left}") == either


def test_the_opposite_of_unknown_is_unknown() -> None:
    assert [answer(text) for text in ("!yes", "!no", "!what", "!!what")] == ["false", "true", "unknown", "unknown"]


@pytest.mark.parametrize(("text", "column", "says"), [
    ('step.age == "12"', 1, "step.age is a number and is compared with a text"),
    ("yes == 1", 1, "true or false and is compared with a number"),
    ("step.score == yes", 1, "a number and is compared with true or false"),
    ('step.kind < "z"', 1, "no order"),
    ("yes < no", 1, "no order"),
    ('step.tags == "health"', 1, "a list"),
    ("step.tags == step.tags", 1, "cannot be compared"),
    ('no && step.age == "12"', 7, "compared with a text"),
    ('step.age == "12" && no', 1, "compared with a text"),
    ('yes || step.age == "12"', 8, "compared with a text"),
    ('what && step.age == "12"', 9, "compared with a text"),
    ("step.kind", 1, "step.kind is a text, and true or false is needed"),
    ("yes && step.kind", 8, "true or false is needed"),
    ("!step.age", 2, "true or false is needed"),
    ('!step.kind == "rescue"', 2, "true or false is needed"),
    ("step.age in [1, true]", 1, "the list holds something else"),
    ('step.at in ["x"]', 1, "no list in brackets can hold"),
    ("step.age in step.tags", 1, "a text is needed"),
    ('"x" in step.kind', 8, "a list is needed"),
    ("size(step.kind) > 1", 6, "a list is needed"),
    ("step.age.exists(x, x == 1)", 1, "a list is needed"),
    ("step.tags.exists(x, x == 1)", 21, "x is a text and is compared with a number"),
    ("step.tags.exists(x, x)", 21, "true or false is needed"),
    ('step.at + duration("87600000h") > step.at', 1, "out of range"),
    ("step.at + step.at == step.at", 1, "no meaning"),
    ("step.age - 1 == 11", 1, "no meaning"),
    ('duration("1h") - step.at == step.at', 1, "no meaning"),
])  # fmt: skip
def test_a_value_of_the_wrong_kind_is_an_error_wherever_it_stands_and_never_false(
    text: str, column: int, says: str
) -> None:
    with pytest.raises(ConditionTypeError) as raised:
        answer(text)
    assert raised.value.facts["column"] == column
    assert says in str(raised.value.facts["problem"])


@pytest.mark.parametrize(
    "value",
    [None, {"a": 1}, NEW_YEAR.replace(tzinfo=None), 1j, ("a", 3), (None,), b"x"],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("text", ['f == "a"', "f", '"a" in f', "s.f.exists(x, true)", "size(f) > 0"])
def test_null_and_naive_instants_and_other_things_are_not_values(text: str, value: object) -> None:
    with pytest.raises(ConditionTypeError):
        answer(text, {"f": value, "s.f": value})


def test_has_refuses_a_null_instead_of_calling_it_an_answer() -> None:
    with pytest.raises(ConditionTypeError):
        answer("has(step.f)", {"step.f": None})


def test_an_error_never_tells_the_value_that_caused_it() -> None:
    with pytest.raises(ConditionTypeError) as raised:
        answer("step.name > 3 && yes", {"step.name": "Rina Marak", "yes": True})
    assert "Rina" not in str(raised.value)
    assert "Rina" not in str(raised.value.facts)


def test_a_list_that_is_too_long_is_an_error_and_not_an_endless_loop() -> None:
    with pytest.raises(ConditionTypeError, match="more than 1000"):
        answer("step.xs.all(x, step.xs.all(y, x == y))", {"step.xs": ("a",) * 1001})


def test_a_truth_and_unknown_refuse_to_be_taken_for_a_bool() -> None:
    with pytest.raises(TypeError):
        bool(Truth.FALSE)
    with pytest.raises(TypeError):
        bool(UNKNOWN)


def test_explain_answers_each_part_and_shows_what_it_saw() -> None:
    parts = explain(parse_condition('step.kind!="visit"\n&& !(what || step.age in [12])'), lookup_in(CASE))
    assert [(part.text, part.truth, part.line, part.column) for part in parts] == [
        ('step.kind != "visit"', Truth.TRUE, 1, 1),
        ("what", Truth.UNKNOWN, 2, 6),
        ("step.age in [12]", Truth.TRUE, 2, 14),
    ]
    assert [part.seen for part in parts] == [
        (SeenValue(("step", "kind"), "rescue"),),
        (SeenValue(("what",), UNKNOWN),),
        (SeenValue(("step", "age"), 12),),
    ]


def test_explain_shows_a_part_that_cannot_be_answered_with_its_problem() -> None:
    broken, fine = explain(parse_condition('step.age == "12" || yes'), lookup_in(CASE))
    assert (broken.truth, fine.truth) == (Truth.UNKNOWN, Truth.TRUE)
    assert "compared with a text" in broken.problem
    assert not fine.problem
