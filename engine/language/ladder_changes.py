"""What a new version of a ladder changes: levels are compared by whom they notify, not by their number."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from engine.language.ladders import LevelRecipient
from engine.language.limits import Offset
from engine.language.names import in_running_words
from engine.language.words import Plain, limit_words, people, sooner_or_later, span

Told = tuple[str, bool]
"""A sentence, and whether it tells of a loss."""
_TOLD: Final = frozenset({"after", "channels", "level", "to", "repeat"})


def ladder_changes(before: Plain, after: Plain) -> Iterator[tuple[str, list[Told], Plain, Plain]]:
    """Return for each level that differs how it is named, what is told of it, and what is left to be told by line.

    The last one is the ladder itself. A level that is taken out moves none of the others.
    """
    was, becomes = _levels(before), _levels(after)
    for key in (one for one in dict.fromkeys((*was, *becomes)) if was.get(one) != becomes.get(one)):
        who, old, new = key[0], was.get(key), becomes.get(key)
        if new is None or old is None:
            yield "", [_gone_or_new(who, old, new)], {}, {}
            continue
        yield f"Escalation to {who}: ", [*_level(who, old, new)], _without(old, _TOLD), _without(new, _TOLD)
    yield "", [], _without(before, {"levels"}), _without(after, {"levels"})


def _without(part: Plain, names: Collection[str]) -> Plain:
    return {name: value for name, value in part.items() if name not in names}


def _levels(ladder: Plain) -> dict[tuple[str, int], Plain]:
    found: dict[tuple[str, int], Plain] = {}
    for level in ladder.get("levels", ()):
        who = LevelRecipient.model_validate(level["to"]).in_words()
        found[who, sum(name == who for name, _ in found)] = level
    return found


def _gone_or_new(who: str, old: Plain | None, new: Plain | None) -> Told:
    level = old or new or {}
    when = Offset(level["after"]).in_words()
    if new is None:
        return f"The escalation to {who} ({when}) is gone.", True
    return f"New escalation: {who} is notified {when}{_ways(level)}.", False


def _level(who: str, old: Plain, new: Plain) -> Iterator[Told]:
    if old["after"] != new["after"]:
        yield _moved(who, old["after"], new["after"])
    was, becomes = (one.get("channels", ["in_app"]) for one in (old, new))
    for channel in (one for one in was if one not in becomes):
        yield f"{_first(who)} is no longer notified by {in_running_words(channel)}.", True
    for channel in (one for one in becomes if one not in was):
        yield f"{_first(who)} is also notified by {in_running_words(channel)}.", False
    if old.get("repeat") != new.get("repeat"):
        yield _again(who, old.get("repeat"), new.get("repeat"))
    if isinstance(old["to"], Mapping) and isinstance(new["to"], Mapping):
        yield from _letter(who.partition(",")[0], old["to"], new["to"])


def _ways(level: Plain) -> str:
    return f" by {', '.join(in_running_words(one) for one in level.get('channels', ['in_app']))}"


def _moved(who: str, old: str, new: str) -> Told:
    was, becomes = Offset(old), Offset(new)
    seconds = (becomes.about - was.about).total_seconds()
    is_later = seconds > 0
    words = f"{_first(who)} is notified {span(abs(seconds))} {'later' if is_later else 'sooner'}"
    return f"{words}: {becomes.in_words()} instead of {was.in_words()}.", is_later


def _again(who: str, old: Plain | None, new: Plain | None) -> Told:
    """Say how often somebody is notified again; less often, or after longer, is a loss."""
    was = _times(old) if old else "once only"
    if new is None:
        return f"{_first(who)} is no longer notified again: it was {was}.", True
    moved = sooner_or_later(str(old["every"]), str(new["every"])) if old else None
    is_loss = bool(old) and (new["times"] < (old or {})["times"] or bool(moved and moved[1]))
    return f"{_first(who)} is notified again {_times(new)}, instead of {was}.", is_loss


def _times(repeat: Plain) -> str:
    times = repeat["times"]
    return f"{times} {'time' if times == 1 else 'times'} more, every {limit_words(str(repeat['every']))}"


def _letter(who: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Told]:
    """Say what differs in the letter to a body outside."""
    if old.get("letter") != new.get("letter"):
        was, becomes = (in_running_words(str(one.get("letter", ""))) for one in (old, new))
        yield f"The letter to {who} is “{becomes}” instead of “{was}”.", False
    if old.get("released_by") != new.get("released_by"):
        was, becomes = (people([str(one.get("released_by", ""))]) for one in (old, new))
        yield f"{_first(becomes)} decides whether the letter to {who} leaves, instead of {was}.", False
    if old.get("release_within") != new.get("release_within"):
        was, becomes = (str(one.get("release_within", "")) for one in (old, new))
        moved = sooner_or_later(was, becomes)
        words = f"Whether the letter to {who} leaves is decided within {limit_words(becomes)}"
        yield f"{words} instead of {limit_words(was)}.", bool(moved and moved[1])


def _first(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"
