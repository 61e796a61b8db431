"""Editing one value leaves every other character of a file as it was."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import DefinitionError
from engine.spec.library import definition_files
from engine.spec.yaml_edit import edit_yaml, remove_yaml
from engine.spec.yaml_files import read_yaml
from engine.spec.yaml_nodes import Plain
from tests.unit.spec.test_lint_workflows import EXAMPLE

TEXT = """\
# The head stays.
workflow: w   # the name
version: 1

steps:
  intake:     # first
    uses: reporting.intake
    assign: {role: intake_officer, not: [a, b]}  # who
    help: |
      Two
      lines
  # between the steps
  triage:
    uses: reporting.triage
    after: [intake]
    questions:
      - {id: q, type: bool}
      - id: r
        type: number   # a number
    title:
# The tail stays.
"""


@pytest.mark.parametrize(
    ("path", "value", "old", "new"),
    [
        (("version",), 2, "version: 1", "version: 2"),
        (("workflow",), "other-name", "workflow: w ", "workflow: other-name "),
        (("steps", "intake", "assign", "role"), ["x", "y"], "role: intake_officer", "role: [x, y]"),
        (("steps", "intake", "assign", "not"), "a", "not: [a, b]", "not: a"),
        (("steps", "intake", "assign", "unit"), "IN", "[a, b]}", "[a, b], unit: IN}"),
        (("steps", "intake", "help"), "One line", "|\n      Two\n      lines", "One line"),
        (("steps", "triage", "title"), "yes: no", "title:", "title: 'yes: no'"),
        (("steps", "triage", "title"), "true", "title:", "title: 'true'"),
        (("steps", "triage", "after", 0), "visit", "[intake]", "[visit]"),
        (("steps", "triage", "questions", 1, "type"), "bool", "type: number ", "type: bool "),
        (("steps", "triage", "discretionary"), True, "    title:", "    title:\n    discretionary: true"),
        (("steps", "visit"), {"uses": "a.b"}, "    title:", "    title:\n  visit:\n    uses: a.b"),
        (("close",), {"when": "all"}, "    title:", "    title:\nclose:\n  when: all"),
    ],
)
def test_one_value_changes_and_nothing_else(path: tuple[str | int, ...], value: Plain, old: str, new: str) -> None:
    assert TEXT.count(old) >= 1
    assert edit_yaml(TEXT, path, value) == TEXT.replace(old, new, 1)


def test_a_mapping_is_changed_key_by_key() -> None:
    value: Plain = {"uses": "reporting.triage", "after": ["intake"], "title": "T"}
    edited = edit_yaml(TEXT, ("steps", "triage"), value)
    assert "# between the steps" in edited
    assert "# first" in edited
    assert read_yaml(edited, file="w").data == {
        "workflow": "w",
        "version": 1,
        "steps": {
            "intake": {
                "uses": "reporting.intake",
                "assign": {"role": "intake_officer", "not": ["a", "b"]},
                "help": "Two\nlines\n",
            },
            "triage": value,
        },
    }


@pytest.mark.parametrize(
    ("path", "gone"),
    [
        (("version",), "version: 1\n"),
        (("steps", "intake", "assign"), "    assign: {role: intake_officer, not: [a, b]}  # who\n"),
        (("steps", "intake", "assign", "role"), "role: intake_officer, "),
        (("steps", "intake", "assign", "not"), ", not: [a, b]"),
        (("steps", "triage", "questions", 1, "id"), "id: r\n        "),
        (("steps", "triage", "title"), "    title:\n"),
    ],
)
def test_a_key_is_removed_and_nothing_else(path: tuple[str | int, ...], gone: str) -> None:
    assert remove_yaml(TEXT, path) == TEXT.replace(gone, "", 1)


def test_the_last_key_of_a_mapping_leaves_it_empty() -> None:
    assert read_yaml(remove_yaml("a:\n  b: 1\nc: 2\n", ("a", "b")), file="w").data == {"a": {}, "c": 2}


@pytest.mark.parametrize("path", [("steps", "visit", "uses"), ("version", "x"), ("steps", 0), ()])
def test_a_path_that_leads_nowhere_is_refused(path: tuple[str | int, ...]) -> None:
    with pytest.raises(DefinitionError):
        edit_yaml(TEXT, path, "x")
    with pytest.raises(DefinitionError):
        remove_yaml(TEXT, path)


def test_a_text_that_is_not_sound_is_not_edited() -> None:
    with pytest.raises(DefinitionError, match="second time"):
        edit_yaml("a: 1\na: 2\n", ("a",), 3)


def _shipped() -> list[Path]:
    files = definition_files(Path(__file__).parents[3] / "workflows")
    return [path for path in files if path.parent.name != "stories"]


@pytest.mark.parametrize("path", _shipped(), ids=lambda path: path.stem)
def test_a_change_and_its_undoing_give_the_same_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    data = read_yaml(text, file=path.name).data
    assert isinstance(data, dict)
    edited = edit_yaml(text, (), {**data, "title": "Another title", "version": 777})
    assert edited != text
    assert len(edited.splitlines()) == len(text.splitlines())
    undone = edit_yaml(edited, ("version",), data["version"])
    assert read_yaml(edit_yaml(undone, ("title",), data["title"]), file=path.name).data == data
    assert [line for line in undone.splitlines() if not line.startswith("title:")] == [
        line for line in text.splitlines() if not line.startswith("title:")
    ]


_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**15), 10**15),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"]), max_size=30),
)
_KEYS = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_KEYS, inner, max_size=4)),
    max_leaves=12,
)
_PATHS = st.sampled_from(list(read_yaml(EXAMPLE, file="w").places)[1:])


@settings(max_examples=40, deadline=None)
@given(path=_PATHS, value=_VALUES)
def test_any_value_can_be_written_anywhere(path: tuple[str | int, ...], value: Plain) -> None:
    found = read_yaml(edit_yaml(EXAMPLE, path, value), file="w").data
    for key in path:
        assert isinstance(found, dict | list)
        found = dict(enumerate(found))[key] if isinstance(found, list) else found[str(key)]
    assert found == value
