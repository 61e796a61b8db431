"""Give each test of a use case a world of its own, copied from one that was filled once."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from engine.builtin import CORE
from engine.db.embedded.databases import create_database, drop_database
from engine.db.embedded.embedded import EmbeddedServer
from engine.db.embedded.roles import urls_on
from engine.plugin.registry import Registry, load_registry
from engine.rehearsal import world as replayed
from tests.integration.portal.world import story_world
from tests.integration.usecases.one_case import Work
from tests.integration.usecases.trial import PILLAR
from tests.integration.usecases.world import Network, World, fill_template, make_world


@dataclass(frozen=True)
class Filled:
    """A database with definitions and people, to be copied."""

    template: str
    folder: Path
    registry: Registry
    network: Network


@pytest.fixture(scope="session")
def filled(postgres: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """Fill a database once for this worker process."""
    name = f"filled_{uuid4().hex[:12]}"
    create_database(postgres.url("postgres"), name, template="icmc_template")
    folder = tmp_path_factory.mktemp("usecases")
    registry = load_registry({}, builtins=(CORE, PILLAR))
    try:
        network = fill_template(folder, registry, urls_on(postgres, name))
        yield Filled(name, folder, registry, network)
    finally:
        drop_database(postgres.url("postgres"), name)


@pytest.fixture
def world(postgres: EmbeddedServer, filled: Filled) -> Iterator[World]:
    """Return a world that nobody has used yet."""
    name = f"test_{uuid4().hex[:12]}"
    create_database(postgres.url("postgres"), name, template=filled.template)
    made = make_world(filled.network, filled.folder, filled.registry, urls_on(postgres, name))
    try:
        yield made
    finally:
        made.engine.dispose()
        drop_database(postgres.url("postgres"), name)


@pytest.fixture(scope="module")
def scratch(postgres: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[replayed.World]:
    """Return a world with the shipped pillars and workflows, for the tests of a file."""
    with story_world(postgres, tmp_path_factory.mktemp("story")) as made:
        yield made


@pytest.fixture
def case(scratch: replayed.World) -> Work:
    """Return a case of its own in that world."""
    return Work(scratch)
