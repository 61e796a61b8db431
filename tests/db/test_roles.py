"""The roles of ICMC can do what they must and nothing else."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy.engine import make_url

from engine.db.embedded.databases import close_schema, connected, drop_database
from engine.db.embedded.embedded import EmbeddedServer, start_embedded, stop_embedded
from engine.db.embedded.roles import prepare_databases, urls_from
from engine.db.migrate import migrate
from engine.errors import ServiceError, SettingsError
from tests.conftest import FreshDatabase


def test_the_application_role_reads_and_writes_what_it_was_granted_and_creates_nothing(data_folder: Path) -> None:
    server = start_embedded(data_folder, durable=False)
    urls = prepare_databases(server)
    assert prepare_databases(server) == urls
    with connected(urls.owner) as owner:
        owner.execute("CREATE TABLE granted (id int)")
        owner.execute("CREATE TABLE withheld (id int)")
        owner.execute("GRANT SELECT, INSERT ON granted TO icmc_app")
    with connected(urls.app) as app:
        app.execute("INSERT INTO granted VALUES (1)")
        assert app.execute("SELECT id FROM granted").fetchall() == [(1,)]
        for forbidden in (
            "UPDATE granted SET id = 2",
            "SELECT * FROM withheld",
            "CREATE TABLE mine (id int)",
            "CREATE TEMPORARY TABLE mine (id int)",
            "CREATE SCHEMA mine",
            "CREATE DATABASE mine",
            "CREATE ROLE mine",
            "DROP TABLE granted",
            "SET ROLE icmc_owner",
            "SELECT pg_read_file('PG_VERSION')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(forbidden)
    stop_embedded(server)


def test_each_role_enters_its_own_database_only(data_folder: Path) -> None:
    server = start_embedded(data_folder, durable=False)
    prepare_databases(server)
    homes = {
        "icmc_owner": {"icmc"},
        "icmc_app": {"icmc"},
        "icmc_system": {"icmc"},
        "icmc_reader": {"icmc"},
        "icmc_prefect": {"prefect"},
    }
    for role, home in homes.items():
        for database in ("icmc", "prefect", "postgres", "template1"):
            if database in home:
                with connected(server.url(database, role)):
                    pass
            else:
                with pytest.raises(ServiceError, match="permission denied"), connected(server.url(database, role)):
                    pass
    with connected(server.url("prefect", "icmc_prefect")) as prefect:
        prefect.execute("CREATE TABLE flow (id int)")
        prefect.execute("CREATE EXTENSION pg_trgm")
    stop_embedded(server)


def test_passwords_appear_in_no_representation(postgres: EmbeddedServer) -> None:
    urls = prepare_databases(postgres)
    shown = f"{postgres!r} {urls!r}"
    for role in ("icmc_super", "icmc_owner", "icmc_app", "icmc_system", "icmc_reader", "icmc_prefect"):
        assert postgres.passwords.get(role) not in shown


def test_a_server_of_the_users_own_is_prepared_by_a_role_that_is_no_superuser(data_folder: Path) -> None:
    server = start_embedded(data_folder, durable=False)
    admin = admin_url(server, "LOGIN CREATEROLE CREATEDB")
    urls = urls_from(admin, data_folder / "own.json")
    assert urls_from(admin, data_folder / "own.json") == urls
    with connected(urls.owner) as owner:
        owner.execute("CREATE TABLE made_by_migration (id int)")
    with connected(urls.app) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("CREATE TABLE mine (id int)")
    prefect = make_url(urls.prefect_asyncpg)
    assert (prefect.drivername, prefect.database, prefect.query) == (
        "postgresql+asyncpg",
        "prefect",
        {"ssl": "disable"},
    )
    with pytest.raises(SettingsError, match="passwords are not here"):
        urls_from(admin, data_folder / "other-machine.json")
    with connected(server.url("postgres")) as connection:
        connection.execute("ALTER ROLE dba NOCREATEROLE NOCREATEDB")
    assert urls_from(admin, data_folder / "own.json") == urls
    known = json.loads((data_folder / "own.json").read_text())
    (data_folder / "own.json").write_text(json.dumps({k: v for k, v in known.items() if k != "icmc_reader"}))
    with pytest.raises(SettingsError, match="ALTER ROLE dba CREATEROLE CREATEDB;"):
        urls_from(admin, data_folder / "own.json")
    stop_embedded(server)


def test_a_role_that_may_not_prepare_is_told_what_sql_to_run(data_folder: Path) -> None:
    server = start_embedded(data_folder, durable=False)
    with pytest.raises(SettingsError, match="ALTER ROLE dba CREATEROLE CREATEDB;"):
        urls_from(admin_url(server, "LOGIN"), data_folder / "own.json")
    stop_embedded(server)


def test_a_database_of_somebody_else_is_not_taken_over(data_folder: Path) -> None:
    server = start_embedded(data_folder, durable=False)
    with connected(server.url("postgres")) as connection:
        connection.execute("CREATE DATABASE prefect")
    with pytest.raises(SettingsError, match="database prefect that belongs to icmc_super"):
        urls_from(server.url("postgres"), data_folder / "own.json")
    stop_embedded(server)


@pytest.mark.parametrize("address", ["nonsense", "postgresql://nobody:secret@127.0.0.1:1/postgres"])
def test_a_wrong_address_is_an_error_without_the_password(address: str, tmp_path: Path) -> None:
    with pytest.raises((SettingsError, ServiceError)) as caught:
        urls_from(address, tmp_path / "own.json")
    assert "secret" not in str(caught.value)


def test_dropping_a_database_that_is_not_there_is_no_error(postgres: EmbeddedServer) -> None:
    drop_database(postgres.url("postgres"), f"never_{uuid4().hex[:8]}")


def admin_url(server: EmbeddedServer, rights: str) -> str:
    """Make the administrator of a server that is not ours."""
    with connected(server.url("postgres")) as connection:
        connection.execute(f"CREATE ROLE dba PASSWORD 'pw' {rights}".encode())
    return f"postgresql://dba:pw@127.0.0.1:{server.port}/postgres?sslmode=disable"


def test_processes_that_start_at_once_do_not_trip_over_each_others_rights(database: FreshDatabase) -> None:
    def close_often() -> None:
        for _ in range(40):
            close_schema(database.urls.admin, database.name)

    with ThreadPoolExecutor(2) as threads:
        closing = threads.submit(close_often)
        while not closing.done():
            migrate(database.urls.owner)
        closing.result()
