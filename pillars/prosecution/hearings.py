"""Find the next court hearing, and how often one was put off, in what was written down about the earlier ones."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from engine.plugin import StepContext
from pillars.prosecution.forms import HearingForm


class Coming(NamedTuple):
    """A hearing that is to come: its day, its instant (UTC) if the court said the time, and the hall."""

    day: date
    at: datetime | None
    hall: str


def coming(context: StepContext, last: HearingForm, *, is_held: bool = False) -> Coming | None:
    """Return the hearing still to come, by the last one; one that is on today counts. None where nothing is to come.

    Of one that `is_held`, only what it says of the next one is to come.
    """
    held, at, day = last.hearing_on, last.next_at, last.next_on
    hall, today = last.court_hall or "", context.today
    if held is not None and held >= context.now and not is_held:
        return Coming(context.day_of(held), held, hall)
    if at is not None and context.day_of(at) >= today:
        return Coming(context.day_of(at), at, hall)
    return Coming(day, None, hall) if at is None and day is not None and day >= today else None


def next_hearing(context: StepContext, last: HearingForm, *, is_held: bool = False) -> datetime | None:
    """Return the instant of the hearing still to come, in UTC; where only its day is known, the start of that day."""
    found = coming(context, last, is_held=is_held)
    return None if found is None else found.at or context.start_of(found.day)


def times_put_off(hearings: Iterable[HearingForm]) -> int:
    """Count the hearings that were put off."""
    return sum(one.adjourned is True for one in hearings)


def first_for(purpose: str, hearings: Iterable[HearingForm]) -> datetime | None:
    """Return when (UTC) the first hearing for a purpose was; None where there was none."""
    found = (one.hearing_on for one in hearings if one.purpose == purpose)
    return min((at for at in found if at is not None), default=None)
