"""Rules across the fields of a form."""

from datetime import date
from typing import Literal

import pytest
from pydantic import ValidationError

from engine.plugin.answers import Form
from engine.plugin.fields import Day, FieldKind, field, specs_of
from engine.plugin.rules import Some, in_order, rule, stands_alone


class JourneyForm(Form):
    """Note a journey."""

    left_on: Day = field(label="When did they leave?")
    came_on: Day | None = field(label="When did they arrive?", default=None)
    stops: Some[Literal["none", "inn", "station"]] = field(label="Where did they stop?")

    @rule("Nobody arrives before they leave, and {braces} are left alone.")
    def _arrives_later(self) -> bool:
        return in_order(self.left_on, self.came_on)


def test_a_broken_rule_says_its_own_sentence_and_quotes_no_answer() -> None:
    with pytest.raises(ValidationError) as caught:
        JourneyForm.model_validate({"left_on": "2026-03-02", "came_on": "2026-03-01", "stops": ["inn"]})
    (problem,) = caught.value.errors()
    assert problem["msg"] == "Nobody arrives before they leave, and {braces} are left alone."
    assert problem["type"] == "rule"


def test_a_kept_rule_lets_the_form_pass() -> None:
    form = JourneyForm.model_validate({"left_on": "2026-03-02", "came_on": "2026-03-02", "stops": ["inn"]})
    assert form.came_on == date(2026, 3, 2)


def test_some_is_a_multiple_choice_that_needs_at_least_one() -> None:
    stops = next(spec for spec in specs_of(JourneyForm) if spec.name == "stops")
    assert stops.kind is FieldKind.MULTI
    assert tuple(stops.choices) == ("none", "inn", "station")
    with pytest.raises(ValidationError):
        JourneyForm.model_validate({"left_on": "2026-03-02", "stops": []})


@pytest.mark.parametrize(
    ("values", "answer"),
    [((1, 2, 2), True), ((2, 1), False), ((1, None, 0), False), ((None, None), True), ((), True), ((3, None, 4), True)],
)
def test_order_skips_what_is_not_given(values: tuple[int | None, ...], *, answer: bool) -> None:
    assert in_order(*values) is answer


def test_an_answer_that_stands_alone_is_not_combined() -> None:
    assert stands_alone("none", ("none",))
    assert stands_alone("none", ("inn", "station"))
    assert not stands_alone("none", ("none", "inn"))
