"""Restore a backup of the case database, wholly or not at all."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow
from sqlalchemy.engine import make_url

from engine.db.embedded.checksums import require_checksum
from engine.db.embedded.clients import run_client
from engine.db.embedded.databases import OWNER, admit, connected, create_closed_database
from engine.errors import DamagedError, ServiceError, SettingsError

_THINGS: Final = """
    SELECT count(*) FROM (
        SELECT oid, 'pg_class'::regclass AS kind, relnamespace AS place FROM pg_class
        UNION ALL SELECT oid, 'pg_proc'::regclass, pronamespace FROM pg_proc
    ) AS thing JOIN pg_namespace ON pg_namespace.oid = thing.place
    WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' AND NOT EXISTS (
        SELECT 1 FROM pg_depend WHERE classid = thing.kind AND objid = thing.oid AND deptype = 'e')
"""
_ADMINISTRATION: Final = "postgres"


@dataclass(frozen=True)
class RestoreReport:
    """What a restore did."""

    database: str
    kept_as: str | None
    """The database that was there before, under its new name; it still holds its data until somebody drops it."""


def restore_backup(file: Path, url: str, *, into_empty_only: bool = True) -> RestoreReport:
    """Restore a backup into the database of `url`, which is that of an administrator.

    By default that database must be empty. With `into_empty_only=False` the backup is restored beside it, and the two
    then change names in one transaction. Whatever fails, the old database stays as it was.

    Raises SettingsError when a file is missing, the database is not empty or in use; DamagedError when the file does
    not verify; ServiceError when the restore fails.
    """
    require_checksum(file)
    name = str(make_url(url).database)
    with connected(url) as connection:
        is_empty = connection.execute(_THINGS).fetchone() == (0,)
    if is_empty:
        restore_into(url, name, file)
        return RestoreReport(name, kept_as=None)
    if into_empty_only:
        raise SettingsError(
            problem=f"The database {name} is not empty, and nothing was changed.",
            remedy="Restore into an empty one, or ask to replace it: the old one is then kept under another name.",
        )
    return RestoreReport(name, kept_as=_restore_beside(file, url, name))


def restore_into(url: str, database: str, file: Path) -> None:
    """Restore a backup into an empty database of the server of `url`, in one transaction.

    Raises DamagedError when the file is no backup, ServiceError when the restore fails.
    """
    with connected(url, database=database) as connection:
        version = connection.info.server_version
        if run_client("pg_restore", "--list", file, url=url, server_version=version).returncode != 0:
            raise DamagedError(what=f"The backup {file}")
        options = ("--exit-on-error", "--single-transaction", f"--dbname={database}")
        done = run_client("pg_restore", *options, file, url=url, server_version=version)
        if done.returncode != 0:
            raise ServiceError(
                service="pg_restore",
                problem=f"it failed {_place(done.stderr)}.",
                remedy="Nothing was changed. The roles of ICMC must exist on the server, and its version must not be"
                " older than the backup's.",
            )
        connection.execute("ANALYZE")


def _restore_beside(file: Path, url: str, name: str) -> str:
    fresh, kept = (f"{name}_{word}_{uuid4().hex[:8]}" for word in ("restored", "before"))
    with connected(url, database=_ADMINISTRATION) as connection:
        _require_unused(connection, name)
        create_closed_database(connection, fresh, owner=OWNER)
        try:
            admit(connection, fresh)
            restore_into(url, fresh, file)
            with connection.transaction():
                _rename(connection, name, to=kept)
                _rename(connection, fresh, to=name)
        except psycopg.errors.ObjectInUse as error:
            raise _in_use(name) from error
        finally:
            _drop(connection, fresh)
    return kept


def _require_unused(connection: psycopg.Connection[TupleRow], name: str) -> None:
    if connection.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", (name,)).fetchone() != (0,):
        raise _in_use(name)


def _in_use(name: str) -> SettingsError:
    return SettingsError(problem=f"Somebody is connected to the database {name}.", remedy="Stop ICMC everywhere first.")


def _drop(connection: psycopg.Connection[TupleRow], name: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _rename(connection: psycopg.Connection[TupleRow], name: str, *, to: str) -> None:
    names = (sql.Identifier(name), sql.Identifier(to))
    connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*names))


def _place(written: str) -> str:
    """Say where a restore failed. The message itself may quote a row, so only its place is told."""
    places = [line for line in written.splitlines() if "from TOC entry" in line or "connection to server" in line]
    return f"({places[0].removeprefix('pg_restore: ').removeprefix('error: ')})" if places else "before its first entry"
