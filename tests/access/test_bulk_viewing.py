"""When somebody looks at more cases than their work needs."""

import pytest

from engine.access.records import is_unusual


@pytest.mark.parametrize(
    ("opened", "median", "unusual"),
    [
        (41, 0, True),
        (40, 0, False),
        (41, 100, True),
        (40, 100, False),
        (9, 1, False),
        (10, 1, True),
        (10, 0, False),
        (12, 4, False),
        (13, 4, True),
        (30, 10, False),
        (31, 10, True),
        (0, 0, False),
    ],
)
def test_more_than_forty_in_an_hour_or_three_times_ones_own_median_is_unusual(
    opened: int, median: float, *, unusual: bool
) -> None:
    assert is_unusual(opened, median) is unusual
