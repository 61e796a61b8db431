"""Deadlines of which something is due, and the ledger of what ladders did."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text, update

from engine.db.store import Store
from engine.db.tables import TABLES
from engine.deadlines.records.limits import LinkedLevel
from engine.ports import DueDeadline

_COLUMNS = "d.id, d.case_id, d.next_at, d.ladder, d.critical, d.failures"
_FREE = (
    "d.next_at <= :now AND (d.deferred_until IS NULL OR d.deferred_until <= :now)"
    " AND d.id <> ALL(CAST(:others AS uuid[]))"
)
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
        AND (deferred_until IS NULL OR deferred_until <= next_at) ORDER BY next_at LIMIT 1)
    SELECT least((SELECT next_at FROM free), (SELECT min(deferred_until) FROM deadline WHERE status = 'open'
        AND deferred_until > next_at AND next_at <= coalesce((SELECT next_at FROM free), 'infinity')))
""")
_HOLD = text("UPDATE deadline SET failures = failures + 1, deferred_until = :until WHERE id = :id")
_RELEASE = text("UPDATE deadline SET failures = 0, deferred_until = NULL WHERE id = :id")
_RELEASE_ALL = text("UPDATE deadline SET deferred_until = NULL WHERE status = 'open' AND deferred_until IS NOT NULL")


class DeadlineStore(Store):
    """Due deadlines in PostgreSQL, within one transaction."""

    def due(self, *, now: datetime, most: int, besides: Iterable[UUID] = ()) -> tuple[DueDeadline, ...]:
        """List the deadlines of which something is due: the critical ones first, then the oldest."""
        rows = self._connection.execute(_DUE, {"now": now, "most": most, "others": list(besides)})
        return tuple(DueDeadline(*row) for row in rows)

    def next_at(self) -> datetime | None:
        """Return the instant at which something is due next, or tried again; it may lie in the past."""
        found: datetime | None = self._connection.execute(_NEXT).scalar()
        return found

    def hold(self, deadline_id: UUID, *, until: datetime) -> None:
        """Set a deadline aside for a while that could not be fired, so that the others go on."""
        self._connection.execute(_HOLD, {"id": deadline_id, "until": until})

    def release(self, deadline_id: UUID) -> None:
        """Say that a deadline that had been set aside was fired after all."""
        self._connection.execute(_RELEASE, {"id": deadline_id})

    def release_all(self) -> int:
        """Let every deadline that was set aside be tried again at once; returns how many."""
        return self._connection.execute(_RELEASE_ALL).rowcount


_ESCALATION, _MESSAGE = TABLES["escalation"], TABLES["message"]


class LedgerStore(Store):
    """The ledger in PostgreSQL, within one transaction."""

    def who_was_told(self, deadline_id: UUID) -> frozenset[UUID]:
        """Return everybody whom a level of a deadline's ladder has told."""
        person = func.unnest(_ESCALATION.c.recipient_ids)
        return frozenset(
            self._connection.execute(select(person).where(_ESCALATION.c.deadline_id == deadline_id)).scalars()
        )

    def by_link(self, link_hash: str) -> LinkedLevel | None:
        """Find the deadline, and the recipient, of the message that an opaque link was made for, by its hash."""
        query = (
            select(_ESCALATION.c.deadline_id, _ESCALATION.c.case_id, _MESSAGE.c.recipient_id)
            .join(_ESCALATION, _ESCALATION.c.id == _MESSAGE.c.escalation_id)
            .where(_MESSAGE.c.link_hash == link_hash)
        )
        row = self._connection.execute(query).first()
        return LinkedLevel(*row) if row else None

    def acknowledge(self, deadline_id: UUID, *, by: UUID, at: datetime) -> int:
        """Say that the levels that have told somebody so far have been seen; returns how many that is news of."""
        done = self._connection.execute(
            update(_ESCALATION)
            .where(
                _ESCALATION.c.deadline_id == deadline_id, _ESCALATION.c.acknowledged_at.is_(None),
                func.cardinality(_ESCALATION.c.recipient_ids) > 0,
            )
            .values(acknowledged_at=at, acknowledged_by=by)
        )  # fmt: skip
        return int(done.rowcount)
