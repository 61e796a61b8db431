"""The demo's clock: real time, moved forward by what people let pass; every process of the demo shares it."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

from engine.ports import Clock

_LOOK_AGAIN_AFTER = 0.05


class DemoClock:
    """Adds the stored offset to the real time; looks the offset up again twenty times a second at most."""

    def __init__(self, real: Clock, offset: Callable[[], timedelta | None]) -> None:
        """Move `real` by what `offset` gives; None leaves it as it is, where the present one cannot be seen."""
        self._real = real
        self._read = offset
        self._offset = timedelta()
        self._looked_at = float("-inf")
        self._lock = Lock()

    def now(self) -> datetime:
        """Give the demo's present instant, aware, in UTC."""
        if time.monotonic() - self._looked_at > _LOOK_AGAIN_AFTER:
            self.look_again()
        return self._real.now() + self._offset

    def look_again(self) -> None:
        """Read the offset now."""
        with self._lock:
            read = self._read()
            self._offset = self._offset if read is None else read
            self._looked_at = time.monotonic()
