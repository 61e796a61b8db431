"""Which cases a viewer sees, as SQL conditions that every question about cases goes through."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, true, union_all

from engine.adapters.sql import tables as tb
from engine.adapters.sql.sealing import sealed_cases
from engine.domain.narrowing import OPERATIONAL
from engine.domain.policy import Action, Viewer, units_that_let, visible_units

_TABLES = tb.CaseRow.metadata.tables
CASE, GRANT, DENIAL, CONFLICT, UNIT = (_TABLES[name] for name in ("case", "grant", "denial", "conflict", "unit"))


def visible_to(viewer: Viewer, *, now: datetime) -> ColumnElement[bool]:
    """Give the condition on `case` that holds for what the viewer's units registered or were granted.

    What is denied to the viewer, or in conflict with them, is never among it.
    """
    return _own_or_granted(viewer, granted_to(viewer, now=now))


def operational_to(viewer: Viewer, *, now: datetime) -> ColumnElement[bool]:
    """Give the condition on `case` that holds where the viewer is shown steps and time limits, not only that it is."""
    return _own_or_granted(viewer, granted_to(viewer, now=now).where(GRANT.c.fields.contains([OPERATIONAL])))


def kept_by(viewer: Viewer, action: Action = Action.SEE_CASES) -> ColumnElement[bool]:
    """Give the condition on `case` that holds for those of the units in which the viewer may do something."""
    if viewer.is_system:
        return true()
    units = units_that_let(viewer, action)
    return and_(CASE.c.unit_id.in_(sorted(units)), not_denied(viewer, CASE.c.id)) if units else false()


def granted_to(viewer: Viewer, *, now: datetime) -> Select[tuple[UUID]]:
    """Select the ids of the cases that were granted to the viewer's units, or to the viewer alone.

    A grant counts until it is ended, and before `valid_until`; for a case that is denied it does not.
    """
    return select(GRANT.c.case_id).where(
        GRANT.c.unit_id.in_(sorted(visible_units(viewer))),
        or_(GRANT.c.actor_id.is_(None), GRANT.c.actor_id == viewer.actor_id),
        GRANT.c.ended_at.is_(None),
        or_(GRANT.c.valid_until.is_(None), GRANT.c.valid_until > now),
        not_denied(viewer, GRANT.c.case_id),
    )


def not_denied(viewer: Viewer, case_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Give the condition that a case is not denied to the viewer, their units or organisations, nor sealed.

    A conflict of interest hides a case from a person as a denial does.
    """
    if viewer.is_system:
        return true()
    units = sorted(viewer.unit_ids)
    organisations = select(UNIT.c.organisation_id).where(UNIT.c.id.in_(units))
    denied = select(DENIAL.c.case_id).where(
        DENIAL.c.lifted_at.is_(None),
        or_(
            DENIAL.c.actor_id == viewer.actor_id,
            DENIAL.c.unit_id.in_(units),
            DENIAL.c.organisation_id.in_(organisations),
        ),
    )
    in_conflict = select(CONFLICT.c.case_id).where(
        CONFLICT.c.actor_id == viewer.actor_id, CONFLICT.c.ended_at.is_(None)
    )
    return case_id.not_in(union_all(denied, in_conflict, sealed_cases(viewer.actor_id)))


def _own_or_granted(viewer: Viewer, granted: Select[tuple[UUID]]) -> ColumnElement[bool]:
    if viewer.is_system:
        return true()
    if not visible_units(viewer):
        return false()
    return or_(kept_by(viewer), CASE.c.id.in_(granted))
