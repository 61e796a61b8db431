"""How long open cases have been running against a ladder whose hours the board counts, such as that of a leak."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import func, select, true

from engine import views as vw
from engine.adapters.sql.queries.reading import Reading
from engine.adapters.sql.queries.shape import CASE, CASE_IS_OPEN, DEADLINE, DEADLINE_IS_OPEN
from engine.adapters.sql.visibility import not_denied


def hours_since(
    reading: Reading, viewer: vw.Viewer, units: Iterable[UUID] | None, *, limit: int
) -> tuple[vw.RunningHoursView, ...]:
    """List the cases with an open deadline of such a ladder, the oldest first; `units` are the reader's, None for all.

    The hours run from the start (UTC) of the earliest deadline of that ladder in the run, ended ones too, until none is
    open any more. Nothing but the case's number and the words of the ladder is given.
    """
    counted = {name: one.hours_since for name, one in reading.known.library().ladders.items() if one.hours_since}
    if not counted:
        return ()
    since = func.min(DEADLINE.c.started_at)
    rows = reading.rows(
        select(CASE.c.id, CASE.c.number, DEADLINE.c.ladder, since.label("since"))
        .join(DEADLINE, DEADLINE.c.case_id == CASE.c.id)
        .where(
            DEADLINE.c.ladder.in_(sorted(counted)),
            CASE_IS_OPEN,
            true() if units is None else CASE.c.unit_id.in_(sorted(units)),
            not_denied(viewer, CASE.c.id),
        )
        .group_by(CASE.c.id, CASE.c.number, DEADLINE.c.ladder, DEADLINE.c.run_id)
        .having(func.bool_or(DEADLINE_IS_OPEN))
        .order_by(since, CASE.c.number)
        .limit(limit)
    )
    return tuple(
        vw.RunningHoursView(
            case_id=row["id"], case_number=row["number"], what=counted[row["ladder"]], since=row["since"]
        )
        for row in rows
    )
