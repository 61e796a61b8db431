"""What a new version changes of ladders, calendars and when steps are done, in sentences; to hear later is a loss."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from engine.language.calendars import Calendar, SpecialDay, Weekday, WorkingSpan, YearlyDay
from engine.language.diagram import when_in_words
from engine.language.ladders import LevelRecipient
from engine.language.limits import Offset, WarningPoint
from engine.language.telling import Tell, in_english, running
from engine.language.words import Plain, WorkflowWords, limit_words, people, sooner_or_later, span
from engine.language.workflow import StepRepeat, StepSpec

Told = tuple[str, bool]
"""A sentence, and whether it tells of a loss."""
COURSE: Final = ("not_before", "repeat", "back", "wait")
"""What of a step says when it opens, how often it is done, and how it goes on."""
_OF_A_LEVEL: Final = frozenset({"after", "channels", "level", "to", "repeat", "acknowledge_within"})

_OF_A_CALENDAR: Final = frozenset({
    "weekend", "hours", "hours_by_weekday", "holidays_from", "holidays", "every_year", "not_holidays",
    "extra_working_days",
})  # fmt: skip
"""The parts of a calendar that have sentences of their own."""
_ANY: Final[Mapping[str, Any]] = {"calendar": "XX", "title": "", "zone": "UTC", "weekend": ()}
_LISTS: Final = {
    "holidays": ("a holiday", True),
    "every_year": ("a holiday of every year", True),
    "extra_working_days": ("a day on which offices work all the same", False),
    "not_holidays": ("struck out of the public list", False),
}
"""The lists of days: what a day in it is, and whether it takes working time away."""
_NO_PLACE: Final = "Public holidays are no longer worked out: only the days of this calendar count."


def course_changes(
    name: str, title: str, was: tuple[Plain | None, WorkflowWords], becomes: tuple[Plain | None, WorkflowWords]
) -> Iterator[Told]:
    """Say what differs in one of `COURSE` of a step; to wait longer, or to be done less often, is a loss."""
    said = [_in_words(name, one, words) if one else "" for one, words in (was, becomes)]
    old, new = was[0] or {}, becomes[0] or {}
    tell = becomes[1].tell
    message = (
        "{step}: {now}, instead of {before}." if old and new else "{step}: {now}." if new
        else "{step}: no longer {before}."
    )  # fmt: skip
    yield tell(message, step=title, now=said[1], before=said[0]), _is_held_up(name, old, new)


def _is_held_up(name: str, old: Plain, new: Plain) -> bool:
    match name:
        case "repeat":
            return not new or (bool(old) and _is_less(StepRepeat(**old), StepRepeat(**new)))
        case "not_before":
            return bool(new) and (old.get("from") != new.get("from") or _is_longer(old, new, "wait", "PT0S"))
        case "wait":
            return bool(new) and (not old or _is_longer(old, new, "time_out", ""))
        case _:
            return not new


def _in_words(name: str, said: Plain, words: WorkflowWords) -> str:
    parts = [*when_in_words(StepSpec.model_validate({"uses": "core.note", name: said}), words)]
    if name == "repeat" and "until" in said:
        parts.append(words.tell("until {condition}", condition=words.condition(said["until"])))
    if "event" in said:
        parts.append(words.tell("whichever answer of “{step}” it is", step=words.step(said["event"])))
    return ", ".join(parts)


def _is_longer(old: Plain, new: Plain, name: str, usual: str) -> bool:
    """Whether a time is longer, or has no end any more; empty is without end."""
    was, becomes = str(old.get(name, usual)), str(new.get(name, usual))
    by = sooner_or_later(was, becomes)
    return was != becomes and (not becomes or by is None or by[1]) and bool(was)


def _is_less(old: StepRepeat, new: StepRepeat) -> bool:
    waits = zip(old.waits, new.waits, strict=False)
    return (
        new.rounds < old.rounds
        or new.same_limit < old.same_limit
        or any((by := sooner_or_later(*two)) is None or by[1] for two in waits if len({*two}) > 1)
    )


def warning_changes(title: str, old: Sequence[str], new: Sequence[str], tell: Tell) -> Iterator[Told]:
    """Say before what somebody is warned no more, and before what they are now."""
    for point in (one for one in old if one not in new):
        yield tell("A warning for {step} is gone: {point}.", step=title, point=WarningPoint(point).in_words(tell)), True
    for point in (one for one in new if one not in old):
        yield tell("A warning for {step} is new: {point}.", step=title, point=WarningPoint(point).in_words(tell)), False


def lost_by(before: Plain, after: Plain, *, tell: Tell = in_english) -> str:
    """Say in one text what is lost where one ladder takes the place of another; empty where nothing is."""
    return " ".join(words for _, told, *_ in ladder_changes(before, after, tell) for words, is_loss in told if is_loss)


def ladder_changes(before: Plain, after: Plain, tell: Tell) -> Iterator[tuple[str, list[Told], Plain, Plain]]:
    """Return for each level that differs how it is named, what is told of it, and what is left to be told by line.

    The last one is the ladder itself. A level that is taken out moves none of the others.
    """
    was, becomes = _levels(before, tell), _levels(after, tell)
    for key in (one for one in dict.fromkeys((*was, *becomes)) if was.get(one) != becomes.get(one)):
        who, old, new = key[0], was.get(key), becomes.get(key)
        if new is None or old is None:
            yield "", [_gone_or_new(who, old, new, tell)], {}, {}
            continue
        told, rest = [*_level(who, old, new, tell)], [_without(one, _OF_A_LEVEL) for one in (old, new)]
        yield f"{tell('Escalation to {who}', who=who)}: ", told, rest[0], rest[1]
    yield "", [], _without(before, {"levels"}), _without(after, {"levels"})


def _without(part: Plain, names: Collection[str]) -> Plain:
    return {name: value for name, value in part.items() if name not in names}


def _levels(ladder: Plain, tell: Tell) -> dict[tuple[str, int], Plain]:
    found: dict[tuple[str, int], Plain] = {}
    for level in ladder.get("levels", ()):
        who = LevelRecipient.model_validate(level["to"]).in_words(tell)
        found[who, sum(name == who for name, _ in found)] = level
    return found


def _gone_or_new(who: str, old: Plain | None, new: Plain | None, tell: Tell) -> Told:
    level = old or new or {}
    when = Offset(level["after"]).in_words(tell)
    if new is None:
        return tell("The escalation to {who} ({when}) is gone.", who=who, when=when), True
    channels = ", ".join(running(one, tell) for one in level.get("channels", ["in_app"]))
    message = "New escalation: {who} is notified {when} by {channels}."
    return tell(message, who=who, when=when, channels=channels), False


def _level(who: str, old: Plain, new: Plain, tell: Tell) -> Iterator[Told]:
    if old["after"] != new["after"]:
        yield _moved(who, old["after"], new["after"], tell)
    was, becomes = (one.get("channels", ["in_app"]) for one in (old, new))
    for channel in (one for one in was if one not in becomes):
        gone = "{who} is no longer notified by {channel}."
        yield tell(gone, who=_first(who), channel=running(channel, tell)), True
    for channel in (one for one in becomes if one not in was):
        yield tell("{who} is also notified by {channel}.", who=_first(who), channel=running(channel, tell)), False
    was_within, within = (str(one.get("acknowledge_within", "")) for one in (old, new))
    if was_within != within:
        yield _acknowledged(who, was_within, within, tell)
    if old.get("repeat") != new.get("repeat"):
        yield _again(who, old.get("repeat"), new.get("repeat"), tell)
    if isinstance(old["to"], Mapping) and isinstance(new["to"], Mapping):
        yield from _letter(old["to"], new["to"], tell)


def _moved(who: str, old: str, new: str, tell: Tell) -> Told:
    was, becomes = Offset(old), Offset(new)
    seconds = (becomes.about - was.about).total_seconds()
    is_later = seconds > 0
    message = (
        "{who} is notified {length} later: {now} instead of {before}." if is_later
        else "{who} is notified {length} sooner: {now} instead of {before}."
    )  # fmt: skip
    now, before = becomes.in_words(tell), was.in_words(tell)
    return tell(message, who=_first(who), length=span(abs(seconds), tell), now=now, before=before), is_later


def _acknowledged(who: str, old: str, new: str, tell: Tell) -> Told:
    """Say how soon somebody must acknowledge before the next is notified; later, or not at all, is a loss."""
    before, now = limit_words(old, tell), limit_words(new, tell)
    if not new:
        gone = "{who} need not acknowledge within {before} any more before the next is notified."
        return tell(gone, who=_first(who), before=before), True
    moved = sooner_or_later(old, new) if old else None
    message = (
        "Where {who} does not acknowledge within {now}, instead of within {before}, the next is notified." if old
        else "Where {who} does not acknowledge within {now}, the next is notified."
    )  # fmt: skip
    return tell(message, who=who, now=now, before=before), bool(moved and moved[1])


def _again(who: str, old: Plain | None, new: Plain | None, tell: Tell) -> Told:
    """Say how often somebody is notified again; less often, or after longer, is a loss."""
    was = _times(old, tell) if old else tell("once only")
    if new is None:
        return tell("{who} is no longer notified again: it was {before}.", who=_first(who), before=was), True
    moved = sooner_or_later(str(old["every"]), str(new["every"])) if old else None
    is_loss = bool(old) and (new["times"] < (old or {})["times"] or bool(moved and moved[1]))
    message = "{who} is notified again {now}, instead of {before}."
    return tell(message, who=_first(who), now=_times(new, tell), before=was), is_loss


def _times(repeat: Plain, tell: Tell) -> str:
    message = "1 time more, every {length}" if repeat["times"] == 1 else "{number} times more, every {length}"
    return tell(message, number=repeat["times"], length=limit_words(str(repeat["every"]), tell))


def _letter(old: Mapping[str, Any], new: Mapping[str, Any], tell: Tell) -> Iterator[Told]:
    """Say what differs in the letter to a body outside."""
    who = new.get("law_route")
    if old.get("letter") != new.get("letter"):
        was, becomes = (running(str(one.get("letter", "")), tell) for one in (old, new))
        yield tell("The letter to {who} is “{now}” instead of “{before}”.", who=who, now=becomes, before=was), False
    if old.get("released_by") != new.get("released_by"):
        was, becomes = (people([str(one.get("released_by", ""))], tell) for one in (old, new))
        message = "{now} decides whether the letter to {who} leaves, instead of {before}."
        yield tell(message, who=who, now=_first(becomes), before=was), False
    if old.get("release_within") != new.get("release_within"):
        was, becomes = (str(one.get("release_within", "")) for one in (old, new))
        moved = sooner_or_later(was, becomes)
        leaves = "Whether the letter to {who} leaves is decided within {now} instead of {before}."
        said = tell(leaves, who=who, now=limit_words(becomes, tell), before=limit_words(was, tell))
        yield said, bool(moved and moved[1])


def _first(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"


def calendar_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[tuple[str, bool]]]:
    """Return what differs between two stored calendars by its part, and whether there is less working time by it."""
    was, becomes = (
        Calendar.model_validate({**_ANY, **{name: value for name, value in one.items() if name in _OF_A_CALENDAR}})
        for one in (before, after)
    )
    found: dict[str, list[tuple[str, bool]]] = {}
    for part, words, is_loss in _changes(was, becomes):
        found.setdefault(part, []).append((words, is_loss))
    return found


def _changes(was: Calendar, becomes: Calendar) -> Iterator[tuple[str, str, bool]]:
    for rest in (one for one in becomes.weekend if one not in was.weekend):
        yield "weekend", f"{_every(rest.label)} is a day of rest: limits in working time fall due later.", True
    for rest in (one for one in was.weekend if one not in becomes.weekend):
        yield "weekend", f"{_every(rest.label)} is no longer a day of rest.", False
    yield from (("hours", *one) for one in _hours("Offices work", was.hours, becomes.hours))
    for day in Weekday:
        old, new = (one.hours_by_weekday.get(day) for one in (was, becomes))
        if old != new:
            told = _hours(f"On {day.label} offices work", old or was.hours, new or becomes.hours, is_usual=not new)
            yield from (("hours_by_weekday", *one) for one in told)
    if was.holidays_from != becomes.holidays_from:
        instead = f" instead of {was.holidays_from}" if was.holidays_from else ""
        to = becomes.holidays_from
        yield "holidays_from", f"Public holidays are those of {to}{instead}." if to else _NO_PLACE, False
    for name, (what, takes) in _LISTS.items():
        yield from ((name, *one) for one in _days(what, getattr(was, name), getattr(becomes, name), takes=takes))


def _hours(
    lead: str, old: Sequence[WorkingSpan], new: Sequence[WorkingSpan], *, is_usual: bool = False
) -> Iterator[tuple[str, bool]]:
    if is_usual:
        yield f"{lead} as on other days, instead of from {hours_in_words(old)}.", _worked(new) < _worked(old)
    elif old != new:
        words = f"{lead} from {hours_in_words(new)} instead of from {hours_in_words(old)}."
        yield words, _worked(new) < _worked(old)


def hours_in_words(spans: Sequence[WorkingSpan]) -> str:
    """Say the working hours of a day: `09:00 to 13:00 and 14:00 to 17:00`."""
    return " and ".join(f"{one.opens:%H:%M} to {one.closes:%H:%M}" for one in spans)


def _worked(spans: Sequence[WorkingSpan]) -> timedelta:
    on = date.min
    return sum((datetime.combine(on, one.closes) - datetime.combine(on, one.opens) for one in spans), timedelta())


def _days(
    what: str, old: Sequence[SpecialDay | YearlyDay], new: Sequence[SpecialDay | YearlyDay], *, takes: bool
) -> Iterator[tuple[str, bool]]:
    was, becomes = ({one.day: one for one in days} for days in (old, new))
    for day in sorted({*was, *becomes}, key=str):
        before, after = was.get(day), becomes.get(day)
        if before is None and after is not None:
            yield f"{day_in_words(day)} is {what}: {after.name}.", takes
        elif after is None and before is not None:
            yield f"{day_in_words(day)} is no longer {what}: {before.name}.", not takes
        elif before and after and before != after:
            yield f"{day_in_words(day)}, {what}, is told as {_told(after)} instead of {_told(before)}.", False


def day_in_words(day: date | str) -> str:
    """Say a date, or a day of every year that is written `11-23`."""
    if isinstance(day, str):
        return f"{date.fromisoformat(f'2028-{day}'):%d %B}".removeprefix("0")
    return f"{day:%a %d %b %Y}"


def _told(one: SpecialDay | YearlyDay) -> str:
    return f"“{one.name}” ({one.source})" if one.source else f"“{one.name}”"


def _every(label: str) -> str:
    return f"Every {label}"
