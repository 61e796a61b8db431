"""A jump of the clock is told from time that has gone by."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.deadlines.actions.firing import LastLook, jump_between
from engine.ports import Uptime

NOON = datetime(2026, 3, 7, 12, 0, tzinfo=UTC)


def after(*, clock: timedelta, up: timedelta, boot: str = "a") -> LastLook:
    return LastLook(NOON + clock, Uptime(boot, 1000 + up.total_seconds()))


LAST = after(clock=timedelta(0), up=timedelta(0))
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("clock", "up"),
    [
        (SECOND, SECOND),
        (timedelta(hours=8), timedelta(hours=8)),
        (timedelta(days=3650), timedelta(days=3650)),
        (timedelta(minutes=15), SECOND),
        (timedelta(seconds=-5), SECOND),
        (timedelta(minutes=50), timedelta(hours=1)),
    ],
)
def test_time_that_goes_by_is_no_jump(clock: timedelta, up: timedelta) -> None:
    assert jump_between(LAST, after(clock=clock, up=up)) is None


@pytest.mark.parametrize(
    "jump", [timedelta(hours=1), timedelta(days=3650), timedelta(hours=-1), timedelta(days=-365), timedelta(seconds=-7)]
)
def test_a_clock_that_goes_further_than_the_machine_was_up_has_jumped(jump: timedelta) -> None:
    assert jump_between(LAST, after(clock=jump + SECOND, up=SECOND)) == jump


def test_a_clock_that_jumped_during_an_outage_of_the_process_is_found_by_the_uptime_of_the_machine() -> None:
    assert jump_between(LAST, after(clock=timedelta(hours=9), up=timedelta(hours=1))) == timedelta(hours=8)


@pytest.mark.parametrize("clock", [timedelta(days=3), timedelta(minutes=-5)])
def test_a_machine_that_was_started_again_or_another_one_catches_up(clock: timedelta) -> None:
    assert jump_between(LAST, after(clock=clock, up=timedelta(0), boot="b")) is None


@pytest.mark.parametrize("clock", [timedelta(days=3650), timedelta(hours=-1)])
def test_a_machine_that_was_started_in_another_year_or_an_hour_ago_is_asked_about(clock: timedelta) -> None:
    assert jump_between(LAST, after(clock=clock, up=timedelta(0), boot="b")) == clock


def test_the_first_pass_of_all_is_no_jump() -> None:
    assert jump_between(None, LAST) is None
