"""Commands for what time is counted by: calendars, limits of the law."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from engine.cases.views.lists import find_case
from engine.deadlines.actions.limits import Recounted, recount_deadlines
from engine.deadlines.records import ExplanationView
from engine.deadlines.views.law import explain_law
from engine.definitions.actions.days import (
    CalendarDay,
    NewDay,
    add_special_day,
    days_of_year,
    gaps_of,
    remove_special_day,
)
from engine.definitions.actions.law import Example, LawLine, example, law_lines, law_page
from engine.definitions.actions.preview import preview_day, preview_removal
from engine.definitions.records import LawExplanationView, MovedDeadline, PreviewView
from engine.web.running import running_engine, viewer_by_email
from engine.web.terminal import SYSTEM, WRONG_USAGE, fail, in_words, read_instant, show

_EFFECTS = {
    "would_breach": "WOULD BE BREACHED NOW",
    "stays_breached": "stays breached",
    "moves": "moves",
    "told_at_another_time": "same due time; people are notified at another time",
    "begins": "begins",
    "ends": "ends",
}

law_app = typer.Typer(
    help="Limits of the law: which there are, and whether one counts in a case.", no_args_is_help=True
)
Acting = Annotated[str | None, typer.Option("--as", help="E-mail address of the person who acts.")]
Limit = Annotated[str, typer.Argument(metavar="LIMIT", help="The id of a limit, such as IN-JJ-PROD-24H.")]
_STATES = ("signed", "changed", "revoked", "unsigned")


def in_lines(preview: PreviewView) -> str:
    """Say line by line what a change would do."""
    lines = [f"{limit.workflow}, {limit.step_key}: {limit.before or 'new step'} -> {limit.after or 'no such step'}"
             for limit in preview.limits]  # fmt: skip
    if preview.limits:
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
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Preview = Annotated[bool, typer.Option("--preview", help="Say what it would do to open cases, and change nothing.")]
As = Annotated[str | None, typer.Option("--as", help="The e-mail address of who does it; this machine unless given.")]


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
        viewer = viewer_by_email(engine, as_person) if as_person else SYSTEM
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
        viewer = viewer_by_email(engine, as_person) if as_person else SYSTEM
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


@law_app.command("list")
@in_words
def list_limits(
    jurisdiction: Annotated[
        str, typer.Option("--in", help="Only those of IN, BD, NP, MM, or * between countries.")
    ] = "",
    state: Annotated[str, typer.Option(help=f"Only those that are: {', '.join(_STATES)}.")] = "",
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """List the limits of the law: how long, by which source, and whether a lawyer has signed."""
    if state and state not in _STATES:
        fail(f"{state}: one of {', '.join(_STATES)}.", status=WRONG_USAGE)
    with running_engine() as (engine, _):
        every = law_lines(engine)
    known = {line.limit.jurisdiction for line in every}
    if jurisdiction and jurisdiction not in known:
        fail(f"{jurisdiction}: one of {', '.join(sorted(known))}.", status=WRONG_USAGE)
    lines = [one for one in every if jurisdiction in {"", one.limit.jurisdiction} and (not state or one.state == state)]
    show([_as_data(line) for line in lines], as_json=as_json, words=lambda: _listed(lines))


@law_app.command("show")
@in_words
def show_limit(
    limit: Limit,
    start: Annotated[str | None, typer.Option("--from", help="Count it from here: 2026-01-31T20:00+05:30.")] = None,
    place: Annotated[str, typer.Option("--in", help="By the calendar of this place, such as IN-AS.")] = "",
    option: Annotated[str, typer.Option(help="Another of its lengths, by name.")] = "",
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Show every text of a limit, with an example counted line by line."""
    begun = read_instant(start) if start else None
    with running_engine() as (engine, _):
        page = law_page(engine, limit, viewer=viewer_by_email(engine, None))
        at = begun or engine.clock.now()
        found = [
            (line, example(engine, line.limit, pack=line.pack, start=at, place=place, option=option))
            for line in page.lines
        ]
    show(
        [_as_data(line) | {"example": _example_data(one)} for line, one in found],
        as_json=as_json, words=lambda: "\n\n".join(_shown(line, one) for line, one in found),
    )  # fmt: skip
    if option and all(one.problem for _, one in found):
        raise typer.Exit(WRONG_USAGE)


