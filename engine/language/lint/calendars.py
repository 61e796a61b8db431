"""Lint: the days of a calendar are told once, and its holidays can be worked out."""

from engine.language.calendars import Calendar
from engine.language.findings import Finding
from engine.language.lint.known import KnownNames
from engine.language.merged import Merged
from engine.language.nearest import meant, shown

_LISTS = ("holidays", "extra_working_days", "not_holidays")


def check_calendar(calendar: Calendar, merged: Merged, names: KnownNames) -> list[Finding]:
    """Find days that are told twice or against each other, and a place whose holidays nobody knows."""
    findings: list[Finding] = []
    place = calendar.holidays_from
    if place is not None and names.holiday_places and place not in names.holiday_places:
        message = f"The public holidays of {shown(place)} are not known here. {meant(place, names.holiday_places)}"
        findings.append(merged.finding(("holidays_from",), "unknown-place", message))
    for name in _LISTS:
        seen = {special.day for special in calendar.holidays} if name != "holidays" else set()
        for index, special in enumerate(getattr(calendar, name)):
            if special.day in seen:
                message = f"{special.day} stands in this calendar twice: leave it where it belongs."
                findings.append(merged.finding((name, index, "day"), "day-twice", message))
            seen = seen | {special.day}
    return findings
