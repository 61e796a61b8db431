"""A database of the first shape is brought to the newest with all that is in it; code and schema name the same."""

from uuid import UUID

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine

from engine.adapters.sql import tables as tb
from engine.adapters.sql.migrate import _config, migrate, newest_revision, revision_of
from engine.adapters.sql.rights import NOBODYS
from engine.adapters.sql.walls import gaps_in_the_wall
from tests.conftest import writer_of
from tests.integration.usecases.world import LOOKED, World

_CALLS = "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'calls'"


def _to_the_first_shape(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.downgrade(config, "0001")


def _differences(connection: Connection) -> list[str]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return [f"{what} {of.name}" for what, of in compare_metadata(context, tb.CaseRow.metadata)]


def _all(world: World) -> list[str]:
    return sorted(world.dump().splitlines())


def _asked(world: World) -> UUID:
    """Open a case in which work waits, a time limit runs and somebody was told that it is late."""
    case_id = world.at_look().case_id
    world.later(hours=11)
    world.fire()
    return case_id


def test_a_database_of_the_first_shape_comes_to_the_newest_and_its_cases_go_on(world: World) -> None:
    case_id, before = _asked(world), _all(world)
    sql = create_engine(world.owner_url)
    with sql.begin() as connection:
        _to_the_first_shape(connection)
        assert revision_of(connection) == "0001"
    assert world.rows(_CALLS) == []
    assert migrate(world.owner_url) == newest_revision()
    assert _all(world) == before
    with sql.connect() as connection:
        assert _differences(connection) == [f"remove_table {name}" for name in NOBODYS]
    sql.dispose()
    assert world.engine.reader.rights_beyond() == ()
    writer = writer_of(world.urls)
    with writer.connect() as connection:
        assert gaps_in_the_wall(connection) == ()
    writer.dispose()
    world.complete(world.item(case_id, "look"), by="caseworker", answers=LOOKED)


def test_the_second_run_of_the_migrations_changes_nothing(world: World) -> None:
    _asked(world)
    before = _all(world)
    migrate(world.owner_url)
    assert _all(world) == before
