"""Call Prefect's API from few threads of its own, never for longer than five seconds."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.exceptions import ObjectNotFound, PrefectException
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from engine.errors import ServiceError
from engine.orchestration.health import PrefectHealth
from engine.orchestration.settings import CALL_LIMIT_SECONDS

T = TypeVar("T")
_REMEDY = "People can go on working; automatic work waits until it answers."


class CallPool:
    """A few threads that call Prefect, so that a thread with other duties never hangs on it."""

    def __init__(self, health: PrefectHealth, *, threads: int = 4) -> None:
        self._health = health
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="icmc-prefect-call")
        self._local = threading.local()

    def call(self, function: Callable[[SyncPrefectClient], T]) -> T:
        """Return what `function` gets from Prefect.

        Raises ServiceError after five seconds and for every failure but ObjectNotFound, which is an answer.
        """
        started = time.monotonic()
        future = self._threads.submit(self._run, function)
        try:
            answer = future.result(CALL_LIMIT_SECONDS)
        except ObjectNotFound:
            self._note(started, answered=True)
            raise
        except TimeoutError as error:
            future.cancel()
            self._note(started, answered=False)
            raise ServiceError(service="Prefect", problem="no answer within 5 seconds.", remedy=_REMEDY) from error
        except (httpx.HTTPError, PrefectException, OSError, RuntimeError) as error:
            self._note(started, answered=_is_answer(error))
            raise ServiceError(
                service="Prefect", problem=f"a call failed ({type(error).__name__}).", remedy=_REMEDY
            ) from error
        self._note(started, answered=True)
        return answer

    def close(self) -> None:
        """Start nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _note(self, started: float, *, answered: bool) -> None:
        ended = time.monotonic()
        self._health.note(at=ended, seconds=ended - started, answered=answered)

    def _run(self, function: Callable[[SyncPrefectClient], T]) -> T:
        with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}):
            return function(self._client())

    def _client(self) -> SyncPrefectClient:
        client: SyncPrefectClient | None = getattr(self._local, "client", None)
        if client is None:
            client = get_client(sync_client=True)
            client.__enter__()
            self._local.client = client
        return client


def _is_answer(error: Exception) -> bool:
    server_error = 500
    if isinstance(error, PrefectException):
        return True
    return isinstance(error, httpx.HTTPStatusError) and error.response.status_code < server_error
