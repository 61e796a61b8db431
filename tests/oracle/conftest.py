"""Give each file of the oracle a world of its own: what one adds to it must not depend on which ran before."""

from collections.abc import Iterator

import pytest

from engine.db.embedded.embedded import EmbeddedServer
from tests.oracle.world import OracleWorld, made_world


@pytest.fixture(scope="module")
def world(postgres: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OracleWorld]:
    """Return the world of the oracle."""
    with made_world(postgres, tmp_path_factory.mktemp("oracle")) as made:
        yield made
