"""A worker as a service, and the processes that `icmc up` launches."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NoReturn

from engine.errors import IcmcError, ServiceError
from engine.jobs.records import PREFECT_PAUSED
from engine.orchestration.api import CASES_POOL, DEADLINES_POOL
from engine.orchestration.calls import CallPool
from engine.orchestration.deployments import Registrar
from engine.orchestration.dispatcher import Dispatcher
from engine.orchestration.fallback import Fallback
from engine.orchestration.guard import check_server
from engine.orchestration.health import Probe
from engine.orchestration.process import health, runtime
from engine.orchestration.seams import Work
from engine.orchestration.settings import PrefectAddress, client_environment, make_private, process_environment
from engine.orchestration.worker import IcmcWorker

STOP_SECONDS: Final = 20.0
ENDS_WITH_PARENT: Final = "--ends-with-parent"
_COMMAND: Final = (sys.executable, "-m", "engine.orchestration.worker_main")


@dataclass
class WorkerChild:
    """A worker as a child process; it stops when this process ends, in whatever way."""

    _process: subprocess.Popen[bytes] = field(repr=False)

    @property
    def pid(self) -> int:
        """Return its process id."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Tell whether it has ended, of itself or not."""
        return self._process.poll() is not None

    def stop(self) -> int:
        """Let it finish what it does, for some seconds, and return its exit status."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait(STOP_SECONDS)
        finally:
            if self._process.stdin is not None:
                self._process.stdin.close()


def start_worker(address: PrefectAddress, *, environment: Mapping[str, str] | None = None) -> WorkerChild:
    """Start a worker of this installation; `environment` is that of this process unless given."""
    make_private(address.home)
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [*_COMMAND, ENDS_WITH_PARENT],
        env=_environment(address, os.environ if environment is None else environment),
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    return WorkerChild(process)


def become_worker(address: PrefectAddress) -> NoReturn:
    """Replace this process by a worker: what `icmc worker` does."""
    make_private(address.home)
    os.execve(_COMMAND[0], _COMMAND, _environment(address, os.environ))  # noqa: S606 - our own interpreter


def _environment(address: PrefectAddress, base: Mapping[str, str]) -> dict[str, str]:
    return process_environment(client_environment(address), base)


log = logging.getLogger(__name__)

FLOW_RUNS_AT_ONCE: Final = 6
_REGISTER_EVERY_SECONDS: Final = 20.0


def run_worker(work: Work, address: PrefectAddress, *, stop: threading.Event) -> None:
    """Serve the work pools until `stop` is set; ends within seconds of it.

    The deadlines and critical messages are kept from the first second on, also while Prefect is not there yet.
    """
    runtime.use(work)
    runtime.stopping = stop
    calls = CallPool(health)
    registrar = Registrar(calls, health, runtime, IcmcWorker.get_default_base_job_template())
    workers = _Workers(stop)
    threads = [
        Probe(address, health, stop),
        Fallback(work, worker_name=runtime.worker_name, health=health, stop=stop),
        Dispatcher(work, registrar, wake_worker=workers.fetch_soon, stop=stop),
    ]
    threads[0].start()
    threads[1].start()
    if _register_first(address, registrar, stop):
        workers.start()
        threads[2].start()
        while not stop.wait(_REGISTER_EVERY_SECONDS):
            _try(registrar.register_if_needed)
            _try(lambda: work.note_service(service=PREFECT_PAUSED, state=", ".join(registrar.pauses())))
        workers.join(timeout=15)
    for thread in threads:
        if thread.ident is not None:
            thread.join(timeout=3)
    calls.close()


def stop_on_signals(stop: threading.Event) -> None:
    """Set `stop` at SIGTERM and SIGINT."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())


class _Workers(threading.Thread):
    """The Prefect workers of both pools, in an event loop of their own."""

    def __init__(self, stop: threading.Event) -> None:
        super().__init__(name="icmc-prefect-workers", daemon=True)
        self._stop_asked = stop
        self._workers = [
            IcmcWorker(CASES_POOL, name=runtime.worker_name, limit=FLOW_RUNS_AT_ONCE),
            IcmcWorker(DEADLINES_POOL, name=runtime.worker_name),
        ]

    def fetch_soon(self) -> None:
        """Let the worker of the cases ask Prefect for flow runs at once."""
        self._workers[0].fetch_soon()

    def run(self) -> None:
        """Serve until asked to stop; start over when Prefect's code breaks."""
        while not self._stop_asked.is_set():
            try:
                asyncio.run(self._serve())
            except Exception as error:  # noqa: BLE001 - the border of a thread or a flow run
                log.warning("prefect_worker_broke", extra={"error": type(error).__name__})
                self._stop_asked.wait(2)

    async def _serve(self) -> None:
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for worker in self._workers:
                group.create_task(worker.serve(stop))
            while not self._stop_asked.is_set():  # noqa: ASYNC110 - a flag of another thread
                await asyncio.sleep(0.1)
            stop.set()


def _register_first(address: PrefectAddress, registrar: Registrar, stop: threading.Event) -> bool:
    """Wait for Prefect, check that it is safe, register everything; tell whether that was done before the stop."""
    while not stop.is_set():
        try:
            registrar.register()
            check_server(address)
            registrar.start_schedules()
        except ServiceError as error:
            log.info("prefect_not_ready", extra={"code": error.code})
            stop.wait(1)
            continue
        return True
    return False


def _try(step: object) -> None:
    try:
        if callable(step):
            step()
    except IcmcError as error:
        log.warning("registering_failed", extra={"code": error.code})
    except Exception as error:  # noqa: BLE001 - the border of a thread or a flow run
        log.warning("registering_failed", extra={"error": type(error).__name__})
