"""Figures as people see them: published, saved, or counted as they stand by pillar or workflow."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, distinct, func, or_, select

from engine.cases.visibility import late_by, late_from, not_denied
from engine.core.policy import Action, Viewer, require, units_that_let
from engine.core.records import LIVE, StepStatus
from engine.db.reading import Known, Reading, Row, few
from engine.db.shape import (
    DEADLINE,
    DEADLINE_IS_OPEN,
    MONTHLY_NUMBERS,
    NUMBER_SHEET,
    OPENING,
    RUN,
    SAVED_NUMBERS,
    STEP,
    UNIT,
    is_one_of,
)
from engine.errors import NotFoundError
from engine.language.names import in_plain_words
from engine.numbers.records import (
    OTHERS,
    TABLES_OF,
    TIMES,
    Figure,
    FigureTable,
    MedianLine,
    MedianTable,
    MonthlyLine,
    NumbersView,
    OwnUnit,
    Period,
    PillarLine,
    PillarsView,
    SavedLine,
    SavedNumbers,
    SavedView,
    added_up,
)
from engine.numbers.suppression import WHOLE, shown
from engine.people.records import region_words

_IS_LIVE = is_one_of(STEP.c.status, "scheduled", "held", "ready", "approval")
_IS_DONE = is_one_of(STEP.c.status, "ended")
_PILLAR = func.split_part(STEP.c.uses, ".", 1)
Span = tuple[datetime, datetime]

_WORDS: Final[Mapping[str, str]] = {
    "age/under_12": "Under 12", "age/12_to_17": "12 to 17", "age/18_to_24": "18 to 24",
    "age/25_and_over": "25 and over",
    "age/not_known": "Age not known", "sex/female": "Female", "sex/male": "Male", "sex/other": "Transgender or other",
    "sex/not_known": "Sex not known", "form/not_known": "Not known", "place/elsewhere": "Elsewhere",
    "outcome/rescued": "Rescued, and first needs met", "outcome/returned": "Returned, and handed over",
    "outcome/paid": "Paid compensation", "outcome/visited": "Visited 11 months or more after the return",
    "answer/in_time": "Answered in time", "answer/late": "Answered late", "answer/none": "Not answered",
    "kept": "Kept", "missed": "Missed",
}  # fmt: skip


def pillars(reading: Reading, viewer: Viewer, span: Span, *, unit_id: UUID | None = None) -> PillarsView:
    """Count the steps of each pillar in the units that let the viewer count, or in one of them.

    `span` is the beginning and the end (excluded) in UTC. Whoever counts here sees the cases themselves: nothing is
    withheld. Raises `NotAllowedError`, and `NotFoundError` for a unit that is not theirs.
    """
    require(viewer, Action.SEE_STATISTICS)
    mine = units_that_let(viewer, Action.SEE_STATISTICS)
    if unit_id is not None and unit_id not in mine and not viewer.is_system:
        raise NotFoundError(kind="unit")
    units = mine if unit_id is None else {unit_id}
    named = select(UNIT.c.id, UNIT.c.name).order_by(UNIT.c.name, UNIT.c.id)
    known = reading.soon(reading.rows, named if viewer.is_system else named.where(UNIT.c.id.in_(sorted(mine))))
    steps = reading.soon(reading.rows, _steps(viewer, span, units))
    limits = reading.soon(reading.rows, _limits(reading, viewer, span, units))
    found: dict[str, dict[str, int]] = {}
    for row in (*steps(), *limits()):
        found.setdefault(row["pillar"], {}).update((name, row[name]) for name in row if name != "pillar")
    return PillarsView(
        units=tuple(OwnUnit(id=row["id"], name=row["name"]) for row in known()),
        lines=tuple(PillarLine(key=key, **counts) for key, counts in sorted(found.items())),
    )


def _steps(viewer: Viewer, span: Span, units: Collection[UUID]) -> Select[Any]:
    opened, done = _within(STEP.c.opened_at, span), and_(_IS_DONE, _within(STEP.c.ended_at, span))
    return (
        select(
            _PILLAR.label("pillar"),
            func.count().filter(opened).label("opened"),
            func.count().filter(done).label("done"),
            func.count().filter(_IS_LIVE).label("open"),
        )
        .where(_of_units(viewer, STEP.c.unit_id, STEP.c.case_id, units), or_(opened, done, _IS_LIVE))
        .group_by(_PILLAR)
    )


def _limits(reading: Reading, viewer: Viewer, span: Span, units: Collection[UUID]) -> Select[Any]:
    fell_due = _within(DEADLINE.c.due_at, span)
    overdue = and_(DEADLINE_IS_OPEN, late_by(DEADLINE.c.due_at, late_from(DEADLINE), reading.now))
    was_met = is_one_of(DEADLINE.c.status, "met")
    return (
        select(
            _PILLAR.label("pillar"),
            func.count(distinct(STEP.c.id)).filter(overdue).label("overdue"),
            func.count().filter(fell_due, was_met, DEADLINE.c.breached_at.is_(None)).label("kept"),
            func.count().filter(fell_due, DEADLINE.c.breached_at.is_not(None)).label("late"),
        )
        .select_from(DEADLINE.join(STEP, STEP.c.id == DEADLINE.c.step_id))
        .where(_of_units(viewer, DEADLINE.c.unit_id, DEADLINE.c.case_id, units), DEADLINE.c.purpose != OPENING)
        .where(or_(fell_due, overdue))
        .group_by(_PILLAR)
    )


def _of_units(
    viewer: Viewer, unit: ColumnElement[UUID], case: ColumnElement[UUID], units: Collection[UUID]
) -> ColumnElement[bool]:
    """Return the condition for what some units keep, without the cases that are denied to the viewer."""
    if viewer.is_system and not units:
        return unit.is_not(None)
    return and_(unit.in_(sorted(units)), not_denied(viewer, case))


def _within(column: ColumnElement[Any], span: Span) -> ColumnElement[bool]:
    return and_(column >= span[0], column < span[1])


LEAST_INSIDE: Final = 5
"""The least number of cases that is shown to those who may see each of them."""


class StepNumbers(NamedTuple):
    """Cases that are at a step now, those that are late there, and how long half of those stayed that have left it.

    Counts are rounded to fives; what is None is withheld, since it is of few cases. A follow-up that a step of the key
    `after` (or a step type) has brought is of the step type `uses`.
    """

    here: int | None = None
    late: int | None = None
    median: timedelta | None = None
    uses: str = ""
    after: str = ""


_FOLLOW_UP = STEP.c.added["origin"]["follow_up"].astext
_AFTER = func.coalesce(STEP.c.added["origin"]["step"].astext, "")
_PLACE = case((STEP.c.added.is_(None), STEP.c.key), else_=_AFTER.concat(" ").concat(_FOLLOW_UP))


def process(reading: Reading, viewer: Viewer, workflow: str) -> Mapping[str, StepNumbers]:
    """Return the numbers of each step of a workflow in the units that let the viewer count, whatever the version.

    A follow-up has the key of the step, or the step type, that brought it before its name; what somebody added is not
    counted. Raises `NotAllowedError`.
    """
    require(viewer, Action.SEE_STATISTICS)
    is_live, is_ended = STEP.c.status.in_(LIVE), and_(STEP.c.status == StepStatus.ENDED, STEP.c.opened_at.is_not(None))
    is_late = and_(DEADLINE_IS_OPEN, late_by(DEADLINE.c.due_at, late_from(DEADLINE), reading.now))
    late = select(DEADLINE.c.step_id).where(is_late, DEADLINE.c.purpose != OPENING)
    stayed = func.percentile_cont(0.5).within_group(STEP.c.ended_at - STEP.c.opened_at)
    asked = select(
        _PLACE.label("key"), func.max(STEP.c.uses).label("uses"), func.max(_AFTER).label("after"),
        func.count(distinct(STEP.c.case_id)).filter(is_live).label("here"),
        func.count(distinct(STEP.c.case_id)).filter(is_live, STEP.c.id.in_(late)).label("late"),
        func.count(distinct(STEP.c.case_id)).filter(is_ended).label("gone"),
        stayed.filter(is_ended).label("median"),
    ).select_from(STEP.join(RUN, RUN.c.id == STEP.c.run_id))  # fmt: skip
    is_declared = or_(STEP.c.added.is_(None), _FOLLOW_UP.is_not(None))
    of = [RUN.c.workflow == workflow, is_declared, not_denied(viewer, STEP.c.case_id)]
    if not viewer.is_system:
        of.append(STEP.c.unit_id.in_(sorted(units_that_let(viewer, Action.SEE_STATISTICS))))
    rows = reading.rows(asked.where(*of).group_by(_PLACE))
    counts = {(WHOLE, f"{row['key']} {name}"): int(row[name]) for row in rows for name in ("here", "late")}
    parts = (((WHOLE, f"{row['key']} late"), (WHOLE, f"{row['key']} here")) for row in rows)
    told = shown(counts, {}, within=parts, least=LEAST_INSIDE)
    return {
        row["key"]: StepNumbers(
            told[WHOLE, f"{row['key']} here"], told[WHOLE, f"{row['key']} late"],
            row["median"] if row["gone"] >= LEAST_INSIDE else None, *_brought(row),
        )
        for row in rows
    }  # fmt: skip


def _brought(row: Row) -> tuple[str, str]:
    return (row["uses"], row["after"]) if row["after"] else ("", "")


def tables_in_words(figures: Mapping[str, tuple[int | None, bool]], known: Known) -> Iterator[FigureTable]:
    """Return the published tables, each with its title and its lines in words."""
    names = {one.pillar.key: one.pillar.name for one in known.registry.installed}
    for page, tables in TABLES_OF.items():
        for start, title in tables:
            keys = sorted((key for key in figures if key.startswith(f"{start}/")), key=_order)
            lines = (
                Figure(words=_words(key, known, names), number=figures[key][0], at_least=figures[key][1])
                for key in keys
            )
            yield FigureTable(page=page, title=title, lines=tuple(lines))


def medians_in_words(medians: Mapping[str, Mapping[str, float]], known: Known) -> Iterator[MedianTable]:
    """Return by quarter and pillar how long each step took, the shortest first."""
    names = {one.pillar.key: one.pillar.name for one in known.registry.installed}
    for period, hours in medians.items():
        for pillar in sorted({uses.partition(".")[0] for uses in hours}):
            lines = sorted((one for one in hours.items() if one[0].partition(".")[0] == pillar), key=lambda one: one[1])
            titled = tuple(MedianLine(words=known.title("", "", uses, None), hours=number) for uses, number in lines)
            yield MedianTable(period=period, pillar=names.get(pillar, in_plain_words(pillar)), lines=titled)


def _order(key: str) -> tuple[int, str]:
    known = list(_WORDS)
    return (
        (known.index(key), "") if key in known and "not_known" not in key else (len(known) + ("not_known" in key), key)
    )


def _words(key: str, known: Known, pillars: Mapping[str, str]) -> str:
    sort, _, name = key.partition("/")
    if key in _WORDS:
        return _WORDS[key]
    match sort:
        case "form":
            return known.choice_label("concern", name)
        case "place":
            return region_words(name)
        case "pillar":
            return pillars.get(name, in_plain_words(name))
        case "limits":
            return _WORDS[name.partition("/")[2]]
        case _:
            partner, _, answer = name.rpartition("/")
            return f"{_partner(partner)}: {_WORDS[f'answer/{answer}'].lower()}" if partner else _partner(name)


def _partner(name: str) -> str:
    return "Bodies outside the network" if name == OTHERS else name


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
    require(viewer, Action.SEE_STATISTICS)
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
    return wanted.limit(few(_QUARTERS if period else 1))


_SAVED, _MONTHLY = SAVED_NUMBERS.c, MONTHLY_NUMBERS.c


def saved_list(reading: Reading, viewer: Viewer) -> tuple[SavedLine, ...]:
    """List what the viewer has saved, the newest first; raises `NotAllowedError`."""
    require(viewer, Action.SEE_STATISTICS)
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
