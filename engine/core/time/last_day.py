"""The last day of a limit in days, and instants and lengths of time as people say them."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.core.time.working import first_working_day, instant_of
from engine.language.calendars import Calendar
from engine.language.law import KeptUntil

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
