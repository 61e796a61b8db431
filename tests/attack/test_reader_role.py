"""Attack: run any SQL as the role that reads for viewers, and as the one that writes; neither gets what it must not."""

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from engine.adapters.postgres.databases import READER
from engine.adapters.postgres.embedded import EmbeddedServer
from engine.adapters.sql.reader_role import NEVER_READ, for_reader, read_for, secret_of
from engine.adapters.sql.second_wall import WALLED, gaps_in_the_wall
from engine.views import Viewer
from tests.conftest import FreshDatabase
from tests.integration.queries.world import World
from tests.integration.sql.test_second_wall import OF_THE_CASE, case_id, home, stranger, world

__all__ = ["case_id", "home", "stranger", "world"]

ATTACKS = (
    "SET icmc.wall = 'open'",
    "SET SESSION icmc.wall = 'open'",
    "SET LOCAL icmc.wall = 'open'",
    "SELECT set_config('icmc.wall', 'open', false)",
    "DO $$ BEGIN PERFORM set_config('icmc.wall', 'open', true); END $$",
    "SET LOCAL icmc.viewer_units = '{HOME}'",
    "SELECT set_config('icmc.viewer_units', '{HOME}', true), set_config('icmc.hidden_cases', '{}', true)",
    "SELECT set_config('icmc.granted_cases', '{CASE}', true)",
    "SET LOCAL icmc.seen_viewer_units = '{HOME}'",
    "SELECT set_config('icmc.seen_viewer_units', repeat('0', 64) || ':{HOME}', true)",
    (
        "SELECT set_config('icmc.seen_viewer_units', left(current_setting('icmc.seen_viewer_units'), 65)"
        " || '{HOME}', true)"
    ),
    "SELECT set_config('icmc.seen_granted_cases', left(current_setting('icmc.seen_viewer'), 65) || '{CASE}', true)",
    "SELECT set_config('icmc.seen_granted_cases', current_setting('icmc.seen_viewer_units'), true)",
    "SELECT set_config('icmc.seen_hidden_cases', '', true)",
    "RESET icmc.seen_hidden_cases",
    "RESET ALL",
    "DISCARD ALL",
    "RESET ROLE",
    "SET ROLE icmc_app",
    "SET ROLE icmc_owner",
    "SET ROLE none",
    "SET SESSION AUTHORIZATION icmc_app",
    "RESET SESSION AUTHORIZATION",
    "DO $$ BEGIN EXECUTE 'SET ROLE icmc_app'; END $$",
    "SET row_security = off",
    "SELECT icmc_raise_wall('{HOME}', 'ME', now())",
    "SELECT icmc_enter('{HOME}', 'ME', now()::text, repeat('0', 64))",
    "SELECT icmc_enter('{HOME}', 'ME', now()::text, NULL)",
    "SELECT icmc_prove('seen')",
    "SELECT icmc_wall_secret()",
    "TABLE wall_secret",
    "COPY wall_secret TO STDOUT",
    "COPY answer TO STDOUT",
    "COPY (SELECT * FROM answer) TO STDOUT",
    "COPY answer TO PROGRAM 'cat'",
    "COPY answer TO '/tmp/answers'",
    "CREATE TEMPORARY TABLE wall_secret (secret bytea)",
    "CREATE TEMPORARY VIEW mine AS SELECT * FROM answer",
    "CREATE VIEW mine AS SELECT * FROM answer",
    "CREATE FUNCTION icmc_prove(x text, y text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
    "CREATE FUNCTION pg_temp.sha256(x bytea) RETURNS bytea LANGUAGE sql AS 'SELECT $1'",
    "CREATE SCHEMA mine",
    "CREATE EXTENSION dblink",
    "SET search_path = pg_temp, mine, public",
    "SET search_path = mine; SELECT set_config('icmc.wall', 'open', true); SET search_path = public",
    "PREPARE mine AS SELECT count(*) FROM answer; SET icmc.wall = 'open'",
    "DECLARE mine CURSOR WITH HOLD FOR SELECT * FROM answer",
    "PREPARE TRANSACTION 'mine'",
    "CREATE POLICY mine ON answer USING (true)",
    "DROP POLICY reader_wall ON answer",
    "ALTER TABLE answer DISABLE ROW LEVEL SECURITY",
    "ALTER ROLE icmc_reader BYPASSRLS",
    "GRANT icmc_app TO icmc_reader",
    "GRANT SELECT ON wall_secret TO icmc_reader",
    "ALTER FUNCTION icmc_seen(text) OWNER TO icmc_reader",
    "SELECT lo_import('/etc/hostname')",
    "SELECT lo_export(1, '/tmp/answers')",
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT query_to_xml('SELECT * FROM answer', true, true, '') WHERE false",
    "SELECT 1 FROM answer WHERE 1 / (CASE WHEN length(sealed_answers) > 0 THEN 0 ELSE 1 END) = 1",
    "SELECT most_common_vals FROM pg_stats WHERE tablename IN ('answer', 'report')",
)
WRITES = (
    "INSERT INTO membership (actor_id, unit_id, role) VALUES ('ME', 'HOME', 'supervisor')",
    "UPDATE membership SET unit_id = 'HOME'",
    "DELETE FROM membership",
    "TRUNCATE membership",
    'INSERT INTO "grant" SELECT * FROM "grant"',
    "UPDATE \"case\" SET status = 'closed'",
    "UPDATE deadline SET next_at = NULL",
    "DELETE FROM event",
    "UPDATE audit_event SET body = '{}'",
    "DELETE FROM data_key",
    "UPDATE data_key SET wrapped = NULL",
    "UPDATE installation SET value = '{}'",
    "INSERT INTO installation (key, value) VALUES ('x', '{}')",
    "SELECT 1 FROM actor FOR UPDATE",
    "LOCK TABLE actor IN ACCESS EXCLUSIVE MODE",
)  # fmt: skip
OF_THE_WRITER = (
    "UPDATE event SET body = '{}'", "DELETE FROM event", "TRUNCATE event", "UPDATE audit_event SET body = '{}'",
    "DELETE FROM audit_event", "TRUNCATE audit_event", "DELETE FROM data_key", "TRUNCATE data_key",
    "DELETE FROM checkpoint", "UPDATE reading SET actor_id = NULL", "TABLE wall_secret",
    "UPDATE wall_secret SET secret = ''", "SELECT icmc_prove('seen')", "INSERT INTO demo (since) VALUES (now())",
    "SET ROLE icmc_owner", "DROP POLICY reader_wall ON answer", "ALTER TABLE event DISABLE TRIGGER ALL",
)  # fmt: skip


