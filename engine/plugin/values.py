"""Count calendar time, for the functions of pillars."""

import calendar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def add_months(day: date, months: int) -> date:
    """Add calendar months: 31 December and two months is the last day of February."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def add_months_to_instant(instant: datetime, months: int, zone: str) -> datetime:
    """Add calendar months by the clock on the wall in `zone`; the answer is in UTC."""
    local = instant.astimezone(ZoneInfo(zone))
    return datetime.combine(add_months(local.date(), months), local.timetz()).astimezone(UTC)


def start_of_day(day: date, zone: str) -> datetime:
    """Give the first instant of a day in `zone`, in UTC."""
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)


def end_of_day(day: date, zone: str) -> datetime:
    """Give the last second of a day in `zone`, in UTC."""
    return datetime.combine(day, time(23, 59, 59), ZoneInfo(zone)).astimezone(UTC)


def local_day(instant: datetime, zone: str, *, plus_days: int = 0) -> date:
    """Give the day that an instant, or some days after it, falls on in `zone`."""
    return (instant.astimezone(ZoneInfo(zone)) + timedelta(days=plus_days)).date()
