"""What every question is given: a read-only connection, the present time, and what definitions say."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Executable, RowMapping

from engine.adapters.sql.queries.known import Known
from engine.ports import Vault

Row = RowMapping
"""One row by the names of its columns."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One question in its own transaction: all of its statements see the same state of the database."""

    connection: Connection
    now: datetime
    known: Known
    vault: Vault

    def rows(self, statement: Executable) -> list[Row]:
        """Give all rows."""
        return list(self.connection.execute(statement).mappings())

    def first(self, statement: Executable) -> Row | None:
        """Give the first row, or None."""
        return self.connection.execute(statement).mappings().first()

    def count(self, statement: Executable) -> int:
        """Give the number that a statement counts."""
        return int(self.connection.execute(statement).scalar_one())
