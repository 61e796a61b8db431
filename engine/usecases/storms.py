"""Many messages at once become one: hold back what is too much, and write the one that stands for all."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from engine.stores import UnitOfWork

STORM: Final = "storm"
_MINUTE: Final = timedelta(minutes=1)
_MOST_OF_A_KIND: Final = 10
_MOST_OF_ALL: Final = 30


def held_back_for(
    work: UnitOfWork, *, recipient_id: UUID, channel: str, kind: str, critical: bool, now: datetime
) -> str:
    """Say whether the next message is one too many for a person and channel within a minute: then `storm`, else "".

    More than 10 of a kind, or 30 of any, that are not critical become one: those not tried yet are held back too. Of
    critical ones the first 10 go out as they come.
    """
    since = now - _MINUTE
    recent = work.bundles.recent(recipient_id=recipient_id, channel=channel, since=since, critical=critical)
    kinds = Counter(one.kind for one in recent)
    if not any(one.is_held for one in recent):
        is_much = len(recent) >= _MOST_OF_ALL or kinds[kind] >= _MOST_OF_A_KIND
        if critical:
            is_much = len(recent) >= _MOST_OF_A_KIND
        if not is_much:
            return ""
        if not critical:
            work.bundles.hold_back(recipient_id=recipient_id, channel=channel, since=since)
    return STORM
