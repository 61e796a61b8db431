"""The answer to *why this date?*, line by line, and for a deadline as a case has it."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from engine.core.deadlines.lateness import reason_words
from engine.core.library import Library
from engine.core.records import Deadline, Extension, Purpose, StepInterval
from engine.core.time.counting import CalendarMissingError, Stretch, due_at, first_working_day, in_utc
from engine.core.time.reckoning import WHOSE, late_at, left_out, moved_reminders, pauses_of, reckoned, said_at, said_by
from engine.language.calendars import Calendar
from engine.language.law import KeptUntil
from engine.language.limits import Counting, TimeLimit

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
    counted = f"The limit is {limit.in_words()} ({source})." if source else f"The limit is {limit.in_words()}."
    lines = [
        Reason(kind=ReasonKind.START, text=f"It starts with {event}: {_said(start, info)}.", instant=in_utc(start)),
        Reason(kind=ReasonKind.LIMIT, text=f"{counted} {_HOW[limit.counting]}"),
        Reason(kind=ReasonKind.ZONE, text=f"Dates and clock times are those of {info.key}."),
    ]
    if read_in:
        text = f"Working time is that of the calendar {read_in.title}."
        if whose:
            text = f"Working time is that of the calendar {read_in.title}: {whose}."
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
    starts = f"It starts on a closed day: {_date(event)}."
    if closed != f"{event:%A}":
        starts = f"It starts on a closed day: {_date(event)} ({closed})."
    one = f"Only the day of the event is left out, so the first open day after it, {_date(first)}, is day one."
    yield Reason(kind=ReasonKind.DAY_ONE, text=f"{starts} {one}")


def _last_day(due: datetime, kept_until: KeptUntil, *, zone: str, calendar: Calendar | None) -> Iterator[Reason]:
    """Say until when the limit is kept, where that is later than its due time."""
    late = late_at(due, kept_until, zone=zone, calendar=calendar)
    if late is None:
        return
    info = ZoneInfo(zone)
    text = f"A limit in days is kept until its last day is over: {said_by(due, late, info)}. It is late after that."
    if kept_until is KeptUntil.OFFICE_CLOSE and calendar is not None:
        closed = calendar.why_closed(due.astimezone(calendar.zone_info).date())
        text = f"An office receives it, in its opening hours: {said_by(due, late, info)}. It is late after that."
        if closed:
            text = (
                f"An office receives it, in its opening hours; on its last day that office is closed ({closed}), "
                f"so the next open day counts: {said_by(due, late, info)}. It is late after that."
            )
    yield Reason(kind=ReasonKind.LAST_DAY, text=text, instant=late)


def _days_between(start: datetime, due: datetime, calendar: Calendar) -> Iterator[Reason]:
    """Name each closed day, each day opened by the calendar, and where knowledge of holidays ends."""
    day, last = (instant.astimezone(calendar.zone_info).date() for instant in (start, due))
    known = calendar.holidays_known_until
    while day <= last:
        said = f" ({calendar.who_says(day)})" if calendar.who_says(day) else ""
        if closed := calendar.why_closed(day):
            why = f"{closed}{said}"
            yield Reason(kind=ReasonKind.CLOSED_DAY, text=f"{_date(day)} does not count: {why}.")
        elif opened := calendar.why_open(day):
            why = f"{opened}{said}"
            yield Reason(kind=ReasonKind.EXTRA_WORKING_DAY, text=f"{_date(day)} counts: {why}.")
        day += timedelta(days=1)
    if calendar.holidays_from and (known is None or known < last):
        text = "Public holidays are not known yet: the date could still move."
        if known:
            text = f"Public holidays are not known after {_date(known)}: the date could still move."
        yield Reason(kind=ReasonKind.HOLIDAYS_UNKNOWN, text=text)


def _about(stretch: Stretch, *, start: datetime, due: datetime, info: ZoneInfo) -> Reason:
    begin = in_utc(stretch.start)
    if stretch.end is None:
        text = (
            f"{stretch.name} since {_said(begin, info)} has no end yet: it is left out only once its end is recorded."
        )
        return Reason(kind=ReasonKind.NOT_EXCLUDED, text=_sentence(text), instant=begin)
    name, start_of, end_of = stretch.name, _said(begin, info), _said(stretch.end, info)
    if min(in_utc(stretch.end), due) <= max(begin, in_utc(start)):
        text = f"{name} from {start_of} to {end_of} lies outside this time and changes nothing."
        return Reason(kind=ReasonKind.NOT_EXCLUDED, text=_sentence(text), instant=begin)
    return Reason(
        kind=ReasonKind.EXCLUDED, text=_sentence(f"{name} from {start_of} to {end_of} is not counted."), instant=begin
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _said(instant: datetime, info: ZoneInfo) -> str:
    local = instant.astimezone(info)
    return f"{_date(local)}, {local:%H:%M}"


def _date(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B %Y}"


def deadline_reasons(
    deadline: Deadline,
    library: Library,
    *,
    intervals: Sequence[StepInterval] = (),
    event: str = "the opening of the step",
    source: str = "",
) -> tuple[Reason, ...]:
    """Say line by line why a deadline falls when it falls; the last line always speaks of its due time (UTC).

    `intervals` are those recorded on its step that its limit may leave out, also the ones that did not count; `event`
    names what started it, `source` what its limit is called, such as the words of `law_term`. Where today's
    definitions would give another date, that is said, and the date that the case keeps stands.
    """
    zone = ZoneInfo(deadline.zone)
    if deadline.purpose is Purpose.OPENING:
        text = f"The step opens at its appointed time: {said_at(deadline.due_at, zone)}."
        return (Reason(kind=ReasonKind.DUE, text=text, instant=deadline.due_at),)
    try:
        lines = [*_counted(deadline, library, intervals, event, source)]
        would_be: datetime | None = reckoned(deadline, library).due_at
    except CalendarMissingError as error:
        lines, would_be = [Reason(kind=ReasonKind.UNCOUNTABLE, text=str(error))], None
    if would_be == deadline.due_at:
        text = f"So it is due: {said_at(deadline.due_at, zone)}."
    else:
        lines += [] if would_be is None else [_moved(would_be, zone)]
        text = f"The case keeps {said_at(deadline.due_at, zone)} until it is counted again."
    return (*lines, Reason(kind=ReasonKind.DUE, text=text, instant=deadline.due_at))


def _counted(
    deadline: Deadline, library: Library, intervals: Sequence[StepInterval], event: str, source: str
) -> Iterator[Reason]:
    calendar = library.calendars.get(deadline.calendar or "")
    counted = {(one.name, one.start) for one in deadline.excluded}
    running = tuple(one for one in intervals if one.end is None)
    reasons = explain(
        deadline.started_at, TimeLimit(deadline.limit), zone=deadline.zone, calendar=calendar,
        excluded=(*deadline.excluded, *running), event=event, source=source,
        kept_until=deadline.kept_until, whose=WHOSE[deadline.counted_by],
    )  # fmt: skip
    yield from reasons[:-1]
    for one in intervals:
        if one.end is not None and (one.name, one.start) not in counted:
            yield _not_left_out(one, deadline)
    yield from _pauses(deadline)
    yield from _extensions(deadline, library)
    yield from _reminders(deadline, library)


def _not_left_out(interval: StepInterval, deadline: Deadline) -> Reason:
    name, begun = _sentence(interval.name), said_at(interval.start, ZoneInfo(deadline.zone))
    text = f"{name} from {begun} lies outside this time and changes nothing."
    if deadline.law and not interval.has_place:
        text = f"{name} from {begun} counts: its destination is not recorded, and without that it is not left out here."
    return Reason(kind=ReasonKind.NOT_EXCLUDED, text=text, instant=interval.start)


def _pauses(deadline: Deadline) -> Iterator[Reason]:
    zone = ZoneInfo(deadline.zone)
    for pause in pauses_of(deadline):
        start, until = said_at(pause.start, zone), said_at(pause.until, zone)
        text = f"It is paused from {start} to {until}: {reason_words(pause.reason_code)}."
        yield Reason(kind=ReasonKind.PAUSED, text=text, instant=pause.start)


def _extensions(deadline: Deadline, library: Library) -> Iterator[Reason]:
    """Name each request for more time, with the due time that it led to; the law knows none."""
    zone, calendar = ZoneInfo(deadline.zone), library.calendars.get(deadline.calendar or "")
    due = reckoned(deadline, library, more=()).due_at
    for wish in () if deadline.law else deadline.extensions:
        if not wish.is_approved:
            yield _not_given(wish, zone)
            continue
        more = TimeLimit(wish.more)
        due = due_at(due, more, zone=deadline.zone, calendar=calendar, excluded=left_out(deadline))
        at, why = said_at(wish.answered_at or wish.asked_at, zone), reason_words(wish.reason_code)
        text = f"On {at} {more.in_words()} more were given ({why}): to {said_at(due, zone)}."
        yield Reason(kind=ReasonKind.EXTENDED, text=text, instant=due)


def _not_given(wish: Extension, zone: ZoneInfo) -> Reason:
    what = "refused" if wish.answered_at else "not answered yet, so it changes nothing"
    text = f"On {said_at(wish.asked_at, zone)} {TimeLimit(wish.more).in_words()} more were asked for: {what}."
    return Reason(kind=ReasonKind.NOT_EXTENDED, text=text, instant=wish.asked_at)


def _reminders(deadline: Deadline, library: Library) -> Iterator[Reason]:
    """Name each reminder that does not come on the closed day on which it would fall."""
    zone = ZoneInfo(deadline.zone)
    for one in moved_reminders(deadline, library):
        if one.at <= deadline.started_at:
            text = f"{one.what} is left out: the working day before {said_at(one.plain, zone)} is before the start."
        else:
            text = (
                f"{one.what} would fall on a closed day, {said_at(one.plain, zone)}: it comes on the working day "
                f"before, {said_at(one.at, zone)}."
            )
        yield Reason(kind=ReasonKind.REMINDER_MOVED, text=text, instant=one.at)


def _moved(would_be: datetime, zone: ZoneInfo) -> Reason:
    text = f"What it was counted by has changed since; counted today it would be {said_at(would_be, zone)}."
    return Reason(kind=ReasonKind.KEPT, text=text, instant=would_be)
