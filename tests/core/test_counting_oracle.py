"""Tests of every way of counting against a clock that walks minute by minute, in every zone and odd calendar."""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.core.library import Library
from engine.core.records import StepInterval
from engine.core.time.counting import before, due_at, offset_from, warn_at
from engine.language.limits import Offset, TimeLimit, WarningPoint
from tests.core.minute_walker import (
    Place,
    calendar_limit,
    instant,
    number,
    walk,
    walk_back,
    working_days,
    working_days_back,
)
from tests.core.small_world import LADDERS, World, workflow

STILL = ("Asia/Kolkata", "Asia/Kathmandu", "Asia/Yangon", "Asia/Dhaka", "Asia/Bangkok")
TURNING = ("Europe/London", "Australia/Lord_Howe")
"""Zones whose clocks go forward and back: by an hour on 29 March and 25 October 2026, by half an hour on 5 April."""

AROUND = (datetime(2026, 3, 20, tzinfo=UTC), datetime(2026, 9, 25, tzinfo=UTC))
FESTIVAL = 10
slowly = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Case(NamedTuple):
    """A start in a place, with stretches of time that do not count; one without an end excludes nothing."""

    place: Place
    start: int
    stretches: list[StepInterval]

    @property
    def at(self) -> datetime:
        return instant(self.start)

    @property
    def lost(self) -> set[int]:
        """The minutes that do not count, each once however many stretches hold it."""
        ended = ((number(one.start), number(one.end)) for one in self.stretches if one.end is not None)
        return {minute for first, last in ended for minute in range(first, last)}


@st.composite
def places(draw: st.DrawFn, first: date) -> Place:
    """Draw a weekend (Friday and Saturday, Saturday only, none), split hours, festivals, odd days that are worked."""
    near = st.integers(-3, 30).map(lambda days: first + timedelta(days=days))
    festival = draw(st.none() | near)
    ten_days = [festival + timedelta(days=day) for day in range(FESTIVAL)] if festival else []
    opens = draw(st.integers(4 * 60, 10 * 60))
    closes = draw(st.integers(opens + 30, 23 * 60))
    lunch = draw(st.booleans())
    middle = (opens + closes) // 2
    hours = ((opens, middle), (middle + 10, closes)) if lunch else ((opens, closes),)
    return Place(
        zone=draw(st.sampled_from(STILL + TURNING)),
        weekend=draw(st.sampled_from([(5, 6), (4, 5), (5,), (4,), (6,), ()])),
        hours=hours,
        short=draw(st.none() | st.tuples(st.integers(0, 6), st.just((11 * 60, 12 * 60 + 15)))),
        closed=frozenset([*ten_days, *draw(st.lists(near, max_size=5))]),
        opened=frozenset(draw(st.lists(near, max_size=3))),
    )


@st.composite
def cases(draw: st.DrawFn, *, longest: int = 4_000) -> Case:
    """Draw a start on a whole minute, and stretches that overlap, nest, begin before it or never end."""
    first = draw(st.sampled_from(AROUND))
    place = draw(places(first.date()))
    start = number(first) + draw(st.integers(0, 16 * 24 * 60))
    if place.zone in TURNING:
        while not 4 * 60 <= place.local(start)[1] < 23 * 60:
            start += 60
    stretch = st.tuples(st.integers(-2_000, longest), st.integers(0, 2_000), st.integers(0, 9))
    drawn = draw(st.lists(stretch, max_size=4))
    stretches = [_stretch(start + begin, None if odd == 0 else length) for begin, length, odd in drawn]
    return Case(place, start, stretches * draw(st.integers(1, 2)))


def _stretch(begin: int, length: int | None) -> StepInterval:
    end = None if length is None else instant(begin + length)
    return StepInterval(step_id=UUID(int=1), name="journey", start=instant(begin), end=end)


def _due(case: Case, limit: str) -> int:
    calendar = case.place.calendar()
    found = due_at(case.at, TimeLimit(limit), zone=case.place.zone, calendar=calendar, excluded=case.stretches)
    assert found.utcoffset() == timedelta()
    return number(found)


