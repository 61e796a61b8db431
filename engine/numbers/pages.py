"""Numbers as pages and tables: what was published, the twelve pillars as they stand, and what somebody has saved."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Annotated, Final, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from engine.core.policy import Action
from engine.definitions.views import definition
from engine.errors import NotFoundError
from engine.language.lanes import LaneView, in_lanes
from engine.language.words import WorkflowWords
from engine.language.workflow import Workflow
from engine.numbers.actions import LONGEST_NAME, delete_numbers, make_monthly, save_numbers
from engine.numbers.charts import GREEN, GREY, RED, TEAL, Bar, bars, table_as_csv
from engine.numbers.records import (
    CHOSEN_TABLES,
    TIMES,
    Figure,
    FigureTable,
    MedianTable,
    NumbersView,
    Period,
    PeriodKind,
    PillarLine,
    PillarsView,
    SavedPeriod,
    SavedView,
    latest_periods,
    period_at,
    period_of,
)
from engine.numbers.suppression import LEAST
from engine.numbers.views.figures import (
    LEAST_INSIDE,
    StepNumbers,
    monthly_numbers,
    published,
    saved_list,
    saved_numbers,
)
from engine.numbers.views.figures import pillars as pillars_view
from engine.numbers.views.figures import process as process_view
from engine.web.dependencies import Posted, SignedIn, tried
from engine.web.languages import retell, say
from engine.web.posted import FIRST, Again, text, texts, uuid_or_none
from engine.web.times import span
from engine.web.visit import Visit
from engine.web.words import FormChoice

router = APIRouter()
_LETTERS: Final = {"R": "for the person", "P": "around the person"}
_HEADER: Final = ("Letter", "Pillar", "Opened", "Done", "Open now", "Late now", "Limits kept", "Limits missed")
PAGES: Final = {"survivors": "Survivors", "help": "Help", "work": "Limits and referrals", "times": "Time to each step"}
_AT_LEAST: Final = "at least: a part is withheld"
_HALF: Final = "hours: half of the cases took less"
_Unit = Annotated[str, Query(max_length=36, pattern=r"^([0-9a-f-]{36})?$")]
_Period = Annotated[str, Query(max_length=7)]
_Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]

_ALL: Final = "all"
_PERIODS: Final = {
    SavedPeriod.LATEST: "The latest published quarter", SavedPeriod.THIS_YEAR: "This year, as far as it is published",
    SavedPeriod.LAST_YEAR: "Last year",
}  # fmt: skip


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
    return [(table, bars(say(table.title), _bars_of(table), say=say)) for table in tables]


def _bars_of(table: FigureTable) -> list[tuple[str, list[Bar]]]:
    lines = [(say(line.words), line.number) for line in table.lines]
    return [(words, [Bar(number, TEAL, words)]) for words, number in lines]


def in_times(medians: Iterable[MedianTable]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the time to each step in words, by pillar and quarter."""
    return [
        (
            f"{say(table.pillar)}, {retell(table.period)}",
            [(line.words, span(timedelta(hours=line.hours))) for line in table.lines],
        )
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
            found[year] = say("All published quarters of {year}", year=year)
        period = period_of(key)
        found[key] = retell(period.words.capitalize()) if period else key
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
            say(name),
            (
                Bar(line.opened, GREY, say("opened")), Bar(line.done, GREEN, say("done")),
                Bar(line.open, TEAL, say("open now")), Bar(line.overdue, RED, say("late now")),
            ),
        )
        for name, line in lines
    )  # fmt: skip
    return bars(say("Steps of the pillars {words}", words=say(words)), rows, longest=longest, say=say)


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
        brought=list(_brought(visit, compiled.workflow, numbers)),
    )


