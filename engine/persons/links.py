"""How cases and persons belong together: links, merges, splits."""

from typing import Any
from uuid import UUID

from sqlalchemy import insert, or_, select, update

from engine.core.case_links import CaseLink
from engine.db import tables as tb
from engine.db.store import Store

_LINK = tb.CaseRow.metadata.tables["case_link"]
_COLUMNS = [_LINK.c[name] for name in CaseLink.model_fields]
_FIXED = frozenset({"id", "case_id", "other_case_id", "unit_id", "kind", "asked_by", "asked_at"})
"""What a link says once and for ever."""


class LinkStore(Store):
    """Links between cases in PostgreSQL, within one transaction. None is ever deleted."""

    def add(self, link: CaseLink) -> None:
        """Write a link."""
        self._connection.execute(insert(_LINK).values(_row(link)))

    def save(self, link: CaseLink) -> None:
        """Write what became of a link."""
        changed = {name: value for name, value in _row(link).items() if name not in _FIXED}
        self._connection.execute(update(_LINK).where(_LINK.c.id == link.id).values(changed))

    def get(self, link_id: UUID) -> CaseLink | None:
        """Load a link, and keep others from answering or ending it until the transaction ends."""
        row = self._connection.execute(select(*_COLUMNS).where(_LINK.c.id == link_id).with_for_update()).mappings()
        found = row.first()
        return CaseLink.model_validate(dict(found)) if found else None

    def live_of(self, case_id: UUID) -> tuple[CaseLink, ...]:
        """Load the links of a case that hold or wait for an answer, from either side, the earliest first."""
        mine = or_(_LINK.c.case_id == case_id, _LINK.c.other_case_id == case_id)
        query = select(*_COLUMNS).where(mine, _LINK.c.ended_at.is_(None)).order_by(_LINK.c.asked_at, _LINK.c.id)
        return tuple(CaseLink.model_validate(dict(row)) for row in self._connection.execute(query).mappings())


def _row(link: CaseLink) -> dict[str, Any]:
    held = [[str(item), str(who) if who else None] for item, who in link.held_items]
    return link.model_dump() | {"kind": link.kind.value, "held_items": held}
