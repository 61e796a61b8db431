"""Break-glass: who may see a case that is not theirs, for what reason, and for how long."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

REASONS: Final[Mapping[str, str]] = {
    "life_at_risk": "Someone's life or health is at risk now",
    "child_in_danger": "A child is in danger now",
    "person_is_here": "The person is here, and their own unit cannot be reached",
    "court_now": "A court or the police need an answer at once",
}
"""Why the glass may be broken."""

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
    """Say whether a text has the shape of a case number: what people type is kept open only when it can be no name."""
    return _NUMBER.fullmatch(text.strip()) is not None
