"""What one person asks for and others must answer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from engine.adapters.sql import tables as tb
from engine.adapters.sql.store import Store
from engine.domain.four_eyes import ApprovalRequest

_REQUEST = tb.ApprovalRequestRow.__table__  # type: ignore[attr-defined]
_COLUMNS = [_REQUEST.c[name] for name in ApprovalRequest.model_fields]
_CHANGED = ("agreed", "answered_by", "answered_at", "approved", "ended_reason")
"""What becomes of a request; what was asked for stays as it was."""


class ApprovalStore(Store):
    """Requests for approval in PostgreSQL, within one transaction."""

    def ask(self, request: ApprovalRequest) -> bool:
        """Write a request; one that is there, or another open one about the same, stays and gives False."""
        statement = upsert(_REQUEST).values(_row(request)).on_conflict_do_nothing()
        return self._connection.execute(statement.returning(_REQUEST.c.id)).first() is not None

    def get(self, request_id: UUID) -> ApprovalRequest | None:
        """Load a request and keep others from answering it until the transaction ends."""
        return self._one(_REQUEST.c.id == request_id)

    def open_about(self, kind: str, subject_id: UUID) -> ApprovalRequest | None:
        """Load what waits about something, be it late or not, and keep others from answering it."""
        return self._one(_REQUEST.c.kind == kind, _REQUEST.c.subject_id == subject_id, _REQUEST.c.answered_at.is_(None))

    def open_of(self, kind: str, *, now: datetime) -> tuple[ApprovalRequest, ...]:
        """List what waits of a kind and has not run out, the first that was asked for first."""
        waits = (_REQUEST.c.kind == kind, _REQUEST.c.answered_at.is_(None), _REQUEST.c.expires_at > now)
        query = select(*_COLUMNS).where(*waits).order_by(_REQUEST.c.asked_at, _REQUEST.c.id)
        return tuple(ApprovalRequest.model_validate(dict(row)) for row in self._connection.execute(query).mappings())

    def latest_about(self, kind: str, subject_id: UUID) -> ApprovalRequest | None:
        """Load what was asked about something last, answered or not."""
        query = select(*_COLUMNS).where(_REQUEST.c.kind == kind, _REQUEST.c.subject_id == subject_id)
        row = self._connection.execute(query.order_by(_REQUEST.c.asked_at.desc()).limit(1)).mappings().first()
        return ApprovalRequest.model_validate(dict(row)) if row else None

    def save(self, request: ApprovalRequest) -> bool:
        """Write how a request stands now; gives whether it still waited."""
        waits = update(_REQUEST).where(_REQUEST.c.id == request.id, _REQUEST.c.answered_at.is_(None))
        changed = {name: value for name, value in _row(request).items() if name in _CHANGED}
        return bool(self._connection.execute(waits.values(changed)).rowcount)

    def run_out(self, *, now: datetime, most: int) -> tuple[tuple[UUID, UUID | None], ...]:
        """List what nobody has answered in time, with its case, the earliest first."""
        late = select(_REQUEST.c.id, _REQUEST.c.case_id).where(
            _REQUEST.c.answered_at.is_(None), _REQUEST.c.expires_at <= now
        )
        rows = self._connection.execute(late.order_by(_REQUEST.c.expires_at).limit(most))
        return tuple((row[0], row[1]) for row in rows)

    def _one(self, *conditions: Any) -> ApprovalRequest | None:  # noqa: ANN401 - conditions
        row = self._connection.execute(select(*_COLUMNS).where(*conditions).with_for_update()).mappings().first()
        return ApprovalRequest.model_validate(dict(row)) if row else None


def _row(request: ApprovalRequest) -> Mapping[str, Any]:
    agreed = [one.model_dump(mode="json") for one in request.agreed]
    return request.model_dump() | {"subject": dict(request.subject), "agreed": agreed}
