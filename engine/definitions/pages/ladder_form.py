"""The form of a level of a ladder: as it is written, or as it was typed where that does not fit."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from starlette.datastructures import FormData

from engine.definitions.pages.drafting import UNITS, split_limit
from engine.definitions.pages.ladder_edits import AFTER, BEFORE, LAW_ROUTE, TICKS
from engine.language.ladders import ChannelName, ItemPerson, Level
from engine.language.names import Role, in_running_words
from engine.language.words import limit_words
from engine.machine import letters
from engine.web.forms import Item
from engine.web.posted import text, texts

_PEOPLE: Final = {
    ItemPerson.ASSIGNEE: "The assignee", ItemPerson.SUPERVISOR: "The supervisor",
    ItemPerson.ON_CALL: "Whoever is on call",
}  # fmt: skip
_HOURS: Final = "PT{}H"


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
        "recipient": _recipients().items(), "channel": ((one.value, in_running_words(one)) for one in ChannelName),
        "tick": TICKS.items(), "side": ((BEFORE, "before it is due"), (AFTER, "after it was due")),
        "letter": ((one, in_running_words(one)) for one in sorted(letters())),
        "released_by": ((role.value, role.label) for role in Role),
        "unit": units, "within_unit": units, "every_unit": units, "release_unit": units,
    }  # fmt: skip
    return LevelForm(
        level.level if level else 0, level.after.in_words() if level else "", level.to.in_words() if level else "",
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
        name: Item(limit, limit_words(limit), checked=False)
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
    found |= {f"role:{role.value}": f"{role.label} of the unit" for role in Role}
    found |= {f"partner:{role.value}": f"{role.label} of the partner" for role in Role}
    return found | {LAW_ROUTE: "A body outside, by a letter that someone releases"}
