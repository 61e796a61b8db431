"""What all pages of drafts share: amounts of time, ids made of words, what is left to the text, proposing a draft."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from starlette.datastructures import FormData
from starlette.responses import Response

from engine.approvals.records import NoSecondPersonError
from engine.definitions.actions.drafts import DefinitionDraft, my_drafts, save_draft, undo_draft
from engine.definitions.actions.proposals import Change, propose_definition
from engine.definitions.views import versions
from engine.errors import InvalidAnswersError
from engine.language.editing import UneditableError
from engine.language.findings import DefinitionError, Finding, has_errors
from engine.language.lanes import Lanes, LaneView, in_lanes
from engine.language.names import in_running_words
from engine.web.languages import say
from engine.web.posted import Again, text, typed
from engine.web.visit import Visit

UNITS: Final = {
    "PT{}M": "minutes", "PT{}H": "hours", "P{}D": "days", "P{}M": "months", "P{}WD": "working days",
    "PT{}WH": "working hours",
}  # fmt: skip
QUESTION_TYPES: Final = {
    "bool": "yes or no", "choice": "one of several answers", "number": "a number", "date": "a day",
    "instant": "a day and a time", "text": "a short text", "longtext": "a long text",
}  # fmt: skip
_SIMPLE: Final = re.compile(r"P(T?)(\d+)(M|H|D|WD|WH)")
MEND_FIRST: Final = "Mend the text first: it cannot be read as it stands."
_UNUSED: Final = (
    "Nothing uses the name yet, so what runs stays as it is. Use it in a condition or a step, then propose it."
)
_ONLY_NAMES: Final = (
    "Only names differ, so what runs stays as it is. They get a version of their own once a second person agrees."
)

_NUMBER: Final = "it is counted by itself when a version is published"
_NAME: Final = "cases, steps and earlier versions name it by this"
ONLY_TEXT: Final[Mapping[str, Mapping[str, str]]] = {
    "calendar": {
        "calendar": _NAME,
        "version": _NUMBER,
        "zone": "all due times of the place move with it, which is a matter for whoever set the place up",
        "weekends": "a weekend of some time that is over says how old limits were counted",
        "holidays_known_until": "the system works it out",
        "gazettes": "whoever has the government's printed list before them enters it whole",
        "missing": "it is written by whoever searched for the rules of the place",
        "confidence": "it is written by whoever searched for the rules of the place",
        "note": "it changes no date",
        "title": "it changes no date",
    },
    "ladder": {
        "ladder": _NAME,
        "version": _NUMBER,
    },
    "workflow": {
        "workflow": _NAME,
        "version": _NUMBER,
        "case_type": "cases are counted and kept by it",
        "parts": "each brings another workflow into this one",
    },
    "step": {
        "uses": "another kind of step asks other things: take the step out and add the other one",
        "standing": "it changes how the whole workflow closes, which is best seen in its text",
        "attempts": "it is about the machine's work, not about people",
        "with": "what can be set of a step type differs from one to the next",
        "assign / unit": "it is a place whose calendar counts, for work abroad",
        "assign / unit from": "it names answers that say which place's calendar counts",
        "time / option": "it is a choice within a limit of the law, by its words there",
        "time / exclude": "it names times that the law leaves out",
        "time / pause": "whoever makes it longer weighs it against the law",
        "time / extend": "whoever makes it longer weighs it against the law",
    },
}
"""For each kind, the keys that have no field in a form, each with the reason."""


def split_limit(limit: str) -> tuple[str, str]:
    """Return amount and unit (`PT{}H`) of a limit that has one of each; empty for any other."""
    found = _SIMPLE.fullmatch(limit)
    unit = f"P{found[1]}{{}}{found[3]}" if found else ""
    return (found[2], unit) if found and unit in UNITS else ("", "PT{}H")


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Return what was found in a draft by its lines, with what keeps it from being proposed first."""
    return sorted(findings, key=lambda one: (not has_errors((one,)), one.line))


def new_id(label: str, taken: Iterable[object]) -> str:
    """Make an id of words that people wrote, and that nothing else has."""
    words = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:30].strip("_")
    base = words if re.match(r"[a-z]", words) else f"q_{words}".strip("_")
    known = {str(one) for one in taken}
    return next(one for number in range(1, 1000) if (one := base if number == 1 else f"{base}_{number}") not in known)


