"""Bring a database to the shape that this release needs, and say whether it is a demo's."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
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
    return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str:
    """Return the revision that this release needs."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def _upgrade(connection: Connection) -> str:
    current = revision_of(connection)
    connection.rollback()
    config = _config()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise ServiceError(
            service="Database",
            problem="it was shaped by a newer release of ICMC.",
            remedy="Use that release, or restore a backup made by this one.",
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    build_walls(connection)
    grant_rights(connection)
    connection.commit()
    return newest_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
