"""What the flow runs of this process share: the actions, the worker's name, who must stop, and slots of gateways."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Final, Self
from uuid import UUID, uuid4

from prefect.client.orchestration import SyncPrefectClient
from prefect.concurrency.sync import concurrency, rate_limit
from sqlalchemy.engine import make_url

from engine.app import build_engine, databases
from engine.db.locks import BACKGROUND
from engine.errors import ServiceError
from engine.jobs.records import ClaimedJob
from engine.orchestration import api
from engine.orchestration.api import RunClients
from engine.orchestration.engine_work import EngineWork
from engine.orchestration.health import PrefectHealth
from engine.orchestration.seams import Installation, Work
from engine.settings import Settings


@dataclass(frozen=True)
class RunControl:
    """How a flow run learns that it must stop."""

    cancelled: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def must_stop(self) -> bool:
        """Tell whether the run may claim nothing more."""
        return self.cancelled.is_set() or self.stopping.is_set()

    def wait(self, seconds: float) -> None:
        """Wait for so long, or until the worker stops."""
        self.stopping.wait(seconds)


def this_place() -> str:
    """Return the name of this machine, or container, within which process ids mean something."""
    try:
        return f"{socket.gethostname()}.{os.stat('/proc/self/ns/pid').st_ino}"  # noqa: PTH116 - no file of ours
    except OSError:
        return socket.gethostname()


class Runtime:
    """The one record of this process that flow runs reach for; a flow run is given nothing but ids."""

    def __init__(self, make_work: Callable[[], Work]) -> None:
        self._make_work = make_work
        self._work: Work | None = None
        self._controls: dict[UUID, RunControl] = {}
        self._starting: set[UUID] = set()
        self._lock = threading.Lock()
        self.stopping = threading.Event()
        self.worker_name = f"icmc-{this_place()}-{os.getpid()}-{uuid4().hex[:6]}"

    @property
    def work(self) -> Work:
        """Return the actions, made at first use: the plain `process` pool starts flow runs without our worker."""
        with self._lock:
            if self._work is None:
                self._work = self._make_work()
            return self._work

    def use(self, work: Work) -> None:
        """Let the flow runs of this process use these."""
        with self._lock:
            self._work = work

    def control(self, flow_run_id: UUID | None) -> RunControl:
        """Return how this flow run is told to stop."""
        with self._lock:
            known = self._controls.get(flow_run_id) if flow_run_id is not None else None
        return known or RunControl(stopping=self.stopping)

    @contextmanager
    def controlled(self, flow_run_id: UUID) -> Iterator[RunControl]:
        """Make a flow run known here for as long as it runs."""
        control = RunControl(stopping=self.stopping)
        with self._lock:
            self._controls[flow_run_id] = control
        try:
            yield control
        finally:
            with self._lock:
                del self._controls[flow_run_id]

    @contextmanager
    def started(self, flow_run_id: UUID) -> Iterator[None]:
        """Make a flow run known here for as long as it is being started."""
        with self._lock:
            self._starting.add(flow_run_id)
        try:
            yield
        finally:
            with self._lock:
                self._starting.discard(flow_run_id)

    def starting(self) -> frozenset[UUID]:
        """Return the flow runs that are being started in this process now."""
        with self._lock:
            return frozenset(self._starting)

    def running(self) -> dict[UUID, RunControl]:
        """Return the flow runs that run in this process now."""
        with self._lock:
            return dict(self._controls)


_KEPT_OPEN: Final = ExitStack()


@contextmanager
def engine_work(settings: Settings) -> Iterator[EngineWork]:
    """Return the actions of an installation, with its database running as long as they are used."""
    with databases(settings) as running:
        address = make_url(running.urls.system).set(drivername="postgresql").render_as_string(hide_password=False)
        yield EngineWork(
            build_engine(settings, running.urls, pool_size=20, limits=BACKGROUND),
            address,
        )


def work_from_environment() -> EngineWork:
    """Give them for the life of this process: Prefect's plain `process` pool starts a flow run without our worker."""
    return _KEPT_OPEN.enter_context(engine_work(Settings()))


