"""Counts of cases and steps, crossed by at most three things; small ones are withheld before they leave here."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Select, and_, func, select

from engine.cases.visibility import visible_to
from engine.core.policy import Action, Viewer, can, units_that_let
from engine.db.reading import Reading
from engine.db.shape import CASE, STEP, UNIT
from engine.errors import NotAllowedError, TooFineError
from engine.language.names import in_plain_words
from engine.overview.records.suppression import TOTAL, Audience, Cell, shown
from engine.retention.shown import CountLine, StatisticsView

_NOT_SAID: Final = "not known"


def _month(column: ColumnElement[Any]) -> ColumnElement[str]:
    return func.to_char(func.timezone(UNIT.c.zone, column), "YYYY-MM")


_OF_CASES: Final[Mapping[str, ColumnElement[Any]]] = {
    "month": _month(CASE.c.opened_at),
    "unit": UNIT.c.name,
    "jurisdiction": CASE.c.jurisdiction,
    "status": CASE.c.status,
    "about": func.coalesce(CASE.c.concern, _NOT_SAID),
}
_OF_STEPS: Final[Mapping[str, ColumnElement[Any]]] = {
    "month": _month(STEP.c.ended_at),
    "pillar": func.split_part(STEP.c.uses, ".", 1),
    "unit": UNIT.c.name,
    "jurisdiction": CASE.c.jurisdiction,
    "outcome": func.coalesce(STEP.c.outcome, _NOT_SAID),
}


def statistics(reading: Reading, viewer: Viewer, *, of: str, by: Sequence[str], outside: bool) -> StatisticsView:
    """Count the cases that the viewer's units keep, or the steps that ended in them.

    What is shown inside the network is at least 5, and outside at least 11, in fives; what is withheld cannot be
    worked out from the rest. Raises `NotAllowedError`, and `TooFineError` for what is too finely crossed.
    """
    if not can(viewer, Action.SEE_STATISTICS):
        raise NotAllowedError(actor=viewer.name, action=Action.SEE_STATISTICS.value)
    known = _OF_STEPS if of == "steps" else _OF_CASES
    dimensions = tuple(dict.fromkeys(name for name in by if name in known))
    if not dimensions:
        raise TooFineError(problem="choose by what to count")
    audience = Audience.OUTSIDE if outside else Audience.INSIDE
    rows = reading.rows(_counted(reading, viewer, of, [known[name] for name in dimensions]))
    counts: dict[Cell, int] = {tuple(str(row[f"d{i}"]) for i in range(len(dimensions))): row["n"] for row in rows}
    cells = shown(len(dimensions), counts, audience=audience)
    lines = (
        CountLine(
            categories=tuple(_words(name, value) for name, value in zip(dimensions, cell, strict=True)),
            count=cells[cell],
            is_total=TOTAL in cell,
        )
        for cell in sorted(cells, key=lambda cell: tuple((part == TOTAL, part) for part in cell))
    )
    of_what = "steps" if of == "steps" else "cases"
    return StatisticsView(of=of_what, dimensions=dimensions, least=int(audience), lines=tuple(lines))


def _counted(reading: Reading, viewer: Viewer, of: str, columns: Sequence[ColumnElement[Any]]) -> Select[Any]:
    named = [column.label(f"d{index}") for index, column in enumerate(columns)]
    table: FromClause = CASE.join(UNIT, UNIT.c.id == CASE.c.unit_id)
    wanted = _kept(reading, viewer)
    if of == "steps":
        table = table.join(STEP, STEP.c.case_id == CASE.c.id)
        wanted = and_(wanted, STEP.c.status == "ended", STEP.c.ended_at.is_not(None))
    return select(*named, func.count().label("n")).select_from(table).where(wanted).group_by(*named)


def _kept(reading: Reading, viewer: Viewer) -> ColumnElement[bool]:
    """Count each case once, where it is kept: not those that were only granted."""
    seen = visible_to(viewer, now=reading.now)
    if viewer.is_system:
        return seen
    return and_(seen, CASE.c.unit_id.in_(sorted(units_that_let(viewer, Action.SEE_STATISTICS))))


def _words(dimension: str, value: str) -> str:
    if value == TOTAL:
        return "all"
    return value if dimension in {"month", "unit", "jurisdiction"} else in_plain_words(value)
