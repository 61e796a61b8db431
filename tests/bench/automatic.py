"""A Prefect server and one worker over the scratch database, and when they began the tasks of jobs."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from engine.errors import ServiceError
from engine.jobs.actions.serve import service_age
from engine.jobs.store import JobStore
from engine.orchestration.server import PrefectServer
from engine.orchestration.settings import PrefectAddress, client_environment, process_environment, start_worker
from tests.bench.workload import Bench

_LOOK_EVERY: Final = 0.1
_LONGEST_WAIT: Final = 120.0
_DEADLINES: Final = "deadlines"
_ROOT: Final = Path(__file__).parents[2]


@contextmanager
def automatic_work(bench: Bench) -> Iterator[PrefectAddress]:
    """Start both as `icmc up` does; the worker has registered everything and runs flow runs when this yields.

    Raises ServiceError when one of them does not come up.
    """
    server = PrefectServer(bench.settings.data_folder / "prefect", bench.running.urls.prefect_asyncpg, with_ui=False)
    try:
        address = server.start()
        worker = start_worker(address, environment=_environment(bench))
        try:
            wait_until(lambda: service_age(bench.engine, _DEADLINES) is not None)
            yield address
        finally:
            worker.stop()
    finally:
        server.stop()


def is_idle(bench: Bench) -> bool:
    """Return whether no job is due or being done."""
    with bench.engine.transaction() as tx:
        return not tx.of(JobStore).any_due(now=bench.engine.clock.now())


def wait_until(holds: Callable[[], bool]) -> None:
    """Look ten times a second whether something holds; raise ServiceError after two minutes."""
    waiting = threading.Event()
    ends_at = time.monotonic() + _LONGEST_WAIT
    while not holds():
        if time.monotonic() > ends_at:
            raise ServiceError(
                service="Prefect",
                problem=f"automatic work was not done within {_LONGEST_WAIT:.0f} seconds.",
                remedy="Measure again when the machine has less to do, or leave this part out with --no-prefect.",
            )
        waiting.wait(_LOOK_EVERY)


def task_starts(address: PrefectAddress, ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """Read from Prefect when task runs began, in UTC, by a process that imports Prefect under our settings."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.measuring"], cwd=_ROOT, input=json.dumps([str(one) for one in ids]),
        env=process_environment(client_environment(address), os.environ), stdout=subprocess.PIPE, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise ServiceError(
            service="Prefect",
            problem="the starts of the task runs could not be read.",
            remedy="What Prefect's client said is above. Leave this part out with --no-prefect.",
        )
    return {UUID(one): datetime.fromisoformat(start) for one, start in json.loads(done.stdout).items()}


def _environment(bench: Bench) -> dict[str, str]:
    """Return the worker the scratch world: never the database of the user's own, and no mail."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.upper() != "ICMC_DATABASE_URL" and not name.upper().startswith("ICMC_SMTP_")
    }
    return kept | {"ICMC_DATA_FOLDER": str(bench.settings.data_folder), "ICMC_PREFECT_UI": "false"}
