"""The cases in which the last level of a ladder found nobody at all."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import exists, func, select, true

from engine import views as vw
from engine.adapters.sql.queries.reading import Reading
from engine.adapters.sql.queries.shape import CASE, DEADLINE, ESCALATION
from engine.adapters.sql.visibility import not_denied


def unreached(reading: Reading, viewer: vw.Viewer, units: Iterable[UUID] | None, *, limit: int) -> tuple[str, ...]:
    """List the numbers of cases with an open deadline whose ladder has told nobody in the end, the oldest first.

    A level that finds nobody lets the next one fire in the same transaction, so that a line which told nobody and has
    none above it is the end of the ladder. `units` are those of the reader; None for all.
    """
    above = ESCALATION.alias("above")
    line = (
        select(CASE.c.number, func.min(ESCALATION.c.fired_at).label("since"))
        .join(ESCALATION, ESCALATION.c.case_id == CASE.c.id)
        .join(DEADLINE, DEADLINE.c.id == ESCALATION.c.deadline_id)
        .where(
            DEADLINE.c.status == "open",
            ESCALATION.c.is_missed,
            func.cardinality(ESCALATION.c.recipient_ids) == 0,
            ~exists().where(above.c.deadline_id == ESCALATION.c.deadline_id, above.c.level > ESCALATION.c.level),
            true() if units is None else CASE.c.unit_id.in_(sorted(units)),
            not_denied(viewer, CASE.c.id),
        )
        .group_by(CASE.c.number)
    )
    rows = reading.rows(line.order_by(func.min(ESCALATION.c.fired_at), CASE.c.number).limit(limit))
    return tuple(row["number"] for row in rows)
