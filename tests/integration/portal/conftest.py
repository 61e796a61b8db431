"""Give the tests of pages a portal over a fresh database, one for each file of tests."""

from collections.abc import Iterator

import pytest

from engine.db.embedded.embedded import EmbeddedServer
from tests.integration.portal.world import Portal, made_portal


@pytest.fixture(scope="module")
def portal(postgres: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """Return a portal with one person of every role."""
    with made_portal(postgres, tmp_path_factory.mktemp("portal")) as made:
        yield made
