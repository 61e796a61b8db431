"""Call Prefect's API, of a Prefect only that keeps to our settings, from few threads, each call held to its limit."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectNotFound, PrefectException
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, Settings, get_current_settings, temporary_settings

from engine.errors import ServiceError, SettingsError
from engine.orchestration.api import timed_client
from engine.orchestration.health import OK, PrefectHealth, status_of
from engine.orchestration.settings import LONGEST_CALL_SECONDS, PrefectAddress

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


_START_IT_BY: Final = (
    "Start it with `icmc worker` or `icmc up`, which set what Prefect needs, and with a server of ICMC."
)
_FORBIDDEN: Final = 403

_SHOWN: Final[Mapping[str, Callable[[Settings], bool]]] = {
    "PREFECT_LOGGING_TO_API_ENABLED": lambda s: not s.logging.to_api.enabled,
    "PREFECT_LOGGING_LOG_PRINTS": lambda s: not s.logging.log_prints,
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": lambda s: not s.results.persist_by_default,
    "PREFECT_RESULTS_DEFAULT_SERIALIZER": lambda s: s.results.default_serializer == "json",
    "PREFECT_SERVER_ANALYTICS_ENABLED": lambda s: not s.server.analytics_enabled,
    "PREFECT_API_REQUEST_TIMEOUT": lambda s: s.api.request_timeout <= LONGEST_CALL_SECONDS,
    "PREFECT_API_AUTH_STRING": lambda s: s.api.auth_string is not None,
    "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": lambda s: s.client.csrf_support_enabled,
    "PREFECT_SERVER_EPHEMERAL_ENABLED": lambda s: not s.server.ephemeral.enabled,
}


def check_settings(environment: Mapping[str, str], *, home: str) -> None:
    """Read the settings of this process back from Prefect; raise SettingsError when one did not take effect."""
    settings = get_current_settings()
    wrong = [name for name, holds in _SHOWN.items() if not holds(settings)]
    wrong += [] if environment.get("DO_NOT_TRACK") == "1" else ["DO_NOT_TRACK"]
    wrong += [] if str(settings.home) == home else ["PREFECT_HOME"]
    if wrong:
        raise SettingsError(problem=f"Prefect was imported without {', '.join(wrong)}.", remedy=_START_IT_BY)


def check_server(address: PrefectAddress) -> None:
    """Try the server's doors; raise SettingsError when one is open that must be shut, ServiceError for no answer."""
    stranger = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}

    def status(method: str, path: str, *, auth: str | None, headers: dict[str, str] | None = None) -> int:
        answer = status_of(address, method, path, auth=auth, headers=headers)
        if answer is None:
            raise ServiceError(service="Prefect", problem="its server did not answer.", remedy="It is asked again.")
        return answer

    is_kept = {
        "its API answers without the password": status("GET", "/admin/version", auth=None) == _UNAUTHORISED,
        "its API takes a wrong password": status("GET", "/admin/version", auth="icmc:-") == _UNAUTHORISED,
        "its API does not know our password": status("GET", "/admin/version", auth=address.auth) == OK,
        "it takes a change without a token against forged requests": (
            status("POST", "/flows/count", auth=address.auth) == _FORBIDDEN
        ),
        "it lets other sites call it": status("OPTIONS", "/flows/count", auth=None, headers=stranger) != OK,
    }
    wrong = [problem for problem, holds in is_kept.items() if not holds]
    if wrong:
        raise SettingsError(problem=f"The Prefect server is not safe: {'; '.join(wrong)}.", remedy=_START_IT_BY)
