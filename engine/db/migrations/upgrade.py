"""Run the migrations that are missing. Only `migrate` loads this, when there are some."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def upgrade(connection: Connection) -> None:
    """Bring the database of a connection to the newest revision."""
    config = config_of_migrations()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def config_of_migrations() -> Config:
    """Return where Alembic finds the migrations."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config
