"""What a process that runs flow runs works with."""

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
