"""The reasons that can be given for letting a limit stand still, asking for more time, or a delay: keys and words."""

from collections.abc import Mapping
from typing import Final

from engine.domain.records import DelayOwner
from engine.spec.plain_words import in_plain_words

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
    """Give a reason in words; one that is not known by the words of its key."""
    known = PAUSE_REASONS.get(code) or EXTENSION_REASONS.get(code)
    return known or in_plain_words(code)
