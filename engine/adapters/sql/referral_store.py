"""Referrals: work of a case that is offered to another unit, and what came back."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from engine.adapters.sql import tables as tb
from engine.domain.referral import KIND, Referral

_REFERRAL, _UNIT = tb.ReferralRow.__table__, tb.UnitRow.__table__  # type: ignore[attr-defined]
_COLUMNS = [_REFERRAL.c[name] for name in Referral.model_fields]
_LIVE = ("offered", "accepted")


class ReferralStore:
    """Referrals in PostgreSQL, within one transaction. No field of a case is kept in them."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    def add(self, referral: Referral) -> bool:
        """Write a referral once; a second one with the same id changes nothing and gives False."""
        statement = upsert(_REFERRAL).values(referral.model_dump() | {"fields": []}).on_conflict_do_nothing()
        return self._connection.execute(statement.returning(_REFERRAL.c.id)).first() is not None

    def get(self, referral_id: UUID) -> Referral | None:
        """Load a referral."""
        found = self._all(_REFERRAL.c.id == referral_id)
        return found[0] if found else None

    def of_case(self, case_id: UUID) -> tuple[Referral, ...]:
        """Load the referrals of a case, the earliest first."""
        return self._all(_REFERRAL.c.case_id == case_id)

    def answer(self, referral_id: UUID, *, status: str, by: UUID | None, at: datetime, reason_code: str = "") -> None:
        """Write how a referral was answered, or that it was called back."""
        changes = {"status": status, "answered_by": by, "answered_at": at, "reason_code": reason_code}
        self._connection.execute(update(_REFERRAL).where(_REFERRAL.c.id == referral_id).values(changes))

    def partner_of(self, case_id: UUID, step_id: UUID) -> UUID | None:
        """Give the unit that a step, or else its case, was referred to last and that has not declined."""
        asked = (_REFERRAL.c.kind == KIND, _REFERRAL.c.to_unit_id.is_not(None), _REFERRAL.c.status.in_(_LIVE))
        query = select(_REFERRAL.c.to_unit_id).where(
            _REFERRAL.c.case_id == case_id, *asked, or_(_REFERRAL.c.step_id == step_id, _REFERRAL.c.step_id.is_(None))
        )
        newest = (_REFERRAL.c.step_id.is_(None), _REFERRAL.c.sent_at.desc(), _REFERRAL.c.id)
        found: UUID | None = self._connection.execute(query.order_by(*newest).limit(1)).scalar()
        return found

    def partners(self, jurisdiction: str, *, but: Collection[UUID]) -> tuple[UUID, ...]:
        """List the units of a place, its own first and then those of its country, without those named."""
        country = jurisdiction.partition("-")[0]
        of_place = or_(_UNIT.c.jurisdiction == country, _UNIT.c.jurisdiction.like(f"{country}-%"))
        query = select(_UNIT.c.id).where(of_place, _UNIT.c.id.not_in(list(but)))
        order = (_UNIT.c.jurisdiction != jurisdiction, _UNIT.c.name, _UNIT.c.id)
        return tuple(self._connection.execute(query.order_by(*order)).scalars())

    def _all(self, *conditions: object) -> tuple[Referral, ...]:
        asked = (_REFERRAL.c.kind == KIND, _REFERRAL.c.to_unit_id.is_not(None))
        query = select(*_COLUMNS).where(*asked, *conditions)  # type: ignore[arg-type]
        rows = self._connection.execute(query.order_by(_REFERRAL.c.sent_at, _REFERRAL.c.id)).mappings()
        return tuple(Referral.model_validate(dict(row)) for row in rows)
