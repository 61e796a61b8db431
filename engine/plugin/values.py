"""Read stored answers and count calendar time, for the functions of pillars."""

import calendar
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from engine.plugin.steps import JsonAnswer


def as_day(answer: JsonAnswer | date) -> date | None:
    """Read a day from an answer; None where there is none or it cannot be read."""
    if isinstance(answer, datetime):
        return answer.date()
    if isinstance(answer, date):
        return answer
    try:
        return date.fromisoformat(answer[:10]) if isinstance(answer, str) else None
    except ValueError:
        return None


def as_instant(answer: JsonAnswer | datetime) -> datetime | None:
    """Read an instant, in UTC, from an answer; None where there is none, or it has no zone."""
    try:
        instant = datetime.fromisoformat(answer) if isinstance(answer, str) else answer
    except ValueError:
        return None
    return instant.astimezone(UTC) if isinstance(instant, datetime) and instant.tzinfo else None


def as_number(answer: JsonAnswer | Decimal) -> Decimal | None:
    """Read an amount or a count from an answer; None where there is none or it cannot be read."""
    if isinstance(answer, bool) or not isinstance(answer, str | int | float | Decimal):
        return None
    try:
        number = Decimal(str(answer))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def add_months(day: date, months: int) -> date:
    """Add calendar months: 31 December and two months is the last day of February."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def add_months_to_instant(instant: datetime, months: int, zone: str) -> datetime:
    """Add calendar months by the clock on the wall in `zone`; the answer is in UTC."""
    local = instant.astimezone(ZoneInfo(zone))
    return datetime.combine(add_months(local.date(), months), local.timetz()).astimezone(UTC)


def end_of_day(day: date, zone: str) -> datetime:
    """Give the last second of a day in `zone`, in UTC."""
    return datetime.combine(day, time(23, 59, 59), ZoneInfo(zone)).astimezone(UTC)


def local_day(instant: datetime, zone: str, *, plus_days: int = 0) -> date:
    """Give the day that an instant, or some days after it, falls on in `zone`."""
    return (instant.astimezone(ZoneInfo(zone)) + timedelta(days=plus_days)).date()
