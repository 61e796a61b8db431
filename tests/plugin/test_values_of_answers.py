"""Reading stored answers, and counting calendar time."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from engine.plugin.answers import as_day, as_instant, as_number
from engine.plugin.counting import add_months, add_months_to_instant, end_of_day, local_day
from engine.plugin.paper import in_zone

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("answer", "day"),
    [
        ("2026-03-10", date(2026, 3, 10)),
        ("2026-03-10T12:00:00+00:00", date(2026, 3, 10)),
        (date(2026, 3, 10), date(2026, 3, 10)),
        (NOON, date(2026, 3, 10)),
        ("soon", None),
        (None, None),
        (20260310, None),
    ],
)
def test_a_day_is_read_or_there_is_none(answer: Any, day: date | None) -> None:
    assert as_day(answer) == day


@pytest.mark.parametrize(
    ("answer", "instant"),
    [
        ("2026-03-10T17:30:00+05:30", NOON),
        ("2026-03-10T12:00:00Z", NOON),
        (NOON.astimezone(timezone(timedelta(hours=6))), NOON),
        ("2026-03-10T12:00:00", None),
        ("noon", None),
        ("9999-12-31T23:59:00-14:00", None),
        (None, None),
        (True, None),
    ],
)
def test_an_instant_needs_a_zone(answer: Any, instant: datetime | None) -> None:
    assert as_instant(answer) == instant


@pytest.mark.parametrize(
    ("answer", "number"),
    [("10.50", Decimal("10.50")), (3, Decimal(3)), (0.1, Decimal("0.1")), (True, None), ("NaN", None), ("x", None)],
)
def test_a_number_is_finite_and_never_a_yes(answer: Any, number: Decimal | None) -> None:
    assert as_number(answer) == number


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2025, 12, 31), 2, date(2026, 2, 28)),
        (date(2023, 12, 31), 2, date(2024, 2, 29)),
        (date(2024, 2, 29), 36, date(2027, 2, 28)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 11, 30), 1, date(2026, 12, 30)),
        (date(2026, 3, 10), 0, date(2026, 3, 10)),
    ],
)
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


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("Asia/Yangon", "Tue 10 Mar 2026, 18:30 (UTC+06:30, Asia/Yangon)"),
        ("Asia/Kathmandu", "Tue 10 Mar 2026, 17:45 (UTC+05:45, Asia/Kathmandu)"),
        ("Nowhere/Town", "Tue 10 Mar 2026, 12:00 (UTC)"),
        ("../etc", "Tue 10 Mar 2026, 12:00 (UTC)"),
    ],
)
def test_paper_shows_the_clock_on_the_wall(zone: str, text: str) -> None:
    assert in_zone("2026-03-10T12:00:00+00:00", zone) == text


def test_paper_leaves_alone_what_is_no_instant() -> None:
    assert in_zone("not recorded", "Asia/Dhaka") == "not recorded"
