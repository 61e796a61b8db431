"""Lint: ladders, calendars, law packs, retention policies and rotas."""

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta
from typing import Final

from pydantic import ValidationError

from engine.language.calendars import Calendar
from engine.language.catalogue import StepCatalogue
from engine.language.findings import Finding, Severity
from engine.language.ladders import ChannelName, ItemPerson, Ladder, Level
from engine.language.law import LawPack
from engine.language.limits import Counting, Offset, TimeLimit
from engine.language.lint.subject import KnownNames
from engine.language.merged import Merged
from engine.language.names import meant, shown
from engine.language.retention import RetentionPolicy, RetentionRule
from engine.language.rotas import Rota, week_of
from engine.language.workflow import Workflow

CRITICAL: Final = frozenset({"critical", "partner-silent-critical", "child-not-produced", "detention-limit", "leak"})
"""The ladders for people in danger: each has a floor that no author can lower."""
_FIRST, _BEYOND, _CALLED = timedelta(minutes=30), timedelta(hours=2), timedelta(hours=6)
_WORKING: Final = frozenset({Counting.WORKING_DAYS, Counting.WORKING_HOURS})
_AFAR: Final = frozenset(ChannelName) - {ChannelName.IN_APP}


def below_floor(ladder: Ladder, merged: Merged) -> list[Finding]:
    """Find where a ladder for people in danger tells less, fewer or later than its floor."""
    if ladder.name not in CRITICAL:
        return []
    told = [level for level in ladder.levels if not level.to.law_route]
    floors = (
        (ladder.overrides_quiet_hours, "ladder", "it tells people at any hour (overrides_quiet_hours: true)"),
        (_by(told, _FIRST), "levels", "someone is told by more than the page alone within 30 minutes of the due time"),
        (
            _by([level for level in told if level.to.person is not ItemPerson.ASSIGNEE], _BEYOND), "levels",
            "someone other than the assignee is told by more than the page alone within 2 hours of the due time",
        ),
        (
            _by([level for level in told if ChannelName.CALL in level.channels], _CALLED), "levels",
            "someone is rung (call) within 6 hours of the due time",
        ),
        (any(level.needs_acknowledgement for level in told), "levels", "at least one level needs an acknowledgement"),
    )  # fmt: skip
    words = "The ladder {} is for people in danger, and no author can lower its floor: {}."
    return [
        merged.finding((place,), "below-floor", words.format(shown(ladder.name), floor))
        for is_held, place, floor in floors
        if not is_held
    ]


def _by(levels: Iterable[Level], longest: timedelta) -> bool:
    """Whether a level tells somebody by more than the page, from the due time until then, counted by the clock."""
    return any(
        timedelta() <= level.after.about <= longest
        and level.after.limit.counting not in _WORKING
        and not _AFAR.isdisjoint(level.channels)
        for level in levels
    )


def of_another_unit(file: str, name: str) -> Finding:
    """Say that a workflow leads to the ladder of a unit whose it is not: that unit could change it alone."""
    message = (
        f"The ladder {shown(name)} is that of a unit for its own cases, which could change it alone: take one for "
        "everyone, or propose the ladder to the hub under another name."
    )
    return Finding(file, 1, 1, "ladder-of-a-unit", message)


def check_ladder(ladder: Ladder, merged: Merged, names: KnownNames) -> list[Finding]:
    """Find what the levels of a ladder name that is not there, acknowledgements without effect, and a missing end."""
    findings = below_floor(ladder, merged)
    for index, level in enumerate(ladder.levels):
        letter = level.to.letter
        if letter is not None and names.letters and letter not in names.letters:
            message = f"There is no letter {shown(letter)}. {meant(letter, names.letters)}"
            findings.append(merged.finding(("levels", index, "to", "letter"), "unknown-letter", message))
        following = next((other for other in ladder.levels if other.level == level.level + 1), None)
        findings += _acknowledged(merged, index, level, following)
    if not ladder.levels[-1].last_resort:
        message = (
            'No level is the "last_resort": when everybody is away, nobody is told. Write "last_resort: true" at the '
            "highest level."
        )
        place = ("levels", len(ladder.levels) - 1)
        findings.append(merged.finding(place, "no-last-resort", message, severity=Severity.WARNING))
    return findings


