"""Whether Prefect answers, how late it is, and what is said of it."""

import base64
import threading
import time
from collections import deque
from dataclasses import dataclass
from http.client import HTTPException
from statistics import median
from typing import Final
from urllib.request import Request, urlopen

from engine.orchestration.settings import CALL_LIMIT_SECONDS, LONGEST_CALL_SECONDS, PrefectAddress

WINDOW_SECONDS: Final = 60.0
FAILED_CALLS: Final = 3
GOOD_CALLS: Final = 2
SILENT_SECONDS: Final = 20.0
SLOW_SECONDS: Final = 1.0
_PATIENCE: Final = 3
"""How many times as long as the slowest answer of the last minute a call may take."""


@dataclass(frozen=True)
class _Call:
    at: float
    seconds: float
    is_good: bool


class PrefectHealth:
    """Remember how Prefect answered; safe to use from several threads.

    Slow is not dead: a call may take as long as the answers of the last minute suggest, within bounds. Prefect counts
    as down when three calls within a minute failed, or when nothing was answered for twenty seconds though it was
    asked, and as up again after two good answers in a row. Times are seconds of a monotonic clock.
    """

    def __init__(self) -> None:
        self._calls: deque[_Call] = deque(maxlen=200)
        self._is_down = False
        self._noted_at = float("-inf")
        self._silent_since: float | None = None
        self._least_limit = CALL_LIMIT_SECONDS
        self._lock = threading.Lock()

    @property
    def is_down(self) -> bool:
        """Tell whether Prefect counts as not answering."""
        with self._lock:
            return self._is_down

    def is_fresh(self, at: float) -> bool:
        """Tell whether Prefect is up and was asked something so shortly before `at` that nobody need ask again."""
        with self._lock:
            return not self._is_down and at - self._noted_at < EVERY_SECONDS

    @property
    def limit(self) -> float:
        """Return for how many seconds to wait for an answer: longer where answers are slow, never without end."""
        with self._lock:
            slowest = max((call.seconds for call in self._calls if call.is_good), default=0.0)
            return min(max(self._least_limit, _PATIENCE * slowest), LONGEST_CALL_SECONDS)

    @property
    def usual(self) -> float:
        """Return how many seconds an answer took of late, in the middle; 0 when nothing was answered."""
        with self._lock:
            return median([call.seconds for call in self._calls if call.is_good] or [0.0])

    @property
    def is_slow(self) -> bool:
        """Tell whether it pays to ask Prefect for as little as possible."""
        return self.usual >= SLOW_SECONDS

    def note(self, *, at: float, seconds: float, answered: bool) -> None:
        """Take into account a call that ended at `at` after `seconds`."""
        with self._lock:
            while self._calls and self._calls[0].at < at - WINDOW_SECONDS:
                self._calls.popleft()
            self._calls.append(_Call(at, seconds, answered))
            self._noted_at = at
            self._note_silence(at, seconds, answered=answered)
            self._is_down = self._still_down() if self._is_down else self._is_silent(at) or self._has_failed()

    def _note_silence(self, at: float, seconds: float, *, answered: bool) -> None:
        if answered:
            self._silent_since, self._least_limit = None, CALL_LIMIT_SECONDS
            return
        if self._silent_since is None:
            self._silent_since = at - seconds
        if seconds >= CALL_LIMIT_SECONDS:
            self._least_limit = min(max(self._least_limit, 2 * seconds), LONGEST_CALL_SECONDS)

    def _is_silent(self, at: float) -> bool:
        return self._silent_since is not None and at - self._silent_since >= SILENT_SECONDS

    def _has_failed(self) -> bool:
        """Tell whether calls failed at once, as they do where nobody listens; one that was too slow proves little."""
        failed = [call for call in self._calls if not call.is_good and call.seconds < CALL_LIMIT_SECONDS]
        return len(failed) >= FAILED_CALLS

    def _still_down(self) -> bool:
        if any(not call.is_good for call in list(self._calls)[-GOOD_CALLS:]):
            return True
        good = [call for call in self._calls if call.is_good]
        self._calls.clear()
        self._calls.extend(good)
        return False


EVERY_SECONDS: Final = 5.0
OK: Final = 200


class Probe(threading.Thread):
    """Keep `health` informed until `stop` is set."""

    def __init__(self, address: PrefectAddress, health: PrefectHealth, stop: threading.Event) -> None:
        super().__init__(name="icmc-prefect-probe", daemon=True)
        self._address = address
        self._health = health
        self._stop_asked = stop

    def run(self) -> None:
        """Probe until asked to stop, whenever nobody else has asked Prefect anything for a while."""
        while not self._stop_asked.wait(EVERY_SECONDS):
            if not self._health.is_fresh(time.monotonic()):
                self.probe()

    def probe(self) -> bool:
        """Ask once, note the answer, and return whether it was good."""
        started = time.monotonic()
        answered = is_ready(self._address, within=self._health.limit)
        ended = time.monotonic()
        self._health.note(at=ended, seconds=ended - started, answered=answered)
        return answered


def is_ready(address: PrefectAddress, *, within: float = CALL_LIMIT_SECONDS) -> bool:
    """Tell whether the server and its database answer within some seconds."""
    return status_of(address, "GET", "/ready", auth=address.auth, within=within) == OK


def status_of(
    address: PrefectAddress,
    method: str,
    path: str,
    *,
    auth: str | None,
    headers: dict[str, str] | None = None,
    within: float = LONGEST_CALL_SECONDS,
) -> int | None:
    """Return the HTTP status of one plain request to the API, or None when there is no answer."""
    request = Request(address.api_url + path, method=method, headers=headers or {})  # noqa: S310 - our own server
    if method == "POST":
        request.data = b"{}"
        request.add_header("Content-Type", "application/json")
    if auth is not None:
        request.add_header("Authorization", "Basic " + base64.b64encode(auth.encode()).decode())
    try:
        with urlopen(request, timeout=within) as response:  # noqa: S310 - our own server
            return int(response.status)
    except OSError as error:
        code = getattr(error, "code", None)
        return int(code) if code is not None else None
    except HTTPException:
        return None
