"""Which cases a viewer sees, as one SQL condition that every question about cases goes through."""

from datetime import datetime

from sqlalchemy import ColumnElement, exists, false, or_, true

from engine.adapters.sql import tables as tb
from engine.domain.policy import Viewer, visible_units

CASE = tb.CaseRow.metadata.tables["case"]
GRANT = tb.GrantRow.metadata.tables["grant"]


def visible_to(viewer: Viewer, *, now: datetime) -> ColumnElement[bool]:
    """Give the condition on `case` that holds for the cases that the viewer's units registered or were granted.

    A grant counts until it is ended, and before `valid_until`.
    """
    if viewer.is_system:
        return true()
    units = visible_units(viewer)
    if not units:
        return false()
    granted = exists().where(
        GRANT.c.case_id == CASE.c.id,
        GRANT.c.unit_id.in_(units),
        GRANT.c.ended_at.is_(None),
        or_(GRANT.c.valid_until.is_(None), GRANT.c.valid_until > now),
    )
    return or_(CASE.c.unit_id.in_(units), granted)
