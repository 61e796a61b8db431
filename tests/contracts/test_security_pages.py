"""The threat model and the checklist name every path and item, and only tests that exist."""

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
THREATS: Final = (ROOT / "docs" / "explanation" / "threat-model.md").read_text(encoding="utf-8")
CHECKLIST: Final = (ROOT / "docs" / "reference" / "security-checklist.md").read_text(encoding="utf-8")
STATES: Final = {"held", "not yet", "not applicable"}
_ITEM = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
_PATH = re.compile(r"^\| P(\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
_TEST = re.compile(r"`(tests/[\w/]+\.py)`")


def test_every_way_in_is_told_with_what_stands_against_it_and_a_test() -> None:
    found = _PATH.findall(THREATS)
    assert [int(number) for number, *_ in found] == list(range(1, 30))
    for number, way, who, against, proof in found:
        assert way.strip(), number
        assert re.search(r"T\d", who), number
        assert against.strip(), number
        assert _TEST.findall(proof), f"P{number} has no test"


def test_no_item_of_the_checklist_is_missing_and_each_has_a_state() -> None:
    found = _ITEM.findall(CHECKLIST)
    assert [int(number) for number, *_ in found] == list(range(1, 101))
    for number, _, state, proof in found:
        assert state in STATES, number
        assert state != "held" or _TEST.findall(proof), f"{number} is held by no test"


def test_what_is_not_yet_is_explained_in_words() -> None:
    words = CHECKLIST.partition("## What is not yet")[2]
    explained = {
        int(number) for line in re.findall(r"^- \*\*([\d, ]+)\*\*", words, re.MULTILINE) for number in line.split(", ")
    }
    assert explained == {int(number) for number, _, state, _ in _ITEM.findall(CHECKLIST) if state == "not yet"}


@pytest.mark.parametrize("page", [THREATS, CHECKLIST], ids=["model", "checklist"])
def test_every_test_that_is_named_exists_and_tests_something(page: str) -> None:
    named = set(_TEST.findall(page))
    assert len(named) > 30
    for name in named:
        assert (ROOT / name).is_file(), name
        assert "def test_" in (ROOT / name).read_text(encoding="utf-8") or name.endswith("_machine.py"), name
