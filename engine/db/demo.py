"""Whether a database is a demo's: set while it is new, and nothing that the application can write."""

from sqlalchemy import Connection, select, text

import engine.db.tables as tb
from engine.db.locks import BACKGROUND, MIGRATE, limited_engine
from engine.errors import SettingsError

_DEMO = tb.DemoRow.__table__  # type: ignore[attr-defined]
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
