"""Bring a database to the shape that this release needs."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from engine.adapters.advisory_locks import MIGRATE
from engine.adapters.sql.append_only import close_append_only
from engine.errors import ServiceError


def migrate(owner_url: str) -> str:
    """Run the migrations that are missing, as the owner of the tables; gives the revision reached.

    Several processes may call this at once: one migrates, the others wait. Raises `ServiceError` for a database that a
    newer release has shaped.
    """
    engine = create_engine(owner_url)
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
    """Give the revision of a database; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str:
    """Give the revision that this release needs."""
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
    close_append_only(connection)
    connection.commit()
    return newest_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
