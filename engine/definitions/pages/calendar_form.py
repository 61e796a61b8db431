"""A calendar by forms: days of rest, working hours with their pause, public holidays, single days; and its months."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Final, NamedTuple

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from engine.definitions.actions.days import drafted_calendar, weeks_of_month
from engine.definitions.actions.drafts import DefinitionDraft, open_draft
from engine.definitions.pages.calendar_edits import KINDS, NTH, TIMES, changed, places, read_calendar
from engine.definitions.pages.calendars import Month, Name, Year, months_around
from engine.definitions.pages.drafting import answered, saved, worst_first
from engine.definitions.pages.only_text import reasons
from engine.errors import HolidaysUnknownError
from engine.language.calendars import Calendar, RestDay, SpecialDay, Weekday, WorkingSpan, YearlyDay
from engine.language.findings import has_errors
from engine.language.time_changes import day_in_words, hours_in_words
from engine.web.dependencies import Posted, SignedIn
from engine.web.forms import Item
from engine.web.languages import say
from engine.web.posted import FIRST, Again, text, texts
from engine.web.visit import Visit

router = APIRouter()
_CALENDAR: Final = "calendar"
_FREE_ROWS: Final = 2


class HoursForm(NamedTuple):
    """The working hours of a day: when work begins and ends, and the pause between; `said` when there are more."""

    opens: str = ""
    pause: str = ""
    goes_on: str = ""
    closes: str = ""
    said: str = ""


class DayForm(NamedTuple):
    """A single day of the file; `entry` names its list and place, as `holidays-3`."""

    entry: str
    kind: str
    day: date
    when: str
    name: str
    source: str


@router.get("/definitions/calendar/{name}/draft")
def draft(visit: SignedIn, name: Name, year: Year = None, month: Month = None, entry: str = "") -> Response:
    """Show the viewer's draft of a calendar, or what runs, with its months and a form for each part."""
    known = open_draft(visit.engine, _CALENDAR, name, viewer=visit.viewer)
    return _page(visit, known, (year, month), entry=entry)


@router.post("/definitions/calendar/{name}/draft")
def draft_posted(visit: SignedIn, name: Name, form: Posted, year: Year = None, month: Month = None) -> Response:
    """Change a part of a calendar, add a day or take one out, undo what was saved last, discard it, or propose it."""
    known, here = open_draft(visit.engine, _CALENDAR, name, viewer=visit.viewer), f"/definitions/calendar/{name}/draft"
    shown = {key: str(value) for key, value in (("year", year), ("month", month)) if value}
    return answered(
        visit, known, form, here=here,
        page=lambda again: _page(visit, known, (year, month), again=again, entry=text(form, "entry"), posted=form),
        save=lambda: saved(visit, known, here, changed(known.source, read_calendar(known.source), form), **shown),
    )  # fmt: skip


def _page(
    visit: Visit,
    known: DefinitionDraft,
    shown: tuple[int | None, int | None],
    *,
    again: Again = FIRST,
    entry: str = "",
    posted: FormData | None = None,
) -> Response:
    calendar = read_calendar(known.source)
    month = _month(visit, calendar, *shown)
    days = _days(calendar) if calendar else {}
    chosen = next((one for some in days.values() for one in some if one.entry == entry), None)
    return visit.page(
        "calendar-draft.html",
        title=say("Draft of {name}", name=known.name),
        section="workflows",
        draft=known,
        title_of=calendar.title if calendar else known.name,
        change=known.change,
        findings=worst_first(known.findings),
        has_errors=has_errors(known.findings),
        calendar=calendar,
        month=month,
        today=visit.now.astimezone(calendar.zone_info).date() if calendar else None,
        weeks=_weeks(visit, calendar, month) if calendar else (),
        beside=months_around(month),
        fields=_fields(calendar, posted) if calendar else {},
        days=days,
        chosen=chosen,
        kinds=[(name, words) for name, words in KINDS.items()],
        only_text=reasons(_CALENDAR),
        again=again,
    )


