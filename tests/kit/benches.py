"""The systems of the benchmark on the server of the tests: a server for each takes longer than most tests."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from engine.app import RunningDatabases
from engine.db.embedded.embedded import EmbeddedServer
from engine.settings import Settings
from tests.bench.workload import Bench, Scratch, bench_over
from tests.kit.portal import shipped_database


@pytest.fixture(scope="module")
def quick_bench(postgres: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    """Return what makes a system to measure, with a database of its own."""

    @contextmanager
    def made() -> Iterator[Bench]:
        folder = tmp_path_factory.mktemp("bench")
        with (
            shipped_database(postgres, folder) as database,
            bench_over(Settings(data_folder=folder), RunningDatabases(database.urls, None)) as bench,
        ):
            yield bench

    return made
