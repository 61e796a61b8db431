"""What the application's role can never take away, whatever a migration has given it."""

from sqlalchemy import Connection, text

APPEND_ONLY = ("event", "audit_event", "reading", "checkpoint", "checkpoint_head")
"""The tables to which it may only add: nothing that is kept there can be changed or removed by it."""
RESEALED = {"event": "sealed_body"}
"""What of them it may seal again under a newer key of its case; the chain binds what is in it, not the seal."""
NEVER_REMOVED = ("data_key",)
"""The tables whose rows it may change and never remove: a key is destroyed by erasing it, and that leaves a trace.

Rotations and turns of periods write `wrapped`, `wrapped_by` and `period` of a key anew, as this role.
"""


def close_append_only(connection: Connection) -> None:
    """Take the rights to change or remove what is kept from the application's role."""
    for table in APPEND_ONLY:
        connection.execute(text(f'REVOKE UPDATE, DELETE, TRUNCATE ON "{table}" FROM icmc_app'))
    for table, column in RESEALED.items():
        connection.execute(text(f'GRANT UPDATE ({column}) ON "{table}" TO icmc_app'))
    for table in NEVER_REMOVED:
        connection.execute(text(f'REVOKE DELETE, TRUNCATE ON "{table}" FROM icmc_app'))
