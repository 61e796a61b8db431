"""How long a sign-in holds, how guessing is slowed down, and what is unlike all sign-ins before."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.language.names import Role
from engine.sign_in.records import (
    ACCOUNT,
    ACCOUNT_HERE,
    FORGOTTEN_AFTER,
    HOURS_ARE_JUDGED_AFTER,
    NETWORK,
    SIGN_INS_BEFORE_HOURS,
    Habit,
    Sort,
    failures_at,
    hour_of_week,
    hours_around,
    idle_for,
    must_have_factor,
    network_prefix,
    unlike_before,
    wait_after,
)

NOW = datetime(2026, 3, 7, tzinfo=UTC)


@pytest.mark.parametrize(("roles", "minutes"), [
    (("caseworker",), 30),
    (("caseworker", "counsellor"), 30),
    (("caseworker", "case_manager"), 15),
    (("system_administrator",), 15),
    ((), 15),
])  # fmt: skip
def test_who_works_on_the_road_may_rest_longer(roles: tuple[str, ...], minutes: int) -> None:
    assert idle_for(roles) == timedelta(minutes=minutes)


def test_administrators_and_nobody_else_sign_in_with_a_second_factor_only() -> None:
    assert [role for role in Role if must_have_factor((role.value,))] == [Role.SYSTEM_ADMINISTRATOR]
    assert must_have_factor(("caseworker", "system_administrator"))
    assert not must_have_factor(())


def test_each_failure_makes_the_next_try_wait_longer_and_nobody_waits_for_ever() -> None:
    waits = [wait_after(count, ACCOUNT_HERE).total_seconds() for count in range(9)]
    assert waits == [0, 0, 0, 1, 2, 4, 8, 10, 10]
    assert wait_after(10**6, ACCOUNT_HERE) == ACCOUNT_HERE.longest


def test_a_network_that_many_share_is_slowed_down_last() -> None:
    assert wait_after(ACCOUNT_HERE.free, ACCOUNT_HERE) > timedelta()
    assert wait_after(ACCOUNT_HERE.free, ACCOUNT) == timedelta()
    assert wait_after(ACCOUNT.free, NETWORK) == timedelta()


def test_failures_are_forgotten_after_a_quarter_of_an_hour() -> None:
    assert failures_at(7, NOW, NOW + FORGOTTEN_AFTER) == 7
    assert failures_at(7, NOW, NOW + FORGOTTEN_AFTER + timedelta(seconds=1)) == 0


SIGNED_IN_AT = datetime(2026, 3, 9, 6, 0, tzinfo=UTC)
"""A Monday, 11:30 in India."""


@pytest.mark.parametrize(("address", "prefix"), [
    ("203.0.113.7", "203.0.0.0/16"),
    ("203.0.9.1", "203.0.0.0/16"),
    ("203.1.113.7", "203.1.0.0/16"),
    ("::ffff:203.0.113.7", "203.0.0.0/16"),
    ("2409:4060:12::9", "2409:4060::/32"),
    ("fe80::1%eth0", "fe80::/32"),
    ("", ""),
    ("testclient", ""),
])  # fmt: skip
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


@pytest.mark.parametrize(("count", "age", "is_unusual"), [
    (SIGN_INS_BEFORE_HOURS, HOURS_ARE_JUDGED_AFTER, True),
    (SIGN_INS_BEFORE_HOURS - 1, HOURS_ARE_JUDGED_AFTER, False),
    (SIGN_INS_BEFORE_HOURS, HOURS_ARE_JUDGED_AFTER - timedelta(seconds=1), False),
])  # fmt: skip
def test_hours_are_judged_once_somebody_is_known(count: int, age: timedelta, *, is_unusual: bool) -> None:
    found = unlike_before(_hours(count, SIGNED_IN_AT - age), {Sort.HOUR: {b"b"}}, at=SIGNED_IN_AT)
    assert (found == {Sort.HOUR}) is is_unusual
    assert unlike_before(_hours(count, SIGNED_IN_AT - age), {Sort.HOUR: {b"a"}}, at=SIGNED_IN_AT) == frozenset()
