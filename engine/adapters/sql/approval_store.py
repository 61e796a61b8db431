"""What one person asks for and a second one must answer."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from engine.adapters.sql import tables as tb
from engine.domain.four_eyes import ApprovalRequest

_REQUEST = tb.ApprovalRequestRow.__table__  # type: ignore[attr-defined]
_COLUMNS = [_REQUEST.c[name] for name in ApprovalRequest.model_fields]


class ApprovalStore:
    """Requests for approval in PostgreSQL, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    def ask(self, request: ApprovalRequest) -> bool:
        """Write a request once; a second one with the same id changes nothing and gives False."""
        row = request.model_dump() | {"subject": dict(request.subject)}
        statement = upsert(_REQUEST).values(row).on_conflict_do_nothing()
        return self._connection.execute(statement.returning(_REQUEST.c.id)).first() is not None

    def get(self, request_id: UUID) -> ApprovalRequest | None:
        """Load a request and keep others from answering it until the transaction ends."""
        rows = self._connection.execute(
            select(*_COLUMNS).where(_REQUEST.c.id == request_id).with_for_update()
        ).mappings()
        return next((ApprovalRequest.model_validate(dict(row)) for row in rows), None)

    def answer(self, request_id: UUID, *, by: UUID, approved: bool, at: datetime) -> bool:
        """Write how a request was answered; gives whether it still waited."""
        waits = update(_REQUEST).where(
            _REQUEST.c.id == request_id, _REQUEST.c.answered_at.is_(None), _REQUEST.c.expires_at > at
        )
        values = {"answered_by": by, "approved": approved, "answered_at": at}
        return bool(self._connection.execute(waits.values(values)).rowcount)

    def open_for(self, unit_ids: Collection[UUID], *, now: datetime) -> tuple[ApprovalRequest, ...]:
        """Load what waits for an answer in some units, the earliest first."""
        return self._waiting(_REQUEST.c.unit_id.in_(list(unit_ids)), now)

    def open_of_case(self, case_id: UUID, *, now: datetime) -> tuple[ApprovalRequest, ...]:
        """Load what waits for an answer in a case, the earliest first."""
        return self._waiting(_REQUEST.c.case_id == case_id, now)

    def _waiting(self, condition: object, now: datetime) -> tuple[ApprovalRequest, ...]:
        query = select(*_COLUMNS).where(condition, _REQUEST.c.answered_at.is_(None), _REQUEST.c.expires_at > now)  # type: ignore[arg-type]
        rows = self._connection.execute(query.order_by(_REQUEST.c.asked_at, _REQUEST.c.id)).mappings()
        return tuple(ApprovalRequest.model_validate(dict(row)) for row in rows)
