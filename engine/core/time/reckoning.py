"""What a deadline's own record says of its time: whose calendar counts, its last day, reminders before it."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from engine.core.library import Library
from engine.core.records import Deadline, Excluded, Owes, Pause, Run
from engine.core.state import CaseState
from engine.core.time.counting import (
    due_at,
    excluded_time,
    first_working_day,
    instant_of,
    measured,
    offset_from,
    on_working_day,
    warn_at,
)
from engine.language.calendars import Calendar
from engine.language.law import KeptUntil, LawLimit
from engine.language.limits import Counting, TimeLimit, WarningPoint, limit_of

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


def said_at(instant: datetime, zone: ZoneInfo) -> str:
    """Say an instant in local time: `Saturday 7 March 2026, 18:40`."""
    local = instant.astimezone(zone)
    return f"{said_on(local)}, {local:%H:%M}"


def said_on(day: date) -> str:
    """Say a date: `Saturday 7 March 2026`."""
    return f"{day:%A} {day.day} {day:%B %Y}"


def said_for(length: timedelta) -> str:
    """Say a length of time in days, hours and minutes: `2 days and 4 hours`; `nothing` for less than a minute."""
    left, said = int(length.total_seconds()), []
    for name, seconds in _UNITS:
        amount, left = divmod(max(left, 0), seconds)
        if amount:
            said.append(f"{amount} {name}{'' if amount == 1 else 's'}")
    if not said:
        return "nothing"
    return f"{', '.join(said[:-1])} and {said[-1]}" if said[1:] else said[0]


def late_at(due: datetime, until: KeptUntil, *, zone: str, calendar: Calendar | None = None) -> datetime | None:
    """Work out from when on (UTC) a limit that falls due at an instant is late; None when that is the due time itself.

    An office that is closed on the last day receives on the next day on which it is open (General Clauses Act, s. 10);
    without a calendar its day ends at midnight, as any other.
    """
    match until:
        case KeptUntil.INSTANT:
            return None
        case KeptUntil.OFFICE_CLOSE if calendar is not None:
            day = first_working_day(due, calendar)
            closes = instant_of(day, calendar.spans(day)[-1].closes, calendar.zone_info)
            return closes if closes > due else None
        case _:
            info = ZoneInfo(zone)
            return instant_of(due.astimezone(info).date() + timedelta(days=1), time(), info)


def said_by(due: datetime, late: datetime, zone: ZoneInfo) -> str:
    """Say until when a limit is kept: `by the end of Friday 14 August 2026 (due from 02:05)`."""
    ends, from_ = late.astimezone(zone), due.astimezone(zone)
    last = last_day(late, zone)
    start = f"{from_:%H:%M}" if from_.date() == last else said_at(due, zone)
    if ends.time() == time():
        return f"by the end of {said_on(last)} (due from {start})"
    return f"by {ends:%H:%M} on {said_on(last)} (due from {start})"


def last_day(late: datetime, zone: ZoneInfo) -> date:
    """Name the day at whose end, or within which, a limit becomes late."""
    return (late - timedelta(microseconds=1)).astimezone(zone).date()


WHOSE: Mapping[Owes, str] = {
    Owes.PARTNER: "the partner who was asked for this is there",
    Owes.STEP: "the workflow gives this step to a unit there",
    Owes.ADDED: "whoever added this step said that it is done there",
    Owes.LAW: "the limit is one of the law there",
    Owes.UNIT: "the unit that has the case is there",
    Owes.CASE: "the case is led there, and nothing says that a unit elsewhere owes this",
}
_EVERYWHERE = "*"


class CountedBy(NamedTuple):
    """Zone and calendar of a limit, and why it is these."""

    zone: str
    calendar: str | None
    counted_by: Owes


def who_owes(
    state: CaseState,
    run: Run,
    step_id: UUID,
    library: Library,
    *,
    unit: str = "",
    added_for: str = "",
    law: LawLimit | None = None,
) -> CountedBy:
    """Find the calendar of a step's limit: of the partner who owes it, else of the unit that the workflow names.

    Of a step that was added it is that of the place `added_for` which somebody named.

    Else a limit of the law of another place is counted there, and what we owe ourselves where the unit is that has
    the case; all else where the case is led, and so is what is owed in a place that has no calendar.
    """
    named = (unit, Owes.STEP) if unit else (added_for, Owes.ADDED)
    for jurisdiction, why in _places(state, run, step_id, named, law):
        calendar = _calendar(jurisdiction, library)
        if calendar is not None:
            return CountedBy(calendar.zone, calendar.name, why)
    return CountedBy(run.zone, run.calendar, Owes.CASE)


def _places(
    state: CaseState, run: Run, step_id: UUID, named: tuple[str, Owes], law: LawLimit | None
) -> Iterator[tuple[str, Owes]]:
    if partner := state.owed_in.get(step_id):
        yield partner, Owes.PARTNER
    if named[0] and named[0] != _country(run.jurisdiction):  # at home the calendar of the case's own State is nearer
        yield named
    if law and law.jurisdiction not in {_EVERYWHERE, _country(run.jurisdiction), run.jurisdiction}:
        yield law.jurisdiction, Owes.LAW
    is_ours = law is None or law.owed_by == "ours"
    if is_ours and state.kept_in not in {"", run.jurisdiction}:
        yield state.kept_in, Owes.UNIT


def _calendar(jurisdiction: str, library: Library) -> Calendar | None:
    return library.calendars.get(jurisdiction) or library.calendars.get(_country(jurisdiction))


def _country(jurisdiction: str) -> str:
    return jurisdiction.partition("-")[0]


WRITTEN_DOWN_WITHIN: Final = timedelta(hours=24)
"""How long after it happened a step may be written down without a word on why."""


def is_late_entry(happened_at: datetime, now: datetime) -> bool:
    """Return whether what happened then is written down long after it, at `now` (both UTC)."""
    return now - happened_at > WRITTEN_DOWN_WITHIN


PAUSED = "pause"
"""The name under which a pause stands among the stretches that do not count."""
_SECOND = timedelta(seconds=1)


class Reckoned(NamedTuple):
    """A due time (UTC), and the same without the extensions that were given."""

    due_at: datetime
    plain_due_at: datetime


def reckon(deadline: Deadline, library: Library) -> Deadline:
    """Count a deadline from what stands in its record: start, limit, excluded stretches, pauses, extensions.

    A limit of the law knows neither pause nor extension, whatever was recorded before it applied. Raises like
    `engine.core.time.counting.due_at`.
    """
    due = reckoned(deadline, library).due_at
    stretches = left_out(deadline)
    gaps = excluded_time(stretches, since=deadline.started_at)
    last = next((gap for gap in reversed(gaps) if gap.start < due), None)
    consumed = measured(deadline.started_at, last.start, gaps) if last else timedelta()
    return deadline.model_copy(
        update={
            "due_at": due,
            "late_at": late_of(deadline, due, library),
            "budget_seconds": measured(deadline.started_at, due, gaps) // _SECOND,
            "consumed_seconds": consumed // _SECOND,
            "running_since": min(last.end, due) if last else deadline.started_at,
        }
    )


def reckoned(deadline: Deadline, library: Library, *, more: Iterable[TimeLimit] | None = None) -> Reckoned:
    """Count the due time of a deadline, with the extensions that it has or those of `more` instead."""
    calendar = library.calendars.get(deadline.calendar or "")
    stretches = left_out(deadline)
    plain = due_at(
        deadline.started_at, limit_of(deadline.limit), zone=deadline.zone, calendar=calendar, excluded=stretches
    )
    due = plain
    for length in given(deadline) if more is None else more:
        due = due_at(due, length, zone=deadline.zone, calendar=calendar, excluded=stretches)
    if due > deadline.started_at:
        due, plain = after_pauses(deadline, due, is_due=True), after_pauses(deadline, plain, is_due=True)
    return Reckoned(due, plain)


def late_of(deadline: Deadline, due: datetime, library: Library) -> datetime | None:
    """Work out from when on a deadline that falls due at an instant is late (UTC); None when that is the due time."""
    calendar = library.calendars.get(deadline.calendar or "")
    return late_at(due, deadline.kept_until, zone=deadline.zone, calendar=calendar)


def given(deadline: Deadline) -> tuple[TimeLimit, ...]:
    """List the extensions that were approved, in the order in which they were asked for; the law knows none."""
    if deadline.law:
        return ()
    return tuple(TimeLimit(one.more) for one in deadline.extensions if one.is_approved)


def left_out(deadline: Deadline) -> tuple[Excluded, ...]:
    """List all stretches that do not count: what is excluded, and the pauses unless the limit is one of the law."""
    paused = (Excluded(name=PAUSED, start=pause.start, end=pause.until) for pause in pauses_of(deadline))
    return (*deadline.excluded, *paused)


def pauses_of(deadline: Deadline) -> tuple[Pause, ...]:
    """List the pauses that count."""
    return () if deadline.law else deadline.pauses


def pause_at(deadline: Deadline, now: datetime) -> Pause | None:
    """Find the pause that a deadline is in (UTC); at its last instant it goes on."""
    return next((pause for pause in pauses_of(deadline) if pause.start <= now < pause.until), None)


def after_pauses(deadline: Deadline, at: datetime, *, is_due: bool = False) -> datetime:
    """Move an instant that lies inside a pause to the end of it; a due time may fall where a pause begins."""
    if not deadline.pauses:
        return at
    for pause in sorted(pauses_of(deadline), key=lambda one: one.start):
        if pause.start < at < pause.until or (at == pause.start < pause.until and not is_due):
            at = pause.until
    return at


def paused_seconds(deadline: Deadline) -> int:
    """Add up the pauses of a deadline, in seconds."""
    return sum((pause.until - pause.start) // _SECOND for pause in deadline.pauses)


class Moved(NamedTuple):
    """A reminder that would fall on a closed day: what it is in words, when it would come and when it does (UTC)."""

    what: str
    plain: datetime
    at: datetime


def counts_working_days(deadline: Deadline) -> bool:
    """Return whether the limit of a deadline is one of working days."""
    return limit_of(deadline.limit).counting is Counting.WORKING_DAYS


def warning_at(deadline: Deadline, text: str, calendar: Calendar | None) -> datetime | None:
    """Work out when a warning such as `80%` comes (UTC), pauses apart; None when that is before the limit started.

    Raises `CalendarMissingError` for a warning in working time without a calendar.
    """
    at = _plain_warning(deadline, text, calendar)
    if at is None or calendar is None or not counts_working_days(deadline):
        return at
    moved = on_working_day(at, calendar)
    return moved if moved > deadline.started_at else None


def moved_reminders(deadline: Deadline, library: Library) -> Iterator[Moved]:
    """Name each warning and each level before the due time that comes on the working day before its own."""
    calendar = library.calendars.get(deadline.calendar or "")
    if calendar is None or not counts_working_days(deadline):
        return
    ladder, due = library.ladder_of(deadline), deadline.due_at
    plain = [(f"The warning at {text}", _plain_warning(deadline, text, calendar)) for text in deadline.warn]
    plain += [
        (f"Level {level.level} of the ladder", offset_from(due, level.after, zone=deadline.zone, calendar=calendar))
        for level in (ladder.levels if ladder else ())
        if level.after.is_before
    ]
    for what, at in plain:
        if at is not None and (moved := on_working_day(at, calendar)) != at:
            yield Moved(what, at, moved)


def _plain_warning(deadline: Deadline, text: str, calendar: Calendar | None) -> datetime | None:
    return warn_at(
        deadline.started_at, deadline.due_at, WarningPoint(text), zone=deadline.zone, calendar=calendar,
        excluded=left_out(deadline),
    )  # fmt: skip
