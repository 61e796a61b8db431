"""Prepare the two databases and the five roles of ICMC on a PostgreSQL server."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow
from sqlalchemy.engine import URL, make_url

from engine.db.embedded.databases import (
    APP,
    OWNER,
    PREFECT,
    READER,
    SYSTEM,
    admit,
    close,
    close_schema,
    connected,
    create_closed_database,
)
from engine.db.embedded.embedded import EmbeddedServer
from engine.db.embedded.folder import PasswordFile
from engine.db.locks import SET_UP_ROLES
from engine.errors import ServiceError, SettingsError

CASES_DATABASE: Final = "icmc"
PREFECT_DATABASE: Final = "prefect"
_DATABASES: Final = {CASES_DATABASE: OWNER, PREFECT_DATABASE: PREFECT}
_ROLES: Final = (OWNER, APP, SYSTEM, READER, PREFECT)
_OLDEST_SERVER: Final = 150_000
_SEPARATE_SET_RIGHT: Final = 160_000
_FOR_ASYNCPG: Final = {"sslmode": "ssl", "host": "host", "port": "port"}


@dataclass(frozen=True)
class DatabaseUrls:
    """The SQLAlchemy addresses of ICMC's databases, with passwords in them."""

    owner: str = field(repr=False)
    """The case database, for migrations."""
    app: str = field(repr=False)
    """The case database, for what is written for a viewer, and read with it."""
    system: str = field(repr=False)
    """The case database, for commands, jobs and what the system reads."""
    reader: str = field(repr=False)
    """The case database, for what is read for a viewer."""
    prefect_asyncpg: str = field(repr=False)
    """Prefect's own database, for its server."""
    admin: str = field(repr=False)
    """The case database as the server's administrator, for backup and restore only."""


def prepare_databases(server: EmbeddedServer) -> DatabaseUrls:
    """Make roles and databases on the embedded server where they are missing; return their addresses."""
    with connected(server.url("postgres")) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (SET_UP_ROLES,))
        _prepare(connection, server.url("postgres"), server.passwords)
        for name in ("postgres", "template1"):
            close(connection, name)
    return urls_on(server)


def urls_on(server: EmbeddedServer, cases: str = CASES_DATABASE) -> DatabaseUrls:
    """Return the addresses of a case database on the embedded server, and of Prefect's."""
    return DatabaseUrls(
        owner=server.url(cases, OWNER),
        app=server.url(cases, APP),
        system=server.url(cases, SYSTEM),
        reader=server.url(cases, READER),
        prefect_asyncpg=server.tcp_url(PREFECT_DATABASE, PREFECT, driver="asyncpg"),
        admin=server.url(cases),
    )


def urls_from(database_url: str, password_file: Path) -> DatabaseUrls:
    """Do the same on a server of the user's own, given the address of a role that may make roles and databases.

    The roles' random passwords are kept in `password_file`. Several machines that share a server share that file too.

    Raises SettingsError, with the SQL to run, when the role may not do this, or when roles or databases of these names
    are there and are not ours; ServiceError when the server cannot be reached.
    """
    passwords = PasswordFile(password_file)
    with connected(database_url) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (SET_UP_ROLES,))
        _require_recent(connection)
        _require_known_passwords(connection, passwords)
        if _may_prepare(connection):
            _prepare(connection, database_url, passwords)
        elif not _is_prepared(database_url, passwords):
            raise _not_enough_rights(connection)
    return _urls(database_url, passwords)


def _prepare(connection: psycopg.Connection[TupleRow], url: str, passwords: PasswordFile) -> None:
    for role in _ROLES:
        _make_role(connection, role, passwords.get_or_make(role))
    for name, owner in _DATABASES.items():
        _make_database(connection, name, owner)
    admit(connection, CASES_DATABASE)
    close_schema(url, CASES_DATABASE)


def _make_role(connection: psycopg.Connection[TupleRow], role: str, password: str) -> None:
    """Make a role, or give it its password again. The server, and so its log, sees no password but its verifier."""
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    verb = "ALTER" if exists else "CREATE"
    statement = sql.SQL(verb + " ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier))
    connection.execute(statement)
    how = "SET" if connection.info.server_version >= _SEPARATE_SET_RIGHT else "MEMBER"
    if connection.execute("SELECT pg_has_role(current_user, %s, %s)", (role, how)).fetchone() != (True,):
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role)))