health: Final = PrefectHealth()
run_clients: Final = RunClients(health)
runtime: Final = Runtime(work_from_environment)


PREFIX: Final = "icmc-gateway-"
SLOTS: Final = 4
_SECONDS: Final = 60
_LIMITS_OF_A_RATE: Final = 6
_MOST_AT_ONCE: Final = 100


@dataclass(frozen=True)
class _Limit:
    name: str
    slots: int
    decay: float


def most_at_once(rate_per_minute: int) -> int:
    """Return how many messages may go at one time through a gateway with a rate: those of ten seconds."""
    return max(1, min(rate_per_minute // _LIMITS_OF_A_RATE, _MOST_AT_ONCE))


def ensure_limits(client: SyncPrefectClient, installation: Installation) -> None:
    """Make the limits that are missing, and change those of gateways whose rate was changed.

    What an admin changed in Prefect about a way out without a rate stays. Raises ServiceError when one is missing after
    all: Prefect would let everything through.
    """
    there = api.gateway_limits(client)
    for limit in _wanted(installation):
        if not _is_there(limit, there):
            api.set_limit(client, limit.name, slots=limit.slots, decay=limit.decay, exists=limit.name in there)
    there = api.gateway_limits(client)
    missing = [limit.name for limit in _wanted(installation) if limit.name not in there]
    if missing:
        raise ServiceError(
            service="Prefect",
            problem=f"these concurrency limits are missing: {', '.join(sorted(missing))}.",
            remedy="Without them everything would be sent at once. Create them in Prefect's page, or restart.",
        )


def are_there(client: SyncPrefectClient, installation: Installation) -> bool:
    """Tell whether every limit is there, with the rate that was set."""
    there = api.gateway_limits(client)
    return all(_is_there(limit, there) for limit in _wanted(installation))


def _is_there(limit: _Limit, there: dict[str, tuple[int, float]]) -> bool:
    if limit.name not in there:
        return False
    return limit.decay == 0 or there[limit.name] == (limit.slots, limit.decay)


def _wanted(installation: Installation) -> list[_Limit]:
    rates = dict(installation.rates)
    plain = [_Limit(PREFIX + name, SLOTS, 0) for name in installation.gateways if name not in rates]
    rated = [_Limit(PREFIX + name, most_at_once(rate), round(rate / _SECONDS, 4)) for name, rate in rates.items()]
    return plain + rated


_WAIT_SECONDS: Final = 10.0
_WAIT_IN_CALLS: Final = 4
_KEPT_SECONDS: Final = 30.0
"""A place is kept for no longer while others may wait for it."""


class GatewaySlots:
    """The places that one flow run has; leaving it gives them back."""

    def __init__(self, health: PrefectHealth) -> None:
        self._health = health
        self._stack = ExitStack()
        self._kept: dict[str, float] = {}

    def __enter__(self) -> Self:
        """Begin without a place."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Return all places back."""
        self.release()

    def take(self, job: ClaimedJob) -> ClaimedJob | None:
        """Wait for a place, or for as many as a gateway with a rate has messages; None when none came free in time."""
        if not job.gateway:
            return job
        share = runtime.work.share_of(job.gateway, most=most_at_once)
        name = PREFIX + job.gateway
        patience = min(max(_WAIT_SECONDS, _WAIT_IN_CALLS * self._health.usual), job.timeout / 2)
        try:
            if share is not None:
                rate_limit(name, occupy=share, strict=True, timeout_seconds=patience)
                return replace(job, payload={**job.payload, "most": share})
            if name not in self._kept:
                self._stack.enter_context(concurrency(name, strict=True, timeout_seconds=patience))
                self._kept[name] = time.monotonic()
        except TimeoutError:
            return None
        return job

    def used(self) -> None:
        """Return the places back, unless asking for them again costs too much."""
        is_old = any(time.monotonic() - taken > _KEPT_SECONDS for taken in self._kept.values())
        if is_old or not self._health.is_slow:
            self.release()

    def release(self) -> None:
        """Return all places back."""
        self._kept.clear()
        self._stack.close()
