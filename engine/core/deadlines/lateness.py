"""The one answer to *is it overdue?*, and the reasons that people give for time that passes."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from engine.core.records import Deadline, DeadlineStatus, DelayOwner
from engine.core.time.counting import CalendarMissingError
from engine.core.time.reckoning import warning_at
from engine.language.calendars import Calendar
from engine.language.names import in_plain_words

PAUSE_REASONS: Final[Mapping[str, str]] = {
    "person_reflects": "The person takes time to decide",
    "person_unwell": "The person is unwell",
    "person_away": "The person is away",
    "awaiting_document": "Waiting for a document from another agency",
    "awaiting_other_body": "Waiting on another agency",
    "unsafe": "It would not be safe now",
    "disaster": "Flood, strike, curfew or similar",
}
"""Why a limit of the programme may stand still."""

EXTENSION_REASONS: Final[Mapping[str, str]] = {
    "more_people": "There are more people to see than expected",
    "far_away": "The place is far away or hard to reach",
    "awaiting_document": "Still waiting for a document from another agency",
    "interpreter": "An interpreter is needed",
    "person_asked": "The person has asked for more time",
    "staff": "Not enough staff for the work",
    "disaster": "Flood, strike, curfew or similar",
}
"""Why more time may be asked for."""

DELAY_OWNERS: Final[Mapping[str, str]] = {
    DelayOwner.OURS: "Our network",
    DelayOwner.OTHER_BODY: "Another agency",
    DelayOwner.PERSONS_CHOICE: "The person's own choice",
    DelayOwner.FORCE_MAJEURE: "No one: flood, strike or similar",
}
"""Whose a delay can be."""


def reason_words(code: str) -> str:
    """Return a reason in words; one that is not known by the words of its key."""
    known = PAUSE_REASONS.get(code) or EXTENSION_REASONS.get(code)
    return known or in_plain_words(code)


_NEAR_FROM = 0.8


class DeadlineState(StrEnum):
    """How a deadline stands at an instant, as people see it."""

    RUNNING = "running"
    NEAR = "near"
    OVERDUE = "overdue"
    MET = "met"
    LATE = "late"
    ENDED = "ended"


def is_overdue(late_from: datetime | None, now: datetime) -> bool:
    """Return whether a deadline that is still open has passed (both UTC); `late_from` is that of its record.

    At that instant itself it has: then the breach is written.
    """
    return late_from is not None and late_from <= now


def deadline_state(deadline: Deadline, now: datetime, *, calendar: Calendar | None = None) -> DeadlineState:
    """Say how a deadline stands at `now` (UTC).

    It is near from its last warning on, and in any case in the last fifth of its time; overdue from the end of its last
    day on where it is kept until then. Once ended it is met, late when
    it was ever breached, or ended when its step needed it no more. `calendar` is needed only for warnings in working
    time; without it such a warning is passed over.
    """
    if deadline.status is DeadlineStatus.MET:
        return DeadlineState.LATE if deadline.breached_at else DeadlineState.MET
    if deadline.status is DeadlineStatus.ENDED:
        return DeadlineState.ENDED
    if is_overdue(deadline.late_from, now):
        return DeadlineState.OVERDUE
    return DeadlineState.NEAR if now >= _near_from(deadline, calendar) else DeadlineState.RUNNING


def _near_from(deadline: Deadline, calendar: Calendar | None) -> datetime:
    start, due = deadline.started_at, deadline.due_at
    last_fifth = start + timedelta(seconds=(due - start).total_seconds() * _NEAR_FROM)
    warnings = [at for text in deadline.warn if (at := _warning(deadline, text, calendar)) is not None]
    return min(last_fifth, max(warnings, default=last_fifth))


def _warning(deadline: Deadline, text: str, calendar: Calendar | None) -> datetime | None:
    try:
        return warning_at(deadline, text, calendar)
    except CalendarMissingError:
        return None
