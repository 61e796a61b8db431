"""Tests of counting time, by table and against a slow oracle that walks minute by minute."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.records import StepInterval
from engine.core.time.counting import (
    CalendarMissingError,
    NaiveInstantError,
    before,
    due_at,
    offset_from,
    on_working_day,
    warn_at,
)
from engine.language.calendars import Calendar
from engine.language.limits import Offset, TimeLimit, WarningPoint

MINUTE = timedelta(minutes=1)
KOLKATA, DHAKA, KATHMANDU, YANGON = "Asia/Kolkata", "Asia/Dhaka", "Asia/Kathmandu", "Asia/Yangon"
LONDON = "Europe/London"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def journey(start: str, end: str | None) -> StepInterval:
    return StepInterval(step_id=UUID(int=1), name="journey", start=at(start), end=at(end) if end else None)


def calendar(zone: str = KOLKATA, weekend: Sequence[str] = ("sat", "sun"), **more: object) -> Calendar:
    return Calendar.model_validate({"calendar": "XX", "title": "Test", "zone": zone, "weekend": weekend} | more)


def days(*texts: str) -> list[dict[str, str]]:
    return [{"day": text, "name": f"Holiday of {text}"} for text in texts]


# Tables


@pytest.mark.parametrize(("start", "limit", "due"), [
    ("2025-12-31T10:00+05:30", "P2M", "2026-02-28T10:00+05:30"),
    ("2027-12-31T10:00+05:30", "P2M", "2028-02-29T10:00+05:30"),
    ("2026-01-31T10:00+05:30", "P1M", "2026-02-28T10:00+05:30"),
    ("2026-03-31T10:00+05:30", "P1M", "2026-04-30T10:00+05:30"),
    ("2024-02-29T10:00+05:30", "P1Y", "2025-02-28T10:00+05:30"),
    ("2024-02-29T10:00+05:30", "P4Y", "2028-02-29T10:00+05:30"),
    ("2026-02-28T10:00+05:30", "P1M", "2026-03-28T10:00+05:30"),
    ("2026-08-31T10:00+05:30", "P1Y6M", "2028-02-29T10:00+05:30"),
    ("2026-01-31T10:00+05:30", "P1M3D", "2026-03-03T10:00+05:30"),
    ("2026-01-31T02:00+05:30", "P1M", "2026-02-28T02:00+05:30"),
])  # fmt: skip
def test_months_end_on_the_same_day_or_on_the_last_of_a_shorter_month(start: str, limit: str, due: str) -> None:
    assert due_at(at(start), TimeLimit(limit), zone=KOLKATA) == at(due)


def test_the_month_is_the_one_of_the_zone_not_of_utc() -> None:
    start = at("2026-01-31T20:00+00:00")
    assert due_at(start, TimeLimit("P1M"), zone=KOLKATA) == at("2026-03-01T01:30+05:30")
    assert due_at(start, TimeLimit("P1M"), zone="UTC") == at("2026-02-28T20:00+00:00")


@pytest.mark.parametrize(("zone", "start", "due"), [
    (KATHMANDU, "2026-01-31T00:10+05:45", "2026-02-28T00:10+05:45"),
    (YANGON, "2026-01-31T00:10+06:30", "2026-02-28T00:10+06:30"),
    (DHAKA, "2026-01-31T23:50+06:00", "2026-02-28T23:50+06:00"),
])  # fmt: skip
def test_a_month_keeps_the_clock_time_of_any_offset(zone: str, start: str, due: str) -> None:
    assert due_at(at(start), TimeLimit("P1M"), zone=zone) == at(due)


@pytest.mark.parametrize(("limit", "due"), [
    ("PT24H", "2026-03-29T13:00+01:00"),
    ("P1D", "2026-03-29T13:00+01:00"),
    ("P7D", "2026-04-04T13:00+01:00"),
    ("P1M", "2026-04-28T12:00+01:00"),
    ("P0M1D", "2026-03-29T12:00+01:00"),
])  # fmt: skip
def test_twenty_four_hours_are_24_hours_when_clocks_change_and_a_month_keeps_its_clock_time(
    limit: str, due: str
) -> None:
    assert due_at(at("2026-03-28T12:00+00:00"), TimeLimit(limit), zone=LONDON) == at(due)


def test_a_clock_time_that_clocks_skip_moves_on_with_them_and_one_that_comes_twice_is_the_first() -> None:
    assert due_at(at("2026-02-28T01:30+00:00"), TimeLimit("P1M1D"), zone=LONDON) == at("2026-03-29T02:30+01:00")
    assert due_at(at("2026-09-25T01:30+01:00"), TimeLimit("P1M"), zone=LONDON) == at("2026-10-25T01:30+01:00")


@pytest.mark.parametrize(("start", "limit", "due"), [
    ("2026-05-19T15:05+05:30", "P5WD", "2026-05-26T15:05+05:30"),
    ("2026-05-22T15:05+05:30", "P1WD", "2026-05-25T15:05+05:30"),
    ("2026-05-23T15:05+05:30", "P1WD", "2026-05-25T15:05+05:30"),
    ("2026-05-24T00:00+05:30", "P1WD", "2026-05-25T00:00+05:30"),
    ("2026-05-23T15:05+05:30", "P0WD", "2026-05-23T15:05+05:30"),
    ("2026-05-22T00:00+05:30", "P1WD", "2026-05-25T00:00+05:30"),
    ("2026-05-19T15:05+05:30", "P0WD", "2026-05-19T15:05+05:30"),
])  # fmt: skip
def test_working_days_keep_the_clock_time_and_jump_the_weekend(start: str, limit: str, due: str) -> None:
    assert due_at(at(start), TimeLimit(limit), zone=KOLKATA, calendar=calendar()) == at(due)


def test_friday_and_saturday_are_the_weekend_of_dhaka() -> None:
    dhaka = calendar(DHAKA, ("fri", "sat"))
    thursday = at("2026-02-26T16:00+06:00")
    assert due_at(thursday, TimeLimit("P1WD"), zone=DHAKA, calendar=dhaka) == at("2026-03-01T16:00+06:00")


def test_a_festival_of_ten_days_is_jumped_whole() -> None:
    festival = calendar(KATHMANDU, ("sat",), holidays=days(*(f"2026-10-{day}" for day in range(13, 23))))
    start = at("2026-10-12T11:00+05:45")
    assert due_at(start, TimeLimit("P1WD"), zone=KATHMANDU, calendar=festival) == at("2026-10-23T11:00+05:45")
    assert due_at(start, TimeLimit("P2WD"), zone=KATHMANDU, calendar=festival) == at("2026-10-25T11:00+05:45")


def test_an_extra_working_day_counts_though_it_is_a_saturday_and_a_holiday() -> None:
    worked = calendar(holidays=days("2026-05-23"), extra_working_days=days("2026-05-23"))
    friday = at("2026-05-22T15:05+05:30")
    assert due_at(friday, TimeLimit("P1WD"), zone=KOLKATA, calendar=worked) == at("2026-05-23T15:05+05:30")


@pytest.mark.parametrize(("start", "limit", "due"), [
    ("2026-05-19T15:00+05:30", "PT1WH", "2026-05-19T16:00+05:30"),
    ("2026-05-19T15:00+05:30", "PT2WH", "2026-05-19T17:00+05:30"),
    ("2026-05-19T15:00+05:30", "PT3WH", "2026-05-20T10:00+05:30"),
    ("2026-05-19T23:00+05:30", "PT1WH", "2026-05-20T10:00+05:30"),
    ("2026-05-22T16:00+05:30", "PT8WH", "2026-05-25T16:00+05:30"),
    ("2026-05-23T12:00+05:30", "PT8WH", "2026-05-25T17:00+05:30"),
])  # fmt: skip
def test_working_hours_run_only_while_offices_are_open(start: str, limit: str, due: str) -> None:
    assert due_at(at(start), TimeLimit(limit), zone=KOLKATA, calendar=calendar()) == at(due)


def test_a_break_and_a_short_day_are_no_working_hours() -> None:
    short = calendar(hours=["09:00-13:00", "14:00-17:00"], hours_by_weekday={"fri": "10:00-12:00"})
    thursday = at("2026-05-21T12:00+05:30")
    assert due_at(thursday, TimeLimit("PT2WH"), zone=KOLKATA, calendar=short) == at("2026-05-21T15:00+05:30")
    assert due_at(thursday, TimeLimit("PT7WH"), zone=KOLKATA, calendar=short) == at("2026-05-25T10:00+05:30")


@pytest.mark.parametrize(("excluded", "due"), [
    ([], "22:40"),
    ([("06:00", "07:00")], "23:40"),
    ([("06:00", "07:00"), ("06:30", "07:30")], "00:10+1"),
    ([("06:00", "07:30"), ("06:30", "07:00")], "00:10+1"),
    ([("08:00", "08:30"), ("06:00", "07:00")], "00:10+1"),
    ([("06:00", None)], "22:40"),
    ([("06:00", "06:00")], "22:40"),
    ([("07:00", "06:00")], "22:40"),
    ([("22:40", "23:40")], "22:40"),
    ([("22:00", "23:00")], "23:40"),
    ([("06:00", "07:00"), ("23:00", "23:30")], "00:10+1"),
])  # fmt: skip
def test_a_journey_moves_the_due_time_by_as_much_of_the_running_time_as_it_took(
    excluded: list[tuple[str, str | None]], due: str
) -> None:
    day, night = "2026-03-08", "2026-03-09"
    journeys = [journey(f"{day}T{begin}+05:30", end and f"{day}T{end}+05:30") for begin, end in excluded]
    clock, _, later = due.partition("+")
    found = due_at(at("2026-03-07T22:40+05:30"), TimeLimit("PT24H"), zone=KOLKATA, excluded=journeys)
    assert found == at(f"{night if later else day}T{clock}+05:30")


def test_a_journey_begun_before_the_start_counts_only_from_the_start() -> None:
    before_and_after = journey("2026-03-07T20:00+05:30", "2026-03-07T23:00+05:30")
    found = due_at(at("2026-03-07T22:00+05:30"), TimeLimit("PT24H"), zone=KOLKATA, excluded=[before_and_after])
    assert found == at("2026-03-08T23:00+05:30")


def test_a_month_and_a_working_day_are_moved_on_by_excluded_time_too() -> None:
    start = at("2026-05-19T15:05+05:30")
    lost = [journey("2026-05-21T10:00+05:30", "2026-05-21T12:00+05:30")]
    assert due_at(start, TimeLimit("P1M"), zone=KOLKATA, excluded=lost) == at("2026-06-19T17:05+05:30")
    assert due_at(start, TimeLimit("P5WD"), zone=KOLKATA, calendar=calendar(), excluded=lost) == at(
        "2026-05-26T17:05+05:30"
    )


def test_excluded_time_on_a_weekend_takes_no_working_day() -> None:
    weekend = [journey("2026-05-23T00:00+05:30", "2026-05-25T00:00+05:30")]
    found = due_at(at("2026-05-19T15:05+05:30"), TimeLimit("P5WD"), zone=KOLKATA, calendar=calendar(), excluded=weekend)
    assert found == at("2026-05-26T15:05+05:30")


def test_made_up_time_that_ends_with_a_working_day_is_due_when_the_next_one_begins() -> None:
    morning = [journey("2026-05-20T00:00+05:30", "2026-05-20T12:00+05:30")]
    found = due_at(at("2026-05-19T12:00+05:30"), TimeLimit("P3WD"), zone=KOLKATA, calendar=calendar(), excluded=morning)
    assert found == at("2026-05-25T00:00+05:30")


def test_a_limit_at_once_is_due_when_it_starts() -> None:
    start = at("2026-05-23T15:05+05:30")
    assert due_at(start, TimeLimit("PT0H"), zone=KOLKATA) == start


def test_working_time_needs_a_calendar() -> None:
    with pytest.raises(CalendarMissingError):
        due_at(at("2026-05-23T15:05+05:30"), TimeLimit("P5WD"), zone=KOLKATA)


def test_an_instant_without_a_zone_is_refused() -> None:
    naive = at("2026-05-23T15:05")
    with pytest.raises(NaiveInstantError):
        due_at(naive, TimeLimit("P1D"), zone=KOLKATA)


def test_the_due_time_is_in_utc() -> None:
    for limit in ("PT0H", "P1D", "P1M", "P1WD", "PT1WH"):
        due = due_at(at("2026-05-22T15:05+05:30"), TimeLimit(limit), zone=KOLKATA, calendar=calendar())
        assert due.utcoffset() == timedelta(0)


@pytest.mark.parametrize(("warning", "warned"), [
    ("50%", "2026-05-21T15:05+05:30"),
    ("PT48H", "2026-05-24T15:05+05:30"),
    ("PT12H", "2026-05-26T03:05+05:30"),
    ("P1WD", "2026-05-25T15:05+05:30"),
    ("P3WD", "2026-05-21T15:05+05:30"),
    ("PT1WH", "2026-05-26T14:05+05:30"),
    ("PT8WH", "2026-05-25T15:05+05:30"),
    ("P1M", None),
    ("P10D", None),
])  # fmt: skip
def test_a_warning_comes_on_the_way_or_before_the_end_but_never_before_the_start(
    warning: str, warned: str | None
) -> None:
    start, due = at("2026-05-16T15:05+05:30"), at("2026-05-26T15:05+05:30")
    found = warn_at(start, due, WarningPoint(warning), zone=KOLKATA, calendar=calendar())
    assert found == (at(warned) if warned else None)


def test_a_limit_of_years_warns_at_the_end_of_two_years_and_of_two_and_a_half() -> None:
    start = at("2026-08-31T10:00+05:30")
    due = due_at(start, TimeLimit("P3Y"), zone=KOLKATA)
    warned = [warn_at(start, due, WarningPoint(text), zone=KOLKATA) for text in ("P1Y", "P6M", "P1M")]
    assert warned == [at(f"{day}T10:00+05:30") for day in ("2028-08-31", "2029-02-28", "2029-07-31")]


def test_a_reminder_on_a_closed_day_moves_back_to_the_working_day_before() -> None:
    dhaka = calendar(DHAKA, ("fri", "sat"))
    assert on_working_day(at("2026-02-28T16:00+06:00"), dhaka) == at("2026-02-26T16:00+06:00")
    assert on_working_day(at("2026-03-01T16:00+06:00"), dhaka) == at("2026-03-01T16:00+06:00")


# Properties, against an oracle that knows nothing but one minute after the other


class Case(NamedTuple):
    start: datetime
    calendar: Calendar
    gaps: list[StepInterval]


FIRST = datetime(2026, 3, 20, tzinfo=UTC)
minutes = st.integers(0, 14 * 24 * 60)


@st.composite
def cases(draw: st.DrawFn, zones: tuple[str, ...] = (KOLKATA, DHAKA, KATHMANDU, YANGON, LONDON)) -> Case:
    start = FIRST + draw(minutes) * MINUTE
    closed = draw(st.lists(st.dates(date(2026, 3, 19), date(2026, 4, 20)), max_size=12, unique=True))
    opened = draw(st.lists(st.dates(date(2026, 3, 19), date(2026, 4, 20)), max_size=3, unique=True))
    hours = draw(st.sampled_from([["09:00-17:00"], ["09:15-13:00", "14:00-17:30"], ["00:00-23:59"], ["10:00-10:45"]]))
    made = calendar(
        draw(st.sampled_from(zones)), draw(st.sampled_from([("sat", "sun"), ("fri", "sat"), ("sat",), ()])),
        hours=hours, hours_by_weekday={"wed": ["11:00-12:00"]}, holidays=days(*map(str, closed)),
        extra_working_days=days(*map(str, opened)),
    )  # fmt: skip
    spans = draw(st.lists(st.tuples(minutes, st.integers(0, 4000), st.booleans()), max_size=4))
    gaps = [
        StepInterval(
            step_id=UUID(int=1),
            name="journey",
            start=FIRST + begin * MINUTE,
            end=None if is_open else FIRST + (begin + length) * MINUTE,
        )
        for begin, length, is_open in spans
    ]
    return Case(start, made, gaps)


@settings(max_examples=60, deadline=None)
@given(case=cases(), length=st.integers(1, 4_000))
def test_elapsed_time_agrees_with_the_minute_walker(case: Case, length: int) -> None:
    limit = TimeLimit(f"PT{length}M")
    walked = _walk(case.start, length, lambda minute: not _in_gap(minute, case.gaps))
    assert due_at(case.start, limit, zone=KOLKATA, excluded=case.gaps) == walked


@settings(max_examples=60, deadline=None)
@given(case=cases(), length=st.integers(1, 20))
def test_working_hours_agree_with_the_minute_walker(case: Case, length: int) -> None:
    def counts(minute: datetime) -> bool:
        return _is_office_hour(minute, case.calendar) and not _in_gap(minute, case.gaps)

    found = due_at(case.start, TimeLimit(f"PT{length}WH"), zone=KOLKATA, calendar=case.calendar, excluded=case.gaps)
    assert found == _walk(case.start, length * 60, counts)


@settings(max_examples=60, deadline=None)
@given(case=cases(zones=(KOLKATA, DHAKA, KATHMANDU, YANGON)), length=st.integers(1, 9))
def test_working_days_agree_with_the_minute_walker(case: Case, length: int) -> None:
    plain, needed, lost = case.start, 0, 0
    for _ in range(length):
        following = _next_same_clock(plain, case)
        passed = [minute for minute in _minutes(plain, following) if _is_open(minute, case.calendar)]
        needed += len(passed)
        lost += sum(_in_gap(minute, case.gaps) for minute in passed)
        plain = following
    walked = plain
    if lost:
        walked = _walk(
            case.start, needed, lambda minute: _is_open(minute, case.calendar) and not _in_gap(minute, case.gaps)
        )
        while not _is_open(walked, case.calendar):
            walked += MINUTE
    found = due_at(case.start, TimeLimit(f"P{length}WD"), zone=KOLKATA, calendar=case.calendar, excluded=case.gaps)
    assert found == walked


@given(case=cases(), length=st.integers(1, 30))
def test_working_hours_counted_back_and_forth_come_to_the_same_instant(case: Case, length: int) -> None:
    limit = TimeLimit(f"PT{length}WH")
    due = due_at(case.start, limit, zone=KOLKATA, calendar=case.calendar)
    earlier = before(due, limit, zone=KOLKATA, calendar=case.calendar)
    assert due_at(earlier, limit, zone=KOLKATA, calendar=case.calendar) == due
    assert earlier >= case.start


@given(case=cases(zones=(KOLKATA, DHAKA, KATHMANDU, YANGON)), length=st.integers(1, 30))
def test_working_days_counted_back_and_forth_come_to_the_same_instant(case: Case, length: int) -> None:
    due = due_at(case.start, TimeLimit(f"P{length}WD"), zone=KOLKATA, calendar=case.calendar)
    earlier = offset_from(due, Offset(f"-P{length}WD"), zone=KOLKATA, calendar=case.calendar)
    assert due_at(earlier, TimeLimit(f"P{length}WD"), zone=KOLKATA, calendar=case.calendar) == due


@given(case=cases(), limit=st.sampled_from(["PT5H", "P3D", "P1M", "P2WD", "PT6WH"]))
def test_more_excluded_time_never_brings_the_due_time_forward(case: Case, limit: str) -> None:
    dues = [
        due_at(case.start, TimeLimit(limit), zone=KOLKATA, calendar=case.calendar, excluded=case.gaps[:count])
        for count in range(len(case.gaps) + 1)
    ]
    assert dues == sorted(dues)


@given(case=cases(), limit=st.sampled_from(["PT5H", "P3D", "P1M", "P2WD", "PT6WH"]))
def test_the_order_of_excluded_stretches_does_not_matter(case: Case, limit: str) -> None:
    one = due_at(case.start, TimeLimit(limit), zone=KOLKATA, calendar=case.calendar, excluded=case.gaps)
    other = due_at(case.start, TimeLimit(limit), zone=KOLKATA, calendar=case.calendar, excluded=case.gaps[::-1])
    assert one == other


@given(
    start=st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)),  # noqa: DTZ001 - made aware below
    months=st.integers(1, 240),
    zone=st.sampled_from([KOLKATA, KATHMANDU, YANGON]),
)
def test_months_keep_clock_time_and_land_in_the_right_month(start: datetime, months: int, zone: str) -> None:
    local = start.replace(tzinfo=ZoneInfo(zone))
    due = due_at(local, TimeLimit(f"P{months}M"), zone=zone).astimezone(ZoneInfo(zone))
    assert due.time() == local.time()
    assert (due.year * 12 + due.month) - (local.year * 12 + local.month) == months
    assert due.day == local.day or (due + timedelta(days=1)).day == 1


def _walk(start: datetime, needed: int, counts: Callable[[datetime], bool]) -> datetime:
    minute, counted = start, 0
    while counted < needed:
        counted += counts(minute)
        minute += MINUTE
    return minute


def _minutes(start: datetime, end: datetime) -> list[datetime]:
    return [start + number * MINUTE for number in range((end - start) // MINUTE)]


def _in_gap(minute: datetime, gaps: list[StepInterval]) -> bool:
    return any(gap.end is not None and gap.start <= minute < gap.end for gap in gaps)


def _is_open(minute: datetime, of: Calendar) -> bool:
    day = minute.astimezone(ZoneInfo(of.zone)).date()
    if any(special.day == day for special in of.extra_working_days):
        return True
    if any(special.day == day for special in of.holidays):
        return False
    return day.strftime("%a").lower() not in {str(weekday) for weekday in of.weekend}


def _is_office_hour(minute: datetime, of: Calendar) -> bool:
    clock: time = minute.astimezone(ZoneInfo(of.zone)).time()
    day = minute.astimezone(ZoneInfo(of.zone)).strftime("%a").lower()
    spans = next((spans for weekday, spans in of.hours_by_weekday.items() if weekday == day), of.hours)
    return _is_open(minute, of) and any(span.opens <= clock < span.closes for span in spans)


def _next_same_clock(instant: datetime, case: Case) -> datetime:
    """The next minute on a working day that shows the clock time of the case's start."""
    zone = ZoneInfo(case.calendar.zone)
    clock = case.start.astimezone(zone).time()
    minute = instant + MINUTE
    while minute.astimezone(zone).time() != clock or not _is_open(minute, case.calendar):
        minute += MINUTE
    return minute
