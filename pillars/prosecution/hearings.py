"""Find the next court hearing, and how often one was put off, in what was written down about the earlier ones."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple

from engine.plugin import JsonAnswer, as_day, as_instant, local_day, start_of_day

Hearing = Mapping[str, JsonAnswer]


class Coming(NamedTuple):
    """A hearing that is to come: its day, its instant (UTC) if the court said the time, and the hall."""

    day: date
    at: datetime | None
    hall: str


def coming(last: Hearing, *, now: datetime, zone: str) -> Coming | None:
    """Give the hearing still to come, by the last one; one that is on today counts. None where nothing is to come."""
    held, at, day = (as_instant(last.get("hearing_on")), as_instant(last.get("next_at")), as_day(last.get("next_on")))
    hall, today = str(last.get("court_hall") or ""), local_day(now, zone)
    if held is not None and held >= now:
        return Coming(local_day(held, zone), held, hall)
    if at is not None and local_day(at, zone) >= today:
        return Coming(local_day(at, zone), at, hall)
    return Coming(day, None, hall) if at is None and day is not None and day >= today else None


def next_hearing(last: Hearing, *, now: datetime, zone: str) -> datetime | None:
    """Give the instant of the hearing still to come, in UTC; where only its day is known, the start of that day."""
    found = coming(last, now=now, zone=zone)
    return None if found is None else found.at or start_of_day(found.day, zone)


def times_put_off(hearings: Iterable[Hearing]) -> int:
    """Count the hearings that were put off."""
    return sum(one.get("adjourned") is True for one in hearings)


def first_for(purpose: str, hearings: Iterable[Hearing]) -> datetime | None:
    """Give when (UTC) the first hearing for a purpose was; None where there was none."""
    found = (as_instant(one.get("hearing_on")) for one in hearings if one.get("purpose") == purpose)
    return min((at for at in found if at is not None), default=None)
