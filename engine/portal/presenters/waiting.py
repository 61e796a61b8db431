"""What waits for a second person, in words and with the page on which one looks at it first."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from engine.domain.case_reasons import case_reason
from engine.domain.four_eyes import Kind
from engine.views import WaitingView


def _no_reason(_: WaitingView) -> str:
    return ""


class Words(NamedTuple):
    """What is asked for, what the two buttons say, where one looks first, and the reason that was given, if any."""

    asks: str
    agree: str
    refuse: str
    look: Callable[[WaitingView], str]
    because: Callable[[WaitingView], str] = _no_reason


def words_of(view: WaitingView) -> Words:
    """Give the words of what waits."""
    return WORDS[view.kind]


def asked_of_case(views: Iterable[WaitingView]) -> tuple[tuple[WaitingView, Words], ...]:
    """Give what waits for a second person about a case; a merge is told with the other case."""
    return tuple((one, words_of(one)) for one in views if one.kind != Kind.MERGE)


def _case(rest: str) -> Callable[[WaitingView], str]:
    return lambda view: f"/cases/{view.case_id}/{rest}"


WORDS: Final[Mapping[str, Words]] = {
    Kind.MORE_TIME: Words(
        "wants more time", "Give it", "Refuse", lambda view: f"/cases/{view.case_id}/deadlines/{view.subject_id}"
    ),
    Kind.LIFT_DENIAL: Words(
        "wants to let somebody see the case again who must not", "Let them see it", "Keep them out", _case("access")
    ),
    Kind.MERGE: Words("wants to merge it with another case", "Merge them", "Do not merge", _case("links")),
    Kind.BREAK_GLASS: Words(
        "opened it in an emergency", "It was right", "End it now", lambda view: f"/break-glass/{view.subject_id}"
    ),
    Kind.RELEASE: Words("wants to send a part of it to somebody else", "Release it", "Do not send it", _case("sent")),
    Kind.ERASURE: Words("wants a person to be erased", "Agree", "", _case("keeping")),
    Kind.LIFT_HOLD: Words("wants to lift what holds it back from erasure", "Lift it", "Let it stand", _case("keeping")),
    Kind.OPEN_SEAL: Words("wants to open the sealed case again", "Open it", "Keep it sealed", _case("keeping")),
    Kind.COPY: Words("wants a large copy in a spreadsheet", "Agree", "Refuse", lambda _: "/copies"),
    Kind.LOST_FACTOR: Words(
        "says that a colleague has lost their second factor", "Take it away", "Leave it",
        lambda view: f"/people/{view.subject_id}",
    ),
    Kind.DEFINITION: Words(
        "wants to publish a changed definition", "Publish it", "Do not publish it", lambda view: f"/waiting/{view.id}"
    ),
    Kind.CLOSURE: Words(
        "wants to close the case although something is open in it", "Close it", "Let it go on",
        lambda view: f"/cases/{view.case_id}", lambda view: case_reason(view.reason_code),
    ),
    Kind.CUSTODY: Words(
        "wants to end the custody after a restore", "End it: I have looked too", "Let it stand", lambda _: "/custody"
    ),
}  # fmt: skip
"""Each kind of the four-eyes list. Where the second button has no words, a reason is asked for on the page itself."""
