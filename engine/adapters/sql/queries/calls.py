"""Who is to be rung about what is late, beside the work of who is to ring them."""

from uuid import UUID

from sqlalchemy import Boolean, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSONPATH

from engine import views as vw
from engine.adapters.sql.queries.deadlines import deadline_views, select_deadlines
from engine.adapters.sql.queries.persons import positions
from engine.adapters.sql.queries.reading import Reading
from engine.adapters.sql.queries.shape import CASE, DEADLINE, DEADLINE_IS_OPEN, ITEM, ITEM_IS_OPEN
from engine.adapters.sql.visibility import kept_by
from engine.domain.calls import CALLERS
from engine.domain.policy import Action, can, roles_in

_MOST = 200
_TO_BE_MADE = "$[*] ? (@.ended_at == null)"


def late_calls(reading: Reading, viewer: vw.Viewer) -> tuple[vw.LateView, ...]:
    """List about which late steps of the viewer's own units someone is to be rung, the nearest deadline first.

    Nobody is asked to ring themselves. `is_asked` says whether it is asked of one of the viewer's roles.
    """
    if not can(viewer, Action.WORK):
        return ()
    somebody_asked = DEADLINE.c.calls != literal_column("'[]'::jsonb")
    waits = func.jsonb_path_exists(DEADLINE.c.calls, cast(_TO_BE_MADE, JSONPATH), type_=Boolean)
    item = select(ITEM.c.id).where(ITEM.c.step_id == DEADLINE.c.step_id, ITEM_IS_OPEN).limit(1).scalar_subquery()
    rows = reading.rows(
        select_deadlines()
        .add_columns(CASE.c.number.label("case_number"), item.label("item_id"))
        .join(CASE, CASE.c.id == DEADLINE.c.case_id)
        .where(DEADLINE_IS_OPEN, somebody_asked, waits, kept_by(viewer, Action.WORK))
        .limit(_MOST)
    )
    numbers = positions(reading, {row["case_id"] for row in rows})
    views = {view.id: view for view in deadline_views(reading, rows, numbers)}
    strips = (
        strip.model_copy(update={"item_id": row["item_id"], "is_asked": _is_asked(viewer, row["unit_id"])})
        for row in rows
        if row["id"] in views
        for strip in vw.late_views(
            [views[row["id"]]], case_id=row["case_id"], case_number=row["case_number"], but=viewer.actor_id
        )
    )
    return tuple(strip for strip in strips if strip.to_ring)


def _is_asked(viewer: vw.Viewer, unit_id: UUID) -> bool:
    return viewer.is_system or not CALLERS.isdisjoint(roles_in(viewer, unit_id))
