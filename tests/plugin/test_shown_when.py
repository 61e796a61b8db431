"""The conditions of a form: simple ones are read, others left alone."""

import pytest

from engine.plugin.answers import NeededAnswer, wanted_answers


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("refused", [("refused", "true", False)]),
        ("!refused", [("refused", "false", False)]),
        ("anonymous == false", [("anonymous", "false", False)]),
        ('risk != "low"', [("risk", "low", True)]),
        (' answer == "not yet" ', [("answer", "not yet", False)]),
        ('basis == "leave" || basis == "court"', [("basis", "leave", False), ("basis", "court", False)]),
        ("", []),
        ("refused && late", []),
        ('size(signs) > 1 || basis == "court"', []),
    ],
)
def test_a_simple_condition_is_read(condition: str, wanted: list[tuple[str, str, bool]]) -> None:
    assert wanted_answers(condition) == tuple(NeededAnswer(*one) for one in wanted)
