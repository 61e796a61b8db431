"""Name the place of a recorded stretch of time, for its seal: the key of its row has three parts, a seal takes one."""

from datetime import UTC, datetime
from uuid import UUID, uuid5


def place_id(step_id: UUID, name: str, start: datetime) -> UUID:
    """Name the place of a stretch of a step, by what it is and when it began."""
    return uuid5(step_id, f"{name}|{start.astimezone(UTC).isoformat()}")
