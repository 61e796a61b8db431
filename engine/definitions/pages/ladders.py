"""A ladder as a time line: each level in words, with a form that changes the lines of that level."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Final, NamedTuple

from fastapi import APIRouter, Path
from starlette.datastructures import FormData
from starlette.responses import Response

from engine.definitions.actions.drafts import DefinitionDraft, open_draft, save_draft
from engine.definitions.actions.publish import publishing
from engine.definitions.pages.drafting import UNITS, answered, new_id, reasons, saved, split_limit
from engine.definitions.pages.ladder_edits import (
    AFTER,
    BEFORE,
    DELAY_OWNERS,
    LAW_ROUTE,
    TICKS,
    changed,
    posted_level,
    read_ladder,
    refuse_nonsense,
)
from engine.definitions.pages.question_form import text_or_posted
from engine.definitions.views import definition, definitions
from engine.errors import InvalidAnswersError, NotAllowedError
from engine.language.editing import with_value
from engine.language.findings import has_errors
from engine.language.ladders import ChannelName, ItemPerson, Ladder, Level
from engine.language.names import Role, in_running_words
from engine.language.telling import running
from engine.language.words import limit_words
from engine.language.yaml_files import Plain
from engine.machine import letters
from engine.web.dependencies import Posted, SignedIn
from engine.web.forms import Item
from engine.web.languages import say
from engine.web.posted import FIRST, Again, text, texts, typed
from engine.web.visit import Visit
from engine.web.words import channel_words

router = APIRouter()
Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
_LADDER: Final = "ladder"

_PEOPLE: Final = {
    ItemPerson.ASSIGNEE: "The assignee", ItemPerson.SUPERVISOR: "The supervisor",
    ItemPerson.ON_CALL: "Whoever is on call",
}  # fmt: skip
_HOURS: Final = "PT{}H"


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
    errors |= (
        {"title": say("There is already a ladder {name}: choose another title.", name=name)} if name in known else {}
    )
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
    return _page(visit, open_draft(visit.engine, _LADDER, name, viewer=visit.viewer, tell=say))


@router.post("/definitions/ladder/{name}/draft")
def draft_posted(visit: SignedIn, name: Name, form: Posted) -> Response:
    """Change a level, add one or take one out, undo what was saved last, discard the draft, or propose it."""
    known = open_draft(visit.engine, _LADDER, name, viewer=visit.viewer, tell=say)
    here = f"/definitions/ladder/{name}/draft"
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
        (one.after.in_words(say), one.to.in_words(say), ", ".join(running(way, say) for way in one.channels))
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


class LevelForm(NamedTuple):
    """One level as people read it, and as they change it.

    `said` is what stands in its fields, `items` what its lists offer; `written` holds the spans of time that its fields
    cannot show: they stay as they are, unless something else is written.
    """

    number: int
    when: str
    who: str
    last_resort: bool
    said: Mapping[str, str]
    items: Mapping[str, tuple[Item, ...]]
    written: Mapping[str, Item]


def level_form(level: Level | None, posted: FormData | None = None) -> LevelForm:
    """Return the form of a level, or of a new one; with what was posted where that is shown again."""
    said, written = _said(level)
    chosen = _chosen(level)
    if posted is not None:
        said = {name: text(posted, name) for name in said}
        chosen = {name: texts(posted, name) for name in chosen}
    units = tuple(UNITS.items())
    offered: Mapping[str, Iterable[tuple[str, str]]] = {
        "recipient": _recipients().items(), "channel": ((one.value, channel_words(one.value)) for one in ChannelName),
        "tick": TICKS.items(), "side": ((BEFORE, "before it is due"), (AFTER, "after it was due")),
        "letter": ((one, in_running_words(one)) for one in sorted(letters())),
        "released_by": ((role.value, role.label) for role in Role),
        "unit": units, "within_unit": units, "every_unit": units, "release_unit": units,
    }  # fmt: skip
    return LevelForm(
        level.level if level else 0,
        level.after.in_words(say) if level else "", level.to.in_words(say) if level else "",
        last_resort=bool(level and level.last_resort), said=said, written=written,
        items={
            name: tuple(Item(value, words, checked=value in chosen[name]) for value, words in some)
            for name, some in offered.items()
        },
    )  # fmt: skip


def _said(level: Level | None) -> tuple[dict[str, str], dict[str, Item]]:
    """Return what stands in the fields of a level, and the spans that its fields cannot show."""
    if level is None:
        empty = dict.fromkeys(("within", "every", "release", "times", "body", "note"), "")
        return {"amount": "1"} | empty, {}
    limits = _limits(level)
    said = {name: split_limit(limit)[0] for name, limit in limits.items()}
    said |= {"times": str(level.repeat.times) if level.repeat else "", "body": level.to.law_route or ""}
    written = {
        name: Item(limit, limit_words(limit, say), checked=False)
        for name, limit in limits.items()
        if limit and not said[name]
    }
    return said | {"note": level.note}, written


def _limits(level: Level) -> dict[str, str]:
    return {
        "amount": str(level.after.limit), "within": str(level.acknowledge_within or ""),
        "every": str(level.repeat.every) if level.repeat else "", "release": str(level.to.release_within or ""),
    }  # fmt: skip


def _chosen(level: Level | None) -> dict[str, list[str]]:
    """Return what is chosen in the lists of a level; in those of a new one, what is usual."""
    units = ("unit", "within_unit", "every_unit", "release_unit")
    if level is None:
        usual = {name: [_HOURS] for name in units} | {"recipient": [], "tick": [], "letter": ["escalation-letter"]}
        return usual | {"channel": [ChannelName.IN_APP.value], "side": [AFTER], "released_by": []}
    to = level.to
    chosen = {name: [split_limit(limit)[1]] for name, limit in zip(units, _limits(level).values(), strict=True)}
    who = LAW_ROUTE if to.law_route else f"{to.kind.value}:{to.person or to.role or to.partner}"
    return chosen | {
        "recipient": [who], "channel": [one.value for one in level.channels],
        "tick": [name for name in TICKS if getattr(level, name)],
        "side": [BEFORE if level.after.is_before else AFTER], "letter": [to.letter or "escalation-letter"],
        "released_by": [to.released_by or ""],
    }  # fmt: skip


def _recipients() -> dict[str, str]:
    found = {f"person:{who.value}": words for who, words in _PEOPLE.items()}
    found |= {f"role:{role.value}": say("{role} of the unit", role=say(role.label)) for role in Role}
    found |= {f"partner:{role.value}": say("{role} of the partner", role=say(role.label)) for role in Role}
    return found | {LAW_ROUTE: "A body outside, by a letter that someone releases"}
