"""Give the tests of orchestration a Prefect server, tables to work on, and workers."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from engine.db.embedded.databases import (
    APP,
    OWNER,
    PREFECT,
    connected,
    create_closed_database,
    create_database,
    drop_database,
)
from engine.db.embedded.embedded import EmbeddedServer
from engine.orchestration.server import PrefectServer
from engine.orchestration.settings import PrefectAddress, client_environment, process_environment
from tests.kit.prefect import PlainApi
from tests.orchestration.standin import SCHEMA, StandIn

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@dataclass
class Worker:
    """A worker process."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self, *, seconds: float = 15) -> int:
        self.process.terminate()
        return self.process.wait(seconds)


@dataclass
class Site:
    """One installation: case tables, Prefect's server, its workers."""

    work: StandIn
    server: PrefectServer
    folder: Path
    workers: list[Worker] = field(default_factory=list)

    @property
    def api(self) -> PlainApi:
        return PlainApi(self.server.address)

    def start_worker(self, *, by: PrefectAddress | None = None) -> Worker:
        """Start a worker that reaches Prefect's server `by` an address, its own unless given."""
        environment = process_environment(client_environment(by or self.server.address), os.environ)
        environment |= {"STANDIN_URL": self.work.url, "PYTHONPATH": str(ROOT)}
        path = self.folder / f"worker-{len(self.workers)}.log"
        with path.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, HERE / "worker_process.py"], env=environment, stdout=log, stderr=log
            )
        worker = Worker(process, path)
        self.workers.append(worker)
        return worker

    def kill_workers(self) -> None:
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.kill()

    def close(self) -> None:
        self.kill_workers()
        self.server.stop()


@pytest.fixture(scope="module")
def make_site(postgres: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Site]]:
    """Make installations, each with databases and a Prefect server of its own.

    They end with their module: a server that nobody asks takes a tenth of a processor from all tests that follow.
    """
    made: list[tuple[Site, str, str]] = []

    def make() -> Site:
        suffix = uuid4().hex[:10]
        cases, prefect = f"orch_{suffix}", f"orchp_{suffix}"
        create_database(postgres.url("postgres"), cases)
        with connected(postgres.url("postgres")) as connection:
            create_closed_database(connection, prefect, owner=PREFECT)
        with psycopg.connect(_plain(postgres.url(cases, OWNER)), autocommit=True) as connection:
            connection.execute(SCHEMA)
        folder = tmp_path_factory.mktemp("orchestration")
        server = PrefectServer(folder / "prefect", postgres.tcp_url(prefect, PREFECT, driver="asyncpg"))
        site = Site(StandIn(_plain(postgres.url(cases, APP))), server, folder)
        made.append((site, cases, prefect))
        server.start()
        return site

    yield make
    for site, cases, prefect in made:
        site.close()
        drop_database(postgres.url("postgres"), cases)
        drop_database(postgres.url("postgres"), prefect)


@pytest.fixture(scope="module")
def site(make_site: Callable[[], Site]) -> Site:
    """Return an installation with one worker, shared by the tests of a module."""
    site = make_site()
    site.start_worker()
    return site


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")
