"""Days that administrators have added to calendars; their names and reasons are sealed."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, func, insert, select, update

from engine.db import tables as tb
from engine.db.store import Store
from engine.definitions.records import StoredDay
from engine.ports import JsonValue

DAY, ACTOR = (tb.SpecialDayRow.metadata.tables[name] for name in ("special_day", "actor"))
_WORDS: Final = "sealed_words"
_TYPED: Final = ("name", "reason")
_COLUMNS = [DAY.c[name] for name in StoredDay._fields if name not in {"who", *_TYPED}]


class SpecialDayStore(Store):
    """Added days in PostgreSQL, within one transaction."""

    def live(self, calendar: str | None = None) -> tuple[StoredDay, ...]:
        """List the days that were added and not taken back, in order of date; of every calendar unless one is named."""
        query = select(*_COLUMNS, DAY.c[_WORDS], func.coalesce(ACTOR.c.name, "").label("who"))
        query = query.outerjoin_from(DAY, ACTOR, ACTOR.c.id == DAY.c.added_by).where(DAY.c.removed_at.is_(None))
        if calendar is not None:
            query = query.where(DAY.c.calendar == calendar)
        rows = self._connection.execute(query.order_by(DAY.c.day, DAY.c.id)).mappings().all()
        return tuple(self._day(row) for row in rows)

    def add(self, day: StoredDay) -> None:
        """Write a day."""
        row = {name: value for name, value in day._asdict().items() if name not in {"who", *_TYPED}}
        typed: dict[str, JsonValue] = {"name": day.name, "reason": day.reason}
        row[_WORDS] = self._vault.seal(typed, key_of=day.id, table="special_day", row=day.id, column=_WORDS)
        self._connection.execute(insert(DAY), row)

    def remove(self, day_id: UUID, *, by: UUID, at: datetime) -> None:
        """Take a day back; it stays in the table with who took it back, and when."""
        self._connection.execute(update(DAY).where(DAY.c.id == day_id).values(removed_by=by, removed_at=at))

    def _day(self, row: RowMapping) -> StoredDay:
        known: dict[str, Any] = dict(row)
        opened: Any = self._vault.unseal(known.pop(_WORDS), table="special_day", row=row["id"], column=_WORDS)
        return StoredDay(**(known | {name: str(opened[name]) for name in _TYPED}))
