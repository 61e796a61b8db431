"""The reasons that can be given for opening a case again, closing it early, or calling a step off: keys and words."""

from collections.abc import Mapping
from typing import Final

from engine.spec.plain_words import in_plain_words

REOPEN_REASONS: Final[Mapping[str, str]] = {
    "new_facts": "There is new information",
    "person_asks": "The person asks for help again",
    "in_danger_again": "The person is in danger again, or was trafficked again",
    "body_asks": "A court or another authority asks for it",
    "promise_open": "Something that was promised has not been done",
    "closed_by_mistake": "It was closed by mistake",
}
"""Why a closed case is opened again."""

CLOSE_REASONS: Final[Mapping[str, str]] = {
    "duplicate": "Another case is about the same matter",
    "transferred": "Another authority has taken it over",
    "false_alarm": "It was a false alarm",
    "person_declines": "The person does not want our help",
    "lost_contact": "No one can be reached any more",
    "nothing_more": "Nothing more can be done",
    "mistake": "It was opened, or opened again, by mistake",
}
"""Why a case is closed before all its steps are settled."""

CANCEL_REASONS: Final[Mapping[str, str]] = {
    "not_needed": "It is not needed any more",
    "person_refuses": "The person does not want it",
    "done_elsewhere": "It was done elsewhere",
    "not_possible": "It cannot be done",
    "unsafe": "It would not be safe",
    "opened_by_mistake": "It was opened by mistake",
}
"""Why a step is called off before it ends."""

_BY_ITSELF: Final[Mapping[str, str]] = {
    "run_over": "Its workflow was over",
    "deadline_over": "What it was opened for is over",
}
"""Why a step was called off by nobody."""


def case_reason(code: str) -> str:
    """Give a reason in words; one that is not known by the words of its key, none for none."""
    for reasons in (REOPEN_REASONS, CLOSE_REASONS, CANCEL_REASONS, _BY_ITSELF):
        if code in reasons:
            return reasons[code]
    return in_plain_words(code)
