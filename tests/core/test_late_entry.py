"""What is written down long after it happened is a late entry; a day is not long."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.core.time.owing import WRITTEN_DOWN_WITHIN, is_late_entry

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "is_late"),
    [
        (timedelta(0), False),
        (timedelta(hours=23, minutes=59), False),
        (timedelta(hours=24), False),
        (timedelta(hours=24, seconds=1), True),
        (timedelta(days=40), True),
        (-timedelta(minutes=5), False),
    ],
)
def test_more_than_a_day_is_late(ago: timedelta, *, is_late: bool) -> None:
    assert timedelta(hours=24) == WRITTEN_DOWN_WITHIN
    assert is_late_entry(NOW - ago, NOW) is is_late
