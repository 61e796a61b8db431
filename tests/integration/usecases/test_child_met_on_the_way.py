"""A child who is kept safe at a border is brought before the Committee within 24 hours of when they were met."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from engine.domain.records import StepStatus
from engine.replay.world import World, scratch_world
from tests.integration.usecases.test_watches import HOUR, Work


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with scratch_world() as made:
        yield made


def test_a_child_kept_safe_at_a_border_starts_the_limit_of_the_law(world: World) -> None:
    case = Work(world)
    met = case.world.now() - timedelta(hours=3)
    case.do("prevention.intercept", at=met.isoformat(), outcome="shelter", wants_to_continue="no")
    [production] = case.watched("production")
    assert (production.uses, production.status) == ("rescue.production", StepStatus.READY)
    assert case.limit(production).law == "IN-JJ-PROD-24H"
    assert case.limit(production).due_at == met + 24 * HOUR
