"""The words and choices of the strip that says whom to ring about what is late."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from engine.domain.records import CallOutcome
from engine.spec.plain_words import in_running_words
from engine.views import LateView

CALL_WORDS: Final[Mapping[str, str]] = {
    "to_ring": "still to be made",
    "not_needed": "no longer needed",
    CallOutcome.ACKNOWLEDGED: "reached, and they are dealing with it",
    CallOutcome.REACHED: "reached",
    CallOutcome.LEFT_MESSAGE: "not reached, a message was left",
    CallOutcome.NOT_REACHED: "not reached",
}
_OFFERED: Final[Mapping[CallOutcome, str]] = {
    CallOutcome.ACKNOWLEDGED: "Reached: they know about it and are dealing with it",
    CallOutcome.REACHED: "Reached, but no more than that",
    CallOutcome.LEFT_MESSAGE: "Not reached: I left a message",
    CallOutcome.NOT_REACHED: "Not reached",
}


@dataclass(frozen=True, slots=True)
class StripChoice:
    """Something that can be chosen in the form of a strip."""

    value: str
    text: str
    checked: bool


def call_words(outcome: str) -> str:
    """Say in running words what came of ringing someone."""
    return CALL_WORDS.get(outcome, in_running_words(outcome))


def callees(strip: LateView, typed: str) -> tuple[StripChoice, ...]:
    """Offer who can have been rung."""
    return tuple(StripChoice(str(call.id), call.whom, str(call.id) == typed) for call in strip.calls)


def call_outcomes(strip: LateView, typed: str) -> tuple[StripChoice, ...]:
    """Offer what can have come of it: only someone of the network can see to it."""
    is_outside = all(call.actor_id is None for call in strip.calls)
    return tuple(
        StripChoice(outcome, words, outcome == typed)
        for outcome, words in _OFFERED.items()
        if not (is_outside and outcome is CallOutcome.ACKNOWLEDGED)
    )
