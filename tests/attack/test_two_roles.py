"""Attack: run any SQL as the role that reads for viewers, and as the one that writes; neither gets what it must not."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from engine.core.policy import Viewer
from engine.db.embedded.databases import APP, READER, SYSTEM
from engine.db.encrypted_columns import ENCRYPTED
from engine.db.migrate import migrate
from engine.db.rights import ADDED, CHANGED, NEVER_READ, NOBODYS, REMOVED, rights_beyond, rights_short_of
from engine.db.tables import TABLES
from engine.db.transaction import enter_for
from engine.db.walls import WALLED, gaps_in_the_wall
from engine.db.writing import _TARGETS
from engine.sharing.store import WITH_THE_CASE
from tests.conftest import FreshDatabase
from tests.db.test_walls import OF_THE_CASE, case_id, stranger
from tests.kit.network import START, Network

pytestmark = pytest.mark.long

__all__ = ["case_id", "stranger"]

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
    "SET ROLE icmc_system",
    "SET LOCAL ROLE icmc_system",
    "SET SESSION AUTHORIZATION icmc_system",
    "DO $$ BEGIN EXECUTE 'SET ROLE icmc_system'; END $$",
    "SELECT set_config('icmc.seen_all', repeat('0', 64), true)",
    "SELECT set_config('icmc.seen_all', left(current_setting('icmc.seen_viewer'), 64), true)",
    "SET SESSION icmc.seen_all = 'open'",
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
    "DROP POLICY writer_wall ON answer",
    "ALTER TABLE answer DISABLE ROW LEVEL SECURITY",
    "ALTER ROLE icmc_reader BYPASSRLS",
    "GRANT icmc_app TO icmc_reader",
    "GRANT SELECT ON wall_secret TO icmc_reader",
    "ALTER FUNCTION icmc_seen(text) OWNER TO icmc_reader",
    "SELECT lo_import('/etc/hostname')",
    "SELECT lo_export(1, '/tmp/answers')",
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT query_to_xml('SELECT * FROM answer', true, true, '') WHERE false",
    "SELECT 1 FROM answer WHERE 1 / (CASE WHEN length(encrypted_answers) > 0 THEN 0 ELSE 1 END) = 1",
    "SELECT most_common_vals FROM pg_stats WHERE tablename IN ('answer', 'report')",
)
WRITES = (
    "INSERT INTO membership (actor_id, unit_id, role) VALUES ('ME', 'HOME', 'supervisor')",
    "UPDATE membership SET unit_id = 'HOME'", "DELETE FROM membership", "TRUNCATE membership",
    'INSERT INTO "grant" SELECT * FROM "grant"', "UPDATE \"case\" SET status = 'closed'",
    "UPDATE deadline SET next_at = NULL", "DELETE FROM event", "UPDATE audit_event SET body = '{}'",
    "DELETE FROM data_key", "UPDATE data_key SET wrapped = NULL", "UPDATE installation SET value = '{}'",
    "INSERT INTO installation (key, value) VALUES ('x', '{}')", "SELECT 1 FROM actor FOR UPDATE",
    "LOCK TABLE actor IN ACCESS EXCLUSIVE MODE",
)  # fmt: skip
OF_THE_WRITER = (
    "UPDATE event SET body = '{}'", "DELETE FROM event", "TRUNCATE event", "UPDATE audit_event SET body = '{}'",
    "DELETE FROM audit_event", "TRUNCATE audit_event", "DELETE FROM data_key", "TRUNCATE data_key",
    "DELETE FROM checkpoint", "UPDATE reading SET actor_id = NULL", "TABLE wall_secret",
    "UPDATE wall_secret SET secret = ''", "SELECT icmc_prove('seen')", "INSERT INTO demo (since) VALUES (now())",
    "SET ROLE icmc_owner", "DROP POLICY reader_wall ON answer", "ALTER TABLE event DISABLE TRIGGER ALL",
    "UPDATE data_key SET wrapped = NULL", "UPDATE data_key SET wrapped_by = ''", "UPDATE data_key SET period = ''",
    "UPDATE data_key SET destroyed_at = NULL", 'UPDATE "grant" SET unit_id = case_id',
    "UPDATE \"grant\" SET fields = '{*}'", 'UPDATE "grant" SET valid_until = NULL',
    "UPDATE membership SET role = 'supervisor'", "UPDATE consent SET purposes = '{}'",
    "UPDATE recusal SET actor_id = NULL", "UPDATE session SET actor_id = NULL", "UPDATE actor SET email = 'x'",
    "UPDATE restriction SET case_id = NULL", "UPDATE approval_request SET asked_by = NULL",
    "UPDATE approval_request SET subject = '{}'", "UPDATE report SET received_at = now()",
    "UPDATE tombstone SET erased_at = now()", "UPDATE demo SET since = now()", "DELETE FROM consent",
    "DELETE FROM recusal", 'DELETE FROM "grant"', "DELETE FROM report", 'DELETE FROM "case"', "DELETE FROM deadline",
    "DELETE FROM job", "DELETE FROM match_probe", "DELETE FROM tombstone", "TRUNCATE job",
    "INSERT INTO alembic_version VALUES ('9999')", "UPDATE alembic_version SET version_num = '9999'",
    "CREATE TABLE mine (id int)", "CREATE TEMPORARY TABLE mine (id int)", "CREATE SCHEMA mine",
    "CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE VIEW mine AS SELECT 1",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'", "ALTER TABLE job ADD COLUMN mine int",
    "SELECT icmc_raise_wall('{}', NULL, now())", "CREATE INDEX mine ON job (id)", "CREATE EXTENSION dblink",
)  # fmt: skip
OF_KEYS = (
    "SELECT icmc_rewrap(ARRAY[gen_random_uuid()], '{1}', ARRAY[sha256('')], '{k}', '{p}')",
    "SELECT icmc_rewrap(ARRAY['OWNER'::uuid], '{99}', ARRAY[sha256('')], '{k}', '{p}')",
    "SELECT icmc_rewrap(ARRAY['OWNER'::uuid], '{1}', ARRAY[''::bytea], '{k}', '{p}')",
    "SELECT icmc_rewrap(ARRAY['OWNER'::uuid], '{1}', ARRAY[NULL::bytea], '{k}', '{p}')",
    "SELECT icmc_rewrap(ARRAY['OWNER'::uuid], '{1}', ARRAY[sha256('')], '{\"\"}', '{p}')",
    "SELECT icmc_rewrap(ARRAY['GONE'::uuid], '{1}', ARRAY[sha256('')], '{k}', '{p}')",
)
"""Keys that are unknown or destroyed, and wraps that are none."""


@pytest.fixture
def reader(database: FreshDatabase) -> Iterator[Engine]:
    sql = create_engine(database.urls.reader)
    yield sql
    sql.dispose()


@pytest.fixture(params=["reader", "app"])
def either(request: pytest.FixtureRequest, database: FreshDatabase) -> Iterator[Engine]:
    """Return the role that reads for viewers, and the one that writes for them, before it has proved for whom."""
    sql = create_engine(getattr(database.urls, request.param))
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
    """Run what an attacker would, one statement after another; returns the first refusal."""
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


def filled(attack: str, case_id: UUID, unit: UUID, viewer: Viewer) -> str:
    return attack.replace("CASE}", f"{case_id}}}").replace("HOME", str(unit)).replace("ME'", f"{viewer.actor_id}'")


def test_whoever_runs_any_sql_in_the_name_of_somebody_sees_nothing_of_another_unit(
    network: Network, either: Engine, case_id: UUID, unit: UUID, stranger: Viewer
) -> None:
    shown = {}
    for attack in ATTACKS:
        statement = filled(attack, case_id, unit, stranger)
        for begins in (True, False):
            either.dispose()
            with either.connect() as connection:
                if begins:
                    enter_for(connection, stranger, network.clock.now(), network.secret)
                attempt(connection, statement)
                if found := leaked(connection):
                    shown[attack] = found
                connection.rollback()
                if found := leaked(connection):
                    shown[attack] = found
    assert shown == {}
    assert len(ATTACKS) > 40


def test_the_reader_writes_nothing(
    network: Network, reader: Engine, case_id: UUID, unit: UUID, stranger: Viewer
) -> None:
    for attack in WRITES:
        with reader.connect() as connection:
            enter_for(connection, stranger, network.clock.now(), network.secret)
            assert "permission denied" in attempt(connection, filled(attack, case_id, unit, stranger)), attack


def test_what_people_sign_in_with_is_not_read(reader: Engine) -> None:
    secrets = (
        *sorted(NEVER_READ | NOBODYS), "(SELECT password_hash FROM actor) x",
        "(SELECT encrypted_secret FROM second_factor) x",
        "(SELECT token_hash FROM session) x", "(SELECT token_hash FROM invitation) x",
        "(SELECT code_hash FROM recovery_code) x", "(SELECT a FROM actor a) x", "(SELECT s FROM session s) x",
    )  # fmt: skip
    with reader.connect() as connection:
        for secret in secrets:
            assert "permission denied" in attempt(connection, f"SELECT 1 FROM {secret}"), secret


def test_the_reader_is_shown_what_its_viewer_is_until_the_transaction_ends(
    network: Network, reader: Engine, case_id: UUID, unit: UUID
) -> None:
    assert case_id
    ours = network.actor("Ben", unit, "caseworker")
    with reader.connect() as connection:
        enter_for(connection, ours, network.clock.now(), network.secret)
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


def test_a_proof_counts_for_nobody_else(network: Network, reader: Engine, unit: UUID, stranger: Viewer) -> None:
    with reader.connect() as connection:
        for secret in (b"", b"x" * 32):
            with pytest.raises(DBAPIError, match="this proof is of nobody"):
                enter_for(connection, stranger.model_copy(update={"unit_ids": (unit,)}), network.clock.now(), secret)
            connection.rollback()


@pytest.mark.parametrize("role", ["app", "reader"])
def test_only_who_signs_in_as_the_system_acts_for_all(
    network: Network, database: FreshDatabase, stranger: Viewer, role: str
) -> None:
    with network.writer.connect() as connection:
        assert leaked(connection) == set(WALLED)
    sql = create_engine(getattr(database.urls, role))
    with sql.connect() as connection:
        for enters in (False, True):
            if enters:
                enter_for(connection, stranger, network.clock.now(), network.secret)
            for attack in ("SELECT set_config('icmc.seen_all', 'x', false)", "SET application_name = 'icmc_system'"):
                connection.execute(text(attack))
            assert leaked(connection) == set()
            connection.commit()
    sql.dispose()


def test_the_writer_cannot_ask_for_the_secret(network: Network) -> None:
    with network.writer.connect() as connection:
        for statement in ("SELECT icmc_wall_secret()", "TABLE wall_secret", "COPY wall_secret TO STDOUT"):
            refused = attempt(connection, statement)
            assert "permission denied" in refused or "does not exist" in refused, refused


@pytest.mark.parametrize("statement", OF_THE_WRITER)
def test_the_writer_changes_nothing_that_its_statements_do_not(network: Network, statement: str, case_id: UUID) -> None:
    assert case_id
    with network.writer.connect() as connection:
        refused = attempt(connection, statement)
        assert "permission denied" in refused or "must be owner" in refused, refused


@pytest.mark.parametrize("statement", OF_KEYS)
def test_a_key_is_wrapped_anew_only_while_it_is_whole_and_into_one(network: Network, statement: str) -> None:
    owner, gone = uuid4(), uuid4()
    for one, wrapped in ((owner, b"w" * 40), (gone, None)):
        network.add("data_key", owner_id=one, version=1, wrapped=wrapped, wrapped_by="k", created_at=START)
    with network.writer.connect() as connection:
        refused = attempt(connection, statement.replace("OWNER", str(owner)).replace("GONE", str(gone)))
        assert "wrapped anew only while it is whole" in refused
        connection.rollback()
        connection.exec_driver_sql(
            "SELECT icmc_rewrap(ARRAY[%s::uuid], '{1}', ARRAY[sha256('')], '{next}', '{p}')", (str(owner),)
        )
        assert connection.execute(text("SELECT wrapped_by FROM data_key WHERE wrapped IS NOT NULL")).all() == [
            ("next",)
        ]


def test_each_role_can_in_the_database_what_stands_in_the_list_and_nothing_else(
    network: Network, database: FreshDatabase
) -> None:
    app = create_engine(database.urls.app)
    for sql, role in ((network.writer, SYSTEM), (app, APP), (network.reader, READER)):
        with sql.connect() as connection:
            assert rights_beyond(connection, role) == ()
            assert rights_short_of(connection, role) == ()
    app.dispose()
    with network.sql.connect() as connection:
        assert rights_beyond(connection, APP) == ("icmc_owner is also the role pg_database_owner",)
    superuser = create_engine(database.urls.admin)
    with superuser.connect() as connection:
        assert rights_beyond(connection, READER) == ("icmc_super is also a superuser",)
    superuser.dispose()


def test_what_is_written_by_a_list_of_its_own_can_be_written() -> None:
    """What is sealed anew, goes along in a transfer, or is saved with a case, is named elsewhere too."""
    can = {(table, column) for table, columns in CHANGED.items() for column in columns.split()}
    known = {(table.name, one.name) for table in TABLES.values() for one in table.columns}
    assert can <= known
    assert {(one.table, one.column) for one in ENCRYPTED if not one.is_fixed} <= can
    assert {(table, "unit_id") for table in (*WITH_THE_CASE, "case", "person")} <= can
    saved = {(table, column) for table, target in _TARGETS.items() for column in target.changes}
    assert {one for one in saved if one[1] not in _TARGETS[one[0]].key} <= can
    assert set(TABLES) >= ADDED | REMOVED


def test_a_right_that_was_given_by_hand_is_told_and_taken_at_the_next_start(
    network: Network, database: FreshDatabase
) -> None:
    with network.sql.begin() as connection:
        connection.execute(text("GRANT DELETE ON event TO icmc_app"))
        connection.execute(text("GRANT SELECT (password_hash) ON actor TO icmc_reader"))
        connection.execute(text("GRANT CREATE ON SCHEMA public TO icmc_app"))
    assert network.questions.rights_beyond() == (
        "icmc_app can CREATE schema public", "icmc_app can DELETE event", "icmc_reader can SELECT actor.password_hash",
    )  # fmt: skip
    migrate(database.urls.owner)
    assert network.questions.rights_beyond() == ()


def test_each_walled_table_is_walled_for_the_reader_and_no_policy_of_it_asks_a_setting(network: Network) -> None:
    with network.writer.connect() as connection:
        assert gaps_in_the_wall(connection) == ()
        policies = connection.execute(text(
            "SELECT tablename, qual FROM pg_policies WHERE policyname = 'reader_wall' AND roles = '{icmc_reader}'"
        )).all()  # fmt: skip
    assert {row.tablename for row in policies} == set(WALLED)
    assert [row.tablename for row in policies if "current_setting" in row.qual] == []
