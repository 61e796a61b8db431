"""Rules across the fields of a form, when they are shown, and stored answers read back."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Literal

import pytest
from pydantic import ValidationError

from engine.cases.answers import check_answers
from engine.errors import InvalidAnswersError
from engine.plugin.answers import (
    Form,
    NeededAnswer,
    as_day,
    as_instant,
    as_number,
    in_zone,
    read_answers,
    wanted_answers,
)
from engine.plugin.context import Concluded, StepContext, add_months, add_months_to_instant, end_of_day, local_day
from engine.plugin.fields import field, specs_of
from engine.plugin.kinds import Count, Day, FieldKind, Some, YesNo, in_order, rule, stands_alone
from engine.plugin.steps import asked_of
from engine.plugin.testing import _form_problems

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(("answer", "day"), [
    ("2026-03-10", date(2026, 3, 10)),
    ("2026-03-10T12:00:00+00:00", date(2026, 3, 10)),
    (date(2026, 3, 10), date(2026, 3, 10)),
    (NOON, date(2026, 3, 10)),
    ("soon", None),
    (None, None),
    (20260310, None),
])  # fmt: skip
def test_a_day_is_read_or_there_is_none(answer: Any, day: date | None) -> None:
    assert as_day(answer) == day


@pytest.mark.parametrize(("answer", "instant"), [
    ("2026-03-10T17:30:00+05:30", NOON),
    ("2026-03-10T12:00:00Z", NOON),
    (NOON.astimezone(timezone(timedelta(hours=6))), NOON),
    ("2026-03-10T12:00:00", None),
    ("noon", None),
    ("9999-12-31T23:59:00-14:00", None),
    (None, None),
    (True, None),
])  # fmt: skip
def test_an_instant_needs_a_zone(answer: Any, instant: datetime | None) -> None:
    assert as_instant(answer) == instant


@pytest.mark.parametrize(("answer", "number"), [
    ("10.50", Decimal("10.50")), (3, Decimal(3)), (0.1, Decimal("0.1")), (True, None), ("NaN", None), ("x", None),
])  # fmt: skip
def test_a_number_is_finite_and_never_a_yes(answer: Any, number: Decimal | None) -> None:
    assert as_number(answer) == number


@pytest.mark.parametrize(("day", "months", "later"), [
    (date(2025, 12, 31), 2, date(2026, 2, 28)),
    (date(2023, 12, 31), 2, date(2024, 2, 29)),
    (date(2024, 2, 29), 36, date(2027, 2, 28)),
    (date(2026, 1, 31), 1, date(2026, 2, 28)),
    (date(2026, 11, 30), 1, date(2026, 12, 30)),
    (date(2026, 3, 10), 0, date(2026, 3, 10)),
])  # fmt: skip
def test_months_are_calendar_months(day: date, months: int, later: date) -> None:
    assert add_months(day, months) == later


def test_months_of_an_instant_follow_the_local_calendar() -> None:
    late = datetime(2026, 1, 30, 20, tzinfo=UTC)
    assert add_months_to_instant(late, 1, "Asia/Dhaka") == datetime(2026, 2, 27, 20, tzinfo=UTC)
    assert add_months_to_instant(late, 1, "UTC") == datetime(2026, 2, 28, 20, tzinfo=UTC)


def test_a_day_ends_by_the_clock_of_its_zone() -> None:
    assert end_of_day(date(2026, 3, 10), "Asia/Kathmandu") == datetime(2026, 3, 10, 18, 14, 59, tzinfo=UTC)


def test_the_local_day_can_be_tomorrow() -> None:
    evening = datetime(2026, 3, 10, 20, tzinfo=UTC)
    assert local_day(evening, "Asia/Yangon") == date(2026, 3, 11)
    assert local_day(evening, "Asia/Yangon", plus_days=7) == date(2026, 3, 18)


@pytest.mark.parametrize(("zone", "text"), [
    ("Asia/Yangon", "Tue 10 Mar 2026, 18:30 (UTC+06:30, Asia/Yangon)"),
    ("Asia/Kathmandu", "Tue 10 Mar 2026, 17:45 (UTC+05:45, Asia/Kathmandu)"),
    ("Nowhere/Town", "Tue 10 Mar 2026, 12:00 (UTC)"),
    ("../etc", "Tue 10 Mar 2026, 12:00 (UTC)"),
])  # fmt: skip
def test_paper_shows_the_clock_on_the_wall(zone: str, text: str) -> None:
    assert in_zone("2026-03-10T12:00:00+00:00", zone) == text


def test_paper_leaves_alone_what_is_no_instant() -> None:
    assert in_zone("not recorded", "Asia/Dhaka") == "not recorded"


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


@pytest.mark.parametrize(("values", "answer"), [
    ((1, 2, 2), True), ((2, 1), False), ((1, None, 0), False), ((None, None), True), ((), True), ((3, None, 4), True),
])  # fmt: skip
def test_order_skips_what_is_not_given(values: tuple[int | None, ...], *, answer: bool) -> None:
    assert in_order(*values) is answer


def test_an_answer_that_stands_alone_is_not_combined() -> None:
    assert stands_alone("none", ("none",))
    assert stands_alone("none", ("inn", "station"))
    assert not stands_alone("none", ("none", "inn"))


@pytest.mark.parametrize(("condition", "wanted"), [
    ("refused", [("refused", "true", False)]),
    ("!refused", [("refused", "false", False)]),
    ("anonymous == false", [("anonymous", "false", False)]),
    ('risk != "low"', [("risk", "low", True)]),
    (' answer == "not yet" ', [("answer", "not yet", False)]),
    ('basis == "leave" || basis == "court"', [("basis", "leave", False), ("basis", "court", False)]),
    ("", []),
    ("refused && late", []),
    ('size(signs) > 1 || basis == "court"', []),
])  # fmt: skip
def test_a_simple_condition_is_read(condition: str, wanted: list[tuple[str, str, bool]]) -> None:
    assert wanted_answers(condition) == tuple(NeededAnswer(*one) for one in wanted)


class EscortForm(Form):
    """Say who comes along."""

    alone: YesNo = field(label="Do they travel alone?")
    escorts: Count = field(label="How many come along?", shown_when="alone == false")
    seats: Count = field(label="How many seats are there?")
    days: Count = field(label="How many days does it take?")

    @rule("There are too few seats.")
    def _seats_suffice(self) -> bool:
        return self.escorts < self.seats

    @rule("It takes too long.")
    def _takes_days(self) -> bool:
        return self.days < 9


ESCORT = asked_of(EscortForm, key="trial.escort", title="Escort", roles=("caseworker",))


def test_a_required_question_that_is_hidden_is_not_demanded() -> None:
    check_answers(ESCORT, {"alone": True, "seats": 1, "days": 1})
    with pytest.raises(InvalidAnswersError) as demanded:
        check_answers(ESCORT, {"alone": False, "seats": 1, "days": 1})
    assert set(demanded.value.problems) == {"escorts"}


def test_rules_that_are_broken_are_told_all_at_once() -> None:
    with pytest.raises(InvalidAnswersError) as broken:
        check_answers(ESCORT, {"alone": False, "escorts": 3, "seats": 1, "days": 10})
    assert broken.value.problems == {"form": "There are too few seats. It takes too long."}
    with pytest.raises(InvalidAnswersError) as without_the_hidden:
        check_answers(ESCORT, {"alone": True, "seats": 1, "days": 10})
    assert without_the_hidden.value.problems == {"form": "It takes too long."}


@pytest.mark.parametrize(("answers", "told"), [
    ({"escorts": 3, "seats": "many", "days": 10}, {"seats": "Give a whole number, such as 3.",
                                                   "form": "It takes too long."}),
    ({"seats": 1, "days": 10}, {"escorts": "Answer this question.", "form": "It takes too long."}),
    ({"escorts": 3, "seats": 1, "days": "some"}, {"days": "Give a whole number, such as 3.",
                                                 "form": "There are too few seats."}),
    ({"seats": "many", "days": "some", "escorts": 3}, {"seats": "Give a whole number, such as 3.",
                                                      "days": "Give a whole number, such as 3."}),
])  # fmt: skip
def test_what_does_not_fit_and_the_rules_that_are_broken_are_told_in_one_round(
    answers: dict[str, Any], told: dict[str, str]
) -> None:
    with pytest.raises(InvalidAnswersError) as refused:
        check_answers(ESCORT, {"alone": False} | answers)
    assert refused.value.problems == told


def test_a_first_part_is_not_refused_by_rules_that_ask_for_the_rest() -> None:
    check_answers(ESCORT, {"alone": False, "days": 10}, partly=True)


def test_a_check_tries_a_step_whose_required_question_is_hidden() -> None:
    def conclude(context: StepContext) -> Concluded:
        told = read_answers(EscortForm, context.answers)
        return Concluded(notes=(f"{told.escorts + 1} seats are needed.",))

    careless = asked_of(EscortForm, key="trial.escort", title="Escort", roles=("caseworker",), conclude=conclude)
    [problem] = [one for one in _form_problems(careless) if "conclude" in one]
    assert "escorts" in problem
    assert "TypeError" in problem
    assert not [one for one in _form_problems(ESCORT) if "conclude" in one]


@pytest.mark.parametrize(("answers", "told"), [
    ({"seats": "many"}, {"seats": "Give a whole number, such as 3."}),
    ({"seats": -1}, {"seats": "This number is too small: give 0 or more."}),
])  # fmt: skip
def test_an_answer_that_does_not_fit_is_told_with_an_example_or_its_bound(
    answers: dict[str, Any], told: dict[str, str]
) -> None:
    with pytest.raises(InvalidAnswersError) as refused:
        check_answers(ESCORT, {"alone": True, "seats": 1, "days": 1} | answers)
    assert refused.value.problems == told


def test_an_option_that_no_field_has_is_named() -> None:
    with pytest.raises(TypeError, match="a field has no option sensitiv"):
        field(label="Where", sensitiv=True)
