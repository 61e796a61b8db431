"""When somebody looks at more cases than their work needs."""

from typing import Final

MOST_IN_AN_HOUR: Final = 40
"""More than this many cases within an hour is unusual for everybody."""
TIMES_MEDIAN: Final = 3
"""So is more than this many times one's own median hour."""
LEAST: Final = 10
"""Fewer cases than this within an hour are never unusual, however quiet the hours before were."""


def is_unusual(opened: int, median: float) -> bool:
    """Say whether so many cases opened within an hour must be told; `median` is of one's hours with any, 0 for none."""
    if opened > MOST_IN_AN_HOUR:
        return True
    return opened >= LEAST and 0 < median * TIMES_MEDIAN < opened
