"""Bring a database to the shape that this release needs, and say whether it is a demo's."""

from importlib import import_module
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select, text

from engine.db.locks import BACKGROUND, MIGRATE, TimeLimits, limited_engine
from engine.db.rights import grant_rights
from engine.db.tables import TABLES
from engine.db.walls import build_walls
from engine.errors import ServiceError, SettingsError

_DEMO = TABLES["demo"]
_IN_USE = text('SELECT EXISTS (SELECT FROM actor) OR EXISTS (SELECT FROM "case")')


def is_demo_database(connection: Connection) -> bool:
    """Whether the database was made for the demo."""
    return connection.execute(select(_DEMO.c.since)).first() is not None


def mark_as_demo(owner_url: str) -> None:
    """Make a migrated database a demo's for good, as the owner of its tables; does nothing when it is one.

    Raise `SettingsError` when people or cases are in it: a database that was used never becomes a demo.
    """
    engine = limited_engine(owner_url, BACKGROUND, pool_size=1)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATE})
            if is_demo_database(connection):
                return
            if connection.execute(_IN_USE).scalar():
                raise SettingsError(
                    problem="This database has people or cases in it, so it cannot become a demo.",
                    remedy="Choose another ICMC_DATA_FOLDER for the demo.",
                )
            connection.execute(text("INSERT INTO demo (since) VALUES (now())"))
    finally:
        engine.dispose()


_LIMITS: Final = TimeLimits(connection=30, lock=300, statement=0)
"""Another process may be migrating. A statement of a migration takes as long as its table is large."""


def migrate(owner_url: str) -> str:
    """Run the migrations that are missing, as the owner of the tables; returns the revision reached.

    Several processes may call this at once: one migrates, the others wait, five minutes at most; then `BusyError` is
    raised. Raises `ServiceError` for a database that a newer release has shaped.
    """
    engine = limited_engine(owner_url, _LIMITS, pool_size=1)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": MIGRATE})
            connection.commit()
            try:
                return _upgrade(connection)
            finally:
                connection.rollback()
                connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": MIGRATE})
                connection.commit()
    finally:
        engine.dispose()


def revision_of(connection: Connection) -> str | None:
    """Return the revision of a database; None for an empty one."""
    if not connection.execute(text("SELECT to_regclass('alembic_version') IS NOT NULL")).scalar():
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def newest_revision() -> str:
    """Return the revision that this release needs."""
    return max(_revisions())


def _revisions() -> frozenset[str]:
    """Return all revisions, by the names of their files: each start would otherwise load what migrates."""
    files = (Path(__file__).parent / "migrations" / "versions").glob("v[0-9]*_*.py")
    return frozenset(file.name[1:].partition("_")[0] for file in files)


def _upgrade(connection: Connection) -> str:
    current = revision_of(connection)
    connection.rollback()
    if current is not None and current not in _revisions():
        raise ServiceError(
            service="Database",
            problem="it was shaped by a newer release of ICMC.",
            remedy="Use that release, or restore a backup made by this one.",
        )
    if current != newest_revision():
        import_module("engine.db.migrations.upgrade").upgrade(connection)
    build_walls(connection)
    grant_rights(connection)
    connection.commit()
    return newest_revision()
