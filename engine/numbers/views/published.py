"""The figures that were published, of all units together or of one's own."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, select

from engine.core.policy import Action, Viewer, can, units_that_let
from engine.db.reading import Reading
from engine.db.shape import NUMBER_SHEET, UNIT
from engine.errors import NotAllowedError, NotFoundError
from engine.numbers.records import Figure, NumbersView, OwnUnit, Period, SavedNumbers, added_up
from engine.numbers.words import medians_in_words, tables_in_words

_QUARTERS = 4
_SHEET = NUMBER_SHEET.c


class PublishedFigures(NamedTuple):
    """Published figures of some quarters, added up, each with whether a part is withheld; and times by quarter."""

    quarters: tuple[str, ...]
    figures: Mapping[str, tuple[int | None, bool]]
    medians: Mapping[str, Mapping[str, float]]


def published(
    reading: Reading, viewer: Viewer, period: Period | None = None, *, unit_id: UUID | None = None
) -> NumbersView:
    """Return the figures of a quarter or a year, or of the latest quarter; a year is the sum of what was published.

    Raises `NotAllowedError`, and `NotFoundError` for a unit that is not the viewer's.
    """
    require_unit(viewer, unit_id)
    mine = units_that_let(viewer, Action.SEE_STATISTICS)
    named = select(UNIT.c.id, UNIT.c.name).order_by(UNIT.c.name, UNIT.c.id)
    units = reading.soon(reading.rows, named if viewer.is_system else named.where(UNIT.c.id.in_(sorted(mine))))
    known = reading.soon(reading.rows, select(_SHEET.period).distinct().order_by(_SHEET.period.desc()))
    found = figures_of(reading.rows(_wanted(period, unit_id)))
    return NumbersView(
        periods=tuple(row["period"] for row in known()),
        units=tuple(OwnUnit(id=row["id"], name=row["name"]) for row in units()),
        survivors=total_of(found.figures),
        tables=tuple(tables_in_words(found.figures, reading.known)),
        medians=tuple(medians_in_words(found.medians, reading.known)),
    )


def figures_saved(reading: Reading, viewer: Viewer, saved: SavedNumbers) -> PublishedFigures:
    """Return the published figures that saved numbers are of on this day; raises as `published` does."""
    require_unit(viewer, saved.unit_id)
    return figures_of(reading.rows(_wanted(saved.period.on(reading.now.date()), saved.unit_id)))


def require_unit(viewer: Viewer, unit_id: UUID | None) -> None:
    """Raise `NotAllowedError` for who may not see numbers, and `NotFoundError` for a unit that is not the viewer's."""
    if not can(viewer, Action.SEE_STATISTICS):
        raise NotAllowedError(actor=viewer.name, action=Action.SEE_STATISTICS.value)
    if unit_id is not None and unit_id not in units_that_let(viewer, Action.SEE_STATISTICS) and not viewer.is_system:
        raise NotFoundError(kind="unit")


def total_of(figures: Mapping[str, tuple[int | None, bool]]) -> Figure | None:
    """Return how many survivors there were; None where nothing was published."""
    total = figures.get("survivors")
    return Figure(words="Survivors", number=total[0], at_least=total[1]) if total else None


def figures_of(rows: Any) -> PublishedFigures:  # noqa: ANN401 - rows of sheets
    """Add the sheets of some quarters up."""
    return PublishedFigures(
        tuple(row["period"] for row in rows),
        added_up(row["figures"] for row in rows),
        {row["period"]: row["medians"] for row in rows},
    )


def _wanted(period: Period | None, unit_id: UUID | None) -> Select[Any]:
    of_unit = _SHEET.unit_id.is_(None) if unit_id is None else _SHEET.unit_id == unit_id
    wanted = select(_SHEET.period, _SHEET.figures, _SHEET.medians).where(of_unit).order_by(_SHEET.period.desc())
    if period is not None:
        wanted = wanted.where(_SHEET.period.in_(period.quarters()))
    return wanted.limit(_QUARTERS if period else 1)
