"""Changes after which open deadlines are counted again: which there are, whom they concern, how far each has come."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, text

from engine.adapters.sql import tables as tb
from engine.adapters.sql.store import Store
from engine.stores import OpenRecount

RECOUNT = tb.RecountRow.__table__  # type: ignore[attr-defined]
_COLUMNS = [RECOUNT.c[name] for name in OpenRecount._fields]
_OF_CALENDAR = """EXISTS (SELECT 1 FROM deadline d WHERE d.case_id = c.id AND d.status = 'open'
    AND d.calendar IN (CAST(:name AS text), split_part(CAST(:name AS text), '-', 1)))"""
_OF_LADDER = """EXISTS (SELECT 1 FROM deadline d WHERE d.case_id = c.id AND d.status = 'open' AND d.ladder = :name)"""
_OF_LAW = "EXISTS (SELECT 1 FROM run r WHERE r.case_id = c.id AND r.status = 'open')"
_CONCERNED = {
    kind: text(
        f"""SELECT c.id FROM "case" c WHERE c.status = 'open'
        AND (CAST(:after AS uuid) IS NULL OR c.id > CAST(:after AS uuid)) AND {condition}
        AND (CAST(:units AS uuid[]) IS NULL OR c.unit_id = ANY (CAST(:units AS uuid[])))
        ORDER BY c.id LIMIT :most"""
    )
    for kind, condition in (("calendar", _OF_CALENDAR), ("ladder", _OF_LADDER), ("law", _OF_LAW))
}
"""A law may be named by any step of any run, reached or not; the others by a deadline that runs."""
_WENT_ON = text("""
    UPDATE recount SET after_case_id = :case, cases = cases + 1, moved = moved + :moved
    WHERE id = :id AND (after_case_id IS NULL OR after_case_id < :case)
""")
_DONE = text("UPDATE recount SET done_at = coalesce(done_at, :at) WHERE id = :id")


class RecountStore(Store):
    """Recounts in PostgreSQL, within one transaction."""

    def ask(self, recount_id: UUID, *, kind: str, name: str, by: UUID, at: datetime) -> None:
        """Ask that the open deadlines that a change concerns are counted again."""
        row = {"id": recount_id, "kind": kind, "name": name, "asked_by": by, "asked_at": at, "cases": 0, "moved": 0}
        self._connection.execute(insert(RECOUNT), row)

    def open(self) -> tuple[OpenRecount, ...]:
        """List the recounts that are not done, the oldest first."""
        query = select(*_COLUMNS).where(RECOUNT.c.done_at.is_(None)).order_by(RECOUNT.c.asked_at, RECOUNT.c.id)
        return tuple(OpenRecount(*row) for row in self._connection.execute(query))

    def concerned(
        self, kind: str, name: str, *, after: UUID | None, most: int, unit_ids: Collection[UUID] | None = None
    ) -> tuple[UUID, ...]:
        """List open cases that a change may concern, of all units or some, by id, those after one looked at already."""
        units = None if unit_ids is None else list(unit_ids)
        values = {"name": name, "after": after, "most": most, "units": units}
        return tuple(row.id for row in self._connection.execute(_CONCERNED[kind], values))

    def went_on(self, recount_id: UUID, *, case_id: UUID, moved: int) -> None:
        """Keep that a case was looked at; a second time changes nothing."""
        self._connection.execute(_WENT_ON, {"id": recount_id, "case": case_id, "moved": moved})

    def done(self, recount_id: UUID, *, at: datetime) -> None:
        """Say that every case was looked at."""
        self._connection.execute(_DONE, {"id": recount_id, "at": at})
