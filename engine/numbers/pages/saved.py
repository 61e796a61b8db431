"""What somebody has saved of published figures: find it, open it, have it made each month, delete it."""

from functools import partial
from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.core.policy import Action
from engine.numbers.actions import LONGEST_NAME, delete_numbers, make_monthly, save_numbers
from engine.numbers.pages.numbers import PAGES, figures_as_csv, in_times, with_pictures
from engine.numbers.records import CHOSEN_TABLES, TIMES, SavedPeriod, SavedView, period_of
from engine.numbers.suppression import LEAST
from engine.numbers.views.published import monthly_numbers, published, saved_list, saved_numbers
from engine.web.dependencies import Posted, SignedIn, tried
from engine.web.posted import FIRST, Again, text, texts, uuid_or_none
from engine.web.visit import Visit
from engine.web.words import FormChoice

router = APIRouter()
_ALL: Final = "all"
_PERIODS: Final = {
    SavedPeriod.LATEST: "The latest published quarter", SavedPeriod.THIS_YEAR: "This year, as far as it is published",
    SavedPeriod.LAST_YEAR: "Last year",
}  # fmt: skip


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
