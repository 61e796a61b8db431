"""The condition of a filter of cases: it asks of nothing that a line of the list does not show to the viewer."""

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, or_, select

from engine.cases.records import CaseFilter
from engine.cases.visibility import GRANT, granted_to, kept_by, late_by, late_from, operational_to, step_shown_to
from engine.core.policy import Action, Viewer, visible_units
from engine.db.shape import CASE, DEADLINE, DEADLINE_IS_OPEN, ITEM, ITEM_IS_OPEN, OPENING, STEP, UNIT
from engine.plugin.context import start_of_day

LIMITS: Final = and_(DEADLINE_IS_OPEN, DEADLINE.c.purpose != OPENING)
"""The time limits that count for when a case is due."""


def filtered(viewer: Viewer, wanted: CaseFilter, *, now: datetime) -> ColumnElement[bool]:
    """Return the condition on `case` that holds for those a filter leaves, of those whose work the viewer is shown."""
    chosen = [operational_to(viewer, now=now)]
    if wanted.concern:
        chosen += [CASE.c.concern == wanted.concern, _concern_shown_to(viewer, now=now)]
    if wanted.late is not None:
        late = late_by(DEADLINE.c.due_at, late_from(DEADLINE), now)
        shown = step_shown_to(viewer, DEADLINE.c.path, CASE.c.id, now=now)
        found = exists().where(DEADLINE.c.case_id == CASE.c.id, LIMITS, late, shown)
        chosen.append(found if wanted.late else ~found)
    if wanted.role or wanted.person:
        is_theirs = ITEM.c.assignee_id == wanted.person
        is_free = and_(ITEM.c.assignee_id.is_(None), ITEM.c.candidate_roles[1] == wanted.role)
        shown = step_shown_to(viewer, STEP.c.path, CASE.c.id, now=now)
        waits = (ITEM.c.case_id == CASE.c.id, STEP.c.id == ITEM.c.step_id, ITEM_IS_OPEN, shown)
        chosen.append(exists().where(*waits, is_theirs if wanted.person else is_free))
    if wanted.place:
        chosen.append(CASE.c.unit_id.in_(select(UNIT.c.id).where(UNIT.c.jurisdiction == wanted.place)))
    if wanted.since is not None:
        chosen.append(CASE.c.opened_at >= start_of_day(wanted.since, viewer.zone))
    return and_(*chosen)


def _concern_shown_to(viewer: Viewer, *, now: datetime) -> ColumnElement[bool]:
    """Return the condition on `case` that holds where a line says to the viewer what the case is about."""
    named = granted_to(viewer, now=now).where(GRANT.c.fields.contains(["case.concern"]))
    is_strange = CASE.c.unit_id.not_in(sorted(visible_units(viewer)))
    return or_(kept_by(viewer, Action.READ_ANSWERS), and_(is_strange, CASE.c.id.in_(named)))
