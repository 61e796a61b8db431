"""What allows a text to show who somebody is, and whether it may go out with what a search finds in it."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Final

from engine.plugin import JsonAnswer, StepContext, Watch, as_words, perhaps
from pillars.press.identity import Found, Known, find_in

_LEAVES: Final = frozenset({"authority_leave", "court_leave"})
_APPROVE_AGAIN_WITHIN: Final = timedelta(hours=4)
"""A promise of the network, as for a question of a reporter."""
_TITLE: Final = "Do not send it yet: the text could show who someone is"
HOLD: Final = "held_release"
HELD: Final = "It must not go out yet: it is in the worklist again, with what was found, for two people to look at."


def has_signs(text: str) -> bool:
    """Say whether a text has a sign of somebody that needs no knowledge of the case, such as a number or an age."""
    return find_in(text, Known()).total > 0


def names_a_ground(
    *, kind: str, basis: str, is_child: bool, leave: str, consent: str, checked: Collection[object]
) -> bool:
    """Say whether what allows a text is named so that it allows to show who somebody is.

    An appeal for a missing person does; leave of an authority or a court with its number; for an adult their consent.
    """
    if basis == "missing_person":
        return kind == "missing_appeal" and "missing_person_exception" in checked
    if basis == "adult_consent":
        return bool(consent) and not is_child
    return basis in _LEAVES and bool(leave)


def is_allowed(answers: Mapping[str, JsonAnswer], found: Found, earlier: Collection[str]) -> bool:
    """Say whether a text may go out with what was found in it; `earlier` are the texts whose findings were shown.

    That all of it belongs to no one in the case can be said only once it was shown what the case knows of it.
    """
    text, checked = as_words(answers.get("text")), answers.get("identity_check")
    by_ground = names_a_ground(
        kind=as_words(answers.get("kind")), basis=as_words(answers.get("legal_basis")),
        is_child=perhaps(answers.get("child_involved")), leave=as_words(answers.get("permission_no")),
        consent=as_words(answers.get("survivor_consent")), checked=checked if isinstance(checked, list) else (),
    )  # fmt: skip
    was_shown = text in earlier or found.total == find_in(text, Known()).total
    return found.total == 0 or by_ground or (answers.get("findings") == "of_nobody" and was_shown)


def held_text(context: StepContext, known: Known) -> Mapping[str, JsonAnswer]:
    """Give the answers to the latest approval when its text had to be held; empty when there is none, or it may go."""
    *before, latest = context.all_earlier("press.release") or (context.earlier("press.release"),)
    text = as_words(latest.get("text"))
    shown = {as_words(one.get("text")) for one in before}
    return latest if text and not is_allowed(latest, find_in(text, known), shown) else {}


def texts_shown(context: StepContext) -> frozenset[str]:
    """Give the texts of earlier approvals: what was found in them stands on their steps and on the next one."""
    earlier = context.all_earlier("press.release") or (context.earlier("press.release"),)
    return frozenset(as_words(one.get("text")) for one in earlier) - {""}


def hold(context: StepContext, *, is_held: bool) -> Watch:
    """Put a text that may not go out yet into the worklist again; or call that off."""
    if not is_held:
        return Watch(HOLD, is_over=True)
    due = context.now + _APPROVE_AGAIN_WITHIN
    return Watch(HOLD, "press.release", _TITLE, due_at=due, ladder="high")
