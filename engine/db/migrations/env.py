"""Alembic runs this to reach the database; `migrate` gives it the connection."""

from alembic import context

from engine.db.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
