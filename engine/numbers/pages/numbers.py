"""What was published, the twelve pillars as they stand, a workflow over its cases; as pages and tables."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Final, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from engine.core.policy import Action
from engine.definitions.views import definition
from engine.errors import NotFoundError
from engine.language.lanes import LaneView, in_lanes
from engine.numbers.charts import GREEN, GREY, RED, TEAL, Bar, bars, table_as_csv
from engine.numbers.records import (
    Figure,
    FigureTable,
    MedianTable,
    NumbersView,
    Period,
    PeriodKind,
    PillarLine,
    PillarsView,
    latest_periods,
    period_at,
    period_of,
)
from engine.numbers.suppression import LEAST
from engine.numbers.views.pillars import LEAST_INSIDE, StepNumbers
from engine.numbers.views.pillars import pillars as pillars_view
from engine.numbers.views.pillars import process as process_view
from engine.numbers.views.published import published
from engine.web.dependencies import SignedIn
from engine.web.languages import say
from engine.web.times import span
from engine.web.visit import Visit

router = APIRouter()
_LETTERS: Final = {"R": "for the person", "P": "around the person"}
_HEADER: Final = ("Letter", "Pillar", "Opened", "Done", "Open now", "Late now", "Limits kept", "Limits missed")
PAGES: Final = {"survivors": "Survivors", "help": "Help", "work": "Limits and referrals", "times": "Time to each step"}
_AT_LEAST: Final = "at least: a part is withheld"
_HALF: Final = "hours: half of the cases took less"
_Unit = Annotated[str, Query(max_length=36, pattern=r"^([0-9a-f-]{36})?$")]
_Period = Annotated[str, Query(max_length=7)]
_Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]


class PillarGroup(NamedTuple):
    """The pillars of one letter with their numbers, and the same as a picture."""

    letter: str
    words: str
    lines: tuple[tuple[str, PillarLine], ...]
    picture: str


@router.get("/numbers")
def numbers(visit: SignedIn, period: _Period = "", unit: _Unit = "", show: str = "survivors") -> Response:
    """Show published figures: what is small is withheld, and nothing withheld can be worked out from them."""
    chosen, found = _published(visit, period, unit)
    page = show if show in PAGES else "survivors"
    return visit.page(
        "numbers.html", title="Numbers", section="track", show=page, pages=PAGES, unit=unit, units=found.units,
        period=chosen.key if chosen else (found.periods[0] if found.periods else ""),
        periods=_offered(found.periods), least=LEAST, total=found.survivors,
        tables=with_pictures(table for table in found.tables if table.page == page and table.lines),
        times=in_times(found.medians) if page == "times" else (),
        may_export=visit.may(Action.EXPORT),
    )  # fmt: skip


@router.get("/numbers.csv")
def numbers_table(visit: SignedIn, period: _Period = "", unit: _Unit = "") -> Response:
    """Return all published figures of a period as a table for spreadsheets; what is withheld is empty."""
    _, found = _published(visit, period, unit)
    return figures_as_csv(f"icmc-numbers-{period or 'latest'}.csv", found.survivors, found.tables)


@router.get("/numbers/pillars")
def pillars(visit: SignedIn, period: _Period = "", unit: _Unit = "") -> Response:
    """Show what opened, was done and is late in each of the twelve pillars, in the viewer's own units."""
    chosen, found = _asked(visit, period, unit)
    return visit.page(
        "pillars.html", title="The twelve pillars", section="track", groups=_groups(visit, found), period=chosen,
        periods=latest_periods(visit.today), unit=unit, units=found.units,
    )  # fmt: skip


@router.get("/numbers/pillars.csv")
def pillars_table(visit: SignedIn, period: _Period = "", unit: _Unit = "") -> Response:
    """Return the same numbers as a table for spreadsheets."""
    chosen, found = _asked(visit, period, unit)
    lines = [
        (group.letter, name, line.opened, line.done, line.open, line.overdue, line.kept, line.late)
        for group in _groups(visit, found)
        for name, line in group.lines
    ]
    return _as_csv(f"icmc-pillars-{chosen.key}.csv", table_as_csv(_HEADER, lines))


def with_pictures(tables: Iterable[FigureTable]) -> list[tuple[FigureTable, str]]:
    """Return published tables, each with its picture."""
    return [
        (table, bars(table.title, [(line.words, [Bar(line.number, TEAL, line.words)]) for line in table.lines]))
        for table in tables
    ]


