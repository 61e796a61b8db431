"""Keyed marks of hours and networks of sign-ins, and whether a browser is known."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from engine.db.store import Store
from engine.db.tables import TABLES
from engine.sign_in.records import Habit, Sort

_HABIT, _DEVICE = TABLES["sign_in_habit"], TABLES["known_device"]


class SignInHabitStore(Store):
    """By what sign-ins are known again in PostgreSQL, within one transaction."""

    def of(self, actor_id: UUID) -> Sequence[Habit]:
        """Load the marks of somebody."""
        query = select(_HABIT.c.sort, _HABIT.c.mark, _HABIT.c.count, _HABIT.c.first_seen_at)
        rows = self._connection.execute(query.where(_HABIT.c.actor_id == actor_id))
        return tuple(Habit(Sort(row[0]), bytes(row[1]), row[2], row[3]) for row in rows)

    def note(self, actor_id: UUID, marks: Mapping[bytes, Sort], *, at: datetime) -> None:
        """Note that these marks came once more."""
        for mark, sort in sorted(marks.items()):
            statement = upsert(_HABIT).values(
                actor_id=actor_id, mark=mark, sort=sort.value, count=1, first_seen_at=at, seen_at=at
            )
            more = {"count": _HABIT.c.count + 1, "seen_at": at}
            self._connection.execute(statement.on_conflict_do_update(index_elements=("actor_id", "mark"), set_=more))

    def is_new_device(self, actor_id: UUID, mark_hash: bytes) -> bool:
        """Return whether somebody who has browsers does not have this one."""
        mine = select(_DEVICE.c.mark_hash).where(_DEVICE.c.actor_id == actor_id)
        known = {bytes(row[0]) for row in self._connection.execute(mine)}
        return bool(known) and mark_hash not in known

    def forget(self, actor_id: UUID) -> None:
        """Forget the marks and the browsers of somebody: the next sign-in is like a first one."""
        for table in (_HABIT, _DEVICE):
            self._connection.execute(delete(table).where(table.c.actor_id == actor_id))

    def forget_marks(self) -> None:
        """Forget the marks of everybody, but no browser: those by a key that is gone would fit nothing any more."""
        self._connection.execute(delete(_HABIT))

    def forget_old(self, *, before: datetime) -> int:
        """Forget the marks that last came before an instant; returns how many."""
        return self._connection.execute(delete(_HABIT).where(_HABIT.c.seen_at < before)).rowcount
