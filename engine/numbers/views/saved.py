"""What somebody has saved of published figures, and what was made of it each month: for them alone."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from engine.core.policy import Action, Viewer, can
from engine.db.reading import Reading, Row
from engine.db.shape import MONTHLY_NUMBERS, SAVED_NUMBERS, UNIT
from engine.errors import NotAllowedError, NotFoundError
from engine.numbers.records import TABLES_OF, TIMES, MonthlyLine, SavedLine, SavedNumbers, SavedView
from engine.numbers.views.published import PublishedFigures, figures_saved, require_unit, total_of
from engine.numbers.words import medians_in_words, tables_in_words

_SAVED, _MONTHLY = SAVED_NUMBERS.c, MONTHLY_NUMBERS.c


def saved_list(reading: Reading, viewer: Viewer) -> tuple[SavedLine, ...]:
    """List what the viewer has saved, the newest first; raises `NotAllowedError`."""
    if not can(viewer, Action.SEE_STATISTICS):
        raise NotAllowedError(actor=viewer.name, action=Action.SEE_STATISTICS.value)
    made = select(func.count()).where(_MONTHLY.saved_id == _SAVED.id).scalar_subquery().label("made")
    rows = reading.rows(_own(viewer, made).order_by(_SAVED.saved_at.desc(), _SAVED.id))
    return tuple(
        SavedLine(
            id=row["id"], name=_name(reading, row), unit=row["unit"] or "", period=row["period"],
            monthly_since=row["monthly_since"], made=row["made"],
        )
        for row in rows
    )  # fmt: skip


def saved_numbers(reading: Reading, viewer: Viewer, saved_id: UUID) -> SavedView:
    """Return saved numbers as they are published now; raises `NotFoundError` for another's, and as `published` does."""
    row = _found(reading, viewer, saved_id)
    months = select(_MONTHLY.id, _MONTHLY.month, _MONTHLY.made_at).where(_MONTHLY.saved_id == saved_id)
    made = reading.rows(months.order_by(_MONTHLY.month.desc()))
    saved = SavedNumbers(**{name: row[name] for name in SavedNumbers.model_fields})
    view = _view(reading, row, figures_saved(reading, viewer, saved))
    return view.model_copy(update={"made": tuple(MonthlyLine(**dict(line)) for line in made)})


def monthly_numbers(reading: Reading, viewer: Viewer, monthly_id: UUID) -> SavedView:
    """Return saved numbers as they were made in a month; who has lost the right to them sees them no more.

    Raises `NotFoundError` for another's, and as `published` does.
    """
    made = reading.rows(select(MONTHLY_NUMBERS).where(_MONTHLY.id == monthly_id, _MONTHLY.owner_id == viewer.actor_id))
    if not made:
        raise NotFoundError(kind="numbers")
    [line] = made
    row = _found(reading, viewer, line["saved_id"])
    require_unit(viewer, line["unit_id"])
    figures = {key: (number, at_least) for key, (number, at_least) in line["figures"].items()}
    view = _view(reading, row, PublishedFigures(tuple(line["quarters"]), figures, line["medians"]))
    return view.model_copy(update={"month": line["month"], "made_at": line["made_at"]})


def chosen(figures: PublishedFigures, tables: Collection[str]) -> PublishedFigures:
    """Leave out the tables that were not chosen; the number of survivors stands where a table of theirs does."""
    wanted = {f"{table}/" for table in tables}
    if any(start in tables for start, _ in TABLES_OF["survivors"]):
        wanted.add("survivors")
    some = {key: figure for key, figure in figures.figures.items() if key.startswith(tuple(wanted))}
    return figures._replace(figures=some if wanted else {}, medians=figures.medians if TIMES in tables else {})


def _own(viewer: Viewer, *more: Any) -> Select[Any]:  # noqa: ANN401 - columns
    query = select(SAVED_NUMBERS, UNIT.c.name.label("unit"), *more).outerjoin(UNIT, UNIT.c.id == _SAVED.unit_id)
    return query.where(_SAVED.owner_id == viewer.actor_id)


def _found(reading: Reading, viewer: Viewer, saved_id: UUID) -> Row:
    rows = reading.rows(_own(viewer).where(_SAVED.id == saved_id))
    if not rows:
        raise NotFoundError(kind="numbers")
    return rows[0]


def _name(reading: Reading, row: Mapping[Any, Any]) -> str:
    place: dict[str, Any] = {"table": "saved_numbers", "row": row["id"], "column": "encrypted_name"}
    return str(reading.vault.decrypt(row["encrypted_name"], **place))


def _view(reading: Reading, row: Mapping[Any, Any], found: PublishedFigures) -> SavedView:
    found = chosen(found, row["tables"])
    tables = tables_in_words(found.figures, reading.known)
    return SavedView(
        saved_id=row["id"], name=_name(reading, row), unit=row["unit"] or "", period=row["period"],
        monthly_since=row["monthly_since"], quarters=found.quarters, survivors=total_of(found.figures),
        tables=tuple(table for table in tables if table.lines),
        medians=tuple(medians_in_words(found.medians, reading.known)),
    )  # fmt: skip
