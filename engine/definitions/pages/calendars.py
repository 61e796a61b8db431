"""Calendars: the days of a year with who says so; days that an administrator adds, or takes back."""

from datetime import date, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from starlette.datastructures import FormData
from starlette.responses import Response

from engine.core.policy import Action
from engine.deadlines.actions.limits import recount_deadlines
from engine.definitions.actions.days import (
    NewDay,
    add_special_day,
    days_of_year,
    published_calendar,
    remove_special_day,
    require_keeper,
    weeks_of_month,
)
from engine.definitions.actions.preview import preview_day, preview_removal
from engine.definitions.records import PreviewView, SpecialDayError
from engine.web.dependencies import Posted, SignedIn
from engine.web.languages import error_words, say
from engine.web.posted import as_day, text, typed
from engine.web.visit import Visit

router = APIRouter()
Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,9}$")]
_FIRST, _LAST = date(2015, 1, 1), date(2035, 12, 1)
Year = Annotated[int | None, Query(ge=_FIRST.year, le=_LAST.year)]
Month = Annotated[int | None, Query(ge=1, le=12)]
_AT_ONCE: Final = 200
"""How many cases are counted again before the page answers; a worker goes on with the rest."""


@router.get("/calendars/{name}")
def calendar(visit: SignedIn, name: Name, year: Year = None, month: Month = None) -> Response:
    """Show a month of a calendar as a picture, and the days of its year."""
    return _page(visit, name, year or visit.now.year, month)


@router.post("/calendars/{name}/days")
def day_posted(visit: SignedIn, name: Name, form: Posted) -> Response:
    """Show what a new day would do, or add it."""
    require_keeper(visit.viewer)
    given = typed(form)
    day = as_day(text(form, "day"))
    errors = _missing(form, day)
    if day is None or errors:
        return _page(visit, name, day.year if day else visit.now.year, given=given, errors=errors)
    is_working = text(form, "kind") == "working"
    new = NewDay(name, day, text(form, "name"), text(form, "reason"), is_working=is_working)
    try:
        if text(form, "action") != "save":
            told = preview_day(visit.engine, new, viewer=visit.viewer)
            path = f"/calendars/{name}/days"
            return _page(visit, name, day.year, day.month, given=given, preview=told, confirm=(path, "Add the day"))
        add_special_day(visit.engine, new, viewer=visit.viewer)
    except SpecialDayError as error:
        return _page(visit, name, day.year, day.month, given=given, errors={"day": error_words(error)})
    recount_deadlines(visit.engine, limit=_AT_ONCE)
    return visit.go(f"/calendars/{name}", year=str(day.year), month=str(day.month), said="day_added")


@router.post("/calendars/{name}/days/{day}/remove")
def removal_posted(visit: SignedIn, name: Name, day: date, form: Posted) -> Response:
    """Show what taking an added day back would do, or take it back."""
    require_keeper(visit.viewer)
    try:
        if text(form, "action") != "save":
            told = preview_removal(visit.engine, calendar=name, day=day, viewer=visit.viewer)
            confirm = (f"/calendars/{name}/days/{day}/remove", "Take the day back")
            return _page(visit, name, day.year, day.month, preview=told, confirm=confirm)
        remove_special_day(visit.engine, calendar=name, day=day, viewer=visit.viewer)
    except SpecialDayError as error:
        return _page(visit, name, day.year, day.month, errors={"day": error_words(error)})
    recount_deadlines(visit.engine, limit=_AT_ONCE)
    return visit.go(f"/calendars/{name}", year=str(day.year), month=str(day.month), said="day_removed")


def _page(
    visit: Visit,
    name: str,
    year: int,
    month: int | None = None,
    *,
    given: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    preview: PreviewView | None = None,
    confirm: tuple[str, str] = ("", ""),
) -> Response:
    found = published_calendar(visit.engine, name)
    today = visit.now.astimezone(found.zone_info).date()
    year = min(max(year, _FIRST.year), _LAST.year)
    shown = date(year, month or (today.month if year == today.year else 1), 1)
    return visit.page(
        "calendar.html",
        title=say("Calendar {name}", name=name),
        section="workflows",
        status=422 if errors else 200,
        name=name,
        year=year,
        month=shown,
        weeks=weeks_of_month(found, shown),
        today=today,
        years=[one for one in (year - 1, year + 1) if _FIRST.year <= one <= _LAST.year],
        beside=[one for one in months_around(shown) if _FIRST <= one <= _LAST],
        calendar_title=found.title,
        calendar_zone=found.zone,
        weekend=_together([day.label for day in found.weekend_on(date(year, 12, 31))]),
        gaps=found.gaps(year=year),
        days=days_of_year(visit.engine, name, year),
        may_keep=visit.may(Action.KEEP_CALENDARS),
        typed=given or {},
        errors=errors or {},
        problems=[(f"#{field}", problem) for field, problem in (errors or {}).items()],
        preview=preview,
        confirm_path=confirm[0],
        confirm_words=confirm[1],
    )


def months_around(first: date) -> tuple[date, date]:
    """Return the first days of the month before and of the month after."""
    return (first - timedelta(days=1)).replace(day=1), (first + timedelta(days=31)).replace(day=1)


def _together(labels: list[str]) -> str:
    """Name days of rest in one phrase: `Sunday, second Saturday of the month and fourth Saturday of the month`."""
    if not labels:
        return "no day of the week"
    return " and ".join([", ".join(labels[:-1]), labels[-1]]) if labels[1:] else labels[0]


def _missing(form: FormData, day: date | None) -> dict[str, str]:
    wanted = {
        "day": ("Give a date.", day is None),
        "name": ("Say what day it is.", not text(form, "name")),
        "reason": ("Say by whose word it is so.", not text(form, "reason")),
    }
    return {name: sentence for name, (sentence, is_missing) in wanted.items() if is_missing}
