"""When somebody looks at more than their work needs: what is told, and what is stopped."""

from typing import Final

MOST_IN_AN_HOUR: Final = 40
"""More than this many cases within an hour is unusual for everybody."""
TIMES_MEDIAN: Final = 3
"""So is more than this many times one's own median hour."""
LEAST: Final = 10
"""Fewer cases than this within an hour are never unusual, however quiet the hours before were."""
REVEALS: Final = frozenset({"answers", "places", "person", "document", "file", "original file", "reasons"})
"""What is looked at only by a deliberate act."""
MOST_REVEALS_IN_AN_HOUR: Final = 200
"""No more goes: one every eighteen seconds, for an hour. Forms that are filled in, and pages of cases, always open."""
MOST_COPIES_IN_AN_HOUR: Final = 20
"""So many copies for spreadsheets can be asked for within an hour."""


def is_unusual(opened: int, median: float) -> bool:
    """Say whether so many cases opened within an hour must be told; `median` is of one's hours with any, 0 for none."""
    if opened > MOST_IN_AN_HOUR:
        return True
    return opened >= LEAST and 0 < median * TIMES_MEDIAN < opened
