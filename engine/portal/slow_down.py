"""Slow down who guesses passwords: each failure makes the next try wait longer, and nobody is locked out."""

from datetime import datetime, timedelta
from threading import Lock
from typing import Final

FREE: Final = 3
"""Failures without any wait."""
LONGEST: Final = timedelta(seconds=10)
FORGOTTEN_AFTER: Final = timedelta(minutes=15)
_MOST_KEYS: Final = 10_000


class SlowDown:
    """Count failures by key, such as an address with an e-mail; safe to use from several threads."""

    def __init__(self) -> None:
        self._failures: dict[str, tuple[int, datetime]] = {}
        self._lock = Lock()

    def wait_for(self, key: str, now: datetime) -> timedelta:
        """Give how long the next try must wait: nothing at first, then doubling up to `LONGEST`."""
        with self._lock:
            count, last = self._failures.get(key, (0, now))
        if count < FREE or now - last > FORGOTTEN_AFTER:
            return timedelta()
        return min(timedelta(seconds=2 ** min(count - FREE, 10)), LONGEST)

    def note_failure(self, key: str, now: datetime) -> None:
        """Count a failure."""
        with self._lock:
            count, last = self._failures.get(key, (0, now))
            self._failures[key] = (1 if now - last > FORGOTTEN_AFTER else count + 1, now)
            while len(self._failures) > _MOST_KEYS:
                self._failures.pop(next(iter(self._failures)))

    def note_success(self, key: str) -> None:
        """Forget the failures of a key."""
        with self._lock:
            self._failures.pop(key, None)
