"""Count calendar time, for the functions of pillars."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta


def add_months(day: date, months: int) -> date:
    """Add calendar months: 31 December and two months is the last day of February."""
    return day + relativedelta(months=months)


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
