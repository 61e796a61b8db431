"""The fixtures of the test suite give each test a migrated database of its own."""

from typing import Protocol

import psycopg
import pytest

from engine.db.embedded.databases import connected
from engine.db.embedded.roles import DatabaseUrls


class Database(Protocol):
    """What these tests use of the fixture `database`."""

    urls: DatabaseUrls


@pytest.mark.parametrize("turn", ["first", "second"])
def test_every_test_has_a_migrated_database_without_the_rows_of_another(database: Database, turn: str) -> None:
    with connected(database.urls.owner) as owner:
        tables = {row[0] for row in owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
        assert {"case", "event", "work_item"} <= tables
        owner.execute("CREATE TABLE left_by_a_test (turn text)")
        owner.execute("INSERT INTO left_by_a_test VALUES (%s)", (turn,))


def test_the_application_uses_the_tables_and_makes_none(database: Database) -> None:
    with connected(database.urls.app) as app:
        assert app.execute("SELECT count(*) FROM actor").fetchone() == (0,)
        for forbidden in ("CREATE TABLE mine (id int)", "DELETE FROM event", "UPDATE event SET case_id = NULL"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(forbidden)
