"""Ask Prefect's server every few seconds whether it answers, without any code of Prefect."""

import base64
import threading
import time
from http.client import HTTPException
from typing import Final
from urllib.request import Request, urlopen

from engine.orchestration.health import PrefectHealth
from engine.orchestration.settings import CALL_LIMIT_SECONDS, LONGEST_CALL_SECONDS, PrefectAddress

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
        """Probe until asked to stop."""
        while not self._stop_asked.wait(EVERY_SECONDS):
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
