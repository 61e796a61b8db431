"""How long a sign-in holds, who needs a second factor, and how guessing is slowed down."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.language.names import Role
from engine.sign_in.records import (
    ACCOUNT,
    ACCOUNT_HERE,
    FORGOTTEN_AFTER,
    NETWORK,
    failures_at,
    idle_for,
    must_have_factor,
    wait_after,
)

NOW = datetime(2026, 3, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("roles", "minutes"),
    [
        (("caseworker",), 30),
        (("caseworker", "counsellor"), 30),
        (("caseworker", "case_manager"), 15),
        (("system_administrator",), 15),
        ((), 15),
    ],
)
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
