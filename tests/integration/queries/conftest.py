"""Give the tests of questions a network in a fresh database."""

from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text

from engine.core.policy import Viewer
from tests.conftest import FreshDatabase
from tests.integration.queries.world import CHECK, INTAKE, World, build_world


@pytest.fixture
def world(database: FreshDatabase) -> Iterator[World]:
    """Return the network, with nobody in it yet."""
    with build_world(database.urls) as made:
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
def unit(world: World) -> UUID:
    return world.unit("Shillong")


@pytest.fixture
def lead(world: World, unit: UUID) -> Viewer:
    return world.actor("Sam", unit, "supervisor")


@pytest.fixture
def worker(world: World, unit: UUID) -> Viewer:
    return world.actor("Wim", unit, "caseworker", "intake_officer")


@pytest.fixture
def visited(world: World, unit: UUID, lead: Viewer, worker: Viewer) -> UUID:
    """Bring a case with two persons so far that both visits can be made."""
    case_id = world.open_case(unit, victims=2)
    world.answer(case_id, "intake", INTAKE, by=worker)
    world.answer(case_id, "check", CHECK, by=lead)
    return case_id
