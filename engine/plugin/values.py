"""Read stored answers and count calendar time, for the functions of pillars."""

import calendar
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from engine.plugin.answers import JsonAnswer
from engine.plugin.fields import NOT_KNOWN
from engine.plugin.laws import LawTime
from engine.plugin.watches import Watch

_SATURDAY = 5


def as_words(answer: JsonAnswer) -> str:
    """Read an answer as words; empty for nothing, and for what is no text."""
    return answer if isinstance(answer, str) else ""


def perhaps(answer: object) -> bool:
    """Whether a yes-or-no question was answered with yes or with *Not known*: a danger that nobody rules out counts."""
    return answer is True or answer == NOT_KNOWN


def unless_yes(answer: object, *, no: str, unknown: str) -> tuple[str, ...]:
    """Return what is to be said of a yes-or-no question after a no, or after *Not known*; nothing after a yes.

    A question that nobody has answered says nothing either.
    """
    if answer == NOT_KNOWN:
        return (unknown,)
    return (no,) if answer is False else ()


def add_months(day: date, months: int) -> date:
    """Add calendar months: 31 December and two months is the last day of February."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def day_by_law(length: LawTime, since: date) -> date:
    """Give the day on which a limit of the law is over that began on another; in a shorter month, its last day.

    Of working days Saturdays and Sundays are left out, holidays are not: by the calendar of the place it may be later.
    """
    day = add_months(since, length.months) + timedelta(days=length.whole_days)
    return _after_working_days(day, length.working_days)


def instant_by_law(length: LawTime, since: datetime, zone: str) -> datetime:
    """Give when a limit of the law is over that began at an instant, in UTC; it leaves out what `day_by_law` does."""
    ends = add_months_to_instant(since, length.months, zone) + timedelta(days=length.days, hours=length.hours)
    day = local_day(ends, zone)
    return ends + (_after_working_days(day, length.working_days) - day)


def shown_from(
    length: LawTime | None, since: datetime, *, zone: str, days_before: int, otherwise_days: int
) -> datetime:
    """Give from when (UTC) a step is shown that must be done by a limit of the law: so many days before its end.

    It is never before the limit began. Where no law has it, it is so many days after it would have begun.
    """
    if length is None:
        return since + timedelta(days=otherwise_days)
    return max(since, instant_by_law(length, since, zone) - timedelta(days=days_before))


def _after_working_days(day: date, days: int) -> date:
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < _SATURDAY
    return day


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


def watch_for_day(
    name: str,
    uses: str,
    title: str,
    day: date,
    *,
    zone: str,
    days_before: int = 0,
    ladder: str = "standard",
    once: bool = False,
) -> Watch:
    """Watch for a day: the step opens when it begins in `zone`, or so many days before, and is due when it ends."""
    opens_at, due_at = start_of_day(day - timedelta(days=days_before), zone), end_of_day(day, zone)
    return Watch(name, uses, title, opens_at=opens_at, due_at=due_at, ladder=ladder, once=once)


def given(**answers: JsonAnswer) -> dict[str, JsonAnswer]:
    """Keep the answers that say something: nothing, an empty text and an empty list are left out."""
    return {name: answer for name, answer in answers.items() if answer not in (None, "", [])}


def told_before(context: Any, step_type: str, *names: str) -> dict[str, JsonAnswer]:  # noqa: ANN401
    """Take over what was told in an earlier step, to be confirmed and not asked again."""
    taken: dict[str, JsonAnswer] = context.told_before(step_type, *names)
    return taken
