"""Whose calendar counts, what the last day of a limit in days is, and what is written down late."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from engine.core.library import Library
from engine.core.records import Owes, Run
from engine.core.state import CaseState
from engine.core.time.working import first_working_day, instant_of
from engine.language.calendars import Calendar
from engine.language.law import KeptUntil, LawLimit

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
    state: CaseState, run: Run, step_id: UUID, library: Library, *, unit: str = "", law: LawLimit | None = None
) -> CountedBy:
    """Find the calendar of a step's limit: of the partner who owes it, else of the unit that the workflow names.

    Else a limit of the law of another place is counted there, and what we owe ourselves where the unit is that has
    the case; all else where the case is led, and so is what is owed in a place that has no calendar.
    """
    for jurisdiction, why in _places(state, run, step_id, unit, law):
        calendar = _calendar(jurisdiction, library)
        if calendar is not None:
            return CountedBy(calendar.zone, calendar.name, why)
    return CountedBy(run.zone, run.calendar, Owes.CASE)


def _places(state: CaseState, run: Run, step_id: UUID, unit: str, law: LawLimit | None) -> Iterator[tuple[str, Owes]]:
    if partner := state.owed_in.get(step_id):
        yield partner, Owes.PARTNER
    if unit:
        yield unit, Owes.STEP
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