def levels_out_of_order(merged: Merged) -> list[Finding]:
    """Find the levels whose number or time does not follow from those before, in data that makes no ladder yet."""
    levels = merged.data.get("levels")
    findings: list[Finding] = []
    earlier: Offset | None = None
    for index, level in enumerate(levels if isinstance(levels, list) else []):
        if not isinstance(level, dict):
            continue
        number, after = level.get("level"), _offset(level.get("after"))
        if isinstance(number, int) and number != index + 1:
            message = f"This is level {index + 1} of the ladder: levels are numbered 1, 2, 3 and so on, in that order."
            findings.append(merged.finding(("levels", index, "level"), "levels-out-of-order", message))
        if after is not None and earlier is not None and after.about < earlier.about:
            message = f"This level comes {after.in_words()}, before the one above it: put levels in order of time."
            findings.append(merged.finding(("levels", index, "after"), "levels-out-of-order", message))
        earlier = after or earlier
    return findings


def _acknowledged(merged: Merged, index: int, level: Level, following: Level | None) -> list[Finding]:
    path = ("levels", index, "acknowledge_within")
    within = level.acknowledge_within
    if within is None:
        return []
    if following is None:
        message = "No level follows, so nothing comes early when nobody acknowledges: take it out, or add a level."
        return [merged.finding(path, "acknowledgement-without-effect", message, severity=Severity.WARNING)]
    early, own = level.after.about + within.about, following.after.about
    if early > own or early < own == timedelta():
        message = (
            f"Level {following.level} comes {following.after.in_words()} anyway: {within.in_words()} to acknowledge "
            "change nothing."
        )
        return [merged.finding(path, "acknowledgement-without-effect", message, severity=Severity.WARNING)]
    return []


def _offset(value: object) -> Offset | None:
    try:
        return Offset.model_validate(value)
    except ValidationError:
        return None


_LISTS = ("holidays", "extra_working_days", "not_holidays")


def check_calendar(calendar: Calendar, merged: Merged, names: KnownNames) -> list[Finding]:
    """Find days that are told twice or against each other, and a place whose holidays nobody knows."""
    findings: list[Finding] = []
    place = calendar.holidays_from
    if place is not None and names.holiday_places and place not in names.holiday_places:
        message = f"The public holidays of {shown(place)} are not known here. {meant(place, names.holiday_places)}"
        findings.append(merged.finding(("holidays_from",), "unknown-place", message))
    for name in _LISTS:
        seen = {special.day for special in calendar.holidays} if name != "holidays" else set()
        for index, special in enumerate(getattr(calendar, name)):
            if special.day in seen:
                message = f"{special.day} stands in this calendar twice: leave it where it belongs."
                findings.append(merged.finding((name, index, "day"), "day-twice", message))
            seen = seen | {special.day}
    return findings


_OPENING = "start"


def check_law_pack(pack: LawPack, merged: Merged, catalogue: StepCatalogue) -> list[Finding]:
    """Find limits that no installed step type ever starts, and signatures, which are not given in a file."""
    findings = []
    for index, limit in enumerate(pack.limits):
        for place, start in enumerate(limit.starts):
            if start != _OPENING and catalogue.find(start) is None:
                message = f"No installed pillar has the step type {shown(start)}, so {limit.id} never starts with it."
                findings.append(merged.finding(("limits", index, "starts", place), "unknown-step-type", message))
        if limit.signature is not None:
            message = f"A lawyer signs {limit.id} on the page of the law, by name: take the signature out of the file."
            findings.append(merged.finding(("limits", index, "signature"), "signature-in-file", message))
    return findings


