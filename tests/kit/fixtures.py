"""What tests of every folder are given: worlds, networks and portals, each copied from one that was filled once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import create_engine, text

from engine.builtin import CORE
from engine.core.policy import Viewer
from engine.db.embedded.databases import create_database, drop_database
from engine.db.embedded.embedded import EmbeddedServer
from engine.db.embedded.roles import urls_on
from engine.plugin.registry import Registry, load_registry
from engine.rehearsal import world as replayed
from tests.conftest import FreshDatabase
from tests.kit.cases import Work
from tests.kit.installation import Installation, installed
from tests.kit.network import CHECK, INTAKE, Network, build_network
from tests.kit.portal import Portal, made_portal, story_world
from tests.kit.trial import PILLAR
from tests.kit.world import Staff, World, fill_template, make_world


@dataclass(frozen=True)
class Filled:
    """A database with definitions and people, to be copied."""

    template: str
    folder: Path
    registry: Registry
    staff: Staff


@pytest.fixture(scope="session")
def filled(postgres: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """Fill a database once for this worker process."""
    name = f"filled_{uuid4().hex[:12]}"
    create_database(postgres.url("postgres"), name, template="icmc_template")
    folder = tmp_path_factory.mktemp("filled")
    registry = load_registry({}, builtins=(CORE, PILLAR))
    try:
        staff = fill_template(folder, registry, urls_on(postgres, name))
        yield Filled(name, folder, registry, staff)
    finally:
        drop_database(postgres.url("postgres"), name)


@pytest.fixture
def world(postgres: EmbeddedServer, filled: Filled) -> Iterator[World]:
    """Return a world that nobody has used yet."""
    yield from _new_world(postgres, filled)


@pytest.fixture
def elsewhere(postgres: EmbeddedServer, filled: Filled) -> Iterator[World]:
    """Return another such world beside the first one."""
    yield from _new_world(postgres, filled)


def _new_world(postgres: EmbeddedServer, filled: Filled) -> Iterator[World]:
    name = f"test_{uuid4().hex[:12]}"
    create_database(postgres.url("postgres"), name, template=filled.template)
    made = make_world(filled.staff, filled.folder, filled.registry, urls_on(postgres, name))
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


@pytest.fixture(scope="module")
def portal(postgres: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """Return a portal with one person of every role, for the tests of a file."""
    with made_portal(postgres, tmp_path_factory.mktemp("portal")) as made:
        yield made


@pytest.fixture(scope="module")
def site() -> Iterator[Installation]:
    """Return an installation without Prefect, for the tests of a file."""
    with installed(with_prefect=False) as made:
        yield made


@pytest.fixture
def network(database: FreshDatabase) -> Iterator[Network]:
    """Return a network with nobody in it yet."""
    with build_network(database.urls) as made:
        yield made


@pytest.fixture
def becomes_a_demo(database: FreshDatabase) -> Callable[[], None]:
    """Return what makes the network a demo's, as only the owner of the tables can."""

    def mark() -> None:
        owner = create_engine(database.urls.owner)
        with owner.begin() as connection:
            connection.execute(text("INSERT INTO demo (since) VALUES (now())"))
        owner.dispose()

    return mark


@pytest.fixture
def unit(network: Network) -> UUID:
    return network.unit("Shillong")


@pytest.fixture
def lead(network: Network, unit: UUID) -> Viewer:
    return network.actor("Sam", unit, "supervisor")


@pytest.fixture
def worker(network: Network, unit: UUID) -> Viewer:
    return network.actor("Wim", unit, "caseworker", "intake_officer")


@pytest.fixture
def visited(network: Network, unit: UUID, lead: Viewer, worker: Viewer) -> UUID:
    """Bring a case with two persons so far that both visits can be made."""
    case_id = network.open_case(unit, victims=2)
    network.answer(case_id, "intake", INTAKE, by=worker)
    network.answer(case_id, "check", CHECK, by=lead)
    return case_id
