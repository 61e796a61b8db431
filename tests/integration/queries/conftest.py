"""Give the tests of questions a network in a fresh database."""

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine

from tests.conftest import FreshDatabase
from tests.integration.queries.world import World, build_world


@pytest.fixture
def world(database: FreshDatabase) -> Iterator[World]:
    """Give the network, with nobody in it yet."""
    sql = create_engine(database.app_url)
    yield build_world(sql)
    sql.dispose()
