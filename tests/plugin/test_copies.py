"""A form takes a copy of what was found only after it was said that no child is shown naked or abused."""

from typing import Any

import pytest

from engine.plugin.answers import Form
from engine.plugin.copies import (
    ANSWER_FIRST,
    OPENED_AT_ONCE,
    ChildShown,
    child_shown,
    child_told,
    is_new,
    not_asked,
    notes_of_child,
    problems_of_copies,
)
from engine.plugin.fields import field, specs_of
from engine.plugin.kinds import FileRef, Sha256, Text


class FoundForm(Form):
    """Write down what was found."""

    shown: bool | None = field(label="Does it show anybody naked?", default=None)
    child_shown: ChildShown | None = child_shown(copies_also="shown == false", shown_when="shown")
    address: Text = field(label="Where is it?")
    what: Text = field(label="What can be seen?", of_copy=True)
    file: FileRef | None = field(label="Which file?", default=None)
    sha256: Sha256 = field(label="Which hash?")


SPECS = specs_of(FoundForm)
FIRST, COPIES = {"child_shown"}, {"what", "file", "sha256"}


@pytest.mark.parametrize(("answers", "refused"), [
    ({}, set()),
    ({"address": "a"}, set()),
    ({"file": "f"}, FIRST),
    ({"sha256": "h"}, FIRST),
    ({"what": "w"}, FIRST),
    ({"file": "f", "child_shown": ""}, FIRST),
    ({"file": "f", "child_shown": "no"}, set()),
    ({"file": "f", "shown": False}, set()),
    ({"file": "f", "shown": True}, FIRST),
    ({"file": "f", "shown": True, "child_shown": "no"}, set()),
    ({"file": "f", "shown": False, "child_shown": "yes"}, {"file"}),
    ({"file": "f", "what": "w", "sha256": "h", "child_shown": "yes"}, COPIES),
    ({"file": "f", "what": "w", "sha256": "h", "child_shown": "not_sure"}, COPIES),
    ({"file": "f", "child_shown": "NO"}, {"file"}),
    ({"address": "a", "child_shown": "yes"}, set()),
])  # fmt: skip
def test_copies_are_taken_only_after_a_no(answers: dict[str, Any], refused: set[str]) -> None:
    assert set(problems_of_copies(SPECS, answers)) == refused


@pytest.mark.parametrize(
    ("answers", "missing"),
    [({}, set()), ({"shown": False}, set()), ({"shown": True}, FIRST), ({"shown": True, "child_shown": "yes"}, set())],
)
def test_whoever_types_it_in_answers_it_where_it_is_asked(answers: dict[str, Any], missing: set[str]) -> None:
    assert problems_of_copies(SPECS, answers, is_first_needed=True) == dict.fromkeys(missing, ANSWER_FIRST)


@pytest.mark.parametrize(("answer", "names"), [("yes", COPIES), ("not_sure", COPIES), ("no", set()), (None, set())])
def test_what_would_mean_to_look_is_not_asked(answer: str | None, names: set[str]) -> None:
    assert not_asked(SPECS, {"child_shown": answer}) == names


def test_the_answer_brings_two_duties_unless_it_was_taken_over() -> None:
    assert {one.settings["child_shown"] for one in OPENED_AT_ONCE.values()} == {"police", "national_ways"}
    assert is_new(SPECS, {"child_shown": "yes"}, {})
    assert not is_new(SPECS, {"child_shown": "yes"}, {"child_shown": "yes"})
    assert is_new(SPECS, {"child_shown": "yes"}, {"child_shown": "not_sure"})
    assert not is_new(SPECS, {"child_shown": "no"}, {})


def test_only_that_a_child_might_be_shown_is_taken_over_never_that_none_is() -> None:
    assert child_told("not_sure") == {"child_shown": "not_sure"}
    assert child_told("no") == child_told(None) == {}
    assert notes_of_child("no") == ()
    [note] = notes_of_child("yes")
    assert "nothing of it is kept here" in note
