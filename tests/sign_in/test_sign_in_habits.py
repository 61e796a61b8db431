"""What is kept of a sign-in's place and hour, and what is unlike all before."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.sign_in.records import (
    HOURS_ARE_JUDGED_AFTER,
    SIGN_INS_BEFORE_HOURS,
    Habit,
    Sort,
    hour_of_week,
    hours_around,
    network_prefix,
    unlike_before,
)

SIGNED_IN_AT = datetime(2026, 3, 9, 6, 0, tzinfo=UTC)
"""A Monday, 11:30 in India."""


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("203.0.113.7", "203.0.0.0/16"),
        ("203.0.9.1", "203.0.0.0/16"),
        ("203.1.113.7", "203.1.0.0/16"),
        ("::ffff:203.0.113.7", "203.0.0.0/16"),
        ("2409:4060:12::9", "2409:4060::/32"),
        ("fe80::1%eth0", "fe80::/32"),
        ("", ""),
        ("testclient", ""),
    ],
)
def test_of_an_address_only_the_providers_part_is_looked_at(address: str, prefix: str) -> None:
    assert network_prefix(address) == prefix


def test_an_hour_is_one_of_the_week_by_local_clocks() -> None:
    assert hour_of_week(SIGNED_IN_AT, "Asia/Kolkata") == 11
    assert hour_of_week(SIGNED_IN_AT - timedelta(hours=12), "Asia/Kolkata") == 6 * 24 + 23
    assert hour_of_week(SIGNED_IN_AT, "UTC") == 6


def test_sunday_night_is_near_monday_morning() -> None:
    assert hours_around(1) == (166, 167, 0, 1, 2, 3, 4)


def _hours(count: int, first: datetime) -> list[Habit]:
    return [Habit(Sort.HOUR, b"a", count, first)]


def test_a_first_sign_in_is_unlike_none() -> None:
    assert unlike_before([], {Sort.HOUR: {b"x"}, Sort.NETWORK: {b"y"}}, at=SIGNED_IN_AT) == frozenset()


def test_a_network_counts_from_the_second_sign_in_on_and_not_when_unknown() -> None:
    known = [Habit(Sort.NETWORK, b"home", 1, SIGNED_IN_AT)]
    assert unlike_before(known, {Sort.NETWORK: {b"other"}}, at=SIGNED_IN_AT) == {Sort.NETWORK}
    assert unlike_before(known, {Sort.NETWORK: {b"other", b"home"}}, at=SIGNED_IN_AT) == frozenset()
    assert unlike_before(known, {Sort.NETWORK: set()}, at=SIGNED_IN_AT) == frozenset()


@pytest.mark.parametrize(
    ("count", "age", "is_unusual"),
    [
        (SIGN_INS_BEFORE_HOURS, HOURS_ARE_JUDGED_AFTER, True),
        (SIGN_INS_BEFORE_HOURS - 1, HOURS_ARE_JUDGED_AFTER, False),
        (SIGN_INS_BEFORE_HOURS, HOURS_ARE_JUDGED_AFTER - timedelta(seconds=1), False),
    ],
)
def test_hours_are_judged_once_somebody_is_known(count: int, age: timedelta, *, is_unusual: bool) -> None:
    found = unlike_before(_hours(count, SIGNED_IN_AT - age), {Sort.HOUR: {b"b"}}, at=SIGNED_IN_AT)
    assert (found == {Sort.HOUR}) is is_unusual
    assert unlike_before(_hours(count, SIGNED_IN_AT - age), {Sort.HOUR: {b"a"}}, at=SIGNED_IN_AT) == frozenset()
