"""The answer to "why this date?", line by line."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from engine.domain.counting import due_at
from engine.domain.last_day import late_at, said_by
from engine.domain.running_time import Stretch, in_utc
from engine.domain.working_time import first_working_day
from engine.spec.calendars import Calendar
from engine.spec.law import KeptUntil
from engine.spec.limits import Counting, TimeLimit

_WORKING = {Counting.WORKING_DAYS, Counting.WORKING_HOURS}
_HOW = {
    Counting.ELAPSED: "Every hour counts, nights, weekends and holidays too.",
    Counting.CALENDAR: "Months follow the calendar and keep the clock time; a day the month lacks becomes its last.",
    Counting.WORKING_DAYS: "Only working days count; the clock time stays the same.",
    Counting.WORKING_HOURS: "Only working hours count.",
}


class ReasonKind(StrEnum):
    """What a line of the explanation is about."""

    START = "start"
    LIMIT = "limit"
    ZONE = "zone"
    CALENDAR = "calendar"
    DAY_ONE = "day_one"
    CLOSED_DAY = "closed_day"
    EXTRA_WORKING_DAY = "extra_working_day"
    HOLIDAYS_UNKNOWN = "holidays_unknown"
    EXCLUDED = "excluded"
    NOT_EXCLUDED = "not_excluded"
    PAUSED = "paused"
    EXTENDED = "extended"
    NOT_EXTENDED = "not_extended"
    REMINDER_MOVED = "reminder_moved"
    UNCOUNTABLE = "uncountable"
    KEPT = "kept"
    LAST_DAY = "last_day"
    DUE = "due"


class Reason(BaseModel):
    """One line of an explanation; `instant` (UTC) is the moment it speaks of, where there is one."""

    model_config = ConfigDict(frozen=True)

    kind: ReasonKind
    text: str
    instant: datetime | None = None


def explain(
    start: datetime,
    limit: TimeLimit,
    *,
    zone: str,
    calendar: Calendar | None = None,
    excluded: Sequence[Stretch] = (),
    event: str = "the start",
    source: str = "",
    kept_until: KeptUntil = KeptUntil.INSTANT,
    whose: str = "",
) -> tuple[Reason, ...]:
    """Say line by line why a limit falls due when it does; raises like `due_at`.

    `event` names what started it; `source` is what the limit is called, such as the words of `law_term`; `kept_until`
    says until when on its last day it is kept, `whose` why the calendar is this one.
    """
    due = due_at(start, limit, zone=zone, calendar=calendar, excluded=excluded)
    read_in = calendar if limit.counting in _WORKING else None
    info = read_in.zone_info if read_in else ZoneInfo(zone)
    based = f" ({source})" if source else ""
    lines = [
        Reason(kind=ReasonKind.START, text=f"It starts with {event}: {_said(start, info)}.", instant=in_utc(start)),
        Reason(kind=ReasonKind.LIMIT, text=f"The limit is {_length(limit)}{based}. {_HOW[limit.counting]}"),
        Reason(kind=ReasonKind.ZONE, text=f"Dates and clock times are those of {info.key}."),
    ]
    if read_in:
        because = f": {whose}" if whose else ""
        text = f"Working time is that of the calendar {read_in.title}{because}."
        lines.append(Reason(kind=ReasonKind.CALENDAR, text=text))
        lines.extend(_day_one(start, limit, read_in))
        lines.extend(_days_between(start, due, read_in))
    lines.extend(_about(stretch, start=start, due=due, info=info) for stretch in excluded)
    lines.extend(_last_day(due, kept_until, zone=zone, calendar=calendar))
    lines.append(Reason(kind=ReasonKind.DUE, text=f"So it is due: {_said(due, info)}.", instant=due))
    return tuple(lines)


def _day_one(start: datetime, limit: TimeLimit, calendar: Calendar) -> Iterator[Reason]:
    """Name day one where the day of the start is a closed one: only the day of the start is left out."""
    event = start.astimezone(calendar.zone_info).date()
    closed = calendar.why_closed(event)
    if closed is None or not limit.days or limit.counting is not Counting.WORKING_DAYS:
        return
    first = first_working_day(start, calendar)
    why = "" if closed == f"{event:%A}" else f" ({closed})"
    text = (
        f"It starts on a closed day: {_date(event)}{why}. Only the day of the event is left out, "
        f"so the first open day after it, {_date(first)}, is day one."
    )
    yield Reason(kind=ReasonKind.DAY_ONE, text=text)


def _last_day(due: datetime, kept_until: KeptUntil, *, zone: str, calendar: Calendar | None) -> Iterator[Reason]:
    """Say until when the limit is kept, where that is later than its due time."""
    late = late_at(due, kept_until, zone=zone, calendar=calendar)
    if late is None:
        return
    info = ZoneInfo(zone)
    text = f"A limit in days is kept until its last day is over: {said_by(due, late, info)}. It is late after that."
    if kept_until is KeptUntil.OFFICE_CLOSE and calendar is not None:
        closed = calendar.why_closed(due.astimezone(calendar.zone_info).date())
        shut = f"; on its last day that office is closed ({closed}), so the next open day counts" if closed else ""
        text = f"An office receives it, in its opening hours{shut}: {said_by(due, late, info)}. It is late after that."
    yield Reason(kind=ReasonKind.LAST_DAY, text=text, instant=late)


def _days_between(start: datetime, due: datetime, calendar: Calendar) -> Iterator[Reason]:
    """Name each closed day, each day opened by the calendar, and where knowledge of holidays ends."""
    day, last = (instant.astimezone(calendar.zone_info).date() for instant in (start, due))
    known = calendar.holidays_known_until
    while day <= last:
        said = f" ({calendar.who_says(day)})" if calendar.who_says(day) else ""
        if closed := calendar.why_closed(day):
            yield Reason(kind=ReasonKind.CLOSED_DAY, text=f"{_date(day)} does not count: {closed}{said}.")
        elif opened := calendar.why_open(day):
            yield Reason(kind=ReasonKind.EXTRA_WORKING_DAY, text=f"{_date(day)} counts: {opened}{said}.")
        day += timedelta(days=1)
    if calendar.holidays_from and (known is None or known < last):
        until = f"after {_date(known)}" if known else "yet"
        yield Reason(
            kind=ReasonKind.HOLIDAYS_UNKNOWN,
            text=f"Public holidays are not known {until}: the date could still move.",
        )


def _about(stretch: Stretch, *, start: datetime, due: datetime, info: ZoneInfo) -> Reason:
    begin = in_utc(stretch.start)
    if stretch.end is None:
        text = (
            f"{stretch.name} since {_said(begin, info)} has no end yet: it is left out only once its end is recorded."
        )
        return Reason(kind=ReasonKind.NOT_EXCLUDED, text=_sentence(text), instant=begin)
    span = f"{stretch.name} from {_said(begin, info)} to {_said(stretch.end, info)}"
    if min(in_utc(stretch.end), due) <= max(begin, in_utc(start)):
        text = f"{span} lies outside this time and changes nothing."
        return Reason(kind=ReasonKind.NOT_EXCLUDED, text=_sentence(text), instant=begin)
    return Reason(kind=ReasonKind.EXCLUDED, text=_sentence(f"{span} is not counted."), instant=begin)


def _length(limit: TimeLimit) -> str:
    return limit.in_words() if limit.is_at_once else f"{limit.in_words()}, written {limit}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _said(instant: datetime, info: ZoneInfo) -> str:
    local = instant.astimezone(info)
    return f"{_date(local)}, {local:%H:%M}"


def _date(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B %Y}"
