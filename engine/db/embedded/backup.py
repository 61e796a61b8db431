"""Make a backup of the case database, and prove it by restoring it."""

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

from engine.db.embedded.checksums import sha256_of, write_checksum
from engine.db.embedded.clients import run_client
from engine.db.embedded.databases import OWNER, connected, create_closed_database, drop_database
from engine.db.embedded.files import sync_path
from engine.db.embedded.restore import restore_into
from engine.db.locks import BACK_UP
from engine.errors import DamagedError, ServiceError, SettingsError

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
