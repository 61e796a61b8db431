"""Prefect counts as down after three bad calls within a minute, and as up after two good ones."""

import pytest

from engine.orchestration.health import PrefectHealth

GOOD, SLOW, FAILED = (0.1, True), (6.0, True), (0.1, False)


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
        ([(0, *SLOW), (10, *SLOW), (20, *SLOW)], True),
        ([(0, *FAILED), (1, *GOOD), (2, *SLOW), (3, *GOOD), (4, *FAILED)], True),
        ([(0, *FAILED), (30, *FAILED), (61, *FAILED)], False),
        ([(0, *FAILED), (1, *FAILED), (2, *FAILED), (3, *GOOD)], True),
        ([(0, *FAILED), (1, *FAILED), (2, *FAILED), (3, *GOOD), (4, *GOOD)], False),
        ([(0, *FAILED), (1, *FAILED), (2, *FAILED), (3, *GOOD), (4, *GOOD), (5, *FAILED)], False),
    ],
)
def test_three_bad_calls_within_a_minute_are_down_and_two_good_ones_up(
    calls: list[tuple[float, float, bool]], *, is_down: bool
) -> None:
    assert _after(*calls).is_down is is_down


def test_a_slow_answer_is_no_good_answer() -> None:
    down = _after((0, *FAILED), (1, *FAILED), (2, *FAILED))
    down.note(at=3, seconds=0.1, answered=True)
    down.note(at=9, seconds=5.1, answered=True)
    assert down.is_down
