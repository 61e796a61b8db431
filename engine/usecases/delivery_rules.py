"""When a message that could not be sent is tried again, when it is given up, and when another way is taken."""

import hashlib
from datetime import datetime, timedelta

from engine.stores import ClaimedDelivery

AWAY = "away"
UNEXPECTED = "unexpected"
GIVE_UP_AFTER = timedelta(hours=72)
SECOND_WAY_AFTER = timedelta(minutes=10)
MOST_UNEXPECTED = 5
"""A delivery at which something unforeseen breaks is given up after so many tries: it is a fault, not an outage."""
WAYS = ("email", "whatsapp", "sms", "telegram", "matrix")
"""The order in which another way is looked for."""
_FIRST_SECONDS, _LONGEST_SECONDS, _SPREAD = 60, 24 * 60, 0.25


def next_try(delivery: ClaimedDelivery, *, code: str, has_other_way: bool, now: datetime) -> datetime | None:
    """Give the instant of the next try: 1 to 30 minutes later, for 72 hours from the first; None to give up.

    The spread comes from the delivery's id, so that it is the same whoever asks. A critical message that may take
    another way is tried again after ten minutes at the latest.
    """
    last = delivery.first_tried_at + GIVE_UP_AFTER
    if now >= last or (code == UNEXPECTED and delivery.attempt >= MOST_UNEXPECTED):
        return None
    wait = min(_FIRST_SECONDS * 2 ** min(delivery.attempt - 1, 10), _LONGEST_SECONDS) * (1 + _SPREAD * _share(delivery))
    again = min(now + timedelta(seconds=wait), last)
    second = delivery.written_at + SECOND_WAY_AFTER
    return min(again, second) if has_other_way and now < second else again


def wants_other_way(delivery: ClaimedDelivery, *, is_given_up: bool, now: datetime) -> bool:
    """Say whether another channel shall carry a message too: critical, and undelivered for ten minutes or for good."""
    return delivery.critical and (is_given_up or now >= delivery.written_at + SECOND_WAY_AFTER)


def _share(delivery: ClaimedDelivery) -> float:
    """Give a number from 0 to 1 that is the same for the same try of the same delivery."""
    digest = hashlib.blake2b(delivery.id.bytes + delivery.attempt.to_bytes(4, "big"), digest_size=4).digest()
    return int.from_bytes(digest, "big") / 2**32
