"""Run a whole installation for tests: its database, Prefect's server, workers, and an engine over them."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from typer.testing import CliRunner, Result

from engine.app import DEMO_CLOCK, build_engine, databases, ship
from engine.assembly import Engine
from engine.cases.housekeeping import HousekeepingStore
from engine.cli.main import app
from engine.db.embedded.folder import one_at_a_time
from engine.db.embedded.roles import DatabaseUrls
from engine.deadlines.store import DeadlineStore
from engine.jobs.store import JobStore
from engine.machine import data_folder
from engine.orchestration.server import PrefectServer
from engine.orchestration.settings import ENDS_WITH_PARENT, client_environment, make_private, process_environment
from engine.rehearsal.story import Story, read_story
from engine.settings import Settings
from tests.conftest import folder_of_run, is_test_run
from tests.kit.acting import Acting
from tests.kit.prefect import PlainApi

_LOOK_EVERY = 0.1
_LONGEST_START = 240


@dataclass
class Installation(Acting):
    """One installation of the demo: every process shares a clock that `move_to` moves."""

    settings: Settings
    urls: DatabaseUrls
    engine: Engine
    server: PrefectServer
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    python: str = sys.executable
    more_environment: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.settings.data_folder

    @property
    def api(self) -> PlainApi:
        return PlainApi(self.server.address)

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "ICMC_DATA_FOLDER": str(self.folder),
            "ICMC_DEMO": str(self.settings.demo).lower(),
            "ICMC_DURABLE": str(self.settings.durable).lower(),
            "ICMC_PREFECT_UI": "false",
            **self.more_environment,
        }

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    def start_worker(self) -> subprocess.Popen[bytes]:
        make_private(self.server.address.home)
        with (self.logs / f"worker-{len([*self.logs.glob('worker-*.log')])}.log").open("wb") as log:
            worker = subprocess.Popen(
                [self.python, "-m", "engine.orchestration.service", ENDS_WITH_PARENT],
                env=process_environment(client_environment(self.server.address), self.environment),
                stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self.workers.append(worker)
        return worker

    def rows(self, query: str, **values: object) -> list[dict[str, Any]]:
        address = self.urls.owner.replace("postgresql+psycopg://", "postgresql://")
        with psycopg.connect(address, row_factory=dict_row) as connection:
            return connection.execute(query, values).fetchall()

    def icmc(self, *words: str) -> Result:
        """Run a command of `icmc` over this installation."""
        return CliRunner().invoke(app, words, env=self.environment)

    def jobs(self, case_id: UUID) -> list[dict[str, Any]]:
        return self.rows("SELECT * FROM job WHERE case_id = %(case)s ORDER BY created_at", case=case_id)

    def number(self, case_id: UUID) -> str:
        return str(self.rows('SELECT number FROM "case" WHERE id = %(case)s', case=case_id)[0]["number"])

    def move_to(self, instant: datetime) -> None:
        """Move the shared clock, to the past too, and wake who waits for what is due."""
        seconds = (instant - self.engine.wall_clock.now()).total_seconds()
        with self.engine.transaction() as tx:
            tx.of(HousekeepingStore).set_installation(DEMO_CLOCK, {"seconds": seconds})
            tx.wake_listeners()
            tx.commit()
        self.engine.clock.look_again()

    def are_all_jobs_over(self) -> bool:
        return not self.rows("SELECT id FROM job WHERE status IN ('ready', 'claimed')")

    def stop_workers(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()
            if worker.stdin is not None:
                with suppress(OSError):
                    worker.stdin.close()
        self.workers.clear()

    def close(self) -> None:
        self.stop_workers()
        self.server.stop()


@dataclass(frozen=True)
class LivingStage:
    """A stage for stories on which Prefect fires the deadlines and does the jobs, and nobody else does."""

    site: Installation

    @property
    def engine(self) -> Engine:
        return self.site.engine

    def now(self) -> datetime:
        return self.engine.clock.now()

    def pass_until(self, instant: datetime) -> int:
        while True:
            with self.engine.transaction() as tx:
                next_at = tx.of(DeadlineStore).next_at()
            if next_at is None or next_at >= instant:
                break
            self._move_to(next_at)
            until(self._is_nothing_due)
            self.settle_jobs()
        self._move_to(instant)
        return 0

    def settle_jobs(self) -> int:
        until(self._is_nothing_to_do)
        return 0

    def _move_to(self, instant: datetime) -> None:
        if instant > self.now():
            self.site.move_to(instant)

    def _is_nothing_due(self) -> bool:
        with self.engine.transaction() as tx:
            return not tx.of(DeadlineStore).due(now=self.now(), most=1)

    def _is_nothing_to_do(self) -> bool:
        with self.engine.transaction() as tx:
            return not tx.of(JobStore).any_due(now=self.now())


@contextmanager
def installed(
    *,
    with_prefect: bool = True,
    python: str = sys.executable,
    more_environment: dict[str, str] | None = None,
    demo: bool = True,
    durable: bool = False,
) -> Iterator[Installation]:
    """Make an installation in a folder that the system user of PostgreSQL reaches; everything ends with the test.

    `python` runs the workers: another one has other pillars. One that is no `demo` can speak to hosts outside.
    """
    with tempfile.TemporaryDirectory(prefix="icmc-installed-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        _fill(folder, demo=demo)
        (folder / "logs").mkdir()
        settings = Settings(data_folder=folder, demo=demo, durable=durable)
        with databases(settings, make_demo=demo) as running:
            engine = build_engine(settings, running.urls)
            server = PrefectServer(folder / "prefect", running.urls.prefect_asyncpg, with_ui=False)
            site = Installation(
                settings, running.urls, engine, server, python=python, more_environment=more_environment or {}
            )
            try:
                if with_prefect:
                    server.start()
                    site.start_worker()
                    until(lambda: "deadlines" in site.api.deployments(), seconds=_LONGEST_START)
                yield site
            finally:
                site.close()
                engine.dispose()


def _fill(folder: Path, *, demo: bool) -> None:
    """Copy the files of an installation in which the release's definitions are published, made once for a test run."""
    if not is_test_run():
        _ship_into(folder, demo=demo)
        return
    kept = folder_of_run() / f"installation{'-demo' if demo else ''}"
    kept.parent.mkdir(mode=0o711, exist_ok=True)
    with one_at_a_time(kept.with_suffix(".lock")):
        if not kept.exists():
            unfinished = kept.with_suffix(".part")
            unfinished.mkdir(mode=0o711)
            _ship_into(unfinished, demo=demo)
            unfinished.rename(kept)
    subprocess.run(["cp", "-a", f"{kept}/.", folder], check=True)


def _ship_into(folder: Path, *, demo: bool) -> None:
    settings = Settings(data_folder=folder, demo=demo, durable=False)
    with databases(settings, make_demo=demo) as running:
        engine = build_engine(settings, running.urls)
        try:
            ship(engine)
        finally:
            engine.dispose()
    (folder / "postgresql" / "port").unlink()


def until(holds: Callable[[], bool], *, seconds: float = 60) -> None:
    """Wait until something holds; fail when it does not within a time that is far longer than it should take."""
    deadline = time.monotonic() + seconds
    waiting = threading.Event()
    while not holds():
        assert time.monotonic() < deadline, "this did not come about"
        waiting.wait(_LOOK_EVERY)


def story(name: str) -> Story:
    """Read a shipped story, without its due times: the shared clock does not stand still."""
    return read_story(data_folder("workflows") / "stories" / f"{name}.yaml").without_due()
