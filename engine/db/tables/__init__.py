"""The tables. Records hold fields and rules; rows add what only the database must know."""

from sqlmodel import SQLModel

from engine.db.tables import (
    access,
    audit,
    cases,
    installation,
    keys,
    messages,
    people,
    persons,
    retention,
    sharing,
    sign_in,
    time,
)

__all__ = [
    "METADATA", "TABLES", "access", "audit", "cases", "installation", "keys", "messages", "people", "persons",
    "retention", "sharing", "sign_in", "time",
]  # fmt: skip

METADATA = SQLModel.metadata
TABLES = METADATA.tables
"""Each table by its name."""
