"""Deadlines of which something is due: found by index, taken one by one."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from engine.ports import DueDeadline

_DUE = text("""
    SELECT d.id, d.case_id, d.next_at, d.ladder FROM deadline d
    WHERE d.status = 'open' AND d.next_at <= :now AND (d.held_until IS NULL OR d.held_until <= :now)
    ORDER BY d.next_at LIMIT :most
""")
_NEXT = text("""
    WITH free AS (SELECT next_at FROM deadline WHERE status = 'open' AND next_at IS NOT NULL
        AND (held_until IS NULL OR held_until <= next_at) ORDER BY next_at LIMIT 1)
    SELECT least((SELECT next_at FROM free), (SELECT min(held_until) FROM deadline WHERE status = 'open'
        AND held_until > next_at AND next_at <= coalesce((SELECT next_at FROM free), 'infinity')))
""")
_TRY_CASE = text('SELECT 1 FROM "case" WHERE id = :case FOR UPDATE SKIP LOCKED')
_HOLD = text("""
    UPDATE deadline SET failures = failures + 1, held_until = :until WHERE id = :id
""")


class DeadlineStore:
    """Due deadlines in PostgreSQL, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    def due(self, *, now: datetime, most: int) -> tuple[DueDeadline, ...]:
        """List the deadlines of which something is due, the oldest first."""
        rows = self._connection.execute(_DUE, {"now": now, "most": most})
        return tuple(DueDeadline(row.id, row.case_id, row.next_at, row.ladder) for row in rows)

    def next_at(self) -> datetime | None:
        """Give the instant at which something is due next, or tried again; it may lie in the past."""
        found: datetime | None = self._connection.execute(_NEXT).scalar()
        return found

    def try_case(self, case_id: UUID) -> bool:
        """Take a case's lock if it is free; False when another holds it: its deadlines come with the next pass."""
        return self._connection.execute(_TRY_CASE, {"case": case_id}).first() is not None

    def hold(self, deadline_id: UUID, *, until: datetime) -> None:
        """Set a deadline aside for a while that could not be fired, so that the others go on."""
        self._connection.execute(_HOLD, {"id": deadline_id, "until": until})
