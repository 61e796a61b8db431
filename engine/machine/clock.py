"""The real clock and source of randomness, and the demo's clock, which people can move."""

import secrets
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from threading import Lock
from uuid import UUID

from engine.ports import Clock, Uptime

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)

    def look_again(self) -> None:
        """Do nothing: nobody else moves this clock."""


class SystemEntropy:
    """The random source of the operating system."""

    def uuid(self) -> UUID:
        """Return a random id."""
        return uuid.uuid4()

    def token(self) -> str:
        """Return a secret of 256 bits, as text."""
        return secrets.token_urlsafe(32)

    def case_number(self) -> str:
        """Return a case number of 8 letters and digits, about 10^12 of them: it tells nothing."""
        drawn = [secrets.choice(_ALPHABET) for _ in range(8)]
        return f"C-{''.join(drawn[:4])}-{''.join(drawn[4:])}"


def machine_uptime() -> Uptime:
    """Return how long this machine has been up, sleep included; where it does not tell, how long this process has."""
    boot = _boot_id()
    if boot is None:
        return Uptime(_process_id(), time.monotonic())
    return Uptime(boot, time.clock_gettime(time.CLOCK_BOOTTIME))


@cache
def _boot_id() -> str | None:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None


@cache
def _process_id() -> str:
    return f"process-{uuid.uuid4()}"


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
        """Return the demo's present instant, aware, in UTC."""
        if time.monotonic() - self._looked_at > _LOOK_AGAIN_AFTER:
            self.look_again()
        return self._real.now() + self._offset

    def look_again(self) -> None:
        """Read the offset now."""
        with self._lock:
            read = self._read()
            self._offset = self._offset if read is None else read
            self._looked_at = time.monotonic()
