"""Nothing of a case crosses to another organisation without a live grant, whatever three of them do in which order."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import true

from engine.adapters.postgres.databases import APP, OWNER, create_database, drop_database
from engine.adapters.postgres.embedded import EmbeddedServer
from engine.adapters.sql import visibility
from engine.builtin import CORE
from engine.plugin.registry import load_registry
from engine.replay.world import people_of
from tests.acceptance.crossing_machine import Crossing
from tests.integration.usecases.trial import PILLAR
from tests.integration.usecases.world import World, fill_template, make_world


@pytest.fixture
def world(postgres: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give a network of two units, in which everybody has proved who they are."""
    name, folder = f"crossing_{uuid4().hex[:12]}", tmp_path_factory.mktemp("crossing")
    create_database(postgres.url("postgres"), name, template="icmc_template")
    registry = load_registry({}, builtins=(CORE, PILLAR))
    network = fill_template(folder, registry, postgres.url(name, APP))
    made = make_world(
        network, folder, registry, app_url=postgres.url(name, APP), owner_url=postgres.url(name, OWNER),
        super_url=postgres.url(name),
    )  # fmt: skip
    made.engine = replace(made.engine, demo=True)
    try:
        yield made
    finally:
        made.engine.dispose()
        drop_database(postgres.url("postgres"), name)


def test_nothing_crosses_without_a_live_grant(world: World) -> None:
    _run(world, examples=5, steps=20)


def test_a_denial_that_is_not_heeded_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visibility, "not_denied", lambda _viewer, _case_id: true())
    with pytest.raises(AssertionError):
        _run(world, examples=4, steps=20)


@pytest.mark.faults
def test_nothing_crosses_in_many_long_histories(world: World) -> None:
    _run(world, examples=150, steps=50)


def _run(world: World, *, examples: int, steps: int) -> None:
    third = people_of(world.engine, jurisdiction="IN", label="Elsewhere")
    sides = ((world.unit, dict(world.network.people)), (world.network.other_unit, dict(world.network.others)), third)
    machine = type("Machine", (Crossing,), {"world": world, "sides": sides, "counted": {}})
    # A failing history is printed as it was: making it shorter takes longer than reading it.
    small = settings(
        max_examples=examples, stateful_step_count=steps, derandomize=True, phases=(Phase.explicit, Phase.generate)
    )
    run_state_machine_as_test(machine, settings=small)
    assert machine.counted["crossed"] > examples, "what was granted did cross"
    assert machine.counted["revealed"], "who somebody is was shown where it may be"