def _brought(
    visit: Visit, workflow: Workflow, numbers: Mapping[str, StepNumbers]
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield the follow-ups that were brought: what each is, after which step, and its numbers in words."""
    words = WorkflowWords(workflow.model_dump(mode="json", by_alias=True), visit.engine.catalogue)
    found = [one for one in numbers.values() if one.uses]
    for one in sorted(found, key=lambda one: (-(one.here or 0), one.uses, one.after)):
        after = words.step(one.after) if one.after in workflow.steps else words.type(one.after)
        yield words.type(one.uses), after, tuple(_said(one))


def _said(numbers: StepNumbers) -> Iterator[str]:
    yield f"about {numbers.here} cases" if numbers.here else "few or none"
    if numbers.late:
        yield f"about {numbers.late} late"
    if numbers.median is not None:
        yield f"half are done within {span(numbers.median)}"


@router.get("/numbers/saved")
def saved(visit: SignedIn) -> Response:
    """List what the viewer has saved, with the form to save more."""
    return _list_page(visit)


@router.post("/numbers/saved")
def save(visit: SignedIn, form: Posted) -> Response:
    """Save what is asked of the published figures."""
    visit.must(Action.SEE_STATISTICS)

    def act(command_id: UUID) -> Response:
        saved_id = save_numbers(
            visit.engine, viewer=visit.viewer, command_id=command_id, name=text(form, "name"),
            tables=texts(form, "tables"), period=text(form, "period"), unit_id=uuid_or_none(form, "unit_id"),
            monthly=text(form, "monthly") == "yes",
        )  # fmt: skip
        return visit.go(f"/numbers/saved/{saved_id}", said="numbers_saved")

    return tried(visit, form, act, partial(_list_page, visit, tables=texts(form, "tables")))


@router.get("/numbers/saved/{saved_id}")
def opened(visit: SignedIn, saved_id: UUID, show: str = "") -> Response:
    """Show saved numbers as they are published now, and the months for which they were made."""
    return _page(visit, visit.ask(saved_numbers, saved_id), f"/numbers/saved/{saved_id}", show)


@router.get("/numbers/saved/{saved_id}/table.csv")
def opened_table(visit: SignedIn, saved_id: UUID) -> Response:
    """Return the same for spreadsheets."""
    found = visit.ask(saved_numbers, saved_id)
    return figures_as_csv(f"icmc-saved-{'-'.join(found.quarters)}.csv", found.survivors, found.tables, found.medians)


@router.post("/numbers/saved/{saved_id}/monthly")
def monthly(visit: SignedIn, saved_id: UUID, form: Posted) -> Response:
    """Have saved numbers made each month, or no more."""
    make_monthly(visit.engine, saved_id, viewer=visit.viewer, monthly=text(form, "monthly") == "yes")
    return visit.go(f"/numbers/saved/{saved_id}", said="numbers_monthly")


@router.post("/numbers/saved/{saved_id}/delete")
def delete(visit: SignedIn, saved_id: UUID) -> Response:
    """Delete saved numbers, with all that was made of them."""
    delete_numbers(visit.engine, saved_id, viewer=visit.viewer)
    return visit.go("/numbers/saved", said="numbers_deleted")


@router.get("/numbers/monthly/{monthly_id}")
def made(visit: SignedIn, monthly_id: UUID, show: str = "") -> Response:
    """Show saved numbers as they were made in a month."""
    return _page(visit, visit.ask(monthly_numbers, monthly_id), f"/numbers/monthly/{monthly_id}", show)


@router.get("/numbers/monthly/{monthly_id}/table.csv")
def made_table(visit: SignedIn, monthly_id: UUID) -> Response:
    """Return the same for spreadsheets."""
    found = visit.ask(monthly_numbers, monthly_id)
    return figures_as_csv(f"icmc-made-{found.month}.csv", found.survivors, found.tables, found.medians)


def _list_page(visit: Visit, again: Again = FIRST, tables: list[str] | None = None) -> Response:
    listed, known = visit.soon(saved_list), visit.soon(published)
    wanted = list(CHOSEN_TABLES) if tables is None else tables
    return visit.page(
        "numbers-saved.html", title="Saved numbers", section="track", again=again, saved=listed(), names=_PERIODS,
        units=known().units, longest=LONGEST_NAME,
        tables=[FormChoice(key, title, checked=key in wanted) for key, title in CHOSEN_TABLES.items()],
        is_monthly=again.typed.get("monthly") == "yes",
    )  # fmt: skip


def _page(visit: Visit, found: SavedView, address: str, show: str) -> Response:
    """Show one sort of tables, or all of them to be printed."""
    quarters = (period_of(key) for key in found.quarters)
    there = {table.page for table in found.tables} | ({TIMES} if found.medians else set())
    pages = {key: words for key, words in PAGES.items() if key in there}
    if show != _ALL:
        show = show if show in pages else next(iter(pages), "")
    return visit.page(
        "numbers-one.html", title=found.name, section="track", found=found, address=address, names=_PERIODS,
        quarters=[quarter.words for quarter in quarters if quarter], least=LEAST,
        month=_month(found.month), months=[(line, _month(line.month)) for line in found.made],
        show=show, pages=pages | {_ALL: "All, to print"} if len(pages) > 1 else {},
        tables=with_pictures(table for table in found.tables if show in {table.page, _ALL}),
        times=in_times(found.medians) if show in {TIMES, _ALL} else (),
    )  # fmt: skip


def _month(key: str) -> str:
    month = period_of(key)
    return month.words if month else ""
