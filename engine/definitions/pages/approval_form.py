"""Who approves what a step answered, within how long and by which ladder, as a form; and which lines that changes."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from starlette.datastructures import FormData

from engine.definitions.pages.drafting import UNITS, split_limit
from engine.definitions.pages.question_form import REMOVED, Edit, items_of, or_posted, text_or_posted
from engine.language.words import limit_words
from engine.language.workflow import ApprovalRule
from engine.language.yaml_files import Path, Plain
from engine.web.forms import Item
from engine.web.languages import say
from engine.web.posted import text, whole_number

_NO_AMOUNT: Final = "Write a whole number, such as 2."
_NOBODY: Final = "Choose who approves it, or take the time out."
USUAL: Final = "standard"


class ApprovalForm(NamedTuple):
    """The approval of a step: by whom, an amount of time and its unit, a ladder; `written` is a limit of another kind.

    `said` tells it in words, for the line under which it is folded.
    """

    approvers: tuple[Item, ...]
    amount: str
    units: tuple[Item, ...]
    ladders: tuple[Item, ...]
    written: str
    said: str


def approval_form(
    rule: ApprovalRule | None, roles: Mapping[str, str], ladders: Mapping[str, str], posted: FormData | None
) -> ApprovalForm:
    """Return what the form shows of an approval; with what was `posted`, where that is shown again."""
    limit = (rule.limit if rule else None) or ""
    amount, unit = split_limit(limit)
    who = rule.role[0] if rule and rule.role else ""
    told = roles.get(who, who)
    if who and limit:
        told = say("{role}, within {length}", role=told, length=limit_words(limit, say))
    return ApprovalForm(
        items_of(roles, or_posted(posted, "approver", (who,))), text_or_posted(posted, "approve-amount", amount),
        items_of(UNITS, or_posted(posted, "approve-unit", (unit,))),
        items_of(ladders, or_posted(posted, "approve-ladder", (rule.ladder if rule else USUAL,))),
        "" if amount or not limit else limit_words(limit, say), told,
    )  # fmt: skip


def approval_problems(rule: ApprovalRule | None, form: FormData) -> Iterator[tuple[str, str]]:
    """Find an amount that is none, and a time of an approval that nobody gives."""
    if not text(form, "approve-amount"):
        return
    if whole_number(form, "approve-amount") < 0 or text(form, "approve-unit") not in UNITS:
        yield "approve-amount", _NO_AMOUNT
    elif not text(form, "approver") and rule is None:
        yield "approver", _NOBODY


def approval_edits(at: Path, rule: ApprovalRule | None, form: FormData) -> Iterator[Edit]:
    """Yield what the posted form changes of the approval at a path: each part in its own line, or the whole."""
    approver, limit = text(form, "approver"), _posted_limit(form)
    ladder = text(form, "approve-ladder") or (rule.ladder if rule else USUAL)
    if not approver:
        if rule is not None:
            yield at, REMOVED
        return
    if rule is None:
        said: dict[str, Plain] = {"role": approver}
        said |= {"limit": limit} if limit else {}
        yield at, said | ({"ladder": ladder} if ladder != USUAL else {})
        return
    if (approver,) != rule.role[:1]:
        yield (*at, "role"), approver
    known = rule.limit or ""
    is_shown = not known or bool(split_limit(known)[0])
    if "approve-amount" in form and (limit or is_shown) and _apart(limit) != _apart(known):
        yield (*at, "limit"), limit or REMOVED
    if ladder != rule.ladder:
        yield (*at, "ladder"), ladder


def _posted_limit(form: FormData) -> str:
    amount, unit = whole_number(form, "approve-amount"), text(form, "approve-unit")
    return unit.format(amount) if amount >= 0 and unit in UNITS else ""


def _apart(limit: str) -> object:
    return split_limit(limit) if split_limit(limit)[0] else limit
