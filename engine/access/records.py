"""Emergency access, unusual viewing, and who may see a case: as decided, and as people see it."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from engine.core.policy import View

REASONS: Final[Mapping[str, str]] = {
    "life_at_risk": "Someone's life or health is at risk now",
    "child_in_danger": "A child is in danger now",
    "person_is_here": "The person is here, and their own unit cannot be reached",
    "court_now": "A court or the police need an answer at once",
}
"""Why emergency access may be broken."""

LONGEST_HOURS: Final = 4
SHORTEST_WORDS: Final = 10
LONGEST_WORDS: Final = 2_000
_NUMBER: Final = re.compile(r"[A-Z]-[0-9A-Z]{4}-[0-9A-Z]{4}", re.IGNORECASE)
ANSWER_WITHIN: Final = timedelta(hours=24)
"""A second person must have approved by then; else those above are told."""

OFTEN: Final = 5
"""Asking for this many cases in a day is told to the safeguarding lead, whether there are such cases or not."""


def problems_of(*, number: str, reason_code: str, words: str, hours: int) -> Mapping[str, str]:
    """Say what does not fit, by field; the same whether there is such a case or not."""
    problems = {}
    if not is_case_number(number):
        problems["number"] = "Give the case number, such as C-7K3M-2Q9D."
    if reason_code not in REASONS:
        problems["reason_code"] = "Choose a reason."
    if not SHORTEST_WORDS <= len(words) <= LONGEST_WORDS:
        problems["words"] = "Say in a sentence or two what has happened."
    if not 1 <= hours <= LONGEST_HOURS:
        problems["hours"] = f"Choose 1 to {LONGEST_HOURS} hours."
    return problems


def is_case_number(text: str) -> bool:
    """Whether a text has the shape of a case number: what people type is kept open only when it can be no name."""
    return _NUMBER.fullmatch(text.strip()) is not None


MOST_IN_AN_HOUR: Final = 40
"""More than this many cases within an hour is unusual for everybody."""
TIMES_MEDIAN: Final = 3
"""So is more than this many times one's own median hour."""
LEAST: Final = 10
"""Fewer cases than this within an hour are never unusual, however quiet the hours before were."""
REVEALS: Final = frozenset({"answers", "places", "person", "document", "file", "original file", "reasons", "diary"})
"""What is looked at only by a deliberate act."""
MOST_REVEALS_IN_AN_HOUR: Final = 200
"""No more goes: one every eighteen seconds, for an hour. Forms that are filled in, and pages of cases, always open."""
FOUND: Final = "found"
"""What is noted of each case in which somebody was found who was looked for, by whatever is known of them."""
MOST_FOUND_IN_AN_HOUR: Final = 600
"""So many lines of what was found are shown within an hour: thirty full pages."""
MOST_COPIES_IN_AN_HOUR: Final = 20
"""So many copies for spreadsheets can be asked for within an hour."""


def is_unusual(opened: int, median: float) -> bool:
    """Whether so many cases opened within an hour must be told; `median` is of one's hours with any, 0 for none."""
    if opened > MOST_IN_AN_HOUR:
        return True
    return opened >= LEAST and 0 < median * TIMES_MEDIAN < opened


class GrantView(View):
    """A unit, or one person of it, that may see a case of another unit: for what, which fields, until when."""

    id: UUID
    unit: str
    actor: str | None
    kind: str
    purpose: str
    fields: tuple[str, ...]
    granted_at: datetime
    granted_by: str | None
    second_by: str | None
    until: datetime | None
    ended_at: datetime | None
    ended_reason: str
    is_live: bool
    may_add_files: bool = False


class RecusalView(View):
    """Somebody who has no part in a case; with a request to end that, if one waits for a second person."""

    id: UUID
    whom: str
    kind: str
    reason: str
    reason_code: str
    set_at: datetime
    set_by: str | None
    ended_at: datetime | None
    request_id: UUID | None
    asked_by: str | None
    is_asked_by_viewer: bool


class AccessView(View):
    """Everybody who may see a case, and everybody who must not.

    Who is in conflict of interest is only counted, in `conflicts`, for who may recuse nobody.
    """

    unit: str
    grants: tuple[GrantView, ...]
    recusals: tuple[RecusalView, ...]
    conflicts: int
    may_recuse: bool
