"""The tables to which the application may only add: nothing that is kept there can be changed or removed by it."""

from sqlalchemy import Connection, text

APPEND_ONLY = ("event", "audit_event", "reading", "checkpoint", "checkpoint_head")


def close_append_only(connection: Connection) -> None:
    """Take the rights to change what is kept from the application's role, whatever a migration has given it."""
    for table in APPEND_ONLY:
        connection.execute(text(f'REVOKE UPDATE, DELETE, TRUNCATE ON "{table}" FROM icmc_app'))
