"""Worlds of their own for stories: told beside a hundred cases, whose time passes too, one takes ten times as long."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from engine.db.embedded.embedded import EmbeddedServer
from engine.rehearsal.world import World
from tests.kit.portal import story_world

NewWorld = Callable[[], World]


@pytest.fixture(scope="module")
def new_world(postgres: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewWorld]:
    """Return what makes a world with the release's definitions, for a story of which several tests of a file ask."""
    with ExitStack() as made:
        yield lambda: made.enter_context(story_world(postgres, tmp_path_factory.mktemp("story")))


@pytest.fixture
def world(postgres: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return such a world for one test."""
    with story_world(postgres, tmp_path_factory.mktemp("story")) as made:
        yield made
