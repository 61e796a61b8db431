"""A database of the first shape is brought to the newest with all that is in it; code and schema name the same."""

from typing import Any
from uuid import UUID

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event
from sqlalchemy import Engine as SqlEngine

from engine.db.migrate import _revisions, migrate, newest_revision, revision_of
from engine.db.migrations.upgrade import config_of_migrations
from engine.db.rights import NOBODYS
from engine.db.tables import METADATA
from engine.db.walls import gaps_in_the_wall
from tests.conftest import writer_of
from tests.kit.world import LOOKED, World

_DRAFTS = "SELECT table_name FROM information_schema.tables WHERE table_name = 'definition_draft'"


def _to(connection: Connection, revision: str) -> None:
    config = config_of_migrations()
    config.attributes["connection"] = connection
    command.downgrade(config, revision)


def _differences(connection: Connection) -> list[str]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return [f"{what} {of.name}" for what, of in compare_metadata(context, METADATA)]


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
        _to(connection, "0001")
        assert revision_of(connection) == "0001"
    assert world.rows(_DRAFTS) == []
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


def test_the_files_of_migrations_are_named_after_their_revisions_and_the_last_is_the_one_head() -> None:
    scripts = ScriptDirectory.from_config(config_of_migrations())
    assert {script.revision for script in scripts.walk_revisions()} == _revisions()
    assert scripts.get_heads() == [newest_revision()]


def test_a_start_changes_no_table_whose_shape_and_guard_are_there(world: World) -> None:
    told: list[str] = []

    def note(*call: Any) -> None:
        told.append(call[2])

    event.listen(SqlEngine, "before_cursor_execute", note)
    try:
        migrate(world.owner_url)
    finally:
        event.remove(SqlEngine, "before_cursor_execute", note)
    assert told
    assert [one for one in told if one.lstrip().startswith(("ALTER TABLE", "CREATE", "DROP"))] == []


def test_the_second_run_of_the_migrations_changes_nothing(world: World) -> None:
    _asked(world)
    before = _all(world)
    migrate(world.owner_url)
    assert _all(world) == before
