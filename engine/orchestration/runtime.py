"""What the flow runs of this process share: the actions, the worker's name, and who must stop."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy.engine import make_url

from engine.app import build_engine, databases
from engine.db.locks import BACKGROUND
from engine.orchestration.api import RunClients
from engine.orchestration.engine_work import EngineWork
from engine.orchestration.health import PrefectHealth
from engine.orchestration.seams import Work
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
