"""Who asks for more time, for those who may give it."""

from sqlalchemy import Boolean, cast, func, literal_column
from sqlalchemy.dialects.postgresql import JSONPATH

from engine import views as vw
from engine.adapters.sql.queries.deadlines import deadline_views, select_deadlines
from engine.adapters.sql.queries.persons import positions
from engine.adapters.sql.queries.reading import Reading
from engine.adapters.sql.queries.shape import CASE, DEADLINE, DEADLINE_IS_OPEN
from engine.adapters.sql.visibility import kept_by
from engine.domain.policy import Action, can

_MOST = 100
_UNANSWERED = "$[*] ? (@.answered_at == null)"


def asked_extensions(reading: Reading, viewer: vw.Viewer) -> tuple[vw.AskedView, ...]:
    """List wishes for more time that wait for an answer in the viewer's units, the nearest deadline first.

    Empty for those who may not give time. Nobody answers their own: such a one is listed and marked.
    """
    if not can(viewer, Action.GIVE_TIME):
        return ()
    somebody_asked = DEADLINE.c.extensions != literal_column("'[]'::jsonb")
    waits = func.jsonb_path_exists(DEADLINE.c.extensions, cast(_UNANSWERED, JSONPATH), type_=Boolean)
    rows = reading.rows(
        select_deadlines()
        .add_columns(CASE.c.number.label("case_number"))
        .join(CASE, CASE.c.id == DEADLINE.c.case_id)
        .where(DEADLINE_IS_OPEN, somebody_asked, waits, kept_by(viewer, Action.GIVE_TIME))
        .limit(_MOST)
    )
    views = deadline_views(reading, rows, positions(reading, {row["case_id"] for row in rows}))
    return tuple(
        vw.AskedView(
            case_id=row["case_id"],
            case_number=row["case_number"],
            deadline=view,
            is_mine=view.asked is not None and view.asked.asked_by_id == viewer.actor_id,
        )
        for row, view in zip(rows, views, strict=True)
    )
