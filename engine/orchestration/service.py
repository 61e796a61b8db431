"""Be a worker until told to stop: dispatcher, Prefect worker, deadlines, fallback (`python -m`)."""

import asyncio
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Final

from engine.app import hold_to_known_hosts
from engine.errors import IcmcError, ServiceError
from engine.jobs.records import DISK, PREFECT_PAUSED
from engine.log_lines import log_in_lines, why
from engine.machine import disk_space, look_for_garbage_rarely
from engine.orchestration.api import CASES_POOL, DEADLINES_POOL
from engine.orchestration.calls import CallPool, check_server, check_settings
from engine.orchestration.deployments import Registrar
from engine.orchestration.dispatcher import Dispatcher
from engine.orchestration.fallback import Fallback
from engine.orchestration.health import Probe
from engine.orchestration.runtime import engine_work, health, runtime, this_place
from engine.orchestration.seams import Work
from engine.orchestration.settings import ENDS_WITH_PARENT, PrefectAddress, end_with_parent
from engine.orchestration.worker import IcmcWorker
from engine.settings import Settings

log = logging.getLogger(__name__)

FLOW_RUNS_AT_ONCE: Final = 6
_REGISTER_EVERY_SECONDS: Final = 60.0


def run_worker(
    work: Work, address: PrefectAddress, *, stop: threading.Event, look_every: float = _REGISTER_EVERY_SECONDS
) -> None:
    """Serve the work pools until `stop` is set; ends within seconds of it.

    The deadlines and critical messages are kept from the first second on, also while Prefect is not there yet. Every
    `look_every` seconds, what Prefect lacks is registered, and pauses are passed on in both directions.
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
    _try(lambda: _note_disk(work, address))
    if _register_first(address, registrar, stop):
        workers.start()
        threads[2].start()
        while not stop.wait(look_every):
            _try(registrar.register_if_needed)
            _try(lambda: _note_disk(work, address))
            _try(lambda: registrar.keep_paused(work.job_pause()))
            _try(lambda: work.note_service(service=PREFECT_PAUSED, state=", ".join(registrar.pauses())))
        workers.join(timeout=15)
    for thread in threads:
        if thread.ident is not None:
            thread.join(timeout=3)
    calls.close()


def _note_disk(work: Work, address: PrefectAddress) -> None:
    """Let the board know how much room the disk of the data folder has."""
    free, total = disk_space(address.home)
    work.note_service(service=f"{DISK}{this_place()}", state=f"{free} {total}")


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
                log.warning("prefect_worker_broke", extra=why(error))
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
            log.info("prefect_not_ready", extra={"code": error.code, "why": error.facts["problem"]})
            stop.wait(1)
            continue
        return True
    return False


def _try(step: object) -> None:
    try:
        if callable(step):
            step()
    except Exception as error:  # noqa: BLE001 - the border of a thread or a flow run
        log.warning("registering_failed", extra=why(error))


_LAST_RESORT_SECONDS = 20.0


def main() -> int:
    """Serve; return the exit status."""
    os.umask(0o077)
    log_in_lines()
    stop = threading.Event()
    stop_on_signals(stop)
    if ENDS_WITH_PARENT in sys.argv:
        end_with_parent(last_resort_seconds=_LAST_RESORT_SECONDS)
    hold_to_known_hosts(Settings())
    try:
        _serve(Settings(), _address(), stop)
    except IcmcError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _serve(settings: Settings, address: PrefectAddress, stop: threading.Event) -> None:
    check_settings(os.environ, home=str(address.home))
    with engine_work(settings) as work:
        look_for_garbage_rarely()
        run_worker(work, address, stop=stop)


def _address() -> PrefectAddress:
    return PrefectAddress(
        home=Path(os.environ["PREFECT_HOME"]),
        api_url=os.environ["PREFECT_API_URL"],
        auth=os.environ["PREFECT_API_AUTH_STRING"],
    )


if __name__ == "__main__":
    status = main()
    logging.shutdown()
    # Threads of Prefect may hang on a server that does not answer; everything of ours is written by now.
    os._exit(status)
