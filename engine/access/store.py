"""Requests to see a case that is not one's own."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, insert, select, update

from engine.approvals.records import EmergencyRequest, OpenEmergency
from engine.cases.records import written_number
from engine.db.store import Store
from engine.db.tables import TABLES

_EMERGENCY, _CASE = TABLES["emergency_access"], TABLES["case"]
_GRANT = TABLES["grant"]
_KEPT = [_EMERGENCY.c[name] for name in ("id", "actor_id", "case_id", "grant_id", "approval_id", "asked_at")]


class EmergencyAccessStore(Store):
    """Emergency access in PostgreSQL, within one transaction. What was typed is under a key of the request's own."""

    def case_of_number(self, number: str) -> UUID | None:
        """Find a case by its whole number, whoever may see it; None when there is none."""
        query = select(_CASE.c.id).where(_CASE.c.number == written_number(number))
        found: UUID | None = self._connection.execute(query).scalar()
        return found

    def add(self, request: EmergencyRequest, *, words: str) -> None:
        """Write a request, its words and its number sealed."""
        row = request._asdict()
        typed = {"encrypted_words": words, "encrypted_number": row.pop("number")}
        restricted = {
            column: self._vault.encrypt(
                text, key_of=request.id, table="emergency_access", row=request.id, column=column
            )
            for column, text in typed.items()
        }
        self._connection.execute(insert(_EMERGENCY), row | restricted)

    def get(self, request_id: UUID) -> OpenEmergency | None:
        """Load a request that opened a case."""
        query = select(*_KEPT).where(_EMERGENCY.c.id == request_id, _EMERGENCY.c.grant_id.is_not(None))
        return self._record(OpenEmergency, query)

    def unanswered(self, *, before: datetime) -> tuple[OpenEmergency, ...]:
        """List what was opened before an instant, that nobody has confirmed and of which nobody above was told."""
        query = (
            select(*_KEPT)
            .join(_GRANT, _GRANT.c.id == _EMERGENCY.c.grant_id)
            .where(_EMERGENCY.c.flagged_at.is_(None), _EMERGENCY.c.asked_at <= before, _GRANT.c.second_at.is_(None))
        )
        return self._records(OpenEmergency, query.order_by(_EMERGENCY.c.asked_at))

    def flag(self, request_id: UUID, *, at: datetime) -> None:
        """Write that those above were told."""
        self._connection.execute(update(_EMERGENCY).where(_EMERGENCY.c.id == request_id).values(flagged_at=at))

    def asked_since(self, since: datetime, *, at_least: int) -> tuple[tuple[UUID, int], ...]:
        """Count who has asked often since an instant, whether there were such cases or not."""
        count = func.count().label("count")
        query = (
            select(_EMERGENCY.c.actor_id, count).where(_EMERGENCY.c.asked_at >= since).group_by(_EMERGENCY.c.actor_id)
        )
        return tuple((row[0], row[1]) for row in self._connection.execute(query.having(count >= at_least)))