def in_times(medians: Iterable[MedianTable]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the time to each step in words, by pillar and quarter."""
    return [
        (f"{table.pillar}, {table.period}", [(line.words, span(timedelta(hours=line.hours))) for line in table.lines])
        for table in medians
    ]


def figures_as_csv(
    name: str, survivors: Figure | None, tables: Iterable[FigureTable], medians: Iterable[MedianTable] = ()
) -> Response:
    """Return published tables as one for spreadsheets; what is withheld is empty, and times are in hours."""
    first = FigureTable(page="", title="Survivors", lines=(survivors,) if survivors else ())
    lines = [
        (table.title, line.words, line.number, _AT_LEAST if line.at_least else "")
        for table in (first, *tables)
        for line in table.lines
    ]
    hours = [
        (f"{table.pillar}, {table.period}", line.words, f"{line.hours:g}", _HALF)
        for table in medians
        for line in table.lines
    ]
    return _as_csv(name, table_as_csv(("Table", "Line", "Number", ""), [*lines, *hours]))


def _published(visit: Visit, key: str, unit: str) -> tuple[Period | None, NumbersView]:
    chosen = period_of(key)
    chosen = None if chosen is None or chosen.kind is PeriodKind.MONTH else chosen
    return chosen, visit.ask(published, chosen, unit_id=UUID(unit) if unit else None)


def _offered(quarters: tuple[str, ...]) -> list[tuple[str, str]]:
    """Offer each quarter that was published, and each year with one."""
    found: dict[str, str] = {}
    for key in quarters:
        year = key.partition("-")[0]
        if year not in found:
            found[year] = f"All published quarters of {year}"
        period = period_of(key)
        found[key] = period.words.capitalize() if period else key
    return list(found.items())


def _asked(visit: Visit, key: str, unit: str) -> tuple[Period, PillarsView]:
    chosen = period_of(key) or period_at(PeriodKind.MONTH, visit.today)
    return chosen, visit.ask(pillars_view, chosen.bounds(visit.viewer.zone), unit_id=UUID(unit) if unit else None)


def _groups(visit: Visit, found: PillarsView) -> tuple[PillarGroup, ...]:
    known: Mapping[str, PillarLine] = {line.key: line for line in found.lines}
    installed = [one.pillar for one in visit.engine.registry.installed]
    longest = max((max(line.opened, line.done, line.open) for line in found.lines), default=0)
    groups = []
    for letter, words in _LETTERS.items():
        lines = tuple(
            (pillar.name, known.get(pillar.key, PillarLine(key=pillar.key)))
            for pillar in installed
            if pillar.letter == letter
        )
        groups.append(PillarGroup(letter, words, lines, _picture(words, lines, longest)))
    return tuple(groups)


def _picture(words: str, lines: tuple[tuple[str, PillarLine], ...], longest: int) -> str:
    rows = (
        (
            name,
            (
                Bar(line.opened, GREY, "opened"), Bar(line.done, GREEN, "done"), Bar(line.open, TEAL, "open now"),
                Bar(line.overdue, RED, "late now"),
            ),
        )
        for name, line in lines
    )  # fmt: skip
    return bars(f"Steps of the pillars {words}", rows, longest=longest)


def _as_csv(name: str, content: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/workflows/{name}/cases")
def process(visit: SignedIn, name: _Name, lanes: LaneView = LaneView.PILLAR) -> Response:
    """Show how many cases of the viewer's units are at each step of what runs, how long they stay, what is late."""
    numbers = visit.ask(process_view, name)
    runs = visit.engine.ask_all(definition, "workflow", name, None)
    compiled = visit.engine.definitions.get(runs.content_hash)
    if compiled is None:
        raise NotFoundError(kind="workflow")
    drawn = in_lanes(compiled.workflow, visit.engine.catalogue, by=lanes)
    rows = (
        replace(row, said=tuple(_said(numbers.get(row.key, StepNumbers())))) if row.key else row for row in drawn.rows
    )
    return visit.page(
        "workflow-cases.html",
        title=say("Cases of {name}", name=name),
        section="workflows",
        definition=runs,
        by=lanes,
        lanes=replace(drawn, rows=tuple(rows)),
        least=LEAST_INSIDE,
    )


def _said(numbers: StepNumbers) -> Iterator[str]:
    yield f"about {numbers.here} cases" if numbers.here else "few or none"
    if numbers.late:
        yield f"about {numbers.late} late"
    if numbers.median is not None:
        yield f"half are done within {span(numbers.median)}"
