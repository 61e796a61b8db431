"""A ladder as a time line: each level in words, with a form that changes the lines of that level."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, NamedTuple

from fastapi import APIRouter, Path
from starlette.datastructures import FormData
from starlette.responses import Response

from engine.definitions.actions.drafts import DefinitionDraft, open_draft, save_draft
from engine.definitions.actions.publish import publishing
from engine.definitions.pages.drafting import UNITS, answered, new_id, saved, split_limit
from engine.definitions.views import definition, definitions
from engine.errors import InvalidAnswersError, NotAllowedError
from engine.language.editing import UneditableError, value_at, with_value, without
from engine.language.findings import has_errors
from engine.language.ladders import ChannelName, ItemPerson, Ladder, Level
from engine.language.library import DefinitionKind, definitions_of
from engine.language.names import Role, in_running_words
from engine.language.yaml_files import Path as YamlPath
from engine.language.yaml_files import Plain, read_yaml
from engine.web.dependencies import Posted, SignedIn
from engine.web.forms import Item
from engine.web.languages import say
from engine.web.posted import FIRST, Again, text, texts, typed, whole_number
from engine.web.visit import Visit

router = APIRouter()
Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
_LADDER: Final = "ladder"
_BEFORE, _AFTER = "before", "after"
_TICKS: Final = {
    "needs_acknowledgement": "They have to acknowledge it",
    "at_once": "At night too, to whoever is on call",
    "reassign": "The work becomes theirs",
    "raise_priority": "The work becomes urgent",
    "offer_next_partner": "The next partner of the place is asked, without personal data",
}
"""What can be ticked for a level, by the name of its key."""


class LevelForm(NamedTuple):
    """One level as people read it, and as they change it; `written` is a time that the form cannot show."""

    number: int
    when: str
    who: str
    amount: str
    units: tuple[Item, ...]
    sides: tuple[Item, ...]
    written: str
    recipients: tuple[Item, ...]
    channels: tuple[Item, ...]
    ticks: tuple[Item, ...]
    last_resort: bool
    within: str
    within_units: tuple[Item, ...]


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
    errors |= {} if base else _problems(form, "new")
    if errors:
        return _new_page(visit, again=Again(errors, typed(form)))
    source = with_value(f"ladder: {name}\nversion: 1\n", ("title",), title)
    levels: list[Plain] = [_posted_level(form, 1, is_last=True)]
    if base:
        copied = visit.engine.ask_all(definition, _LADDER, base, None).source
        source = with_value(with_value(copied, ("ladder",), name), ("title",), title)
        source = with_value(source, ("version",), 1)
    else:
        source = with_value(source, ("levels",), levels)
    save_draft(visit.engine, _LADDER, name, source, viewer=visit.viewer)
    return visit.go(f"/definitions/ladder/{name}/draft", said="draft_saved")


def _new_page(visit: Visit, *, again: Again = FIRST) -> Response:
    if not visit.may(publishing(_LADDER)):
        raise NotAllowedError(actor=visit.viewer.name, action=publishing(_LADDER).value)
    chosen = again.typed.get("base", "")
    bases = sorted(
        (Item(one.name, one.title, checked=one.name == chosen) for one in visit.engine.ask_all(definitions, _LADDER)),
        key=lambda item: item.text,
    )
    return visit.page(
        "ladder-new.html", title="New ladder", section="workflows", blank=_blank(), bases=bases, again=again
    )  # fmt: skip


@router.get("/definitions/ladder/{name}/draft")
def draft(visit: SignedIn, name: Name) -> Response:
    """Show the viewer's draft of a ladder, or what runs, as a time line with a form for each level."""
    return _page(visit, open_draft(visit.engine, _LADDER, name, viewer=visit.viewer))


@router.post("/definitions/ladder/{name}/draft")
def draft_posted(visit: SignedIn, name: Name, form: Posted) -> Response:
    """Change a level, add one or take one out, undo what was saved last, discard the draft, or propose it."""
    known, here = open_draft(visit.engine, _LADDER, name, viewer=visit.viewer), f"/definitions/ladder/{name}/draft"
    return answered(
        visit, known, form, here=here, page=lambda again: _page(visit, known, again=again),
        save=lambda: saved(visit, known, here, _changed(known.source, form)),
    )  # fmt: skip


