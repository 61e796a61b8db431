"""A ladder as a time line: each level in words, with a form that changes the lines of that level."""

from typing import Annotated, Final

from fastapi import APIRouter, Path
from starlette.datastructures import FormData
from starlette.responses import Response

from engine.definitions.actions.drafts import DefinitionDraft, open_draft, save_draft
from engine.definitions.actions.publish import publishing
from engine.definitions.pages.drafting import answered, new_id, saved
from engine.definitions.pages.ladder_edits import DELAY_OWNERS, changed, posted_level, read_ladder, refuse_nonsense
from engine.definitions.pages.ladder_form import level_form
from engine.definitions.pages.only_text import reasons
from engine.definitions.pages.question_form import text_or_posted
from engine.definitions.views import definition, definitions
from engine.errors import InvalidAnswersError, NotAllowedError
from engine.language.editing import with_value
from engine.language.findings import has_errors
from engine.language.ladders import Ladder, Level
from engine.language.names import in_running_words
from engine.language.yaml_files import Plain
from engine.web.dependencies import Posted, SignedIn
from engine.web.forms import Item
from engine.web.languages import say
from engine.web.posted import FIRST, Again, text, texts, typed
from engine.web.visit import Visit

router = APIRouter()
Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
_LADDER: Final = "ladder"


@router.get("/ladders/new")
def new(visit: SignedIn) -> Response:
    """Ask what a new ladder is for, and for its first level."""
    return _new_page(visit)


@router.post("/ladders/new")
def new_posted(visit: SignedIn, form: Posted) -> Response:
    """Begin a draft of a new ladder with one level, under a name made of its title."""
    title, name = text(form, "title"), new_id(text(form, "title"), ()).replace("_", "-")
    known = {one.name for one in visit.engine.ask_all(definitions, _LADDER)}
    errors = {} if title else {"title": "Write what it is for: this becomes its name."}
    errors |= {"title": f"There is already a ladder {name}: choose another title."} if name in known else {}
    base = text(form, "base")
    errors |= {"base": "Choose a ladder of the list."} if base and base not in known else {}
    try:
        if not base:
            refuse_nonsense(form, "new")
    except InvalidAnswersError as error:
        errors |= error.problems
    if errors:
        return _new_page(visit, again=Again(errors, typed(form)), posted=form)
    source = with_value(f"ladder: {name}\nversion: 1\n", ("title",), title)
    levels: list[Plain] = [posted_level(form, 1, is_last=True)]
    if base:
        copied = visit.engine.ask_all(definition, _LADDER, base, None).source
        source = with_value(with_value(copied, ("ladder",), name), ("title",), title)
        source = with_value(source, ("version",), 1)
    else:
        source = with_value(source, ("levels",), levels)
    save_draft(visit.engine, _LADDER, name, source, viewer=visit.viewer)
    return visit.go(f"/definitions/ladder/{name}/draft", said="draft_saved")


def _new_page(visit: Visit, *, again: Again = FIRST, posted: FormData | None = None) -> Response:
    if not visit.may(publishing(_LADDER)):
        raise NotAllowedError(actor=visit.viewer.name, action=publishing(_LADDER).value)
    chosen = again.typed.get("base", "")
    bases = sorted(
        (Item(one.name, one.title, checked=one.name == chosen) for one in visit.engine.ask_all(definitions, _LADDER)),
        key=lambda item: item.text,
    )
    return visit.page(
        "ladder-new.html",
        title="New ladder",
        section="workflows",
        blank=level_form(None, posted),
        bases=bases,
        again=again,
    )


@router.get("/definitions/ladder/{name}/draft")
def draft(visit: SignedIn, name: Name) -> Response:
    """Show the viewer's draft of a ladder, or what runs, as a time line with a form for each level."""
    return _page(visit, open_draft(visit.engine, _LADDER, name, viewer=visit.viewer))


@router.post("/definitions/ladder/{name}/draft")
def draft_posted(visit: SignedIn, name: Name, form: Posted) -> Response:
    """Change a level, add one or take one out, undo what was saved last, discard the draft, or propose it."""
    known, here = open_draft(visit.engine, _LADDER, name, viewer=visit.viewer), f"/definitions/ladder/{name}/draft"
    return answered(
        visit, known, form, here=here, page=lambda again: _page(visit, known, again=again, posted=form),
        save=lambda: saved(visit, known, here, changed(known.source, form)),
    )  # fmt: skip


def _page(visit: Visit, known: DefinitionDraft, *, again: Again = FIRST, posted: FormData | None = None) -> Response:
    ladder = read_ladder(known.source)
    wrong = next((one.partition("-")[0] for one in again.errors), "")
    of_rules = posted if posted is not None and text(posted, "action") == "ladder" else None
    return visit.page(
        "ladder-draft.html",
        title=say("Draft of {name}", name=known.name),
        section="workflows",
        draft=known,
        title_of=ladder.title if ladder else known.name,
        change=known.change,
        findings=known.findings,
        has_errors=has_errors(known.findings),
        levels=[
            level_form(one, posted if wrong == f"l{one.level}" else None) for one in (ladder.levels if ladder else ())
        ],
        blank=level_form(None, posted if wrong == "new" else None),
        wrong=wrong,
        rules=_rules(ladder, of_rules) if ladder else {},
        only_text=reasons(_LADDER),
        again=again,
    )


def time_line(levels: tuple[Level, ...]) -> tuple[tuple[str, str, str], ...]:
    """Say each level of a ladder: when, whom it notifies, and by which ways."""
    return tuple(
        (one.after.in_words(), one.to.in_words(), ", ".join(in_running_words(way) for way in one.channels))
        for one in levels
    )


def _rules(ladder: Ladder, posted: FormData | None) -> dict[str, object]:
    """Return what the form of the whole ladder shows."""
    owner = text_or_posted(posted, "delay_owner", ladder.delay_owner or "")
    at_night = ladder.overrides_quiet_hours if posted is None else bool(texts(posted, "rule"))
    return {
        "ticks": [Item("overrides_quiet_hours", "It is delivered at any hour, at night too", checked=at_night)],
        "owners": [Item(value, words, checked=value == owner) for value, words in DELAY_OWNERS.items()],
    } | {name: text_or_posted(posted, name, getattr(ladder, name)) for name in ("title", "hours_since", "note")}
