"""Tests of calendars: what is working time, and which calendar a jurisdiction has."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from engine.language.calendars import Calendar, NoCalendarError, SpecialDay, Weekday, calendar_for

FILES = Path(__file__).parents[2] / "workflows" / "calendars"

SATURDAY, MONDAY, TUESDAY = date(2026, 5, 23), date(2026, 5, 25), date(2026, 5, 26)


def made(**more: Any) -> Calendar:
    plain = {"calendar": "XX", "title": "Test", "zone": "Asia/Kolkata", "weekend": ["sat", "sun"]}
    return Calendar.model_validate(plain | more)


@pytest.fixture(scope="module")
def shipped() -> dict[str, Calendar]:
    yaml = YAML(typ="safe", pure=True)
    read = [Calendar.model_validate(yaml.load(path.read_text("utf-8"))) for path in FILES.glob("*.yaml")]
    return {one.name: one for one in read}


def test_a_closed_day_says_why() -> None:
    closed = made(holidays=[{"day": MONDAY, "name": "Feast"}], every_year=[{"day": "05-26", "name": "Yearly feast"}])
    assert closed.why_closed(SATURDAY) == "Saturday"
    assert closed.why_closed(MONDAY) == "Feast"
    assert closed.why_closed(TUESDAY) == "Yearly feast"
    assert closed.why_closed(date(2031, 5, 26)) == "Yearly feast"
    assert closed.why_closed(date(2026, 5, 27)) is None


def test_an_extra_working_day_wins_over_weekend_and_holiday() -> None:
    opened = made(
        holidays=[{"day": SATURDAY, "name": "Feast"}], extra_working_days=[{"day": SATURDAY, "name": "Make-up day"}]
    )
    assert opened.is_working_day(SATURDAY)
    assert opened.why_open(SATURDAY) == "Make-up day"
    assert [str(span) for span in opened.spans(SATURDAY)] == ["09:00-17:00"]


def test_hours_may_differ_by_weekday_and_have_a_break() -> None:
    friday, thursday = date(2026, 5, 22), date(2026, 5, 21)
    own = made(hours=["09:00-13:00", "14:00-17:00"], hours_by_weekday={"fri": "10:00-12:00"})
    assert [str(span) for span in own.spans(thursday)] == ["09:00-13:00", "14:00-17:00"]
    assert [str(span) for span in own.spans(friday)] == ["10:00-12:00"]
    assert own.spans(SATURDAY) == ()


def test_the_file_strikes_out_and_overrides_computed_holidays() -> None:
    own = made(
        holidays=[{"day": MONDAY, "name": "As announced"}], not_holidays=[{"day": TUESDAY, "name": "Moon not seen"}]
    )
    computed = [SpecialDay(day=MONDAY, name="Estimate"), SpecialDay(day=TUESDAY, name="Estimate")]
    together = own.with_holidays(computed, known_until=date(2026, 12, 31))
    assert together.why_closed(MONDAY) == "As announced"
    assert together.is_working_day(TUESDAY)
    assert together.holidays_known_until == date(2026, 12, 31)
    assert own.holidays_known_until is None


def test_holidays_added_later_count_although_the_day_was_asked_for_before() -> None:
    own = made()
    assert own.is_working_day(MONDAY)
    together = own.with_holidays([SpecialDay(day=MONDAY, name="Feast")], known_until=date(2026, 12, 31))
    assert not together.is_working_day(MONDAY)


@pytest.mark.parametrize("wrong", [
    {"zone": "Asia/Calcuta"},
    {"weekend": list(Weekday)},
    {"hours": "17:00-09:00"},
    {"hours": "9 to 5"},
    {"hours": []},
    {"hours": ["09:00-13:00", "12:00-17:00"]},
    {"hours": ["14:00-17:00", "09:00-13:00"]},
    {"weekend": ["saturday"]},
    {"holidays_from": "India"},
    {"every_year": [{"day": "13-01", "name": "No such month"}]},
    {"calendar": "assam"},
    {"holiday": []},
])  # fmt: skip
def test_a_calendar_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        made(**wrong)


@pytest.mark.parametrize(("jurisdiction", "name", "zone"), [
    ("IN-AS", "IN-AS", "Asia/Kolkata"), ("IN-KA", "IN", "Asia/Kolkata"), ("IN", "IN", "Asia/Kolkata"),
    ("BD-G", "BD", "Asia/Dhaka"), ("NP", "NP", "Asia/Kathmandu"), ("MM-13", "MM", "Asia/Yangon"),
    ("TH", "TH", "Asia/Bangkok"),
])  # fmt: skip
def test_a_jurisdiction_falls_back_to_its_country(
    shipped: dict[str, Calendar], jurisdiction: str, name: str, zone: str
) -> None:
    assert calendar_for(jurisdiction, shipped).name == name
    assert calendar_for(jurisdiction, shipped).zone == zone


def test_a_place_without_a_calendar_is_an_error_that_names_it(shipped: dict[str, Calendar]) -> None:
    with pytest.raises(NoCalendarError, match="No calendar covers LK-1"):
        calendar_for("LK-1", shipped)


@pytest.mark.parametrize(("name", "weekend"), [
    ("IN", "sat sun"), ("IN-AS", "sun 2nd sat 4th sat"), ("BD", "fri sat"), ("NP", "sat"), ("MM", "sat sun"),
    ("TH", "sat sun"),
])  # fmt: skip
def test_weekends_are_those_of_the_place(shipped: dict[str, Calendar], name: str, weekend: str) -> None:
    assert " ".join(map(str, shipped[name].weekend)) == weekend


def test_each_file_is_named_after_its_calendar() -> None:
    yaml = YAML(typ="safe", pure=True)
    for path in FILES.glob("*.yaml"):
        assert yaml.load(path.read_text("utf-8"))["calendar"].lower() == path.stem


def test_the_nth_weekday_of_a_month_is_a_day_of_rest_as_data() -> None:
    own = made(weekend=["sun", "2nd sat", "4th sat"], weekend_source="An order")
    saturdays = [date(2026, 5, day) for day in (2, 9, 16, 23, 30)]
    assert [own.is_working_day(day) for day in saturdays] == [True, False, True, False, True]
    assert own.why_closed(SATURDAY) == "fourth Saturday of the month"
    assert own.who_says(SATURDAY) == "An order"
    assert own.who_says(date(2026, 5, 24)) == ""


def test_a_weekend_of_some_time_holds_on_its_days_alone() -> None:
    trial = {"weekend": ["sat", "sun"], "from": date(2022, 5, 15), "until": date(2022, 6, 14), "source": "Gazette"}
    own = made(weekend=["sat"], weekends=[trial])
    sundays = [date(2022, 5, 8), date(2022, 5, 15), date(2022, 6, 12), date(2022, 6, 19)]
    assert [own.why_closed(day) for day in sundays] == [None, "Sunday", "Sunday", None]
    assert own.who_says(date(2022, 5, 15)) == "Gazette"


@pytest.mark.parametrize(("wrong", "said"), [
    ({"weekend": ["6th sat"]}, "'6th sat' is no day of rest"),
    ({"weekend": ["saturday"]}, "is no day of rest"),
    ({"weekends": [{"weekend": ["sat"], "source": "An order"}]}, "from when or until when"),
    (
        {
            "weekends": [
                {"weekend": ["sat"], "until": "2022-05-15", "source": "One"},
                {"weekend": ["sun"], "from": "2022-05-15", "source": "Other"},
            ]
        },
        "two weekends are in force on the same day",
    ),
    ({"weekend": ["mon", "tue", "wed", "thu", "fri", "sat", "2nd sun"]}, "at least one working day"),
])  # fmt: skip
def test_a_weekend_that_cannot_be_is_refused_with_a_sentence(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        made(**wrong)


def test_of_a_year_whose_list_was_published_nothing_is_worked_out_beside_it() -> None:
    computed = [SpecialDay(day=MONDAY, name="Feast"), SpecialDay(day=date(2027, 5, 25), name="Feast")]
    listed = made(gazettes=[{"year": 2026, "source": "Gazette", "confidence": "high"}])
    together = listed.with_holidays(computed, known_until=date(2027, 12, 31))
    assert [special.day.year for special in together.holidays] == [2027]
    assert together.gaps(year=2026) == ()
    assert together.gaps(year=2027) == (
        "The government's own list of days of 2027 was not found: its feasts are worked out.",
    )
    in_part = made(gazettes=[{"year": 2026, "source": "Gazette", "confidence": "high", "is_whole": False}])
    assert len(in_part.with_holidays(computed, known_until=date(2027, 12, 31)).holidays) == 2
    assert in_part.gaps(year=2026) == ("Of the government's list of 2026 (Gazette) a part is missing.",)