def _make_database(connection: psycopg.Connection[TupleRow], name: str, owner: str) -> None:
    found = connection.execute(
        "SELECT rolname FROM pg_database JOIN pg_roles ON pg_roles.oid = datdba WHERE datname = %s", (name,)
    ).fetchone()
    if found is None:
        create_closed_database(connection, name, owner=owner)
    elif found != (owner,):
        raise SettingsError(
            problem=f"The server has a database {name} that belongs to {found[0]}, not to ICMC.",
            remedy=f"Give ICMC another server or, if it is ICMC's: ALTER DATABASE {name} OWNER TO {owner};",
        )
    else:
        close(connection, name)


def _require_recent(connection: psycopg.Connection[TupleRow]) -> None:
    if connection.info.server_version < _OLDEST_SERVER:
        raise ServiceError(
            service="PostgreSQL",
            problem=f"the server is version {connection.info.server_version // 10_000}.",
            remedy=f"ICMC needs version {_OLDEST_SERVER // 10_000} or newer.",
        )


def _require_known_passwords(connection: psycopg.Connection[TupleRow], passwords: PasswordFile) -> None:
    """Refuse to give new passwords to roles that other machines may be using with the old ones."""
    there = connection.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", (list(_ROLES),)).fetchall()
    if there and not passwords.exists():
        names = ", ".join(row[0] for row in there)
        raise SettingsError(
            problem=f"The server has ICMC's roles already ({names}), and their passwords are not here.",
            remedy=f"Copy the file from the machine that made them to {passwords.path} (mode 0600).",
        )


def _may_prepare(connection: psycopg.Connection[TupleRow]) -> bool:
    rights = "SELECT rolsuper OR (rolcreaterole AND rolcreatedb) FROM pg_roles WHERE rolname = current_user"
    return connection.execute(rights).fetchone() == (True,)


def _is_prepared(url: str, passwords: PasswordFile) -> bool:
    """Return whether every role reaches its database already."""
    if not passwords.exists():
        return False
    try:
        homes = {role: PREFECT_DATABASE if role == PREFECT else CASES_DATABASE for role in _ROLES}
        for role, database in homes.items():
            with connected(_text(_as_role(url, role, database, passwords))):
                pass
    except (ServiceError, SettingsError):  # a role that came with a later release has no password yet
        return False
    return True


def _not_enough_rights(connection: psycopg.Connection[TupleRow]) -> SettingsError:
    role = connection.info.user
    return SettingsError(
        problem=f"The database role {role} of ICMC_DATABASE_URL may not make roles and databases.",
        remedy=f"As an administrator of the server, run: ALTER ROLE {role} CREATEROLE CREATEDB;",
    )


def _urls(database_url: str, passwords: PasswordFile) -> DatabaseUrls:
    admin = make_url(database_url).set(drivername="postgresql+psycopg", database=CASES_DATABASE)
    prefect = _for_asyncpg(_as_role(database_url, PREFECT, PREFECT_DATABASE, passwords))
    return DatabaseUrls(
        owner=_text(_as_role(database_url, OWNER, CASES_DATABASE, passwords)),
        app=_text(_as_role(database_url, APP, CASES_DATABASE, passwords)),
        system=_text(_as_role(database_url, SYSTEM, CASES_DATABASE, passwords)),
        reader=_text(_as_role(database_url, READER, CASES_DATABASE, passwords)),
        prefect_asyncpg=_text(prefect),
        admin=_text(admin),
    )


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def _as_role(database_url: str, role: str, database: str, passwords: PasswordFile) -> URL:
    url = make_url(database_url)
    return url.set(drivername="postgresql+psycopg", username=role, password=passwords.get(role), database=database)


def _for_asyncpg(url: URL) -> URL:
    """Say the same in the words of Prefect's driver."""
    unknown = sorted(set(url.query) - set(_FOR_ASYNCPG))
    if unknown:
        raise SettingsError(
            problem=f"Prefect's database driver does not know {', '.join(unknown)} in ICMC_DATABASE_URL.",
            remedy="Set it in the environment instead (sslrootcert is PGSSLROOTCERT, for example).",
        )
    return url.set(drivername="postgresql+asyncpg", query={_FOR_ASYNCPG[k]: v for k, v in url.query.items()})