def _month(visit: Visit, calendar: Calendar | None, year: int | None, month: int | None) -> date:
    today = visit.now.astimezone(calendar.zone_info).date() if calendar else visit.now.date()
    return date(year or today.year, month or (today.month if year in {None, today.year} else 1), 1)


def _weeks(visit: Visit, calendar: Calendar, month: date) -> object:
    with suppress(HolidaysUnknownError):
        calendar = drafted_calendar(visit.engine, calendar)
    return weeks_of_month(calendar, month)


def _fields(calendar: Calendar, posted: FormData | None) -> dict[str, object]:
    """Return what the forms show: what the draft says, or what was typed in the one that did not fit."""
    action = text(posted, "action") if posted else ""
    weekend = posted if action == "weekend" else None
    every = texts(weekend, "every") if weekend else [str(one) for one in calendar.weekend if one.is_every_week]
    rows = [_row(one) for one in calendar.weekend if not one.is_every_week] + [("", "")] * _FREE_ROWS
    if weekend:
        rows = [*zip(texts(weekend, "nth"), texts(weekend, "nth_day"), strict=False)]
    place = text(posted, "holidays_from") if posted and action == "place" else calendar.holidays_from or ""
    weekday = text(posted, "weekday") if posted and action == "hours-of-day" else ""
    return {
        "every": [Item(day.value, day.label, checked=day.value in every) for day in Weekday],
        "some": [
            ([Item(key, words, checked=key == nth) for key, words in NTH.items()], _weekdays(day))
            for nth, day in rows
        ],
        "weekend_source": text(weekend, "weekend_source") if weekend else calendar.weekend_source,
        "hours": _hours_form(calendar.hours, posted if action == "hours" else None, "hours"),
        "hours_of_day": _hours_form((), posted if action == "hours-of-day" else None, "day_hours"),
        "weekdays": _weekdays(weekday),
        "own_hours": [
            (day.value, day.label, hours_in_words(calendar.hours_by_weekday[day]))
            for day in Weekday if day in calendar.hours_by_weekday
        ],
        "said": hours_in_words(calendar.hours),
        "places": [
            Item(one, say("{place}: a part of the country" if "/" in one else "{place}: the whole country", place=one),
                 checked=one == place)
            for one in places(calendar)
        ],
    }  # fmt: skip


def _weekdays(chosen: str) -> list[Item]:
    return [Item(day.value, day.label, checked=day.value == chosen) for day in Weekday]


def _row(rest: RestDay) -> tuple[str, str]:
    nth, _, day = str(rest).partition(" ")
    return nth, day


def _hours_form(spans: tuple[WorkingSpan, ...], posted: FormData | None, name: str) -> HoursForm:
    if posted is not None:
        return HoursForm(*(text(posted, f"{name}-{part}") for part in TIMES))
    said = [f"{at:%H:%M}" for one in spans for at in (one.opens, one.closes)]
    match said:
        case [opens, closes]:
            return HoursForm(opens, "", "", closes)
        case [opens, pause, goes_on, closes]:
            return HoursForm(opens, pause, goes_on, closes)
    return HoursForm(said=hours_in_words(spans))


def _days(calendar: Calendar) -> Mapping[str, list[DayForm]]:
    """Return the days of the file: those of every year first, then by year, each in the order of the date."""
    found: dict[str, list[DayForm]] = {}
    lists: list[tuple[str, tuple[SpecialDay | YearlyDay, ...]]] = [(kind, getattr(calendar, kind)) for kind in KINDS]
    for kind, some in lists:
        for place, one in enumerate(some):
            day = one.day if isinstance(one.day, date) else date.fromisoformat(f"2028-{one.day}")
            shown = DayForm(f"{kind}-{place}", kind, day, day_in_words(one.day), one.name, one.source)
            found.setdefault("Every year" if kind == "every_year" else str(day.year), []).append(shown)
    groups = sorted(found, key=lambda group: (group.isdecimal(), group))
    return {group: sorted(found[group], key=lambda one: one.day) for group in groups}
