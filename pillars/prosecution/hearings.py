"""Find the next court hearing in what was written down about the last one."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from engine.plugin.steps import JsonAnswer
from engine.plugin.values import as_day, as_instant, local_day


def next_hearing(last: Mapping[str, JsonAnswer], *, now: datetime, zone: str) -> datetime | None:
    """Give the instant of the hearing still to come, in UTC; where only its day is known, the start of that day.

    A hearing that is on today counts as still to come. None where nothing is to come.
    """
    held, day = as_instant(last.get("hearing_on")), as_day(last.get("next_on"))
    if held is not None and held >= now:
        return held
    return start_of_day(day, zone) if day is not None and day >= local_day(now, zone) else None


def start_of_day(day: date, zone: str) -> datetime:
    """Give the first instant of a day in `zone`, in UTC."""
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)