def _changed(source: str, form: FormData) -> str:
    ladder, index = _ladder(source), whole_number(form, "level") - 1
    if ladder is None or (text(form, "action") != "add" and not 0 <= index < len(ladder.levels)):
        raise UneditableError
    problems = {} if text(form, "action") == "remove" else _problems(form, f"l{index + 1}" if index >= 0 else "new")
    if problems:
        raise InvalidAnswersError(problems)
    count = len(ladder.levels)
    match text(form, "action"):
        case "remove":
            source = without(source, ("levels", index))
            for number in range(index, count - 1):
                source = with_value(source, ("levels", number, "level"), number + 1)
            return source
        case "add":
            was_last = ladder.levels[-1].last_resort
            source = without(source, ("levels", count - 1, "last_resort")) if was_last else source
            return with_value(source, ("levels", count), _posted_level(form, count + 1, is_last=was_last))
        case _:
            for path, value in _edits(source, ladder.levels[index], form):
                at: YamlPath = ("levels", index, path)
                source = without(source, at) if value is None else with_value(source, at, value)
            return source


def _posted_level(form: FormData, number: int, *, is_last: bool) -> dict[str, Plain]:
    """Return a new level as it is posted; the last one is the last resort."""
    recipient = _posted_recipient(form) or "supervisor"
    channels: list[Plain] = [one for one in texts(form, "channel") if one in set(ChannelName)]
    to: Plain = {**recipient} if isinstance(recipient, dict) else recipient
    level: dict[str, Plain] = {"level": number, "after": _posted_time(form, "PT1H"), "to": to}
    level |= {"channels": channels} if channels else {}
    level |= {"acknowledge_within": _within(form)} if _within(form) else {}
    return level | dict.fromkeys(_ticked(form), True) | ({"last_resort": True} if is_last else {})


def _problems(form: FormData, level: str) -> dict[str, str]:
    """Find amounts that are none; left empty, what is written of them stays."""
    wrong = (name for name in ("amount", "within") if text(form, name) and whole_number(form, name) < 0)
    return {f"{level}-{name}": "Write a whole number, such as 2." for name in wrong}


def _within(form: FormData) -> str:
    amount, unit = whole_number(form, "within"), text(form, "within_unit")
    return unit.format(amount) if amount > 0 and unit in UNITS and "needs_acknowledgement" in _ticked(form) else ""


def _ticked(form: FormData) -> list[str]:
    ticked = texts(form, "tick")
    return [name for name in _TICKS if name in ticked]


def _edits(source: str, level: Level, form: FormData) -> Iterator[tuple[str, Any]]:
    raw = value_at(read_yaml(source, file="ladder.yaml").data, ("levels", level.level - 1))
    after = _posted_time(form, str(level.after))
    if after != str(level.after):
        yield "after", after
    recipient = _posted_recipient(form)
    if recipient is not None and recipient != _plain(raw.get("to")):
        yield "to", recipient
    channels = texts(form, "channel")
    if channels and set(channels) != {one.value for one in level.channels}:
        yield "channels", [one.value for one in ChannelName if one.value in channels]
    ticked = _ticked(form)
    for name in _TICKS:
        if (name in ticked) != getattr(level, name):
            yield name, name in ticked or None
    known, within = str(level.acknowledge_within or ""), _within(form)
    is_shown = not known or bool(split_limit(known)[0])
    if known and ("needs_acknowledgement" not in ticked or (is_shown and "within" in form and not within)):
        yield "acknowledge_within", None
    elif within and not _same(within, known):
        yield "acknowledge_within", within


def _posted_time(form: FormData, written: str) -> str:
    amount, unit = whole_number(form, "amount"), text(form, "unit")
    if amount < 0 or unit not in UNITS:
        return written
    wanted = f"{'-' if text(form, 'side') == _BEFORE and amount else ''}{unit.format(amount)}"
    same = wanted.startswith("-") == written.startswith("-") and _same(wanted, written)
    return written if same else wanted


