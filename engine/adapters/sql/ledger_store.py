"""Reading the ledger of escalations: who was told of a deadline, and which line a link belongs to."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update

from engine.adapters.sql import tables as tb
from engine.adapters.sql.store import Store
from engine.stores import LinkedLevel

_ESCALATION, _MESSAGE = tb.EscalationRow.__table__, tb.MessageRow.__table__  # type: ignore[attr-defined]


class LedgerStore(Store):
    """The ledger in PostgreSQL, within one transaction."""

    def who_was_told(self, deadline_id: UUID) -> frozenset[UUID]:
        """Give everybody whom a level of a deadline's ladder has told."""
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
        """Say that the levels that have told somebody so far have been seen; gives how many that is news of."""
        done = self._connection.execute(
            update(_ESCALATION)
            .where(
                _ESCALATION.c.deadline_id == deadline_id, _ESCALATION.c.acknowledged_at.is_(None),
                func.cardinality(_ESCALATION.c.recipient_ids) > 0,
            )
            .values(acknowledged_at=at, acknowledged_by=by)
        )  # fmt: skip
        return int(done.rowcount)