@law_app.command("explain")
@in_words
def explain_in_case(
    case: Annotated[str, typer.Argument(metavar="CASE", help="The case number.")],
    limit: Limit,
    as_: Acting = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Return whether a limit counts in a case, why, what is missing for that, and when it falls due."""
    with running_engine() as (engine, _):
        viewer = viewer_by_email(engine, as_)
        case_id = engine.ask(find_case, viewer, case)
        law_page(engine, limit, viewer=viewer)
        found = engine.ask(explain_law, viewer, case_id, limit)
    show(found, as_json=as_json, words=lambda: _explained(found))


def _as_data(line: LawLine) -> dict[str, Any]:
    return line.limit.model_dump(mode="json", by_alias=True, exclude_defaults=True) | {
        "text_hash": line.limit.text_hash, "pack": line.pack, "state": line.state, "length": line.length,
        "term": line.term, "used_by": list(line.used_by),
    }  # fmt: skip


def _example_data(one: Example) -> dict[str, Any]:
    return {
        "place": one.place, "start": one.start.isoformat(), "due_at": one.due_at.isoformat() if one.due_at else None,
        "lines": [line.text for line in one.lines], "problem": one.problem,
    }  # fmt: skip


def _listed(lines: list[LawLine]) -> str:
    said = [f"{one.limit.id:22} {one.state:9} {one.length}; {one.term}" for one in lines]
    counted = Counter(one.state for one in lines)
    total = ", ".join(f"{counted[state]} {state}" for state in _STATES if counted[state])
    return "\n".join(
        [*said, f"{len({one.limit.id for one in lines})} limits in {len(lines)} texts: {total or 'none'}."]
    )


def _shown(line: LawLine, one: Example) -> str:
    limit = line.limit
    head = f"{limit.id} ({line.state}): {limit.what}.\n  {line.length}, from: {limit.trigger}. Owed by: {limit.duty}."
    source = f"  Source: {limit.source} ({limit.basis}; confidence {limit.confidence}). Called: {line.term}."
    used = f"  Used by: {', '.join(line.used_by) or 'nothing yet'}. If missed: {limit.if_missed}"
    counted = [f"  {text.text}" for text in one.lines] or [f"  {one.problem}"]
    return "\n".join([head, source, used, f"  Example in {one.place}:", *counted])


def _explained(found: LawExplanationView) -> str:
    answer = {"yes": "applies", "no": "does not apply", "unknown": "applies, though not everything is known"}[
        found.applies
    ]
    lines = [f"{found.limit_id} {answer} in case {found.case_number}: {found.what}."]
    lines += [f"  {found.term}; confidence {found.confidence}.", f"  {found.signed}"]
    lines += [f"  {reason.text}" for reason in found.reasons]
    lines += [f"  Missing: {', '.join(found.missing)}."] if found.missing else []
    lines += [f"  {found.treated}"]
    lines += [line for one in found.deadlines for line in _deadline(one)]
    if found.would_be:
        lines += [
            "No step of the case follows it now. It would be counted so:",
            *(f"  {r.text}" for r in found.would_be),
        ]
    elif not found.deadlines and found.is_used:
        lines += ["No step of the case follows it now, and what starts it is not known."]
    lines += ["Other texts of it:", *(f"  {one}" for one in found.others)] if found.others else []
    return "\n".join(lines)


def _deadline(one: ExplanationView) -> list[str]:
    it = one.deadline
    head = f"{it.step_title}{f', {it.person_label}' if it.person_label else ''}: due {_utc(it.due_at)} ({it.state})."
    return [head, *(f"  {line.text}" for line in one.lines)]


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
