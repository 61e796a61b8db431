"""A calendar by forms, which change exactly the lines that are meant: rest, working hours, holidays, single days."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, time
from itertools import pairwise
from typing import Final, NamedTuple

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from engine.definitions.actions.days import drafted_calendar, weeks_of_month
from engine.definitions.actions.drafts import DefinitionDraft, open_draft
from engine.definitions.holidays import HolidaysUnknownError, known_places
from engine.definitions.pages.calendars import Month, Name, Year, months_around
from engine.definitions.pages.drafting import answered, reasons, saved, worst_first
from engine.errors import InvalidAnswersError
from engine.language.calendars import Calendar, RestDay, SpecialDay, Weekday, WorkingSpan, YearlyDay
from engine.language.editing import UneditableError, with_value, without
from engine.language.findings import has_errors
from engine.language.library import definitions_of
from engine.language.time_changes import day_in_words, hours_in_words
from engine.language.yaml_files import Path as YamlPath
from engine.language.yaml_files import Plain, read_yaml
from engine.web.dependencies import Posted, SignedIn
from engine.web.forms import Item
from engine.web.languages import say
from engine.web.posted import FIRST, Again, as_day, text, texts
from engine.web.visit import Visit

router = APIRouter()
_CALENDAR: Final = "calendar"
_FREE_ROWS: Final = 2

KINDS: Final = {
    "holidays": "A holiday",
    "every_year": "A holiday of every year",
    "not_holidays": "No holiday here, though the public list has one",
    "extra_working_days": "A day on which offices work all the same",
}
"""What a single day can be, by the list of the file in which it stands."""
NTH: Final = {"1st": "first", "2nd": "second", "3rd": "third", "4th": "fourth", "5th": "fifth"}
_LONGEST: Final = 200
TIMES: Final = ("opens", "pause", "goes_on", "closes")
_AS_TIME: Final = "Write a time such as 09:00."


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
    known = open_draft(visit.engine, _CALENDAR, name, viewer=visit.viewer, tell=say)
    return _page(visit, known, (year, month), entry=entry)


@router.post("/definitions/calendar/{name}/draft")
def draft_posted(visit: SignedIn, name: Name, form: Posted, year: Year = None, month: Month = None) -> Response:
    """Change a part of a calendar, add a day or take one out, undo what was saved last, discard it, or propose it."""
    known = open_draft(visit.engine, _CALENDAR, name, viewer=visit.viewer, tell=say)
    here = f"/definitions/calendar/{name}/draft"
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


def changed(source: str, calendar: Calendar | None, form: FormData) -> str:
    """Return the text of a calendar with what was posted; raises `UneditableError` and `InvalidAnswersError`."""
    change = _CHANGES.get(text(form, "action"))
    if calendar is None or change is None:
        raise UneditableError
    return change(source, calendar, form)


def _with_hours(source: str, calendar: Calendar, form: FormData) -> str:
    hours = _posted_hours(form, "hours")
    return with_value(source, ("hours",), hours) if hours != _written(calendar.hours) else source


def _without_own_hours(source: str, calendar: Calendar, form: FormData) -> str:
    day = text(form, "weekday")
    return without(source, ("hours_by_weekday", day)) if day in calendar.hours_by_weekday else source


def _without_day(source: str, calendar: Calendar, form: FormData) -> str:
    return without(source, _entry(calendar, form))


def _with_weekend(source: str, calendar: Calendar, form: FormData) -> str:
    every = [day.value for day in Weekday if day.value in texts(form, "every")]
    rows = zip(texts(form, "nth"), texts(form, "nth_day"), strict=False)
    some = [f"{nth} {day}" for nth, day in rows if nth in NTH and day in set(Weekday) and day not in every]
    rest: list[Plain] = [*every, *dict.fromkeys(some)]
    if len({str(one)[-3:] for one in rest}) == len(Weekday):
        problem = "Offices work on at least one day of the week: take the tick of that day away."
        raise InvalidAnswersError({"every": problem})
    if set(map(str, rest)) != {str(one) for one in calendar.weekend}:
        source = with_value(source, ("weekend",), rest)
    return _with_text(source, ("weekend_source",), calendar.weekend_source, text(form, "weekend_source"))


def _with_text(source: str, path: YamlPath, was: str, becomes: str) -> str:
    if becomes == was:
        return source
    return with_value(source, path, becomes) if becomes else without(source, path)


def _with_hours_of_day(source: str, calendar: Calendar, form: FormData) -> str:
    day = text(form, "weekday")
    if day not in set(Weekday):
        raise InvalidAnswersError({"weekday": "Choose a day of the week."})
    hours, known = _posted_hours(form, "day_hours"), calendar.hours_by_weekday.get(Weekday(day))
    return source if known and hours == _written(known) else with_value(source, ("hours_by_weekday", day), hours)


def _posted_hours(form: FormData, name: str) -> Plain:
    """Return working hours as the file has them; raises `InvalidAnswersError` at the time that does not fit."""
    given = {part: text(form, f"{name}-{part}") for part in TIMES}
    has_pause = bool(given["pause"] or given["goes_on"])
    wanted = [part for part in TIMES if has_pause or part in {"opens", "closes"}]
    read = {part: _time(given[part]) for part in wanted}
    problems = {f"{name}-{part}": _AS_TIME for part, at in read.items() if at is None}
    for before, after in pairwise(wanted):
        first, later = read[before], read[after]
        if first and later and later <= first:
            problems[f"{name}-{after}"] = say(
                "Write a time after {time}: each of these comes after the one before.", time=f"{first:%H:%M}"
            )
    if problems:
        raise InvalidAnswersError(problems)
    said = [f"{read[part]:%H:%M}" for part in wanted]
    spans = [f"{opens}-{closes}" for opens, closes in zip(said[::2], said[1::2], strict=True)]
    return spans[0] if len(spans) == 1 else [*spans]


def _time(given: str) -> time | None:
    with suppress(ValueError):
        return time.fromisoformat(given) if len(given) == len("09:00") else None
    return None


def _written(spans: tuple[WorkingSpan, ...]) -> Plain:
    said = [str(one) for one in spans]
    return said[0] if len(said) == 1 else [*said]


def _with_place(source: str, calendar: Calendar, form: FormData) -> str:
    place = text(form, "holidays_from")
    if place and place != calendar.holidays_from and place not in places(calendar):
        raise InvalidAnswersError({"holidays_from": "Choose a place of the list, or none."})
    return _with_text(source, ("holidays_from",), calendar.holidays_from or "", place)


def _with_day(source: str, calendar: Calendar, form: FormData) -> str:
    was = _entry(calendar, form) if text(form, "entry") else None
    kind, new = _posted_day(calendar, form, was)
    if was is not None and was[0] == kind:
        before = getattr(calendar, kind)[was[1]]
        for name, value in new.items():
            if str(value) != str(getattr(before, name)):
                source = with_value(source, (*was, name), value)
        return source
    source = without(source, was) if was is not None else source
    count = len(getattr(calendar, kind))
    return with_value(source, (kind, count), new) if count else with_value(source, (kind,), [new])


def _posted_day(calendar: Calendar, form: FormData, was: tuple[str, int] | None) -> tuple[str, dict[str, Plain]]:
    """Return the list and the line of a day as it is posted; raises `InvalidAnswersError`."""
    kind, name, source = text(form, "kind"), text(form, "name"), text(form, "source")
    day = as_day(text(form, "day"))
    problems = {} if kind in KINDS else {"kind": "Choose what kind of day it is."}
    problems |= {} if day else {"day": "Give a date, such as 2026-11-24."}
    for field, given, problem in (
        ("name", name, "Say what day it is."), ("source", source, "Say by whose word it is so."),
    ):  # fmt: skip
        problems |= {} if given else {field: problem}
        problems |= {field: say("Write at most {number} letters.", number=_LONGEST)} if len(given) > _LONGEST else {}
    is_taken = day is not None and not problems and _is_taken(calendar, kind, day, was)
    if is_taken:
        problems["day"] = "This day stands in the calendar already: change it there, or take it out there first."
    if problems or day is None:
        raise InvalidAnswersError(problems)
    return kind, {"day": f"{day:%m-%d}" if kind == "every_year" else day.isoformat(), "name": name, "source": source}


def _is_taken(calendar: Calendar, kind: str, day: date, was: tuple[str, int] | None) -> bool:
    lists = {"every_year"} if kind == "every_year" else KINDS.keys() - {"every_year"}
    wanted = f"{day:%m-%d}" if kind == "every_year" else day
    return any(
        one.day == wanted and (name, place) != was
        for name in lists
        for place, one in enumerate(getattr(calendar, name))
    )


def _entry(calendar: Calendar, form: FormData) -> tuple[str, int]:
    """Return where in the file the posted day stands; raises `UneditableError` where none does."""
    kind, _, place = text(form, "entry").rpartition("-")
    if kind not in KINDS or not place.isdecimal() or int(place) >= len(getattr(calendar, kind)):
        raise UneditableError
    return kind, int(place)


def places(calendar: Calendar) -> list[str]:
    """List the places of the calendar's country whose public holidays are known: the whole country first."""
    country = calendar.name.partition("-")[0]
    known = {calendar.holidays_from} - {None} | known_places()
    return sorted(one for one in known if one and one.partition("/")[0] == country)


def read_calendar(source: str) -> Calendar | None:
    """Return the calendar of a text; None where it cannot be read."""
    return next(iter(definitions_of([read_yaml(source, file="calendar.yaml")]).calendars.values()), None)


_CHANGES: Final[Mapping[str, Callable[[str, Calendar, FormData], str]]] = {
    "weekend": _with_weekend, "hours": _with_hours, "hours-of-day": _with_hours_of_day,
    "usual-hours": _without_own_hours, "place": _with_place, "day": _with_day, "remove-day": _without_day,
}  # fmt: skip
