"""Write an appointment as an iCalendar file (RFC 5545): one event, which names nobody."""

from datetime import UTC, date, datetime, timedelta

from icalendar import Alarm, Calendar, Component, Event


def calendar_file(
    *, uid: str, made_at: datetime, what: str, room: str, starts_at: datetime | None = None, day: date | None = None
) -> str:
    """Give an iCalendar file of one event: at an instant (aware), or on a whole day where its time is not known.

    A reminder comes a day before. Lines end with CRLF. Raises `ValueError` without a time.
    """
    start = starts_at.astimezone(UTC) if starts_at is not None else day
    if start is None:
        message = "an appointment has a time or a day"
        raise ValueError(message)
    length = {"duration": timedelta(hours=1)} if starts_at is not None else {"dtend": start + timedelta(days=1)}
    calendar = _filled(
        Calendar(), version="2.0", prodid="-//ICMC//Appointments//EN", calscale="GREGORIAN", method="PUBLISH"
    )
    event = _filled(
        Event(), uid=uid, dtstamp=made_at.astimezone(UTC), dtstart=start, **length, summary=what, location=room,
        **{"class": "PRIVATE"},
    )  # fmt: skip
    event.add_component(_filled(Alarm(), action="DISPLAY", description=what, trigger=timedelta(days=-1)))
    calendar.add_component(event)
    return str(calendar.to_ical(sorted=False), "utf-8")


def _filled(part: Component, **values: date | timedelta | str) -> Component:
    """Add what is not empty, in this order; of what was typed only what can be printed."""
    for name, value in values.items():
        if value:
            part.add(name, _printable(value) if isinstance(value, str) else value)
    return part


def _printable(words: str) -> str:
    return "".join(letter for letter in words if letter.isprintable() or letter == "\n")
