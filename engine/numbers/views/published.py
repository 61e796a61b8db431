"""The figures that were published, of all units together or of one's own."""

from uuid import UUID

from sqlalchemy import select

from engine.core.policy import Action, Viewer, can, units_that_let
from engine.db.reading import Reading
from engine.db.shape import NUMBER_SHEET, UNIT
from engine.errors import NotAllowedError, NotFoundError
from engine.numbers.records import Figure, NumbersView, OwnUnit, Period, added_up
from engine.numbers.words import medians_in_words, tables_in_words

_QUARTERS = 4


def published(
    reading: Reading, viewer: Viewer, period: Period | None = None, *, unit_id: UUID | None = None
) -> NumbersView:
    """Return the figures of a quarter or a year, or of the latest quarter; a year is the sum of what was published.

    Raises `NotAllowedError`, and `NotFoundError` for a unit that is not the viewer's.
    """
    if not can(viewer, Action.SEE_STATISTICS):
        raise NotAllowedError(actor=viewer.name, action=Action.SEE_STATISTICS.value)
    mine = units_that_let(viewer, Action.SEE_STATISTICS)
    if unit_id is not None and unit_id not in mine and not viewer.is_system:
        raise NotFoundError(kind="unit")
    named = select(UNIT.c.id, UNIT.c.name).order_by(UNIT.c.name, UNIT.c.id)
    units = reading.soon(reading.rows, named if viewer.is_system else named.where(UNIT.c.id.in_(sorted(mine))))
    sheet = NUMBER_SHEET.c
    known = reading.soon(reading.rows, select(sheet.period).distinct().order_by(sheet.period.desc()))
    of_unit = sheet.unit_id.is_(None) if unit_id is None else sheet.unit_id == unit_id
    wanted = select(sheet.period, sheet.figures, sheet.medians).where(of_unit).order_by(sheet.period.desc())
    if period is not None:
        wanted = wanted.where(sheet.period.in_(period.quarters()))
    rows = reading.rows(wanted.limit(_QUARTERS if period else 1))
    figures = added_up(row["figures"] for row in rows)
    total = figures.get("survivors")
    return NumbersView(
        periods=tuple(row["period"] for row in known()),
        units=tuple(OwnUnit(id=row["id"], name=row["name"]) for row in units()),
        survivors=Figure(words="Survivors", number=total[0], at_least=total[1]) if total else None,
        tables=tuple(tables_in_words(figures, reading.known)),
        medians=tuple(medians_in_words({row["period"]: row["medians"] for row in rows}, reading.known)),
    )
