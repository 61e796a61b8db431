"""When and where somebody must be, for the calendar of who does a step."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Appointment:
    """An appointment of a step: what it is in published words, when it begins, and the room if it is known.

    `starts_at` is aware, in UTC; where only the day is known, `day` stands instead, by the clock of the unit. Neither
    `what` nor `room` may name a person or tell what the case is about.
    """

    what: str
    starts_at: datetime | None = None
    day: date | None = None
    room: str = ""
