"""A world with units and people, over a database of its own."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from tests.conftest import FreshDatabase
from tests.integration.queries.world import World, build_world


@pytest.fixture
def world(database: FreshDatabase) -> Iterator[World]:
    with build_world(database.urls) as made:
        yield made


@pytest.fixture
def home(world: World) -> UUID:
    return world.unit("Shillong")
