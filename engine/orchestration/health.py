"""Judge from its last answers whether Prefect can be relied on."""

import threading
from collections import deque
from dataclasses import dataclass
from typing import Final

from engine.orchestration.settings import CALL_LIMIT_SECONDS

WINDOW_SECONDS: Final = 60.0
BAD_CALLS: Final = 3
GOOD_CALLS: Final = 2


@dataclass(frozen=True)
class _Call:
    at: float
    is_good: bool


class PrefectHealth:
    """Remember how Prefect answered; safe to use from several threads.

    Prefect counts as down when three calls within a minute failed or took over five seconds, and as up again after two
    good answers in a row. Times are seconds of a monotonic clock.
    """

    def __init__(self) -> None:
        self._calls: deque[_Call] = deque(maxlen=100)
        self._is_down = False
        self._lock = threading.Lock()

    @property
    def is_down(self) -> bool:
        """Tell whether Prefect counts as not answering."""
        with self._lock:
            return self._is_down

    def note(self, *, at: float, seconds: float, answered: bool) -> None:
        """Take into account a call that ended at `at` after `seconds`."""
        with self._lock:
            self._calls.append(_Call(at, answered and seconds <= CALL_LIMIT_SECONDS))
            self._is_down = self._still_down() if self._is_down else self._bad_since(at - WINDOW_SECONDS) >= BAD_CALLS

    def _bad_since(self, start: float) -> int:
        return sum(1 for call in self._calls if not call.is_good and call.at >= start)

    def _still_down(self) -> bool:
        if any(not call.is_good for call in list(self._calls)[-GOOD_CALLS:]):
            return True
        self._calls.clear()
        return False
