"""Whether an approved text may go out with what a search finds in it; one that may not is held."""

from collections.abc import Collection
from typing import Final

from engine.plugin import Form, StepContext
from pillars.press.forms import ReleaseForm
from pillars.press.grounds import names_a_ground
from pillars.press.identity import Found, Known, find_in

HELD: Final = "It must not go out yet: it is in the worklist again, with what was found, for two people to look at."


def is_allowed(answers: ReleaseForm, found: Found, earlier: Collection[str]) -> bool:
    """Return whether a text may go out with what was found in it; `earlier` are the texts whose findings were shown.

    That all of it belongs to no one in the case can be said only once it was shown what the case knows of it.
    """
    text, checked = (answers.text or ""), answers.identity_check
    by_ground = names_a_ground(
        kind=(answers.kind or ""), basis=(answers.legal_basis or ""),
        is_child=Form.perhaps(answers.child_involved), leave=(answers.permission_no or ""),
        consent=(answers.survivor_consent or ""), checked=checked,
    )  # fmt: skip
    was_shown = text in earlier or found.total == find_in(text, Known()).total
    return found.total == 0 or by_ground or (answers.findings == "of_nobody" and was_shown)


def held_text(context: StepContext, known: Known) -> ReleaseForm:
    """Give the answers to the latest approval when its text had to be held; empty when there is none, or it may go."""
    *before, latest = context.all_earlier("press.release", ReleaseForm) or (
        context.earlier("press.release", ReleaseForm),
    )
    text = latest.text or ""
    shown = {(one.text or "") for one in before}
    return latest if text and not is_allowed(latest, find_in(text, known), shown) else ReleaseForm.unanswered()


def texts_shown(context: StepContext) -> frozenset[str]:
    """Return the texts of earlier approvals: what was found in them stands on their steps and on the next one."""
    earlier = context.all_earlier("press.release", ReleaseForm) or (context.earlier("press.release", ReleaseForm),)
    return frozenset((one.text or "") for one in earlier) - {""}