def _before(case: Case, limit: str) -> int:
    return number(before(case.at, TimeLimit(limit), zone=case.place.zone, calendar=case.place.calendar()))


# Elapsed time, with and without what does not count


@slowly
@given(case=cases(), days=st.integers(0, 2), hours=st.integers(0, 30), minutes=st.integers(0, 90))
def test_elapsed_time_goes_on_through_nights_and_changed_clocks(
    case: Case, days: int, hours: int, minutes: int
) -> None:
    needed, lost = (days * 24 + hours) * 60 + minutes, case.lost
    walked = walk(case.start, needed, lambda minute: minute not in lost)
    assert _due(case, f"P{days}DT{hours}H{minutes}M") == walked
    assert _before(case, f"P{days}DT{hours}H{minutes}M") == case.start - needed


# Working days and working hours


@slowly
@given(case=cases(longest=10_000), length=st.integers(1, 7))
def test_working_days_are_those_of_the_walker(case: Case, length: int) -> None:
    assert _due(case, f"P{length}WD") == working_days(case.place, case.start, length, case.lost)


@slowly
@given(case=cases(longest=10_000), length=st.integers(1, 16))
def test_working_hours_are_those_of_the_walker(case: Case, length: int) -> None:
    lost = case.lost
    walked = walk(case.start, length * 60, lambda minute: case.place.is_office_hour(minute) and minute not in lost)
    assert _due(case, f"PT{length}WH") == walked


@slowly
@given(case=cases(), length=st.integers(1, 7))
def test_working_days_backwards_are_those_of_the_walker(case: Case, length: int) -> None:
    assert _before(case, f"P{length}WD") == working_days_back(case.place, case.start, length)


@slowly
@given(case=cases(), length=st.integers(1, 16))
def test_working_hours_backwards_are_those_of_the_walker(case: Case, length: int) -> None:
    assert _before(case, f"PT{length}WH") == walk_back(case.start, length * 60, case.place.is_office_hour)


# Months and years


@slowly
@given(case=cases(), months=st.integers(0, 2), days=st.integers(0, 20))
def test_months_and_the_days_after_them_are_those_of_the_walker(case: Case, months: int, days: int) -> None:
    plain = calendar_limit(case.place, case.start, months, days)
    lost = case.lost
    walked = walk(case.start, plain - case.start, lambda minute: minute not in lost)
    assert _due(case, f"P{months}M{days}D") == walked


@slowly
@given(
    start=st.datetimes(datetime(2023, 12, 1), datetime(2029, 3, 1)),  # noqa: DTZ001 - made aware below
    zone=st.sampled_from(STILL + TURNING),
    months=st.integers(1, 40),
    sign=st.sampled_from([1, -1]),
)
def test_years_turn_page_by_page_through_leap_years_both_ways(
    start: datetime, zone: str, months: int, sign: int
) -> None:
    place = Place(zone)
    begin = number(start.replace(second=0, microsecond=0, tzinfo=UTC))
    while not 4 * 60 <= place.local(begin)[1] < 23 * 60:
        begin += 60
    limit = TimeLimit(f"P{months // 12}Y{months % 12}M")
    count = due_at if sign > 0 else before
    assert number(count(instant(begin), limit, zone=zone)) == calendar_limit(place, begin, sign * months)


@slowly
@given(
    start=st.datetimes(datetime(2023, 12, 1), datetime(2029, 3, 1)),  # noqa: DTZ001 - made aware below
    zone=st.sampled_from(STILL),
)
def test_a_limit_of_three_years_warns_after_two_two_and_a_half_and_two_years_and_eleven_months(
    start: datetime, zone: str
) -> None:
    place, begin = Place(zone), number(start.replace(second=0, microsecond=0, tzinfo=UTC))
    due = due_at(instant(begin), TimeLimit("P3Y"), zone=zone)
    points = [warn_at(instant(begin), due, WarningPoint(text), zone=zone) for text in ("P1Y", "P6M", "P1M")]
    walked = [instant(calendar_limit(place, number(due), -months)) for months in (12, 6, 1)]
    assert points == walked
    assert [(at.year * 12 + at.month) for at in walked] == sorted(at.year * 12 + at.month for at in walked)


