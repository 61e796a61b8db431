"""What a process of ours does when it starts, and how it ends with its parent."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from sqlalchemy.engine import make_url

from engine.app import build_engine, databases
from engine.db.locks import BACKGROUND
from engine.orchestration.api import RunClients
from engine.orchestration.engine_work import EngineWork
from engine.orchestration.health import PrefectHealth
from engine.orchestration.runtime import Runtime
from engine.settings import Settings


def end_with_parent(*, last_resort_seconds: float) -> None:
    """Send this process SIGTERM when the parent's end of standard input closes, and end it for good a while later."""
    threading.Thread(target=_watch, args=(last_resort_seconds,), name="icmc-parent-watch", daemon=True).start()


def _watch(last_resort_seconds: float) -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(last_resort_seconds)
    os._exit(1)


_KEPT_OPEN: Final = ExitStack()


@contextmanager
def engine_work(settings: Settings) -> Iterator[EngineWork]:
    """Return the use cases of an installation, with its database running as long as they are used."""
    with databases(settings) as running:
        address = make_url(running.urls.app).set(drivername="postgresql").render_as_string(hide_password=False)
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
