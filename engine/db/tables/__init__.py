"""The tables. Records hold fields and rules; rows add what only the database must know."""

from sqlmodel import SQLModel

from engine.db.tables import audit, cases, installation, people, persons, sharing

__all__ = ["METADATA", "TABLES", "audit", "cases", "installation", "people", "persons", "sharing"]

METADATA = SQLModel.metadata
TABLES = METADATA.tables
"""Each table by its name."""