def _same(one: str, other: str) -> bool:
    return split_limit(one.removeprefix("-")) == split_limit(other.removeprefix("-"))


def _posted_recipient(form: FormData) -> str | dict[str, str] | None:
    """Return whom a level is to notify; None for one that the form leaves as it is written."""
    kind, _, who = text(form, "recipient").partition(":")
    if kind == "person" and who in set(ItemPerson):
        return who
    return {kind: who} if kind in {"role", "partner"} and who in set(Role) else None


def _plain(written: Any) -> Any:  # noqa: ANN401 - as the file has it
    return written.get("person", written) if isinstance(written, Mapping) else written


def _page(visit: Visit, known: DefinitionDraft, *, again: Again = FIRST) -> Response:
    ladder = _ladder(known.source)
    return visit.page(
        "ladder-draft.html",
        title=say("Draft of {name}", name=known.name),
        section="workflows",
        draft=known,
        title_of=ladder.title if ladder else known.name,
        change=known.change,
        findings=known.findings,
        has_errors=has_errors(known.findings),
        levels=[_level(one) for one in ladder.levels] if ladder else (),
        blank=_blank(),
        again=again,
    )


def time_line(levels: tuple[Level, ...]) -> tuple[tuple[str, str, str], ...]:
    """Say each level of a ladder: when, whom it notifies, and by which ways."""
    return tuple(
        (one.after.in_words(), one.to.in_words(), ", ".join(in_running_words(way) for way in one.channels))
        for one in levels
    )


def _level(level: Level) -> LevelForm:
    amount, unit = split_limit(str(level.after.limit))
    to = level.to
    chosen = f"{to.kind.value}:{to.person or to.role or to.partner or ''}"
    return LevelForm(
        number=level.level, when=level.after.in_words(), who=to.in_words(), amount=amount,
        units=_units(unit),
        sides=_sides(is_before=level.after.is_before), written="" if amount else level.after.in_words(),
        recipients=() if to.law_route else _recipients(chosen),
        channels=tuple(Item(one.value, in_running_words(one), checked=one in level.channels) for one in ChannelName),
        ticks=tuple(Item(name, words, checked=getattr(level, name)) for name, words in _TICKS.items()),
        last_resort=level.last_resort, within=split_limit(str(level.acknowledge_within or ""))[0],
        within_units=_units(split_limit(str(level.acknowledge_within or ""))[1]),
    )  # fmt: skip


def _blank() -> LevelForm:
    ways = tuple(Item(one.value, in_running_words(one), checked=one is ChannelName.IN_APP) for one in ChannelName)
    ticks = tuple(Item(name, words, checked=False) for name, words in _TICKS.items())
    return LevelForm(
        0, "", "", "1", _units("PT{}H"), _sides(is_before=False), "", _recipients(""), ways, ticks, last_resort=False,
        within="", within_units=_units("PT{}H"),
    )  # fmt: skip


def _units(chosen: str) -> tuple[Item, ...]:
    return tuple(Item(one, words, checked=one == chosen) for one, words in UNITS.items())


def _sides(*, is_before: bool) -> tuple[Item, ...]:
    return (
        Item(_BEFORE, "before it is due", checked=is_before), Item(_AFTER, "after it was due", checked=not is_before)
    )  # fmt: skip


def _recipients(chosen: str) -> tuple[Item, ...]:
    people = {
        "person:assignee": "The assignee", "person:supervisor": "The supervisor",
        "person:on_call": "Whoever is on call",
    }  # fmt: skip
    people |= {f"role:{role.value}": f"{role.label} of the unit" for role in Role}
    people |= {f"partner:{role.value}": f"{role.label} of the partner" for role in Role}
    return tuple(Item(value, words, checked=value == chosen) for value, words in people.items())


def _ladder(source: str) -> Ladder | None:
    found = definitions_of([read_yaml(source, file="ladder.yaml")])
    return next(iter(found.ladders.values()), None) if found.names(DefinitionKind.LADDER) else None
