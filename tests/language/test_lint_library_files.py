"""Ladders, calendars and law packs are held to what they name, at the line and column where they name it."""

import pytest

from engine.language.lint.files import lint_documents
from engine.language.lint.subject import KnownNames
from engine.language.yaml_files import read_yaml
from tests.language.step_types import CATALOGUE

NAMES = KnownNames(letters=frozenset({"escalation-letter"}), holiday_places=frozenset({"IN", "IN/AS"}))
ROUTE = "{law_route: High Court, letter: escalation-letter, released_by: lawyer, release_within: PT4H}"
LADDER = f"""ladder: mine
title: Mine
levels:
  - {{level: 1, after: -PT2H, to: assignee, needs_acknowledgement: true, acknowledge_within: PT1H}}
  - {{level: 2, after: PT1H, to: supervisor}}
  - {{level: 3, after: PT2H, to: {ROUTE}, last_resort: true}}
"""
CALENDAR = """calendar: IN-AS
title: Assam
zone: Asia/Kolkata
weekend: [sun]
holidays_from: IN/AS
holidays:
  - {day: 2026-04-14, name: Bihu, source: s}
extra_working_days:
  - {day: 2026-04-19, name: Sunday shift, source: s}
"""
LAW = """law: in
title: L
limits:
  - {id: IN-X, jurisdiction: IN, what: w, trigger: t, limit: P3D, counting: elapsed, duty: d, source: s, basis: read,
     confidence: high, if_missed: m, starts: [start, protection.safety]}
"""


def found(text: str) -> list[str]:
    findings = lint_documents([read_yaml(text, file="f")], catalogue=CATALOGUE, names=NAMES)
    return [f"{one.line}:{one.column} {one.severity.value} {one.code}" for one in findings]


@pytest.mark.parametrize("text", [LADDER, CALENDAR, LAW])
def test_nothing_is_found_in_a_file_that_is_right(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(("before", "after", "finding"), [
    ("letter: escalation-letter", "letter: escalation-leter", "6:65 error unknown-letter"),
    ("level: 2", "level: 4", "5:13 error levels-out-of-order"),
    ("after: PT1H", "after: PT9H", "6:23 error levels-out-of-order"),
    ("acknowledge_within: PT1H", "acknowledge_within: PT4H", "4:93 warning acknowledgement-without-effect"),
    ("to: supervisor", "to: {role: boss}", "5:40 error unknown-word"),
    ("to: supervisor", "to: supervisor, channels: [pigeon]", "5:56 error unknown-word"),
    ("to: supervisor", "to: supervisor, colour: red", "5:45 error unknown-key"),
])  # fmt: skip
def test_what_is_wrong_with_a_ladder_is_found_where_it_stands(before: str, after: str, finding: str) -> None:
    assert before in LADDER
    assert finding in found(LADDER.replace(before, after, 1))


@pytest.mark.parametrize(("before", "after", "line", "remedy"), [
    (", released_by: lawyer", "", 6, "a letter that somebody releases: add released_by."),
    ("to: supervisor", "to: {role: supervisor, letter: escalation-letter}", 5, "somebody releases: take out letter."),
    ("to: supervisor", "to: supervisor, channels: email", 5, "Write channels: [email]."),
    ("to: supervisor", "to: supervisor, channels: [mail]", 5, 'Did you mean "email"?'),
    ("to: supervisor", "to: supervisor, repeat: PT1H", 5, "Write repeat: {every: PT1H}."),
    ("to: supervisor", "to: supervisor, note: 5", 5, 'Put it in quotes: "5".'),
    ("needs_acknowledgement: true, ", "", 4, "write needs_acknowledgement: true beside it."),
    ("last_resort: true", "reassign: true", 6, "take reassign out, or name a role or a person."),
    ("levels:", "level:", 3, 'Did you mean "levels"?'),
    ("title: Mine", "title:", 2, "Give it a value, or take it out."),
])  # fmt: skip
def test_one_sentence_says_what_mends_a_mistake_in_a_ladder(before: str, after: str, line: int, remedy: str) -> None:
    text = LADDER.replace(before, after, 1)
    [told] = lint_documents([read_yaml(text, file="f")], catalogue=CATALOGUE, names=NAMES)
    assert (told.line, told.message.casefold().endswith(remedy.casefold())) == (line, True), told.message


def test_an_acknowledgement_before_the_due_time_brings_nothing_early_that_is_meant_for_it() -> None:
    at_due = LADDER.replace("after: PT1H", "after: PT0M")
    assert found(at_due) == ["4:93 warning acknowledgement-without-effect"]


def test_an_acknowledgement_on_the_last_level_brings_nothing_early() -> None:
    alone = "\n".join(LADDER.splitlines()[:4])
    assert "4:93 warning acknowledgement-without-effect" in found(alone)


def test_a_ladder_without_a_last_resort_is_warned_of_at_its_highest_level() -> None:
    assert found(LADDER.replace(", last_resort: true", "")) == ["6:5 warning no-last-resort"]


@pytest.mark.parametrize(("before", "after", "finding"), [
    ("holidays_from: IN/AS", "holidays_from: IN/XX", "5:16 error unknown-place"),
    ("day: 2026-04-19", "day: 2026-04-14", "9:11 error day-twice"),
    ("zone: Asia/Kolkata", "zone: Asia/Calcuta", "3:7 error bad-value"),
])  # fmt: skip
def test_what_is_wrong_with_a_calendar_is_found_where_it_stands(before: str, after: str, finding: str) -> None:
    assert found(CALENDAR.replace(before, after)) == [finding]


def test_a_limit_that_starts_with_a_step_type_that_is_not_installed_is_found() -> None:
    assert found(LAW.replace("protection.safety", "protection.nothing")) == ["5:54 error unknown-step-type"]
