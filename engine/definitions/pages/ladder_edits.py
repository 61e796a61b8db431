"""What the forms of a ladder change in its text: exactly the lines that are meant, or a sentence at the field."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from starlette.datastructures import FormData

from engine.definitions.pages.drafting import UNITS, split_limit
from engine.errors import InvalidAnswersError
from engine.language.editing import UneditableError, value_at, with_value, without
from engine.language.ladders import ChannelName, ItemPerson, Ladder, Level
from engine.language.library import definitions_of
from engine.language.limits import Offset
from engine.language.names import Role
from engine.language.yaml_files import Path as YamlPath
from engine.language.yaml_files import Plain, read_yaml
from engine.machine import letters
from engine.web.languages import retell, say
from engine.web.posted import text, texts, whole_number

BEFORE, AFTER = "before", "after"
LAW_ROUTE: Final = "law_route:"
"""The choice of a body outside as the recipient of a level."""
TICKS: Final = {
    "needs_acknowledgement": "They have to acknowledge it",
    "at_once": "At night too, to whoever is on call",
    "reassign": "The work becomes theirs",
    "raise_priority": "The work becomes urgent",
    "offer_next_partner": "The next partner of the place is asked, without personal data",
}
"""What can be ticked for a level, by the name of its key."""
DELAY_OWNERS: Final = {
    "ours": "Ours", "other_body": "Another agency's", "persons_choice": "No one's: it is the person's own choice",
    "force_majeure": "No one's: it could not be helped",
}  # fmt: skip
_MOST_TIMES: Final = 100
_LONGEST: Final = {"hours_since": 60, "title": 200, "note": 2_000, "body": 200}
_WHOLE: Final = "Write a whole number, such as 2."


def read_ladder(source: str) -> Ladder | None:
    """Return the ladder of a text; None where it cannot be read."""
    return next(iter(definitions_of([read_yaml(source, file="ladder.yaml")]).ladders.values()), None)


def changed(source: str, form: FormData) -> str:
    """Return the text of a ladder with what was posted; raises `UneditableError` and `InvalidAnswersError`."""
    ladder, index, action = read_ladder(source), whole_number(form, "level") - 1, text(form, "action")
    if ladder is None:
        raise UneditableError
    count = len(ladder.levels)
    match action:
        case "ladder":
            return _with_rules(source, ladder, form)
        case "add":
            refuse_nonsense(form, "new", ladder, count)
            was_last = ladder.levels[-1].last_resort
            source = without(source, ("levels", count - 1, "last_resort")) if was_last else source
            return with_value(source, ("levels", count), posted_level(form, count + 1, is_last=was_last))
        case "remove" if 0 <= index < count:
            if count == 1:
                raise InvalidAnswersError({"l1-amount": "A ladder has at least one level: change it, or add another."})
            source = without(source, ("levels", index))
            for number in range(index, count - 1):
                source = with_value(source, ("levels", number, "level"), number + 1)
            return source
        case _ if 0 <= index < count:
            refuse_nonsense(form, f"l{index + 1}", ladder, index)
            for path, value in _edits(source, ladder.levels[index], form):
                at: YamlPath = ("levels", index, *path)
                source = without(source, at) if value is None else with_value(source, at, value)
            return source
    raise UneditableError


def _with_rules(source: str, ladder: Ladder, form: FormData) -> str:
    """Return the text with what holds for the whole ladder."""
    said = {name: text(form, name) for name in ("title", "hours_since", "note")}
    owner = text(form, "delay_owner")
    problems = {} if said["title"] else {"title": "Write what it is for."}
    problems |= {
        name: say("Write at most {number} letters.", number=_LONGEST[name])
        for name, given in said.items()
        if len(given) > _LONGEST[name]
    }
    problems |= {} if not owner or owner in DELAY_OWNERS else {"delay_owner": "Choose one of the list, or none."}
    if problems:
        raise InvalidAnswersError(problems)
    becomes: dict[str, Plain] = {**said, "delay_owner": owner}
    becomes["overrides_quiet_hours"] = "overrides_quiet_hours" in texts(form, "rule")
    for name, value in becomes.items():
        if value != (getattr(ladder, name) or ("" if name != "overrides_quiet_hours" else False)):
            source = with_value(source, (name,), value) if value else without(source, (name,))
    return source


def posted_level(form: FormData, number: int, *, is_last: bool) -> dict[str, Plain]:
    """Return a new level as it is posted; the last one is the last resort."""
    channels: list[Plain] = [one for one in texts(form, "channel") if one in set(ChannelName)]
    to = _posted_recipient(form) or "supervisor"
    level: dict[str, Plain] = {"level": number, "after": _posted_time(form, "PT1H"), "to": to}
    level |= {"channels": channels} if channels else {}
    level |= {"acknowledge_within": _within(form)} if _within(form) else {}
    level |= {"repeat": _repeat(form)} if _repeat(form) else {}
    level |= {"note": text(form, "note")} if text(form, "note") else {}
    return level | dict.fromkeys(_ticked(form), True) | ({"last_resort": True} if is_last else {})


def refuse_nonsense(form: FormData, id_: str, ladder: Ladder | None = None, index: int = 0) -> None:
    """Raise `InvalidAnswersError` for what does not fit in a level; left empty, what is written of it stays."""
    problems = {
        name: _WHOLE
        for name in ("amount", "within", "every", "times", "release")
        if text(form, name) and whole_number(form, name) < 0
    }
    problems |= {
        name: say("Write at most {number} letters.", number=_LONGEST[name])
        for name in ("note", "body")
        if len(text(form, name)) > _LONGEST[name]
    }
    for one in (_repeat_problems, _letter_problems, _tick_problems):
        problems = dict(one(form)) | problems
    if ladder is not None and "amount" not in problems:
        problems |= _order_problems(form, ladder, index)
    if problems:
        raise InvalidAnswersError({f"{id_}-{name}": sentence for name, sentence in problems.items()})


def _repeat_problems(form: FormData) -> Iterator[tuple[str, str]]:
    every, times = text(form, "every"), text(form, "times")
    if every and not times:
        yield "times", "Write how many times more, or leave both empty."
    if times and not every and not text(form, "every_written"):
        yield "every", "Write after how long it is sent again, or leave both empty."
    if every and whole_number(form, "every") == 0:
        yield "every", "Some time has to lie between: write at least 1."
    if times and not 1 <= whole_number(form, "times") <= _MOST_TIMES:
        yield "times", say("Write a number from 1 to {number}.", number=_MOST_TIMES)


def _letter_problems(form: FormData) -> Iterator[tuple[str, str]]:
    if text(form, "recipient") != LAW_ROUTE:
        return
    if not text(form, "body"):
        yield "body", "Write which body gets the letter, such as District Magistrate."
    if text(form, "letter") not in letters():
        yield "letter", "Choose the letter."
    if text(form, "released_by") not in set(Role):
        yield "released_by", "Choose who decides whether it leaves."
    if not text(form, "release") and not text(form, "release_written"):
        yield "release", "Write within how long they decide."


def _tick_problems(form: FormData) -> Iterator[tuple[str, str]]:
    kind = text(form, "recipient").partition(":")[0]
    if "reassign" in _ticked(form) and kind in {"partner", "law_route"}:
        yield "tick", "Work can become that of someone of the unit only: take this tick away, or notify someone else."
    if text(form, "action") == "level" and "channel_shown" in form and not texts(form, "channel"):
        yield "channel", "Tick at least one way."


def _order_problems(form: FormData, ladder: Ladder, index: int) -> dict[str, str]:
    written = str(ladder.levels[index].after) if index < len(ladder.levels) else "PT1H"
    after = Offset(_posted_time(form, written))
    if index and after.about < (above := ladder.levels[index - 1]).after.about:
        at = retell(above.after.in_words())
        told = say("Level {level} comes {at}: write a time that is not before it.", level=above.level, at=at)
        return {"amount": told}
    if index + 1 < len(ladder.levels) and after.about > (below := ladder.levels[index + 1]).after.about:
        at = retell(below.after.in_words())
        told = say("Level {level} comes {at}: write a time that is not after it.", level=below.level, at=at)
        return {"amount": told}
    return {}


def _within(form: FormData) -> str:
    return _amount(form, "within") if "needs_acknowledgement" in _ticked(form) else ""


def _amount(form: FormData, name: str) -> str:
    amount, unit = whole_number(form, name), text(form, f"{name}_unit")
    return unit.format(amount) if amount > 0 and unit in UNITS else ""


def _repeat(form: FormData) -> dict[str, Plain]:
    every, times = _amount(form, "every"), whole_number(form, "times")
    return {"every": every, "times": times} if every and times > 0 else {}


def _ticked(form: FormData) -> list[str]:
    ticked = texts(form, "tick")
    return [name for name in TICKS if name in ticked]


def _edits(source: str, level: Level, form: FormData) -> Iterator[tuple[YamlPath, Any]]:
    raw = value_at(read_yaml(source, file="ladder.yaml").data, ("levels", level.level - 1))
    after = _posted_time(form, str(level.after))
    if after != str(level.after):
        yield ("after",), after
    yield from _recipient_edits(raw.get("to"), level, form)
    channels = texts(form, "channel")
    if channels and set(channels) != {one.value for one in level.channels}:
        yield ("channels",), [one.value for one in ChannelName if one.value in channels]
    ticked = _ticked(form)
    for name in TICKS:
        if (name in ticked) != getattr(level, name):
            yield (name,), name in ticked or None
    known, within = str(level.acknowledge_within or ""), _within(form)
    is_shown = not known or bool(split_limit(known)[0])
    if known and ("needs_acknowledgement" not in ticked or (is_shown and "within" in form and not within)):
        yield ("acknowledge_within",), None
    elif within and not same_limit(within, known):
        yield ("acknowledge_within",), within
    yield from _repeat_edits(level, form)
    if "note" in form and text(form, "note") != level.note:
        yield ("note",), text(form, "note") or None


def _recipient_edits(raw: object, level: Level, form: FormData) -> Iterator[tuple[YamlPath, Any]]:
    recipient = _posted_recipient(form)
    if recipient is None or recipient == _plain(raw):
        return
    if not isinstance(recipient, dict) or not level.to.law_route or "law_route" not in recipient:
        yield ("to",), recipient
        return
    for name, value in recipient.items():
        was = str(getattr(level.to, name) or "")
        if value != was and not (name == "release_within" and same_limit(str(value), was)):
            yield ("to", name), value


def _repeat_edits(level: Level, form: FormData) -> Iterator[tuple[YamlPath, Any]]:
    if "times" not in form:
        return
    known, times = level.repeat, whole_number(form, "times")
    if times <= 0:
        if known:
            yield ("repeat",), None
        return
    if known is None:
        yield ("repeat",), _repeat(form)
        return
    every = _amount(form, "every")
    if every and not same_limit(every, str(known.every)):
        yield ("repeat", "every"), every
    if times != known.times:
        yield ("repeat", "times"), times


def _posted_time(form: FormData, written: str) -> str:
    amount, unit = whole_number(form, "amount"), text(form, "unit")
    if amount < 0 or unit not in UNITS:
        return written
    wanted = f"{'-' if text(form, 'side') == BEFORE and amount else ''}{unit.format(amount)}"
    same = wanted.startswith("-") == written.startswith("-") and same_limit(wanted, written)
    return written if same else wanted


def same_limit(one: str, other: str) -> bool:
    """Whether two limits are shown alike by a form."""
    return split_limit(one.removeprefix("-")) == split_limit(other.removeprefix("-"))


def _posted_recipient(form: FormData) -> str | dict[str, Plain] | None:
    """Return whom a level is to notify; None for one that the form leaves as it is written."""
    kind, _, who = text(form, "recipient").partition(":")
    if kind == "law_route":
        release = _amount(form, "release") or text(form, "release_written")
        return {
            "law_route": text(form, "body"), "letter": text(form, "letter"),
            "released_by": text(form, "released_by"), "release_within": release,
        }  # fmt: skip
    if kind == "person" and who in set(ItemPerson):
        return who
    return {kind: who} if kind in {"role", "partner"} and who in set(Role) else None


def _plain(written: Any) -> Any:  # noqa: ANN401 - as the file has it
    return written.get("person", written) if isinstance(written, Mapping) else written
