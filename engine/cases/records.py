"""Cases and how they are tied, their numbers, and the reasons for opening, closing or calling off."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from pydantic import JsonValue

from engine.core.records import Record
from engine.errors import ConflictError, IcmcError
from engine.language.names import in_plain_words


class TypedSoFar(NamedTuple):
    """What was typed into the form of a work item so far, and what was proposed for it."""

    answers: Mapping[str, JsonValue]
    proposals: Mapping[str, JsonValue]


class CaseFilter(Record):
    """Which of the cases whose work they are shown somebody wants to see: all that is given must hold.

    An open item is given to a `person`, or to nobody yet and meant for a `role`; `place` is where the unit works.
    """

    concern: str = ""
    late: bool | None = None
    role: str = ""
    person: UUID | None = None
    place: str = ""
    since: date | None = None

    @property
    def is_on(self) -> bool:
        """Whether it leaves anything out."""
        return self != CaseFilter()


class SavedFilter(Record):
    """A filter that somebody saved under a name: what was chosen of each field of the page, never a case number."""

    id: UUID
    name: str
    chosen: dict[str, str]


_SERIES: Final = "C"
_GROUP, _LENGTH = 4, 8
_LOOKS_LIKE: Final = {"O": "0", "I": "1", "L": "1"}
"""No number has these letters: whoever reads one aloud or copies it by hand may write them."""


def written_number(text: str) -> str:
    """Give a case number as it is stored, however it was typed; what is none comes back in capitals, else as it was."""
    signs = _signs(text)
    if len(signs) == _LENGTH + 1 and signs.startswith(_SERIES):
        return _spelled(signs)
    if len(signs) == _LENGTH:
        return _spelled(_SERIES + signs)
    return text.strip().upper()


def beginnings(text: str) -> tuple[str, ...]:
    """Return how a case number may begin when this much of it was typed, with or without its first letter."""
    signs = _signs(text)
    as_typed = text.strip().upper()
    if not signs or len(signs) > _LENGTH + 1:
        return (as_typed,)
    spelled = [_spelled(_SERIES + signs)]
    if signs.startswith(_SERIES):
        spelled.append(_spelled(signs))
    return tuple(dict.fromkeys((as_typed, *spelled)))


def _signs(text: str) -> str:
    return "".join(_LOOKS_LIKE.get(sign, sign) for sign in text.upper() if sign.isascii() and sign.isalnum())


def _spelled(signs: str) -> str:
    first, rest = signs[:1], signs[1:]
    return "-".join(part for part in (first, rest[:_GROUP], rest[_GROUP:]) if part)


ONE_MATTER: Final = timedelta(days=7)
"""So long after the last message of a number the next one belongs to the same case, while that is open."""

PUBLIC_REPORTS: Final = "public_reports"
"""The fact of the installation that says which unit takes reports from the public."""

ANSWER: Final = "answer"
"""A note that whoever reported can read with the number and the code; no other one."""
ADDED: Final = "added"
"""What whoever reported adds with the number and the code."""
NOTE_KINDS: Final[Mapping[str, str]] = {
    "call": "Call",
    "visit": "Visit",
    "worry": "Worry",
    ANSWER: "Answer to the person who reported",
}
"""What is written into the diary of a case by who works on it."""
NOTE_WORDS: Final[Mapping[str, str]] = {**NOTE_KINDS, ADDED: "From the person who reported"}
"""What stands in the diary of a case."""

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
    "branch_cancelled": "This part of the case is cancelled, as its workflow says",
    "aborted_by_workflow": "Its workflow was ended before all was done",
    "deadline_over": "What it was opened for is over",
}
"""Why a step was called off by nobody."""


def case_reason(code: str) -> str:
    """Return a reason in words; one that is not known by the words of its key, none for none."""
    for reasons in (REOPEN_REASONS, CLOSE_REASONS, CANCEL_REASONS, _BY_ITSELF):
        if code in reasons:
            return reasons[code]
    return in_plain_words(code)


class OtherCommandError(ConflictError):
    """Raised when what was sent carries the id of something else that was done before."""

    code = "other-command"
    sentence = "This page has sent something else before, so nothing was done now: load the page again, and try again."


class ChangedContentError(OtherCommandError):
    """Raised when a command comes back with other content than it had when it was carried out."""

    code = "changed-content"
    sentence = (
        "This was sent before with other answers, and those were saved. What is different now was not saved: look at"
        " what was saved, and change it there."
    )


class TooManyReportsError(IcmcError):
    """Raised when somebody sends more reports within an hour than anybody takes in; `most` is how many."""

    code = "too-many-reports"
    sentence = "One person can send {most} reports within an hour, and you have. Ask a colleague to send this one now."
