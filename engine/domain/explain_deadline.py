"""The answer to "why this date?" for a deadline as a case has it: stretches, pauses and extensions included."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.domain.counting import due_at
from engine.domain.explain_time import Reason, ReasonKind, explain
from engine.domain.library import Library
from engine.domain.limit_reasons import reason_words
from engine.domain.owing import WHOSE
from engine.domain.reckoning import left_out, pauses_of, reckoned
from engine.domain.records import Deadline, Extension, Purpose, StepInterval
from engine.domain.reminders import moved_reminders
from engine.domain.said import said_at
from engine.errors import CalendarMissingError
from engine.spec.limits import TimeLimit


def explain_deadline(
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
    name, begun = interval.name, said_at(interval.start, ZoneInfo(deadline.zone))
    if deadline.law and not interval.has_place:
        why = "counts: its destination is not recorded, and without that it is not left out here."
    else:
        why = "lies outside this time and changes nothing."
    text = f"{name[:1].upper()}{name[1:]} from {begun} {why}"
    return Reason(kind=ReasonKind.NOT_EXCLUDED, text=text, instant=interval.start)


def _pauses(deadline: Deadline) -> Iterator[Reason]:
    zone = ZoneInfo(deadline.zone)
    for pause in pauses_of(deadline):
        span = f"from {said_at(pause.start, zone)} to {said_at(pause.until, zone)}"
        text = f"It is paused {span}: {reason_words(pause.reason_code)}."
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
        given = f"On {said_at(wish.answered_at or wish.asked_at, zone)} {more.in_words()} more were given"
        text = f"{given} ({reason_words(wish.reason_code)}): to {said_at(due, zone)}."
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
            text = f"{one.what} would fall on a closed day, {said_at(one.plain, zone)}: it comes on the working day "
            text += f"before, {said_at(one.at, zone)}."
        yield Reason(kind=ReasonKind.REMINDER_MOVED, text=text, instant=one.at)


def _moved(would_be: datetime, zone: ZoneInfo) -> Reason:
    text = f"What it was counted by has changed since; counted today it would be {said_at(would_be, zone)}."
    return Reason(kind=ReasonKind.KEPT, text=text, instant=would_be)
