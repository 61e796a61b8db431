"""How units keep their limits, month by month, in numbers only: kept, and late by whose delay it was."""

from uuid import UUID

from sqlalchemy import func, select

from engine import views as vw
from engine.adapters.sql.queries.reading import Reading
from engine.adapters.sql.queries.shape import DEADLINE, OPENING, UNIT
from engine.adapters.sql.visibility import not_denied
from engine.domain.policy import Action, board_units, can
from engine.domain.records import DelayOwner
from engine.errors import NotAllowedError


def delays(reading: Reading, viewer: vw.Viewer) -> tuple[vw.DelayLine, ...]:
    """Count every limit by unit and by the month in which it was due, in the unit's zone, the latest month first.

    A breach counts from the instant it was written, whatever became of the step; one whose owner nobody has named is
    ours. Raises `NotAllowedError` for those who do not see the board.
    """
    if not can(viewer, Action.SEE_BOARD):
        raise NotAllowedError(actor=viewer.name, action=Action.SEE_BOARD.value)
    units = board_units(viewer)
    month = func.to_char(func.timezone(UNIT.c.zone, DEADLINE.c.due_at), "YYYY-MM").label("month")
    owner = func.coalesce(DEADLINE.c.delay_owner, DelayOwner.OURS.value).label("owner")
    is_kept = (DEADLINE.c.status == "met") & DEADLINE.c.breached_at.is_(None)
    statement = (
        select(
            UNIT.c.id, UNIT.c.name, month, owner,
            func.count().filter(is_kept).label("kept"),
            func.count().filter(DEADLINE.c.breached_at.is_not(None)).label("late"),
        )
        .select_from(DEADLINE.join(UNIT, UNIT.c.id == DEADLINE.c.unit_id))
        .where(DEADLINE.c.purpose != OPENING, is_kept | DEADLINE.c.breached_at.is_not(None))
        .group_by(UNIT.c.id, UNIT.c.name, month, owner)
        .order_by(month.desc(), UNIT.c.name, UNIT.c.id, owner)
    )  # fmt: skip
    if units is not None:
        statement = statement.where(DEADLINE.c.unit_id.in_(sorted(units)), not_denied(viewer, DEADLINE.c.case_id))
    found: dict[tuple[UUID, str], vw.DelayLine] = {}
    for row in reading.rows(statement):
        empty = vw.DelayLine(unit=row["name"], month=row["month"], kept=0, late={})
        known = found.get((row["id"], row["month"]), empty)
        late = {**known.late, row["owner"]: row["late"]} if row["late"] else known.late
        found[row["id"], row["month"]] = known.model_copy(update={"kept": known.kept + row["kept"], "late": late})
    return tuple(found.values())
