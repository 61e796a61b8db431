"""Instants and lengths of time as people say them."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

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
