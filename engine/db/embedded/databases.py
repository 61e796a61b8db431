"""Connect to a PostgreSQL server as its administrator, make databases there and drop them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from engine.db.locks import MIGRATE
from engine.errors import ServiceError, SettingsError

OWNER: Final = "icmc_owner"
"""Owns the case database: migrations."""
APP: Final = "icmc_app"
"""Reads and writes rows of the case database for one viewer at a time; can create nothing."""
SYSTEM: Final = "icmc_system"
"""Reads and writes rows of the case database for all: commands, which `can()` has allowed, and jobs. It has no wall."""
READER: Final = "icmc_reader"
"""Reads rows of the case database for one viewer at a time, and can change nothing."""
PREFECT: Final = "icmc_prefect"
"""Owns Prefect's database, and may connect to no other."""
_USERS: Final = sql.SQL(", ").join(map(sql.Identifier, (APP, SYSTEM, READER)))


@contextmanager
def connected(url: str, *, database: str | None = None) -> Iterator[psycopg.Connection[TupleRow]]:
    """Connect to a server by its SQLAlchemy address, each statement its own transaction.

    Raises SettingsError when the address cannot be read, ServiceError when the server cannot be reached.
    """
    try:
        parsed = make_url(url).set(drivername="postgresql")
    except ArgumentError as error:
        raise SettingsError(
            problem="The database's address cannot be read.",
            remedy="It looks like postgresql://USER:PASSWORD@HOST:5432/postgres.",
        ) from error
    if database is not None:
        parsed = parsed.set(database=database)
    try:
        connection = psycopg.connect(parsed.render_as_string(hide_password=False), autocommit=True, connect_timeout=10)
    except psycopg.Error as error:
        raise ServiceError(
            service="PostgreSQL",
            problem=f"no connection as {parsed.username} to {parsed.database}: {_first_line(error)}",
            remedy="Look at the address, the password and whether the server runs.",
        ) from error
    with connection:
        yield connection


def create_database(url: str, name: str, *, template: str = "template0") -> None:
    """Make a database that belongs to `icmc_owner`, and that only it and the roles that write and read cases may enter.

    `url` is that of an administrator, in any database. Nobody may be connected to the template.
    """
    with connected(url) as connection:
        create_closed_database(connection, name, owner=OWNER, template=template)
        admit(connection, name)
    if template == "template0":
        close_schema(url, name)


def close_schema(url: str, name: str) -> None:
    """Let only the owner of a database make things in it; the others may use what they are granted.

    Waits for a process that brings the tables to their shape, since it changes the same rights.
    """
    with connected(url, database=name) as inside, inside.transaction():
        inside.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATE,))
        inside.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        inside.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(_USERS))


def drop_database(url: str, name: str) -> None:
    """Drop a database if it is there, and end the connections to it."""
    with connected(url) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def create_closed_database(
    connection: psycopg.Connection[TupleRow], name: str, *, owner: str, template: str = "template0"
) -> None:
    """Make a database that only its owner may enter; a template of one's own is copied by files, which is fastest."""
    statement = "CREATE DATABASE {} OWNER {} TEMPLATE {}"
    statement += " ENCODING 'UTF8'" if template == "template0" else " STRATEGY FILE_COPY"
    names = (sql.Identifier(name), sql.Identifier(owner), sql.Identifier(template))
    connection.execute(sql.SQL(statement).format(*names))
    close(connection, name)


def close(connection: psycopg.Connection[TupleRow], name: str) -> None:
    """Take from everybody the right to enter a database that PostgreSQL gives to everybody."""
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))


def admit(connection: psycopg.Connection[TupleRow], name: str) -> None:
    """Let the roles that write and read cases enter a database, and no more."""
    connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(name), _USERS))


def _first_line(error: psycopg.Error) -> str:
    return (str(error).splitlines() or ["?"])[0]
