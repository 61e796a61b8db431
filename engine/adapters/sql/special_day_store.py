"""Days that administrators have added to calendars."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update

from engine.adapters.sql import tables as tb
from engine.stores import StoredDay

DAY, ACTOR = (tb.SpecialDayRow.metadata.tables[name] for name in ("special_day", "actor"))
_COLUMNS = [DAY.c[name] for name in StoredDay._fields if name != "who"]


class SpecialDayStore:
    """Added days in PostgreSQL, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    def live(self, calendar: str | None = None) -> tuple[StoredDay, ...]:
        """List the days that were added and not taken back, in order of date; of every calendar unless one is named."""
        query = select(*_COLUMNS, func.coalesce(ACTOR.c.name, "").label("who"))
        query = query.outerjoin_from(DAY, ACTOR, ACTOR.c.id == DAY.c.added_by).where(DAY.c.removed_at.is_(None))
        if calendar is not None:
            query = query.where(DAY.c.calendar == calendar)
        return tuple(
            StoredDay(**row) for row in self._connection.execute(query.order_by(DAY.c.day, DAY.c.id)).mappings()
        )

    def add(self, day: StoredDay) -> None:
        """Write a day."""
        self._connection.execute(insert(DAY), {k: v for k, v in day._asdict().items() if k != "who"})

    def remove(self, day_id: UUID, *, by: UUID, at: datetime) -> None:
        """Take a day back; it stays in the table with who took it back, and when."""
        self._connection.execute(update(DAY).where(DAY.c.id == day_id).values(removed_by=by, removed_at=at))
