"""Give tests a real PostgreSQL: one server for a test run, one fresh database for a test."""

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TextIO
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine, create_engine, text

from engine.db.embedded.databases import (
    OWNER,
    PREFECT,
    connected,
    create_closed_database,
    create_database,
    drop_database,
)
from engine.db.embedded.embedded import EmbeddedServer, start_embedded, stop_embedded
from engine.db.embedded.folder import one_at_a_time
from engine.db.embedded.roles import DatabaseUrls, prepare_databases, urls_on
from engine.db.migrate import migrate
from engine.machine import look_for_garbage_rarely
from engine.orchestration.settings import PrefectAddress, client_environment, process_environment

pytest_plugins = ["tests.kit.fixtures", "tests.kit.benches"]

_PREFECT_HOME = tempfile.TemporaryDirectory(prefix="icmc-tests-prefect-")
_PREFECT = PrefectAddress.on_loopback(Path(_PREFECT_HOME.name), 9, "icmc:tests")
_ENVIRONMENT = process_environment(client_environment(_PREFECT), os.environ)
os.environ.clear()
os.environ.update(_ENVIRONMENT)
"""Prefect must be imported under our settings, by whichever test imports it first."""

settings.register_profile("icmc", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("icmc")
"""A busy machine is no finding."""

_BEGIN_WITH: Final = (
    "tests/oracle/", "tests/attack/test_canary", "tests/contracts/test_outside_pillar", "tests/browser/",
    "tests/orchestration/", "tests/faults/", "tests/acceptance/", "tests/rehearsal/test_answers",
    "tests/web/test_side_doors",
)  # fmt: skip
_ALL_LONG: Final = re.compile(r"^pytestmark = .*pytest\.mark\.long\b", re.MULTILINE)
_RUN: Final = "ICMC_TEST_RUN"
_TEMPLATE: Final = "icmc_template"
_RUN_LOCK: Final = pytest.StashKey[TextIO]()
_RUNS: Final = "ICMC_TEST_RUNS"
_ENOUGH: Final = 4 << 30
_ASKED: Final[dict[str, Engine]] = {}
"""What `rows_of` asked last, by its address: to connect takes longer than to ask."""


def folder_of_run() -> Path:
    """Return the folder of what all worker processes of this test run share; it is removed when the run ends."""
    return Path(os.environ[_RUNS]) / os.environ[_RUN]


def is_test_run() -> bool:
    """Whether pytest runs; the scripts that measure take the same helpers without it."""
    return _RUN in os.environ


def _folder_for_runs() -> Path:
    """Say where the server keeps its files: in memory where there is room, since each test has a database of its own.

    Not below pytest's own folder: root's is closed to the system user who runs the server.
    """
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own below it, that only we may write to
    has_room = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ENOUGH
    return (memory if has_room else Path(tempfile.gettempdir())) / f"icmc-tests-{os.geteuid()}"


@dataclass(frozen=True)
class FreshDatabase:
    """A migrated, empty database of one test."""

    name: str
    urls: DatabaseUrls = field(repr=False)


def writer_of(urls: DatabaseUrls) -> Engine:
    """Return an engine of the role of the system."""
    return create_engine(urls.system)


def rows_of(url: str, query: str, **values: Any) -> list[Any]:
    """Read or change rows, over the connection that asked the same database last."""
    if url not in _ASKED:
        while _ASKED:
            _ASKED.popitem()[1].dispose()
        _ASKED[url] = create_engine(url, pool_pre_ping=True)
    with _ASKED[url].begin() as connection:
        done = connection.execute(text(query), values)
        return list(done.all()) if done.returns_rows else []


def pytest_configure(config: pytest.Config) -> None:
    """Name the run, for all its worker processes, and clear away what killed runs left behind."""
    if _is_controller(config):
        os.environ[_RUN] = f"{os.getpid()}-{uuid4().hex[:8]}"
        runs = _folder_for_runs()
        os.environ[_RUNS] = str(runs)
        runs.mkdir(mode=0o711, exist_ok=True)
        for lock in runs.glob("*.lock"):
            _clear_if_abandoned(lock)
        config.stash[_RUN_LOCK] = _hold(folder_of_run().with_suffix(".lock"))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave files unread whose tests are all long where no long test is asked for: reading them takes long too."""
    if "not long" not in (config.option.markexpr or "") or not collection_path.match("test_*.py"):
        return None
    return _ALL_LONG.search(collection_path.read_text(encoding="utf-8")) is not None or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that no worker is left with one of them at the end."""
    items.sort(key=lambda item: not any(part in item.path.as_posix() for part in _BEGIN_WITH))


def pytest_collection_finish() -> None:
    """Look for garbage as a process of ICMC does."""
    look_for_garbage_rarely()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the run's folder; its server was stopped by the last worker process that used it."""
    if _is_controller(config) and _RUN_LOCK in config.stash:
        config.stash[_RUN_LOCK].close()
        _clear_if_abandoned(folder_of_run().with_suffix(".lock"))


@pytest.fixture(autouse=True)
def _environment_of_each() -> Iterator[None]:
    """Take back what a command changed in the environment: `icmc portal` tells its children of its port there."""
    before = dict(os.environ)
    yield
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedServer]:
    """Serve PostgreSQL, with the roles of ICMC, to all the worker processes of this test run."""
    folder = folder_of_run()
    server = start_embedded(folder, durable=False)
    with one_at_a_time(folder / "template.lock"):
        if not (folder / "template.made").exists():
            prepare_databases(server)
            make_template(server, shape=migrate)
            (folder / "template.made").touch()
    yield server
    stop_embedded(server)


@pytest.fixture
def database(postgres: EmbeddedServer) -> Iterator[FreshDatabase]:
    """Return a fresh migrated database, dropped after the test."""
    with fresh_database(postgres) as made:
        yield made


@pytest.fixture
def prefect_database_url(postgres: EmbeddedServer) -> Iterator[str]:
    """Return the asyncpg address of a fresh empty database that belongs to Prefect's role, dropped after the test."""
    name = f"prefect_{uuid4().hex[:12]}"
    with connected(postgres.url("postgres")) as connection:
        create_closed_database(connection, name, owner=PREFECT)
    yield postgres.tcp_url(name, PREFECT, driver="asyncpg")
    drop_database(postgres.url("postgres"), name)


@contextmanager
def fresh_database(server: EmbeddedServer, *, template: str = _TEMPLATE) -> Iterator[FreshDatabase]:
    """Make a database from a template, the migrated one unless another is named; drop it in the end."""
    name = f"test_{uuid4().hex[:12]}"
    create_database(server.url("postgres"), name, template=template)
    try:
        yield FreshDatabase(name, urls_on(server, name))
    finally:
        drop_database(server.url("postgres"), name)


def make_template(server: EmbeddedServer, shape: Callable[[str], object]) -> None:
    """Make the template by running the migrations in it once, as their owner."""
    drop_database(server.url("postgres"), _TEMPLATE)
    create_database(server.url("postgres"), _TEMPLATE)
    shape(server.url(_TEMPLATE, OWNER))


def _is_controller(config: pytest.Config) -> bool:
    return not hasattr(config, "workerinput")


def _hold(path: Path) -> TextIO:
    file = path.open("w")
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def _clear_if_abandoned(lock: Path) -> None:
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        folder = lock.with_suffix("")
        if (folder / "cluster" / "postmaster.pid").exists():
            stop_embedded(start_embedded(folder, durable=False))
        shutil.rmtree(folder, ignore_errors=True)
        lock.unlink(missing_ok=True)
