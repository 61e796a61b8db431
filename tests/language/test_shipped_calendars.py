"""The calendars that travel with ICMC: each is whole, knows its holidays for years, and gets what people know right."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from ruamel.yaml import YAML

from engine.core.time.counting import due_at
from engine.definitions.holidays import with_public_holidays
from engine.language.calendars import Calendar, SpecialDay, calendar_for
from engine.language.limits import TimeLimit

FILES = Path(__file__).parents[2] / "workflows" / "calendars"
STATES = ("IN-AS", "IN-AR", "IN-ML", "IN-MN", "IN-MZ", "IN-NL", "IN-SK", "IN-TR", "IN-WB")
PLACES = ("IN", *STATES, "BD", "NP", "MM", "TH")
FIRST, LAST = 2024, 2030
YEARS = range(FIRST, LAST + 1)
FEWEST = 15
WITH_SATURDAYS = ("IN-AS", "IN-NL", "IN-SK")
NTH = ("second Saturday of the month", "fourth Saturday of the month")


@cache
def known(name: str) -> Calendar:
    """Read a shipped calendar, with the public holidays of the years for which cases are opened now."""
    path = FILES / f"{name.lower()}.yaml"
    bare = Calendar.model_validate(YAML(typ="safe", pure=True).load(path.read_text("utf-8")))
    return with_public_holidays(bare, first_year=FIRST, last_year=LAST)


def due(name: str, start: str, limit: str, calendar: Calendar | None = None) -> str:
    """Say in local time when a limit falls due that starts at a local time."""
    place = calendar or known(name)
    begin = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(place.zone))
    found = due_at(begin, TimeLimit(limit), zone=place.zone, calendar=place)
    return f"{found.astimezone(ZoneInfo(place.zone)):%a %Y-%m-%d %H:%M}"


def test_every_place_of_the_network_has_a_calendar_and_no_file_is_left_over() -> None:
    assert {path.stem.upper() for path in FILES.glob("*.yaml")} == set(PLACES)
    for name in PLACES:
        assert calendar_for(name, {name: known(name)}).name == name


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("name", PLACES)
def test_a_calendar_knows_the_holidays_of_every_year_and_says_until_when(name: str, year: int) -> None:
    calendar = known(name)
    assert sum(special.day.year == year for special in calendar.holidays) >= FEWEST
    assert calendar.holidays_known_until == date(LAST, 12, 31)


@pytest.mark.parametrize("name", PLACES)
def test_each_day_has_a_source_and_each_file_says_how_sure_it_is(name: str) -> None:
    calendar = known(name)
    assert calendar.confidence
    assert all(special.source for special in calendar.holidays)
    assert all(yearly.source for yearly in calendar.every_year)


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize(
    ("name", "month", "day"),
    [(name, *day) for name in ("IN", *STATES) for day in ((1, 26), (8, 15), (10, 2))]
    + [("BD", *day) for day in ((2, 21), (3, 26), (12, 16))]
    + [("MM", *day) for day in ((1, 4), (2, 12), (4, 17))]
    + [("TH", *day) for day in ((4, 13), (4, 14), (4, 15))],
)
def test_the_days_that_everybody_knows_are_holidays_in_every_year(name: str, month: int, day: int, year: int) -> None:
    closed = known(name).why_closed(date(year, month, day))
    assert closed is not None
    assert closed not in {"Saturday", "Sunday", "Friday"}


@pytest.mark.parametrize(
    ("name", "weekend"),
    [("NP", {"Saturday"}), ("BD", {"Friday", "Saturday"})]
    + [(name, {"Sunday", *NTH}) for name in WITH_SATURDAYS]
    + [(name, {"Saturday", "Sunday"}) for name in PLACES if name not in {"NP", "BD", *WITH_SATURDAYS}],
)
def test_the_days_of_rest_are_those_of_the_place(name: str, weekend: set[str]) -> None:
    assert {rest.label for rest in known(name).weekend} == weekend


@pytest.mark.parametrize("name", ["IN-ML", "IN-MZ", "IN-NL"])
def test_no_sunday_is_a_working_day_where_sunday_is_strictly_kept(name: str) -> None:
    sundays = (date(2026, 1, 4) + timedelta(weeks=week) for week in range(104))
    assert not [day for day in sundays if known(name).is_working_day(day)]


def test_a_sunday_is_a_working_day_in_nepal_and_bangladesh() -> None:
    sunday = date(2026, 6, 7)
    assert [known(name).is_working_day(sunday) for name in ("NP", "BD", "IN")] == [True, True, False]


# By hand: from the last working day before a feast to the first after it. The start is at 11:00 by the local clock.


@pytest.mark.parametrize(
    ("name", "start", "limit", "expected"),
    [
        # Thursday to Sunday: the weekend of Dhaka is Friday and Saturday.
        ("BD", "2026-06-11T11:00", "P1WD", "Sun 2026-06-14 11:00"),
        ("BD", "2026-06-11T11:00", "P5WD", "Thu 2026-06-18 11:00"),
        # Language Day 2027 is a Sunday, a working day there otherwise.
        ("BD", "2027-02-18T11:00", "P1WD", "Mon 2027-02-22 11:00"),
        # Eid al-Adha 2026: Thursday 28 to Saturday 30 May.
        ("BD", "2026-05-27T11:00", "P1WD", "Sun 2026-05-31 11:00"),
        # Dashain 2026: Sunday 18 to Thursday 22 October; Friday is worked, Saturday is not.
        ("NP", "2026-10-16T11:00", "P1WD", "Fri 2026-10-23 11:00"),
        ("NP", "2026-10-16T11:00", "P2WD", "Sun 2026-10-25 11:00"),
        # Tihar 2026: Sunday 8 to Wednesday 11 November.
        ("NP", "2026-11-06T11:00", "P1WD", "Thu 2026-11-12 11:00"),
        # Thingyan 2026: Monday 13 to Tuesday 21 April; the 11th and 12th are a weekend.
        ("MM", "2026-04-10T11:00", "P1WD", "Wed 2026-04-22 11:00"),
        ("MM", "2026-04-10T16:00", "PT2WH", "Wed 2026-04-22 10:00"),
        # Songkran 2026: Monday 13 to Wednesday 15 April.
        ("TH", "2026-04-10T11:00", "P1WD", "Thu 2026-04-16 11:00"),
        # Durga Puja 2026: in West Bengal from Thursday 15 to Monday 26 October; elsewhere Sunday 18 to Tuesday 20, and
        # Wednesday 21 for the immersion. In Assam the third Saturday is worked, the fourth is not.
        ("IN-WB", "2026-10-14T11:00", "P1WD", "Tue 2026-10-27 11:00"),
        ("IN-AS", "2026-10-16T11:00", "P1WD", "Sat 2026-10-17 11:00"),
        ("IN-AS", "2026-10-16T11:00", "P2WD", "Thu 2026-10-22 11:00"),
        ("IN-AS", "2026-10-22T11:00", "P2WD", "Mon 2026-10-26 11:00"),
        ("IN-TR", "2026-10-16T11:00", "P1WD", "Thu 2026-10-22 11:00"),
        # In Meghalaya Monday the 19th and Tuesday the 20th are free.
        ("IN-ML", "2026-10-16T11:00", "P1WD", "Wed 2026-10-21 11:00"),
        ("IN-ML", "2026-10-16T11:00", "P2WD", "Thu 2026-10-22 11:00"),
        # Republic Day 2026 is a Monday.
        ("IN", "2026-01-23T11:00", "P1WD", "Tue 2026-01-27 11:00"),
        # Months and days of the calendar pay no heed to feasts.
        ("NP", "2026-10-16T11:00", "P7D", "Fri 2026-10-23 11:00"),
        ("MM", "2025-12-31T11:00", "P2M", "Sat 2026-02-28 11:00"),
        ("NP", "2028-02-29T00:10", "P1Y", "Wed 2029-02-28 00:10"),
    ],
)
def test_working_days_over_the_great_feasts_are_as_counted_by_hand(
    name: str, start: str, limit: str, expected: str
) -> None:
    assert due(name, start, limit) == expected


def test_eid_that_was_seen_a_day_earlier_is_put_right_by_the_file_or_by_an_administrator() -> None:
    worked_out = known("BD")
    assert due("BD", "2027-03-08T11:00", "P1WD") == "Tue 2027-03-09 11:00"
    announced = worked_out.model_copy(
        update={
            "holidays": (SpecialDay(day=date(2027, 3, 9), name="Eid al-Fitr", source="announced"),),
            "not_holidays": (SpecialDay(day=date(2027, 3, 12), name="Eid was a day earlier", source="announced"),),
        }
    )
    seen = with_public_holidays(announced, first_year=FIRST, last_year=LAST)
    assert due("BD", "2027-03-08T11:00", "P1WD", seen) == "Sun 2027-03-14 11:00"
    assert seen.why_closed(date(2027, 3, 12)) == "Friday"
    assert due("BD", "2027-03-08T11:00", "P1WD", worked_out) == "Tue 2027-03-09 11:00"


@pytest.mark.parametrize("name", PLACES)
def test_nothing_falls_due_on_a_closed_day_whichever_day_it_started(name: str) -> None:
    calendar, zone = known(name), known(name).zone_info
    for passed in range(0, 365, 3):
        begin = datetime.combine(date(2026, 1, 1) + timedelta(days=passed), time(11), tzinfo=zone).astimezone(UTC)
        for limit in ("P1WD", "P5WD", "PT9WH"):
            found = due_at(begin, TimeLimit(limit), zone=calendar.zone, calendar=calendar).astimezone(zone)
            assert calendar.is_working_day(found.date()), (begin, limit)


# An event on a closed day: the first open day after it is day one.


@pytest.mark.parametrize(("name", "start", "expected"), [
    ("IN-WB", "2026-09-05T15:05", "Fri 2026-09-11 15:05"),
    ("NP", "2026-08-22T11:40", "Thu 2026-08-27 11:40"),
    ("BD", "2026-06-12T11:00", "Thu 2026-06-18 11:00"),
    ("MM", "2026-06-13T11:00", "Fri 2026-06-19 11:00"),
    ("IN-SK", "2026-06-13T11:00", "Fri 2026-06-19 11:00"),
    ("IN-SK", "2026-09-05T11:00", "Fri 2026-09-11 11:00"),
])  # fmt: skip
def test_five_working_days_after_an_event_on_a_saturday(name: str, start: str, expected: str) -> None:
    assert due(name, start, "P5WD") == expected


@pytest.mark.parametrize(("name", "day", "closed"), [
    ("IN-SK", date(2019, 5, 25), None),
    ("IN-SK", date(2019, 6, 1), "Saturday"),
    ("IN-SK", date(2020, 3, 7), "Saturday"),
    ("IN-SK", date(2020, 4, 4), None),
    ("IN-SK", date(2026, 9, 12), "second Saturday of the month"),
    ("IN-SK", date(2025, 9, 13), None),
    ("NP", date(2022, 5, 8), None),
    ("NP", date(2022, 5, 22), "Sunday"),
    ("NP", date(2022, 6, 19), None),
    ("IN-NL", date(2026, 5, 23), "fourth Saturday of the month"),
    ("IN-NL", date(2026, 5, 30), None),
])  # fmt: skip
def test_days_of_rest_are_those_in_force_on_the_day(name: str, day: date, closed: str | None) -> None:
    assert known(name).why_closed(day) == closed


@pytest.mark.parametrize("name", PLACES)
def test_each_place_says_what_is_missing(name: str) -> None:
    assert known(name).missing
    assert any("2027" in gap for gap in known(name).gaps(year=2027))
    of_states = known(name).weekend_source or name not in STATES
    assert of_states or any("Saturday" in gap for gap in known(name).missing)
