"""When something is written down so late that the record has to say why. Pure."""

from datetime import datetime, timedelta
from typing import Final

WRITTEN_DOWN_WITHIN: Final = timedelta(hours=24)
"""How long after it happened a step may be written down without a word on why."""


def is_late_entry(happened_at: datetime, now: datetime) -> bool:
    """Say whether what happened then is written down long after it, at `now` (both UTC)."""
    return now - happened_at > WRITTEN_DOWN_WITHIN