def dropped_limits(
    before: LawPack, after: LawPack, *, workflows: Iterable[Workflow], catalogue: StepCatalogue, file: str
) -> list[Finding]:
    """Find limits that a new version of a pack would drop although a workflow, or a step type in it, names them."""
    dropped = {limit.id for limit in before.limits} - {limit.id for limit in after.limits}
    findings = []
    for workflow in workflows if dropped else ():
        for limit, key in steps_that_name(dropped, workflow, catalogue):
            where = f'The workflow "{workflow.workflow}" names {limit} in its step "{key}"'
            message = f"{where}: keep the limit, or change it there first."
            findings.append(Finding(file, 1, 1, "limit-in-use", message))
    return findings


def steps_that_name(limits: Collection[str], workflow: Workflow, catalogue: StepCatalogue) -> Iterator[tuple[str, str]]:
    """Yield the limits that a workflow, a step type in it or a follow-up names, each with the id of its step."""
    for key, step in workflow.steps.items():
        info = catalogue.find(step.uses)
        named = {time.law for time in step.time} if step.time else {info.law_limit if info else None}
        named |= {said.law for said in step.follow_ups.values() if said}
        for limit in sorted(named.intersection(limits), key=str):
            yield str(limit), key


FLOOR: Final = TimeLimit("P1Y")
"""What every class of data is kept for at least: a year of logs is the law (DPDP Rules 2025, rules 6(1)(e) and 8(3)),
and whoever comes back for their papers, or complains, does so within a year."""
_ABOUT_THE_SAME: Final = timedelta(days=1)


def kept_too_briefly(policy: RetentionPolicy, merged: Merged) -> list[Finding]:
    """Find the classes of data whose shortest or longest time is below the floor."""
    return [
        merged.finding(("rules", index, name), "below-floor", _words(rule))
        for index, rule in enumerate(policy.rules)
        for name, limit in (("at_least", rule.at_least), ("at_most", rule.at_most))
        if limit.about < FLOOR.about - _ABOUT_THE_SAME
    ]


def _words(rule: RetentionRule) -> str:
    return (
        f"No author can lower the floor of retention: {rule.data.value} is kept for at least {FLOOR.in_words()} after "
        "the case has closed. What a person asks to have erased before that is decided by two people, not by a policy."
    )


_COMMENT: Final = re.compile(r"(?:^|\s)#", re.MULTILINE)


def check_rota(rota: Rota, merged: Merged) -> list[Finding]:
    """Find hours of the week in which nobody or more than one is on call, and words beside people, days and hours."""
    text, findings = merged.main.text, []
    if (remark := _COMMENT.search(text)) is not None:
        message = "A rota holds people, days and hours, and nothing that could name a survivor: take this remark out."
        line = text.count("\n", 0, remark.end() - 1) + 1
        findings.append(Finding(merged.main.file, line, 1, "rota-comment", message))
    for people, stretches in week_of(rota).items() if rota.turns else ():
        for when in stretches:
            if people > 1:
                message = f"{when}, {people} turns overlap: one person is on call at a time."
                findings.append(merged.finding(("turns",), "rota-overlap", message))
            elif not people:
                message = f"{when}, no one is on call. Add a turn if that is not meant."
                findings.append(merged.finding(("turns",), "rota-gap", message, severity=Severity.WARNING))
    return findings


def unknown_people(rota: Rota, members: Collection[str], *, file: str, text: str) -> list[Finding]:
    """Find whom a rota names who does not act in its unit."""
    words, text = "{} does not act in this unit. {}", text.lower()
    return [
        Finding(file, text.count("\n", 0, text.find(who)) + 1, 1, "unknown-person",
                words.format(shown(who), meant(who, members)))
        for who in sorted(rota.people - set(members))
    ]  # fmt: skip


def rota_of_another_unit(file: str) -> Finding:
    """Return the finding for a rota of another unit than its draft, or one that is proposed with something else."""
    message = "A rota belongs to one unit: keep the id that stands after rota, and propose it without other files."
    return Finding(file, 1, 1, "rota-of-another-unit", message)