def page_of(kind: str, name: str) -> str:
    """Return where the page of a definition is."""
    return {"workflow": f"/workflows/{name}", "rota": "/on-call"}.get(kind, f"/definitions/{kind}/{name}")


def picture_of(
    visit: Visit, change: Change | None, *, by: LaneView = LaneView.PILLAR, chosen: str = ""
) -> Lanes | None:
    """Return the picture of a proposed workflow, with what is new, changed and gone of the one that runs."""
    if change is None or change.workflows is None:
        return None
    before, after = change.workflows
    laws = visit.engine.library().law_words(visit.today, say)
    return in_lanes(after, visit.engine.catalogue, by=by, chosen=chosen, before=before, laws=laws, tell=say)


def after_undo(visit: Visit, kind: str, name: str, draft: str) -> str:
    """Return where to go after an undo: to the draft, to what runs where none is left, or to the list."""
    if any(one[:2] == (kind, name) for one in my_drafts(visit.engine, viewer=visit.viewer)):
        return draft
    is_there = kind in {"message", "document", "rota"} or visit.engine.ask_all(versions, kind, name)
    return page_of(kind, name) if is_there else "/workflows"


def answered(
    visit: Visit,
    known: DefinitionDraft,
    form: FormData,
    *,
    here: str,
    page: Callable[[Again], Response],
    save: Callable[[], Response],
) -> Response:
    """Undo what was saved last in a draft, discard it, propose it, or `save` what was posted.

    Where that does not fit, show its `page` with the reason.
    """
    match text(form, "action"):
        case "undo" | "discard" as how:
            undo_draft(visit.engine, known.kind, known.name, viewer=visit.viewer, whole=how == "discard")
            return visit.go(after_undo(visit, known.kind, known.name, here), said=f"draft_{how}")
        case "propose":
            return proposed(visit, known, page)
        case _:
            try:
                return save()
            except UneditableError:
                return page(Again({"text": MEND_FIRST}))
            except InvalidAnswersError as error:
                return page(Again(error.problems, typed(form)))


def saved(visit: Visit, known: DefinitionDraft, here: str, source: str, **query: str) -> Response:
    """Save a draft, unless it is as it was, and go on."""
    if source != known.source:
        save_draft(visit.engine, known.kind, known.name, source, viewer=visit.viewer)
    return visit.go(here, **query, said="draft_saved")


def only_names(known: DefinitionDraft) -> str:
    """Say what it means that a draft differs from what runs by names alone; else nothing."""
    change = known.change
    if change is None or not change.runs or change.lines or not change.said:
        return ""
    return _UNUSED if _is_unused(known) else _ONLY_NAMES


def unused_names(known: DefinitionDraft) -> str:
    """Say of a draft that only brings names which nothing uses that there is nothing to propose; else nothing."""
    return only_names(known) if _is_unused(known) else ""


def _is_unused(known: DefinitionDraft) -> bool:
    return any(one.code == "unused-name" for one in known.findings)


def proposed(visit: Visit, known: DefinitionDraft, page: Callable[[Again], Response]) -> Response:
    """Propose a draft, which then is one no longer; where that cannot be, show its `page` with the reason."""
    if why := unused_names(known):
        return page(Again({"propose": why}))
    try:
        done = propose_definition(visit.engine, source=known.source, viewer=visit.viewer, file=f"{known.name}.yaml")
    except NoSecondPersonError as error:
        return page(Again({"propose": str(error)}))
    except DefinitionError:
        return page(Again({"problems": "It was not proposed: see what was found below."}))
    undo_draft(visit.engine, known.kind, known.name, viewer=visit.viewer, whole=True)
    if done.waits_for:
        return visit.go(f"/waiting/{done.waits_for}", said="proposed")
    return visit.go(page_of(known.kind, done.name), said="unchanged")


def reasons(kind: str) -> list[tuple[str, str]]:
    """Return what is changed only as text, in words, each with its reason."""
    return [(in_running_words(key.replace(" / ", ": ")), why) for key, why in ONLY_TEXT[kind].items()]