@pytest.fixture
def reader(postgres: EmbeddedServer, database: FreshDatabase) -> Iterator[Engine]:
    sql = create_engine(postgres.url(database.name, READER))
    yield sql
    sql.dispose()


def leaked(connection: Connection) -> set[str]:
    """Name the tables of which a row is shown, asked without any condition."""
    found = set()
    for name in sorted(WALLED):
        try:
            with connection.begin_nested():
                if connection.execute(text(f'SELECT 1 FROM "{name}" LIMIT 1')).first():
                    found.add(name)
        except DBAPIError:
            continue  # refused: what was set in the transaction still holds for the next one
    return found


def attempt(connection: Connection, attack: str) -> str:
    """Run what an attacker would, one statement after another; gives the first refusal."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    for statement in attack.split("; ") if not attack.startswith("DO ") else [attack]:
        try:
            if " STDOUT" in statement:
                with raw.cursor().copy(statement.encode()) as copied:
                    assert not b"".join(map(bytes, copied))
            else:
                raw.execute(statement.encode())
        except psycopg.Error as refused:
            raw.rollback()
            return str(refused)
    return ""


def filled(attack: str, case_id: UUID, home: UUID, viewer: Viewer) -> str:
    return attack.replace("CASE}", f"{case_id}}}").replace("HOME", str(home)).replace("ME'", f"{viewer.actor_id}'")


def test_whoever_runs_any_sql_as_the_reader_sees_nothing_of_another_unit(
    world: World, reader: Engine, case_id: UUID, home: UUID, stranger: Viewer
) -> None:
    secret, shown = secret_of(world.sql), {}
    for attack in ATTACKS:
        statement = filled(attack, case_id, home, stranger)
        for begins in (True, False):
            reader.dispose()
            with reader.connect() as connection:
                if begins:
                    read_for(connection, stranger, world.clock.now(), secret)
                attempt(connection, statement)
                if found := leaked(connection):
                    shown[attack] = found
                connection.rollback()
                if found := leaked(connection):
                    shown[attack] = found
    assert shown == {}
    assert len(ATTACKS) > 40


def test_the_reader_writes_nothing(world: World, reader: Engine, case_id: UUID, home: UUID, stranger: Viewer) -> None:
    for attack in WRITES:
        with reader.connect() as connection:
            read_for(connection, stranger, world.clock.now(), secret_of(world.sql))
            assert "permission denied" in attempt(connection, filled(attack, case_id, home, stranger)), attack


def test_what_people_sign_in_with_is_not_read(reader: Engine) -> None:
    secrets = (
        *sorted(NEVER_READ), "(SELECT password_hash FROM actor) x", "(SELECT sealed_secret FROM second_factor) x",
        "(SELECT token_hash FROM session) x", "(SELECT token_hash FROM invitation) x",
        "(SELECT code_hash FROM recovery_code) x", "(SELECT a FROM actor a) x", "(SELECT s FROM session s) x",
    )  # fmt: skip
    with reader.connect() as connection:
        for secret in secrets:
            assert "permission denied" in attempt(connection, f"SELECT 1 FROM {secret}"), secret


def test_the_reader_is_shown_what_its_viewer_is_until_the_transaction_ends(
    world: World, reader: Engine, case_id: UUID, home: UUID
) -> None:
    assert case_id
    ours = world.actor("Ben", home, "caseworker")
    with reader.connect() as connection:
        read_for(connection, ours, world.clock.now(), secret_of(world.sql))
        assert leaked(connection) >= OF_THE_CASE
        names = ("viewer", "viewer_units", "granted_cases", "hidden_cases")
        kept = {name: connection.execute(text(f"SHOW icmc.seen_{name}")).scalar_one() for name in names}
        connection.rollback()
        assert leaked(connection) == set()
    for again in (reader, create_engine(reader.url)):
        with again.connect() as connection:
            for name, value in kept.items():
                values = {"name": f"icmc.seen_{name}", "value": value}
                connection.execute(text("SELECT set_config(:name, :value, false)"), values)
            connection.commit()
            assert leaked(connection) == set(), "what was proved once was taken for proved again"
        again.dispose()


def test_a_proof_counts_for_nobody_else(world: World, reader: Engine, home: UUID, stranger: Viewer) -> None:
    with reader.connect() as connection:
        for secret in (b"", b"x" * 32):
            with pytest.raises(DBAPIError, match="this proof is of nobody"):
                read_for(connection, stranger.model_copy(update={"unit_ids": (home,)}), world.clock.now(), secret)
            connection.rollback()


@pytest.mark.parametrize("statement", OF_THE_WRITER)
def test_the_writer_changes_no_history_and_removes_no_key(world: World, statement: str, case_id: UUID) -> None:
    assert case_id
    with world.sql.connect() as connection:
        refused = attempt(connection, statement)
        assert "permission denied" in refused or "must be owner" in refused, refused


def test_each_walled_table_is_walled_for_the_reader_and_no_policy_of_it_asks_a_setting(world: World) -> None:
    with world.sql.connect() as connection:
        assert gaps_in_the_wall(connection) == ()
        policies = connection.execute(text(
            "SELECT tablename, qual FROM pg_policies WHERE policyname = 'reader_wall' AND roles = '{icmc_reader}'"
        )).all()  # fmt: skip
    assert {row.tablename for row in policies} == set(WALLED)
    assert [row.tablename for row in policies if "current_setting" in row.qual] == []


def test_a_policy_that_asks_a_setting_nobody_knows_is_not_made() -> None:
    with pytest.raises(ValueError, match="a setting that is not known"):
        for_reader("(current_setting('icmc.other'::text, true) = 'x'::text)")
