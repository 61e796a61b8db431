"""What waits for a second person, in words and with the page on which one looks at it first."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from engine.domain.case_reasons import case_reason
from engine.domain.four_eyes import ApprovalKind
from engine.portal.presenters.statuses import role_words
from engine.views import WaitingView


def _no_reason(_: WaitingView) -> str:
    return ""


def _which_role(view: WaitingView) -> str:
    return f"{view.person}: {role_words(view.role)}, {view.unit}"


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
    return tuple((one, words_of(one)) for one in views if one.kind != ApprovalKind.MERGE)


def _case(rest: str) -> Callable[[WaitingView], str]:
    return lambda view: f"/cases/{view.case_id}/{rest}"


WORDS: Final[Mapping[str, Words]] = {
    ApprovalKind.MORE_TIME: Words(
        "asks for more time", "Give more time", "Refuse more time",
        lambda view: f"/cases/{view.case_id}/deadlines/{view.subject_id}",
    ),
    ApprovalKind.LIFT_DENIAL: Words(
        "asks to restore the access of someone who must not see the case",
        "Restore access", "Keep access denied", _case("access"),
    ),
    ApprovalKind.MERGE: Words("asks to merge it with another case", "Merge the cases", "Do not merge", _case("links")),
    ApprovalKind.BREAK_GLASS: Words(
        "used emergency access to open it", "It was justified", "End the access now",
        lambda view: f"/break-glass/{view.subject_id}",
    ),
    ApprovalKind.RELEASE: Words(
        "asks to send a part of it to someone else", "Release this", "Do not send it", _case("sent")
    ),
    ApprovalKind.ERASURE: Words("asks to erase a person", "Agree", "", _case("keeping")),
    ApprovalKind.LIFT_HOLD: Words(
        "asks to lift the hold that keeps it from erasure", "Lift the hold", "Keep the hold", _case("keeping")
    ),
    ApprovalKind.OPEN_SEAL: Words(
        "asks to lift the restriction of the case", "Lift the restriction", "Keep it restricted", _case("keeping")
    ),
    ApprovalKind.COPY: Words("asks for a large copy in a spreadsheet", "Agree", "Refuse", lambda _: "/copies"),
    ApprovalKind.LOST_FACTOR: Words(
        "reports that a colleague has lost their second factor", "Remove the second factor", "Keep the second factor",
        lambda view: f"/people/{view.subject_id}",
    ),
    ApprovalKind.DEFINITION: Words(
        "asks to publish a changed definition", "Publish this", "Do not publish it", lambda view: f"/waiting/{view.id}"
    ),
    ApprovalKind.CLOSURE: Words(
        "asks to close the case although something is still open in it", "Close the case", "Keep the case open",
        lambda view: f"/cases/{view.case_id}", lambda view: case_reason(view.reason_code),
    ),
    ApprovalKind.ROLE: Words(
        "asks to give a colleague a role", "Give the role: I know them", "Do not give it",
        lambda view: f"/people/{view.person_id}" if view.is_mine else "", _which_role,
    ),
    ApprovalKind.LINK: Words(
        "made a link with which a colleague sets a new password",
        "Let the link work: they asked me too", "Cancel the link",
        lambda view: f"/people/{view.subject_id}" if view.is_mine else "", lambda view: view.person,
    ),
    ApprovalKind.CUSTODY: Words(
        "asks to end the review after a restore", "End the review: I have checked too", "Keep the review open",
        lambda _: "/custody",
    ),
}  # fmt: skip
"""Each kind of the four-eyes list. Where the second button has no words, a reason is asked for on the page itself."""
