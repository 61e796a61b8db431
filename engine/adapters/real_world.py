"""The real clock, and the real source of what must not be guessable."""

import secrets
import time
import uuid
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from uuid import UUID

from engine.ports import Uptime

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Give the present instant, aware, in UTC."""
        return datetime.now(UTC)

    def look_again(self) -> None:
        """Do nothing: nobody else moves this clock."""


class SystemEntropy:
    """The random source of the operating system."""

    def uuid(self) -> UUID:
        """Give a random id."""
        return uuid.uuid4()

    def token(self) -> str:
        """Give a secret of 256 bits, as text."""
        return secrets.token_urlsafe(32)

    def case_number(self) -> str:
        """Give a case number of 8 letters and digits, about 10^12 of them: it tells nothing."""
        drawn = [secrets.choice(_ALPHABET) for _ in range(8)]
        return f"C-{''.join(drawn[:4])}-{''.join(drawn[4:])}"


def machine_uptime() -> Uptime:
    """Say how long this machine has been up, sleep included; where it does not tell, how long this process has."""
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
