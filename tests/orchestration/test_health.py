"""Prefect is down when calls fail or nothing is answered, never because it is slow, and is given the time it needs."""

import pytest

from engine.orchestration.health import PrefectHealth

GOOD, SLOW, LATE, FAILED = (0.1, True), (6.0, True), (5.0, False), (0.1, False)


def _after(*calls: tuple[float, float, bool]) -> PrefectHealth:
    health = PrefectHealth()
    for at, seconds, answered in calls:
        health.note(at=at, seconds=seconds, answered=answered)
    return health


@pytest.mark.parametrize(
    ("calls", "is_down"),
    [
        ([], False),
        ([(0, *FAILED), (1, *FAILED)], False),
        ([(0, *FAILED), (1, *FAILED), (2, *FAILED)], True),
        ([(0, *SLOW), (10, *SLOW), (20, *SLOW)], False),
        ([(0, *FAILED), (1, *GOOD), (2, *FAILED), (3, *GOOD), (4, *FAILED)], True),
        ([(0, *FAILED), (30, *FAILED), (61, *FAILED)], True),
        ([(0, *FAILED), (20, *GOOD), (30, *FAILED), (40, *GOOD), (61, *FAILED)], False),
        ([(0, *FAILED), (1, *FAILED), (2, *FAILED), (3, *GOOD)], True),
        ([(0, *FAILED), (1, *FAILED), (2, *FAILED), (3, *GOOD), (4, *GOOD)], False),
        ([(0, *FAILED), (1, *FAILED), (2, *FAILED), (3, *GOOD), (4, *GOOD), (5, *FAILED)], False),
        ([(10, *LATE), (11, *LATE), (12, *LATE)], False),
        ([(10, *LATE), (20, *LATE), (25, *LATE)], True),
        ([(10, *LATE), (20, *LATE), (24, *SLOW), (29, *LATE)], False),
    ],
)
def test_failed_calls_and_silence_are_down_slowness_is_not(
    calls: list[tuple[float, float, bool]], *, is_down: bool
) -> None:
    assert _after(*calls).is_down is is_down


def test_slow_answers_bring_it_up_again() -> None:
    down = _after((0, *FAILED), (1, *FAILED), (2, *FAILED))
    down.note(at=3, seconds=3.1, answered=True)
    down.note(at=9, seconds=6.1, answered=True)
    assert not down.is_down
    assert down.is_slow


def test_a_call_is_given_as_long_as_the_answers_of_the_last_minute_need_within_bounds() -> None:
    assert _after((1, *GOOD)).limit == 5.0
    slow = _after((1, 3.0, True))
    assert (slow.limit, slow.is_slow, slow.usual) == (9.0, True, 3.0)
    slow.note(at=70, seconds=0.1, answered=True)
    assert (slow.limit, slow.is_slow) == (5.0, False)
    assert _after((1, 15.0, True)).limit == 20.0


def test_a_call_that_was_cut_off_makes_the_next_wait_longer_until_something_is_answered() -> None:
    cut = _after((5, 5.0, False))
    assert cut.limit == 10.0
    cut.note(at=15, seconds=10.0, answered=False)
    assert cut.limit == 20.0
    cut.note(at=16, seconds=20.0, answered=False)
    assert cut.limit == 20.0
    cut.note(at=17, seconds=0.1, answered=True)
    assert cut.limit == 5.0


def test_a_server_that_hangs_is_down_within_half_a_minute_however_slow_it_was() -> None:
    hangs = _after((0, 8.0, True))
    at, probes = 5.0, 0
    while not hangs.is_down:
        at += hangs.limit
        hangs.note(at=at, seconds=hangs.limit, answered=False)
        at += 5.0
        probes += 1
    assert at - 5.0 <= 35.0
    assert probes <= 2


def test_nobody_asks_again_who_has_just_been_answered_unless_prefect_is_down() -> None:
    health = PrefectHealth()
    assert not health.is_fresh(100.0)
    health.note(at=100.0, seconds=0.1, answered=True)
    assert health.is_fresh(104.9)
    assert not health.is_fresh(105.0)
    for at in (106.0, 107.0, 108.0):
        health.note(at=at, seconds=0.1, answered=False)
    assert health.is_down
    assert not health.is_fresh(108.1)
