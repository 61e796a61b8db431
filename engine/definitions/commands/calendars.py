"""Commands for calendars: their days, what is added by hand, and what that would do to open cases."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from engine.deadlines.actions.limits import Recounted, recount_deadlines
from engine.definitions.actions.days import (
    CalendarDay,
    NewDay,
    add_special_day,
    days_of_year,
    gaps_of,
    remove_special_day,
)
from engine.definitions.actions.preview import preview_day, preview_removal
from engine.definitions.records import MovedDeadline, PreviewView
from engine.web.running import As, running_engine, viewer_by_email
from engine.web.terminal import WRONG_USAGE, Json, fail, in_words, show

_EFFECTS = {
    "would_breach": "WOULD BE BREACHED NOW",
    "stays_breached": "stays breached",
    "moves": "moves",
    "told_at_another_time": "same due time; people are notified at another time",
    "begins": "begins",
    "ends": "ends",
}


def in_lines(preview: PreviewView) -> str:
    """Say line by line what a change would do."""
    lines = [f"{one.workflow}: {'look: ' if one.is_loss else ''}{one.words}" for one in preview.changes]
    if preview.changes:
        lines.append("Open cases stay on the version of the workflow that they began with.")
    lines += [_line(line) for line in preview.lines]
    breached = sum(line.effect == "would_breach" for line in preview.lines)
    lines.append(
        f"{preview.looked_at} open case(s) looked at: {len(preview.lines)} deadline(s) would change, "
        f"{breached} would be breached."
    )
    if preview.left_out:
        lines.append(f"{preview.left_out} more case(s) were not looked at.")
    return "\n".join([*lines, "Nothing was changed."])


def _line(line: MovedDeadline) -> str:
    times = f"{_said(line.before, line.zone)} -> {_said(line.after, line.zone)}"
    return f"{line.case_number}  {line.step_title}: {times} ({_EFFECTS[line.effect]})"


def _said(at: datetime | None, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" if at else "none"


calendar_app = typer.Typer(help="Calendars: their days, and days that are added by hand.", no_args_is_help=True)
Code = Annotated[str, typer.Argument(help="A calendar, like IN-AS or NP.")]
Day = Annotated[str, typer.Argument(metavar="DATE", help="A date, like 2026-10-02.")]
Name = Annotated[str, typer.Option(help="What the day is called.")]
Reason = Annotated[str, typer.Option(help="Who says so, such as the number of a notification.")]
Working = Annotated[bool, typer.Option("--working", help="Offices work on this day, which would otherwise be free.")]
Year = Annotated[int | None, typer.Option(min=2015, max=2035, help="A year; the present one unless given.")]
Preview = Annotated[bool, typer.Option("--preview", help="Say what it would do to open cases, and change nothing.")]


@calendar_app.command("show")
@in_words
def show_calendar(code: Code, year: Year = None, as_json: Json = False) -> None:  # noqa: FBT002 - a command-line flag
    """List the holidays and extra working days of a year, each with who says so."""
    with running_engine() as (engine, _):
        wanted = year or engine.clock.now().year
        days = days_of_year(engine, code, wanted)
    show(list(map(_row, days)), as_json=as_json, words=lambda: _words(code, wanted, days))


@calendar_app.command("missing")
@in_words
def missing(year: Year = None, as_json: Json = False) -> None:  # noqa: FBT002 - a command-line flag
    """List what is not known of each calendar: lists of days that were not found, days of rest without an order."""
    with running_engine() as (engine, _):
        found = gaps_of(engine, year or engine.clock.now().year)
    rows = [{"calendar": name, "missing": gap} for name, gaps in found.items() for gap in gaps]
    show(rows, as_json=as_json, words=lambda: "\n".join(f"{row['calendar']:6} {row['missing']}" for row in rows))


@calendar_app.command("add-day")
@in_words
def add_day(
    code: Code,
    day: Day,
    name: Name,
    reason: Reason,
    working: Working = False,  # noqa: FBT002 - a command-line flag
    preview: Preview = False,  # noqa: FBT002
    as_person: As = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Add a public holiday, or with --working a working day; open deadlines are counted again."""
    new = NewDay(code, _date(day), name, reason, is_working=working)
    with running_engine() as (engine, _):
        viewer = viewer_by_email(engine, as_person)
        if preview:
            found = preview_day(engine, new, viewer=viewer)
            show(found, as_json=as_json, words=lambda: in_lines(found))
            return
        add_special_day(engine, new, viewer=viewer)
        done = recount_deadlines(engine)
    _notify(done, as_json=as_json, what=f"{new.day} was added to {code}.")


@calendar_app.command("remove-day")
@in_words
def remove_day(
    code: Code,
    day: Day,
    preview: Preview = False,  # noqa: FBT002 - a command-line flag
    as_person: As = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Take a day back that was added by hand; open deadlines are counted again."""
    when = _date(day)
    with running_engine() as (engine, _):
        viewer = viewer_by_email(engine, as_person)
        if preview:
            found = preview_removal(engine, calendar=code, day=when, viewer=viewer)
            show(found, as_json=as_json, words=lambda: in_lines(found))
            return
        remove_special_day(engine, calendar=code, day=when, viewer=viewer)
        done = recount_deadlines(engine)
    _notify(done, as_json=as_json, what=f"{when} was removed from {code}.")


def _notify(done: Recounted, *, as_json: bool, what: str) -> None:
    rest = "" if done.is_done else " The worker goes on with the rest."
    words = f"{what} {done.moved} deadline(s) moved in {done.cases} case(s).{rest}"
    rows: Mapping[str, object] = {"cases": done.cases, "moved": done.moved, "is_done": done.is_done}
    show(dict(rows), as_json=as_json, words=lambda: words)


def _row(day: CalendarDay) -> dict[str, object]:
    return {
        "date": day.day.isoformat(), "kind": day.kind, "name": day.name, "source": day.source, "is_added": day.is_added,
    }  # fmt: skip


def _words(code: str, year: int, days: Sequence[CalendarDay]) -> str:
    lines = [f"{d.day:%Y-%m-%d %a}  {d.kind:8} {d.name}{f' ({d.source})' if d.source else ''}" for d in days]
    return "\n".join(lines) or f"The calendar {code} names no day of {year}."


def _date(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        fail(f"{text} is no date: write it like 2026-10-02.", status=WRONG_USAGE)
