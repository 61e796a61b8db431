"""Call Prefect's API from few threads of its own, each call held to the limit that fits its answers."""

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectNotFound, PrefectException
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from engine.errors import ServiceError
from engine.orchestration.api import timed_client
from engine.orchestration.health import PrefectHealth

T = TypeVar("T")
_REMEDY: Final = "People can go on working; automatic work waits until it answers."
_UNAUTHORISED: Final = 401
_NOT_LET_IN: Final = "its server does not take our password."
_TO_BE_LET_IN: Final = (
    "Copy prefect/secrets.json from the host with the server, or set ICMC_PREFECT_AUTH, and start again."
)
_BESIDE_THE_LINE_SECONDS: Final = 2.0
"""What a call may take beside waiting for an answer, before whoever waits for it gives up."""


@dataclass
class _Asked(Generic[T]):
    """A function that asks Prefect once or several times, and when it last came on."""

    function: Callable[[SyncPrefectClient], T]
    came_on_at: float = field(default_factory=time.monotonic)
    has_begun: bool = False

    def came_on(self) -> None:
        self.came_on_at = time.monotonic()


class CallPool:
    """A few threads that call Prefect, so that a thread with other duties never hangs on it.

    The time limit is that of one answer: a function that asks ten times goes on as long as each is answered in time.
    """

    def __init__(self, health: PrefectHealth, *, threads: int = 4) -> None:
        self._health = health
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="icmc-prefect-call")
        self._local = threading.local()

    def call(self, function: Callable[[SyncPrefectClient], T]) -> T:
        """Return what `function` gets from Prefect.

        Raises ServiceError when an answer does not come in time and for every failure but ObjectNotFound, which is an
        answer.
        """
        return self._result(*self._submitted(function))

    def call_all(
        self, functions: Iterable[Callable[[SyncPrefectClient], T]]
    ) -> list[T | ServiceError | ObjectNotFound]:
        """Call several side by side, and return for each what it got or why it failed."""
        asked = [self._submitted(function) for function in functions]
        answers: list[T | ServiceError | ObjectNotFound] = []
        for one, future in asked:
            try:
                answers.append(self._result(one, future))
            except (ServiceError, ObjectNotFound) as error:
                answers.append(error)
        return answers

    def close(self) -> None:
        """Start nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _submitted(self, function: Callable[[SyncPrefectClient], T]) -> tuple[_Asked[T], Future[T]]:
        asked = _Asked(function)
        return asked, self._threads.submit(self._run, asked)

    def _result(self, asked: _Asked[T], future: Future[T]) -> T:
        try:
            return self._waited(asked, future)
        except ObjectNotFound:
            raise
        except TimeoutError as error:
            future.cancel()
            problem = "an answer took too long." if asked.has_begun else "too many calls wait for it."
            self._note_failure(asked)
            raise ServiceError(service="Prefect", problem=problem, remedy=_REMEDY) from error
        except (httpx.HTTPError, PrefectException, OSError, RuntimeError) as error:
            if not _is_answer(error):
                self._note_failure(asked)
            if isinstance(error, httpx.HTTPStatusError) and error.response.status_code == _UNAUTHORISED:
                raise ServiceError(service="Prefect", problem=_NOT_LET_IN, remedy=_TO_BE_LET_IN) from error
            raise ServiceError(
                service="Prefect", problem=f"a call failed ({type(error).__name__}).", remedy=_REMEDY
            ) from error

    def _waited(self, asked: _Asked[T], future: Future[T]) -> T:
        while True:
            patience = self._health.limit + _BESIDE_THE_LINE_SECONDS
            rest = asked.came_on_at + patience - time.monotonic()
            try:
                return future.result(max(rest, 0))
            except TimeoutError:
                if future.done() or time.monotonic() - asked.came_on_at >= patience:
                    raise

    def _note_failure(self, asked: _Asked[Any]) -> None:
        """Take into account that an answer did not come; a call that never began says nothing of Prefect."""
        if asked.has_begun:
            ended = time.monotonic()
            self._health.note(at=ended, seconds=ended - asked.came_on_at, answered=False)

    def _run(self, asked: _Asked[T]) -> T:
        asked.has_begun = True
        asked.came_on()
        self._local.asked = asked
        with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}):
            return asked.function(self._client())

    def _client(self) -> SyncPrefectClient:
        client: SyncPrefectClient | None = getattr(self._local, "client", None)
        if client is None:
            client = timed_client(self._health, on_answer=self._came_on)
            self._local.client = client
        return client

    def _came_on(self) -> None:
        self._local.asked.came_on()


def _is_answer(error: Exception) -> bool:
    """Tell whether the server answered, well or not: the answer was noted as it came."""
    return isinstance(error, PrefectException | httpx.HTTPStatusError)
