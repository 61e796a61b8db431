"""Back a database up, restore it, and prove a backup by a trial restore."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow
from sqlalchemy.engine import make_url

from engine.db.embedded.databases import OWNER, admit, connected, create_closed_database, drop_database, run_client
from engine.db.embedded.folder import require_checksum, sha256_of, sync_path, write_checksum
from engine.db.locks import BACK_UP
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


_TABLES: Final = """
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 1, 2
"""


@dataclass(frozen=True)
class BackupReport:
    """A backup that was restored once and found whole."""

    file: Path
    sha256: str
    size: int
    """Bytes."""
    rows: Mapping[str, int]
    """Rows in each table, by `schema.table`."""


def make_backup(url: str, target: Path) -> BackupReport:
    """Write a backup of the database of `url` to `target`, and its SHA-256 beside it.

    `url` is that of an administrator: the backup is checked in a scratch database, which is dropped again. Backup and
    row counts are of one instant, while others go on working. `target` appears only when the check has passed.

    Raises SettingsError when `target` exists or its folder does not, ServiceError when the server, the program or
    another backup under way does not allow it, DamagedError when the check fails.
    """
    _require_free(target)
    unfinished = target.with_name(f".{target.name}.{uuid4().hex[:8]}.new")
    try:
        with connected(url) as connection:
            _lock(connection)
            _drop_left_overs(connection, url)
            rows = _dump(connection, url, unfinished)
            _prove(connection, url, unfinished, rows)
        sync_path(unfinished)
        report = BackupReport(target, sha256_of(unfinished), unfinished.stat().st_size, MappingProxyType(rows))
        write_checksum(target, report.sha256)
        unfinished.rename(target)
        sync_path(target.parent)
    finally:
        unfinished.unlink(missing_ok=True)
    return report


def count_rows(connection: psycopg.Connection[TupleRow]) -> dict[str, int]:
    """Count the rows of every table, by `schema.table`."""
    counts = {}
    for schema, table in connection.execute(_TABLES).fetchall():
        question = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, table))
        answer = connection.execute(question).fetchone()
        counts[f"{schema}.{table}"] = int(answer[0]) if answer else 0
    return counts


def _dump(connection: psycopg.Connection[TupleRow], url: str, file: Path) -> dict[str, int]:
    version = connection.info.server_version
    with _one_instant(connection) as snapshot:
        done = run_client(
            "pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={file}", url=url, server_version=version
        )
        if done.returncode != 0:
            raise ServiceError(service="pg_dump", problem=_first_error(done.stderr), remedy="Nothing was written.")
        return count_rows(connection)


@contextmanager
def _one_instant(connection: psycopg.Connection[TupleRow]) -> Iterator[str]:
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    exported = connection.execute("SELECT pg_export_snapshot()").fetchone()
    yield str(exported[0]) if exported else ""
    connection.execute("COMMIT")


def _prove(connection: psycopg.Connection[TupleRow], url: str, file: Path, rows: dict[str, int]) -> None:
    scratch = f"{_scratch_prefix(url)}{uuid4().hex[:8]}"
    create_closed_database(connection, scratch, owner=OWNER)
    try:
        restore_into(url, scratch, file)
        with connected(url, database=scratch) as inside:
            restored = count_rows(inside)
    finally:
        drop_database(url, scratch)
    if restored != rows:
        different = sorted(table for table in rows | restored if rows.get(table) != restored.get(table))
        raise DamagedError(what=f"The new backup (rows differ in {', '.join(different)})")


def _lock(connection: psycopg.Connection[TupleRow]) -> None:
    if connection.execute("SELECT pg_try_advisory_lock(%s)", (BACK_UP,)).fetchone() != (True,):
        raise ServiceError(service="Backup", problem="another one is under way.", remedy="Wait until it is done.")


def _drop_left_overs(connection: psycopg.Connection[TupleRow], url: str) -> None:
    """Drop the scratch databases of backups that were killed: they hold a copy of everything."""
    found = connection.execute(
        "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", (_scratch_prefix(url),)
    )
    for (name,) in found.fetchall():
        drop_database(url, name)


def _scratch_prefix(url: str) -> str:
    return f"{make_url(url).database}_check_"


def _require_free(target: Path) -> None:
    if not target.parent.is_dir():
        raise SettingsError(problem=f"There is no folder {target.parent}.", remedy="Make it first.")
    if target.exists():
        raise SettingsError(problem=f"{target} is there already.", remedy="Give the backup another name.")


def _first_error(written: str) -> str:
    errors = [line for line in written.splitlines() if line.startswith("pg_dump: error:")]
    return errors[0].removeprefix("pg_dump: error: ") if errors else "it failed and did not say why."


@contextmanager
def restored_for_trial(file: Path, url: str) -> Iterator[str]:
    """Restore a backup beside the database of `url`, an administrator's; returns the scratch one's URL, and drops it.

    Raises SettingsError when a file is missing, DamagedError when the file does not verify, ServiceError when the
    restore fails.
    """
    require_checksum(file)
    scratch = f"{make_url(url).database}_trial_{uuid4().hex[:8]}"
    with connected(url) as connection:
        create_closed_database(connection, scratch, owner=OWNER)
    try:
        restore_into(url, scratch, file)
        yield make_url(url).set(database=scratch).render_as_string(hide_password=False)
    finally:
        drop_database(url, scratch)
