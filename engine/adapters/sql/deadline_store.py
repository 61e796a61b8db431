"""Deadlines of which something is due: found by index, taken one by one."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from engine.ports import DueDeadline

_COLUMNS = "d.id, d.case_id, d.next_at, d.ladder, d.critical, d.failures"
_FREE = "d.next_at <= :now AND (d.held_until IS NULL OR d.held_until <= :now) AND d.id <> ALL(CAST(:besides AS uuid[]))"
_DUE = text(f"""
    (SELECT {_COLUMNS} FROM deadline d WHERE d.status = 'open' AND d.critical AND d.next_at IS NOT NULL AND {_FREE}
        ORDER BY d.next_at LIMIT :most)
    UNION ALL
    (SELECT {_COLUMNS} FROM deadline d WHERE d.status = 'open' AND NOT d.critical AND d.next_at IS NOT NULL AND {_FREE}
        ORDER BY d.next_at LIMIT :most)
    ORDER BY critical DESC, next_at, id LIMIT :most
""")
_NEXT = text("""
    WITH free AS (SELECT next_at FROM deadline WHERE status = 'open' AND next_at IS NOT NULL
        AND (held_until IS NULL OR held_until <= next_at) ORDER BY next_at LIMIT 1)
    SELECT least((SELECT next_at FROM free), (SELECT min(held_until) FROM deadline WHERE status = 'open'
        AND held_until > next_at AND next_at <= coalesce((SELECT next_at FROM free), 'infinity')))
""")
_HOLD = text("UPDATE deadline SET failures = failures + 1, held_until = :until WHERE id = :id")
_RELEASE = text("UPDATE deadline SET failures = 0, held_until = NULL WHERE id = :id")
_RELEASE_ALL = text("UPDATE deadline SET held_until = NULL WHERE status = 'open' AND held_until IS NOT NULL")


class DeadlineStore:
    """Due deadlines in PostgreSQL, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    def due(self, *, now: datetime, most: int, besides: Iterable[UUID] = ()) -> tuple[DueDeadline, ...]:
        """List the deadlines of which something is due: the critical ones first, then the oldest."""
        rows = self._connection.execute(_DUE, {"now": now, "most": most, "besides": list(besides)})
        return tuple(DueDeadline(*row) for row in rows)

    def next_at(self) -> datetime | None:
        """Give the instant at which something is due next, or tried again; it may lie in the past."""
        found: datetime | None = self._connection.execute(_NEXT).scalar()
        return found

    def hold(self, deadline_id: UUID, *, until: datetime) -> None:
        """Set a deadline aside for a while that could not be fired, so that the others go on."""
        self._connection.execute(_HOLD, {"id": deadline_id, "until": until})

    def release(self, deadline_id: UUID) -> None:
        """Say that a deadline that had been set aside was fired after all."""
        self._connection.execute(_RELEASE, {"id": deadline_id})

    def release_all(self) -> int:
        """Let every deadline that was set aside be tried again at once; gives how many."""
        return self._connection.execute(_RELEASE_ALL).rowcount
