"""Who is on call, and who is away."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from engine.db.store import Store, columns
from engine.db.tables import TABLES
from engine.people.records import Absence, Shift

_ABSENCE, _SHIFT = TABLES["absence"], TABLES["shift"]
_ITEM = TABLES["work_item"]
_ACTOR = TABLES["actor"]
_ABSENCE_COLUMNS = columns(_ABSENCE, Absence)
_SHIFT_COLUMNS = columns(_SHIFT, Shift)


class DutyStore(Store):
    """Shifts and absences in PostgreSQL, within one transaction."""

    def add_shift(self, shift: Shift, *, by: UUID | None, at: datetime) -> None:
        """Write a shift."""
        self._connection.execute(upsert(_SHIFT).values(shift.model_dump() | {"noted_by": by, "noted_at": at}))

    def shift(self, shift_id: UUID) -> Shift | None:
        """Load a shift that was not called off."""
        return next(iter(self._shifts(_SHIFT.c.id == shift_id)), None)

    def shifts(self, unit_id: UUID, *, since: datetime) -> tuple[Shift, ...]:
        """Load the shifts of a unit that end after an instant, the earliest first."""
        return self._shifts(_SHIFT.c.unit_id == unit_id, _SHIFT.c.ends_at > since)

    def on_call(self, unit_id: UUID, *, at: datetime) -> tuple[Shift, ...]:
        """Load the shifts of a unit that cover an instant."""
        return self._shifts(_SHIFT.c.unit_id == unit_id, _SHIFT.c.starts_at <= at, _SHIFT.c.ends_at > at)

    def end_shift(self, shift_id: UUID, *, at: datetime) -> None:
        """Let a shift end at an instant."""
        self._connection.execute(update(_SHIFT).where(_SHIFT.c.id == shift_id).values(ends_at=at))

    def cancel_shift(self, shift_id: UUID, *, at: datetime) -> None:
        """Call a shift off."""
        self._connection.execute(update(_SHIFT).where(_SHIFT.c.id == shift_id).values(cancelled_at=at))

    def add_absence(self, absence: Absence, *, by: UUID | None, at: datetime) -> None:
        """Write an absence."""
        self._connection.execute(upsert(_ABSENCE).values(absence.model_dump() | {"noted_by": by, "noted_at": at}))

    def absence(self, absence_id: UUID) -> Absence | None:
        """Load an absence that was not called off."""
        return next(iter(self._absences(_ABSENCE.c.id == absence_id)), None)

    def absences(self, actor_id: UUID, *, since: datetime) -> tuple[Absence, ...]:
        """Load the absences of somebody that end after an instant, the earliest first."""
        return self._absences(_ABSENCE.c.actor_id == actor_id, _ABSENCE.c.ends_at > since)

    def away(self, actor_ids: Collection[UUID], *, at: datetime) -> Mapping[UUID, Absence]:
        """Load which of these people are away at an instant."""
        if not actor_ids:
            return {}
        here = (_ABSENCE.c.actor_id.in_(list(actor_ids)), _ABSENCE.c.starts_at <= at, _ABSENCE.c.ends_at > at)
        return {absence.actor_id: absence for absence in self._absences(*here)}

    def end_absence(self, absence_id: UUID, *, at: datetime) -> None:
        """Let an absence end at an instant; one that has not begun is called off."""
        ended = update(_ABSENCE).where(_ABSENCE.c.id == absence_id)
        self._connection.execute(ended.where(_ABSENCE.c.starts_at < at).values(ends_at=at))
        self._connection.execute(ended.where(_ABSENCE.c.starts_at >= at).values(cancelled_at=at))

    def who_cannot_act(self, *, at: datetime) -> tuple[UUID, ...]:
        """List who has claimed items and is disabled, or away at an instant."""
        away = select(_ABSENCE.c.actor_id).where(
            _ABSENCE.c.cancelled_at.is_(None), _ABSENCE.c.starts_at <= at, _ABSENCE.c.ends_at > at
        )
        claimed = select(_ITEM.c.assignee_id).where(_ITEM.c.status == "reserved")
        query = select(_ACTOR.c.id).where(
            _ACTOR.c.id.in_(claimed), (_ACTOR.c.disabled.is_(True)) | (_ACTOR.c.id.in_(away))
        )
        return tuple(self._connection.execute(query.order_by(_ACTOR.c.id)).scalars())

    def items_of(self, actor_id: UUID) -> tuple[tuple[UUID, UUID], ...]:
        """List the open items that somebody has claimed: item and case, the oldest first."""
        query = select(_ITEM.c.id, _ITEM.c.case_id).where(_ITEM.c.assignee_id == actor_id, _ITEM.c.status == "reserved")
        rows = self._connection.execute(query.order_by(_ITEM.c.opened_at, _ITEM.c.id))
        return tuple((row[0], row[1]) for row in rows)

    def _shifts(self, *conditions: object) -> tuple[Shift, ...]:
        query = select(*_SHIFT_COLUMNS).where(_SHIFT.c.cancelled_at.is_(None), *conditions)  # type: ignore[arg-type]
        return self._records(Shift, query.order_by(_SHIFT.c.starts_at, _SHIFT.c.id))

    def _absences(self, *conditions: object) -> tuple[Absence, ...]:
        query = select(*_ABSENCE_COLUMNS).where(
            _ABSENCE.c.cancelled_at.is_(None),
            *conditions,  # type: ignore[arg-type]
        )
        return self._records(Absence, query.order_by(_ABSENCE.c.starts_at, _ABSENCE.c.id))
