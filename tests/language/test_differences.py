"""What differs between two versions of a definition is told completely, and what weighs most first."""

from typing import Any

import pytest

from engine.language.differences import differences

BEFORE: dict[str, Any] = {
    "version": 1, "title": "Visit",
    "steps": {"look": {"uses": "trial.look", "time": [{"limit": "PT4H", "ladder": "standard"}]}},
    "levels": [{"level": 1, "to": "supervisor"}, {"level": 2, "to": "nodal_officer"}],
    "days": [{"name": "Feast", "date": "2026-01-01"}, {"name": "Feast", "date": "2026-02-01"}],
}  # fmt: skip


def changed(**values: Any) -> list[tuple[str, str, str, bool]]:
    return [tuple(one) for one in differences(BEFORE, BEFORE | values)]  # type: ignore[misc]


def test_the_number_alone_is_no_difference() -> None:
    assert changed(version=2) == []


def test_a_changed_limit_is_told_with_its_place_before_a_title() -> None:
    steps = {"look": {"uses": "trial.look", "time": [{"limit": "PT8H", "ladder": "standard"}]}}
    assert changed(title="Look", steps=steps) == [
        ("steps / look / time / 1 / limit", "PT4H", "PT8H", True), ("title", "Visit", "Look", False),
    ]  # fmt: skip


def test_a_level_that_is_put_in_or_taken_out_moves_no_other() -> None:
    assert changed(levels=[BEFORE["levels"][1]]) == [
        ("levels / 1 / level", "1", "", True), ("levels / 1 / to", "supervisor", "", True),
    ]  # fmt: skip


def test_parts_that_share_a_name_are_told_one_by_one() -> None:
    days = [BEFORE["days"][0], {"name": "Feast", "date": "2026-03-01"}]
    assert changed(days=days) == [("days / 2 / date", "2026-02-01", "2026-03-01", False)]


@pytest.mark.parametrize(("value", "said"), [(True, "yes"), (["a", "b"], "a, b"), (None, "nothing"), ({}, "nothing")])
def test_values_are_told_in_words(value: object, said: str) -> None:
    assert changed(note=value) == [("note", "", said, False)]


def test_a_difference_far_into_a_long_text_is_told_too() -> None:
    before, after = ("x" * 5000 + end for end in "ab")
    (line,) = differences({"note": before}, {"note": after})
    assert len(line.before) < 400


def test_where_nothing_runs_everything_is_new() -> None:
    assert all(not line.before and line.after for line in differences(None, BEFORE))
