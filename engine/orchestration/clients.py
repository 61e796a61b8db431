"""Prefect's own clients, held to the time limit that fits its answers, and kept from asking what is known."""

import queue
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient, SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRunPolicy, ServerDefaultResultStorage
from prefect.context import SyncClientContext

from engine.orchestration.health import PrefectHealth

T = TypeVar("T")
_KNOWN_FOR_SECONDS: Final = 60.0
_SERVER_ERROR: Final = 500
_STARTED: Final = "icmc_started"


def timed_client(health: PrefectHealth, *, on_answer: Callable[[], None] = lambda: None) -> SyncPrefectClient:
    """Open a client for plain calls; `on_answer` hears of each answer."""
    client = get_client(sync_client=True)
    client.__enter__()
    _time(client, health, on_answer)
    return client


def lean_worker_client(client: PrefectClient, health: PrefectHealth) -> None:
    """Let a worker's client remember deployments and flows for a minute: it reads them for each flow run otherwise."""

    async def before(request: httpx.Request) -> None:
        _limit(request, health)

    async def after(response: httpx.Response) -> None:
        _note(response, health)

    hooks = client._client.event_hooks  # noqa: SLF001 - Prefect gives no other way to its httpx client
    client._client.event_hooks = {  # noqa: SLF001
        "request": [*hooks["request"], before], "response": [*hooks["response"], after],
    }  # fmt: skip
    client.read_deployment = _remembered(client.read_deployment)  # type: ignore[method-assign, assignment]
    client.read_flow = _remembered(client.read_flow)  # type: ignore[method-assign, assignment]


class RunClients:
    """Clients for the threads of flow runs, used again: a new one costs a handshake and a token against forgery."""

    def __init__(self, health: PrefectHealth) -> None:
        self._health = health
        self._free: queue.SimpleQueue[SyncClientContext] = queue.SimpleQueue()

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Let everything of Prefect in this thread call by one of them, and take it back when it ended well."""
        try:
            context = self._free.get_nowait()
        except queue.Empty:
            context = self._made()
        token = SyncClientContext.__var__.set(context)
        try:
            yield
        finally:
            SyncClientContext.__var__.reset(token)
            self._free.put(context)

    def _made(self) -> SyncClientContext:
        context = SyncClientContext()
        client = context.client
        client.__enter__()
        _time(client, self._health, lambda: None)
        client.read_server_default_result_storage = ServerDefaultResultStorage  # type: ignore[method-assign]
        client.update_flow_run = _nothing_to_tell  # type: ignore[method-assign, assignment]
        return context


def _nothing_to_tell(flow_run_id: UUID, flow_version: str | None, empirical_policy: FlowRunPolicy) -> None:
    """Leave out what Prefect's engine says at the start of a run: a version and retries, which our flows have not."""


def _time(client: SyncPrefectClient, health: PrefectHealth, on_answer: Callable[[], None]) -> None:
    def before(request: httpx.Request) -> None:
        _limit(request, health)

    def after(response: httpx.Response) -> None:
        _note(response, health)
        on_answer()

    hooks = client._client.event_hooks  # noqa: SLF001 - Prefect gives no other way to its httpx client
    client._client.event_hooks = {  # noqa: SLF001
        "request": [*hooks["request"], before], "response": [*hooks["response"], after],
    }  # fmt: skip


def _limit(request: httpx.Request, health: PrefectHealth) -> None:
    request.extensions["timeout"] = httpx.Timeout(health.limit).as_dict()
    request.extensions[_STARTED] = time.monotonic()


def _note(response: httpx.Response, health: PrefectHealth) -> None:
    """Take an answer into account; what was too slow to be answered is noted by who asked."""
    ended = time.monotonic()
    started = response.request.extensions.get(_STARTED, ended)
    health.note(at=ended, seconds=ended - started, answered=response.status_code < _SERVER_ERROR)


def _remembered(read: Callable[[UUID], Awaitable[T]]) -> Callable[[UUID], Awaitable[T]]:
    known: dict[UUID, tuple[float, T]] = {}

    async def reading(record_id: UUID) -> T:
        now = time.monotonic()
        found = known.get(record_id)
        if found is None or now - found[0] > _KNOWN_FOR_SECONDS:
            known[record_id] = found = (now, await read(record_id))
        return found[1]

    return reading
