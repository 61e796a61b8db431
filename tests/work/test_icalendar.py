"""Appointments as iCalendar files: read back by the rules of RFC 5545, line by line."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from engine.work.actions.papers import calendar_file

MADE = datetime(2026, 3, 10, 6, 30, tzinfo=UTC)
AT = datetime(2026, 3, 20, 10, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
_CONTENT = re.compile(r"^(?P<name>[A-Z-]+)(?P<parameters>(;[A-Z-]+=[^;:]+)*):(?P<value>.*)$", re.DOTALL)


def unfolded(text: str) -> list[tuple[str, str, str]]:
    """Read a file as a calendar program does: join folded lines, then split each into name, parameters and value."""
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    lines = text.replace("\r\n ", "").split("\r\n")[:-1]
    found = [_CONTENT.match(line) for line in lines]
    return [(one["name"], one["parameters"], one["value"]) for one in found if one]


def value(text: str, name: str) -> str:
    return next(value for key, _, value in unfolded(text) if key == name)


def test_an_appointment_is_one_event_with_its_time_in_utc_and_a_reminder() -> None:
    text = calendar_file(uid="1@icmc.invalid", made_at=MADE, what="Hearing: case C-1", room="Hall 3", starts_at=AT)
    names = [name for name, _, _ in unfolded(text)]
    assert names == [
        "BEGIN", "VERSION", "PRODID", "CALSCALE", "METHOD", "BEGIN", "UID", "DTSTAMP", "DTSTART", "DURATION", "SUMMARY",
        "LOCATION", "CLASS", "BEGIN", "ACTION", "DESCRIPTION", "TRIGGER", "END", "END", "END",
    ]  # fmt: skip
    assert value(text, "DTSTART") == "20260320T050000Z"
    assert value(text, "DTSTAMP") == "20260310T063000Z"
    assert (value(text, "SUMMARY"), value(text, "LOCATION")) == ("Hearing: case C-1", "Hall 3")


def test_a_day_without_a_time_is_a_whole_day_that_ends_with_the_next() -> None:
    text = calendar_file(uid="1", made_at=MADE, what="Hearing", room="", day=date(2026, 2, 28))
    times = [(name, more, value) for name, more, value in unfolded(text) if name in {"DTSTART", "DTEND"}]
    assert times == [("DTSTART", ";VALUE=DATE", "20260228"), ("DTEND", ";VALUE=DATE", "20260301")]
    assert "LOCATION" not in text


def test_what_was_typed_cannot_add_a_line_or_a_property() -> None:
    text = calendar_file(uid="1", made_at=MADE, what="A", room="Hall; 3, left\\right\r\nATTENDEE:x\x07", starts_at=AT)
    assert value(text, "LOCATION") == "Hall\\; 3\\, left\\\\right\\nATTENDEE:x"
    assert [name for name, _, _ in unfolded(text)].count("ATTENDEE") == 0


def test_a_long_line_is_folded_between_letters_of_any_script() -> None:
    room = "কক্ষ নম্বর তিন, দ্বিতীয় তলা, " * 6
    text = calendar_file(uid="1", made_at=MADE, what="Hearing", room=room, starts_at=AT)
    assert value(text, "LOCATION").replace("\\,", ",") == room


def test_an_appointment_without_a_time_is_none() -> None:
    with pytest.raises(ValueError, match="a time or a day"):
        calendar_file(uid="1", made_at=MADE, what="Hearing", room="")