# Warnings and levels before, at and after


@slowly
@given(case=cases(), hours=st.sampled_from([12, 48]), days=st.integers(1, 12))
def test_custody_is_warned_of_before_it_ends_or_not_at_all_when_it_is_too_short(
    case: Case, hours: int, days: int
) -> None:
    due = due_at(case.at, TimeLimit(f"P{days}D"), zone=case.place.zone)
    found = warn_at(case.at, due, WarningPoint(f"PT{hours}H"), zone=case.place.zone)
    walked = walk_back(number(due), hours * 60, lambda _: True)
    assert found == (instant(walked) if walked > case.start else None)


@slowly
@given(case=cases(), limit=st.sampled_from(["P2D", "P1M", "P2WD", "PT7WH"]), is_before=st.booleans())
def test_an_offset_counts_in_its_own_way_in_both_directions(case: Case, limit: str, *, is_before: bool) -> None:
    offset = Offset(f"-{limit}" if is_before else limit)
    found = number(offset_from(case.at, offset, zone=case.place.zone, calendar=case.place.calendar()))
    assert found == _walked(case.place, case.start, limit, is_before=is_before)


def _walked(place: Place, start: int, limit: str, *, is_before: bool) -> int:
    match limit:
        case "P2D":
            return start + (-1 if is_before else 1) * 2 * 24 * 60
        case "P1M":
            return calendar_limit(place, start, -1 if is_before else 1)
        case "P2WD":
            return working_days_back(place, start, 2) if is_before else working_days(place, start, 2)
        case _:
            return (walk_back if is_before else walk)(start, 7 * 60, place.is_office_hour)


# What comes again


@slowly
@given(case=cases(), every=st.sampled_from(["PT36H", "P1M", "P2WD", "PT9WH", "P1M3D"]))
def test_each_round_of_a_series_opens_by_the_count_from_the_first_and_never_drifts(case: Case, every: str) -> None:
    library = Library(calendars={"IN": case.place.calendar("IN")}, ladders=LADDERS, packs={})
    compiled = workflow({"visit": {"repeat": {"every": every, "times": 3}}})
    world = World(compiled, library=library, start=False)
    world.now = case.at
    world.start(compiled)
    for again in (1, 2):
        world.end("visit", f"r:{again}")
        opens_at = world.step("visit", f"r:{again + 1}").opens_at
        assert opens_at is not None
        assert number(opens_at) == _after_rounds(case.place, case.start, every, again)
        world.live(minutes=number(opens_at) - number(world.now))


def _after_rounds(place: Place, start: int, every: str, rounds: int) -> int:
    match every:
        case "PT36H":
            return start + 36 * 60 * rounds
        case "P1M":
            return calendar_limit(place, start, rounds)
        case "P1M3D":
            return calendar_limit(place, start, rounds, 3 * rounds)
        case "P2WD":
            return working_days(place, start, 2 * rounds)
        case _:
            return walk(start, 9 * 60 * rounds, place.is_office_hour)


# The walker itself can be wrong only in ways that would be seen here


@pytest.mark.parametrize(("zone", "at", "shown"), [
    ("Asia/Kathmandu", "2026-01-31T18:15+00:00", (date(2026, 2, 1), 0)),
    ("Asia/Yangon", "2026-01-31T17:30+00:00", (date(2026, 2, 1), 0)),
    ("Australia/Lord_Howe", "2026-04-04T14:59+00:00", (date(2026, 4, 5), 1 * 60 + 59)),
    ("Australia/Lord_Howe", "2026-04-04T15:00+00:00", (date(2026, 4, 5), 1 * 60 + 30)),
])  # fmt: skip
def test_the_walker_reads_the_clock_of_the_place(zone: str, at: str, shown: tuple[date, int]) -> None:
    assert Place(zone).local(number(datetime.fromisoformat(at))) == shown
