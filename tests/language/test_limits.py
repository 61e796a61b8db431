"""Tests of reading and saying time limits."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, RootModel, ValidationError

from engine.language.limits import Counting, Offset, TimeLimit, WarningPoint


@pytest.mark.parametrize(("text", "counting", "months", "days", "seconds", "words"), [
    ("PT30M", Counting.ELAPSED, 0, 0, 1_800, "30 minutes"),
    ("PT24H", Counting.ELAPSED, 0, 0, 86_400, "24 hours"),
    ("P1D", Counting.ELAPSED, 0, 0, 86_400, "1 day"),
    ("P15D", Counting.ELAPSED, 0, 0, 1_296_000, "15 days"),
    ("P2W", Counting.ELAPSED, 0, 0, 1_209_600, "2 weeks"),
    ("PT1H30M", Counting.ELAPSED, 0, 0, 5_400, "1 hour and 30 minutes"),
    ("P1DT2H3M", Counting.ELAPSED, 0, 0, 93_780, "1 day, 2 hours and 3 minutes"),
    ("PT0H", Counting.ELAPSED, 0, 0, 0, "at once"),
    ("P1M", Counting.CALENDAR, 1, 0, 0, "1 month"),
    ("P4M", Counting.CALENDAR, 4, 0, 0, "4 months"),
    ("P3Y", Counting.CALENDAR, 36, 0, 0, "3 years"),
    ("P1Y6M", Counting.CALENDAR, 18, 0, 0, "1 year and 6 months"),
    ("P1M3D", Counting.CALENDAR, 1, 3, 0, "1 month and 3 days"),
    ("P5WD", Counting.WORKING_DAYS, 0, 5, 0, "5 working days"),
    ("P1WD", Counting.WORKING_DAYS, 0, 1, 0, "1 working day"),
    ("PT8WH", Counting.WORKING_HOURS, 0, 0, 28_800, "8 working hours"),
])  # fmt: skip
def test_a_limit_is_read_and_said(
    text: str, counting: Counting, months: int, days: int, seconds: int, words: str
) -> None:
    limit = TimeLimit.parse(text)
    assert (limit.counting, limit.months, limit.days, limit.seconds) == (counting, months, days, seconds)
    assert limit.in_words() == words
    assert str(limit) == text


@pytest.mark.parametrize(("text", "why"), [
    ("P1.5M", "'P1.5M' cannot be used: only whole numbers count, so write a smaller unit instead of a fraction."),
    ("-P1D", "'-P1D' cannot be used: a time limit cannot be negative."),
    ("P", "'P' cannot be used: it names no amount of time."),
    ("PT", "'PT' cannot be used: it names no amount of time."),
    ("P1DT", "'P1DT' cannot be used: it names no amount of time."),
    ("P101Y", "'P101Y' cannot be used: it is longer than 100 years."),
    ("P99999999D", "'P99999999D' cannot be used: it is longer than 100 years."),
    ("P99999999WD", "'P99999999WD' cannot be used: it is longer than 100 years."),
    ("P1MT3H", "'P1MT3H' cannot be used: months and years go with days only, not with hours or minutes."),
])  # fmt: skip
def test_a_limit_that_cannot_be_used_says_why_in_one_sentence(text: str, why: str) -> None:
    assert _problem(TimeLimit, text) == why


@pytest.mark.parametrize(
    "text", ["5 days", "", "p1d", "P1H", "PT1D", " P1D", "P1D\n", "P٣D", "P1D1M", "1", "P" + "9" * 60 + "D"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    assert "cannot be used" in _problem(TimeLimit, text)


@pytest.mark.parametrize("text", ["P5WDT3H", "P1M5WD", "PT8WH30M", "P1WDT1WH"])
def test_working_time_stands_alone(text: str) -> None:
    assert "working time stands alone" in _problem(TimeLimit, text)


def test_a_number_is_not_a_limit() -> None:
    with pytest.raises(ValidationError):
        TimeLimit.model_validate(30)


def test_a_limit_inside_a_record_is_read_from_text_and_written_as_text() -> None:
    class Record(BaseModel):
        limit: TimeLimit

    record = Record.model_validate({"limit": "P5WD"})
    assert record.limit == TimeLimit("P5WD")
    assert record.model_dump(mode="json") == {"limit": "P5WD"}


@given(years=st.integers(0, 50), months=st.integers(0, 11), days=st.integers(0, 300))
def test_months_and_days_are_kept_apart(years: int, months: int, days: int) -> None:
    limit = TimeLimit(f"P{years}Y{months}M{days}D")
    assert (limit.months, limit.days, limit.seconds) == (12 * years + months, days, 0)


@given(st.text())
def test_any_text_is_either_read_or_refused_with_a_sentence(text: str) -> None:
    try:
        limit = TimeLimit.parse(text)
    except ValidationError as error:
        assert error.errors()[0]["msg"].endswith(".")  # noqa: PT017 - either way is right
    else:
        assert str(limit) == text


@pytest.mark.parametrize(("text", "is_before", "words"), [
    ("-PT48H", True, "48 hours before it is due"),
    ("PT0M", False, "when it is due"),
    ("-PT0M", False, "when it is due"),
    ("P1D", False, "1 day after it was due"),
    ("-P1WD", True, "1 working day before it is due"),
])  # fmt: skip
def test_an_offset_lies_before_at_or_after_the_due_time(text: str, *, is_before: bool, words: str) -> None:
    offset = Offset(text)
    assert offset.is_before is is_before
    assert offset.in_words() == words
    assert str(offset) == text


def test_offsets_can_be_put_in_order() -> None:
    texts = ["-P1M", "-P2WD", "-PT48H", "-PT1H", "PT0M", "PT30M", "PT2WH", "P1D", "P1WD", "P60D", "P1Y"]
    assert sorted(texts, key=lambda text: Offset(text).about) == texts


def test_a_warning_is_a_percentage_or_a_time_before() -> None:
    assert WarningPoint("80%").percent == 80
    assert WarningPoint("80%").before is None
    assert WarningPoint("PT48H").percent is None
    assert WarningPoint("PT48H").before == TimeLimit("PT48H")
    assert WarningPoint("80%").in_words() == "80% of the time"
    assert WarningPoint("PT48H").in_words() == "48 hours before it is due"


@pytest.mark.parametrize("text", ["0%", "100%", "120%", "5.5%", "%", "50 %", "-50%", "PT0H", "half"])
def test_a_warning_at_no_time_is_refused(text: str) -> None:
    assert "cannot be used" in _problem(WarningPoint, text)


def _problem(kind: type[RootModel[Any]], text: str) -> str:
    with pytest.raises(ValidationError) as caught:
        kind.model_validate(text)
    (error,) = caught.value.errors()
    return error["msg"]
