"""Make a case, with all that belongs to it, that of another unit."""

from typing import Final
from uuid import UUID

from sqlalchemy import case, exists, select, update

from engine.adapters.sql import tables as tb
from engine.adapters.sql.store import Store

_TABLES = tb.CaseRow.metadata.tables
WITH_THE_CASE: Final = (
    "report", "run", "step", "answer", "work_item", "draft", "interval", "document", "case_person", "job", "deadline",
    "escalation", "attachment", "consent", "match_alert", "approval_request",
)  # fmt: skip
"""What belongs to the unit that has the case."""

STAYS: Final = (
    "event", "message", "delivery", "referral", "partner_link", "partner_view", "erasure_notice", "grant", "recusal",
    "case_link", "person_merge",
)  # fmt: skip
"""What names the unit that did something, or the one that may see or must not: it stays as it is."""


class TransferStore(Store):
    """The owner of cases in PostgreSQL, within one transaction."""

    def move(self, case_id: UUID, *, to_unit_id: UUID) -> tuple[UUID, ...]:
        """Give a case to another unit: its open items are nobody's, and its persons go along unless others know them.

        Gives the persons that went along. The last thing that a transaction does to a case.
        """
        self._give_items_back(case_id)
        self._take_over_jobs(case_id)
        moved = self._move_persons(case_id, to_unit_id)
        for name in WITH_THE_CASE:
            table = _TABLES[name]
            self._connection.execute(update(table).where(table.c.case_id == case_id).values(unit_id=to_unit_id))
        cases = _TABLES["case"]
        self._connection.execute(update(cases).where(cases.c.id == case_id).values(unit_id=to_unit_id))
        return moved

    def _give_items_back(self, case_id: UUID) -> None:
        item = _TABLES["work_item"]
        open_ones = update(item).where(item.c.case_id == case_id, item.c.status.in_(("ready", "reserved")))
        status = case((item.c.status == "reserved", "ready"), else_=item.c.status)
        changes = {"status": status, "assignee_id": None, "revision": item.c.revision + 1}
        self._connection.execute(open_ones.values(changes))

    def _take_over_jobs(self, case_id: UUID) -> None:
        """Let what was still to be done go on: who asked for it has no part in the case from now on."""
        job = _TABLES["job"]
        waits = job.c.status.in_(("ready", "claimed", "held"))
        self._connection.execute(update(job).where(job.c.case_id == case_id, waits).values(asked_by=None))

    def _move_persons(self, case_id: UUID, to_unit_id: UUID) -> tuple[UUID, ...]:
        person, link = _TABLES["person"], _TABLES["case_person"]
        here = select(link.c.person_id).where(link.c.case_id == case_id)
        elsewhere = exists().where(link.c.person_id == person.c.id, link.c.case_id != case_id)
        moved = update(person).where(person.c.id.in_(here), ~elsewhere).values(unit_id=to_unit_id)
        return tuple(self._connection.execute(moved.returning(person.c.id)).scalars())
