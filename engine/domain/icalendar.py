"""Write an appointment as an iCalendar file (RFC 5545): one event, which names nobody."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

_LINE: Final = 75
"""Octets of one line, without its end (RFC 5545, section 3.1)."""
_ESCAPED: Final = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n", "\r": ""})


def calendar_file(
    *, uid: str, made_at: datetime, what: str, room: str, starts_at: datetime | None = None, day: date | None = None
) -> str:
    """Give an iCalendar file of one event: at an instant (aware), or on a whole day where its time is not known.

    A reminder comes a day before. Lines end with CRLF and are folded at 75 octets. Raises `ValueError` without a time.
    """
    if starts_at is not None:
        time = [f"DTSTART:{_utc(starts_at)}", "DURATION:PT1H"]
    elif day is not None:
        time = [f"DTSTART;VALUE=DATE:{day:%Y%m%d}", f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}"]
    else:
        message = "an appointment has a time or a day"
        raise ValueError(message)
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//ICMC//Appointments//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH",
        "BEGIN:VEVENT", f"UID:{_text(uid)}", f"DTSTAMP:{_utc(made_at)}", *time, f"SUMMARY:{_text(what)}",
        *([f"LOCATION:{_text(room)}"] if room else []), "CLASS:PRIVATE",
        "BEGIN:VALARM", "ACTION:DISPLAY", f"DESCRIPTION:{_text(what)}", "TRIGGER:-P1D", "END:VALARM",
        "END:VEVENT", "END:VCALENDAR",
    ]  # fmt: skip
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(words: str) -> str:
    printable = "".join(letter for letter in words if letter.isprintable() or letter == "\n")
    return printable.translate(_ESCAPED)


def _folded(line: str) -> str:
    """Break a line where it is too long, never inside a character; what follows begins with a space."""
    parts, part, room = [], "", _LINE
    for letter in line:
        size = len(letter.encode())
        if size > room:
            parts.append(part)
            part, room = "", _LINE - 1
        part, room = part + letter, room - size
    return "\r\n ".join([*parts, part])
