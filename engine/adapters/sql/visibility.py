"""Which cases a viewer sees, as one SQL condition that every question about cases goes through."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, true

from engine.adapters.sql import tables as tb
from engine.adapters.sql.sealing import sealed_from
from engine.domain.policy import Viewer, visible_units

CASE = tb.CaseRow.metadata.tables["case"]
GRANT = tb.GrantRow.metadata.tables["grant"]


def visible_to(viewer: Viewer, *, now: datetime) -> ColumnElement[bool]:
    """Give the condition on `case` that holds for the cases that the viewer's units registered or were granted."""
    if viewer.is_system:
        return true()
    units = visible_units(viewer)
    if not units:
        return false()
    is_theirs = or_(CASE.c.unit_id.in_(sorted(units)), CASE.c.id.in_(granted_to(viewer, now=now)))
    return and_(is_theirs, ~sealed_from(viewer.actor_id, CASE.c.id))


def granted_to(viewer: Viewer, *, now: datetime) -> Select[tuple[UUID]]:
    """Select the ids of the cases that were granted to the viewer's units.

    A grant counts until it is ended, and before `valid_until`.
    """
    return select(GRANT.c.case_id).where(
        GRANT.c.unit_id.in_(sorted(visible_units(viewer))),
        GRANT.c.ended_at.is_(None),
        or_(GRANT.c.valid_until.is_(None), GRANT.c.valid_until > now),
    )
