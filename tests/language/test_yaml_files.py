"""Definition files are read strictly, and the JSON Schema takes what the models take."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from engine.language.library import DefinitionKind, definition_files, json_schema, kind_of
from engine.language.yaml_files import read_yaml, read_yaml_file
from engine.language.yaml_text import LARGEST_BYTES
from tests.language.test_lint_workflows import EXAMPLE


def _codes(text: str | bytes) -> list[tuple[str, int, int]]:
    return [(finding.code, finding.line, finding.column) for finding in read_yaml(text, file="a.yaml").findings]


def test_a_file_is_read_as_plain_data() -> None:
    document = read_yaml("a: 1\nb: [x, 'y', 1.5, true, null]\nc: {d: \"e\"}\n", file="a.yaml")
    assert document.data == {"a": 1, "b": ["x", "y", 1.5, True, None], "c": {"d": "e"}}
    assert document.findings == ()


def test_a_folded_text_is_one_line_without_marks() -> None:
    assert read_yaml("when: >-\n  a == 1\n  && b == 2\n", file="a.yaml").data == {"when": "a == 1 && b == 2"}


@pytest.mark.parametrize(
    "word", ["no", "on", "yes", "off", "2026-01-01", "2026-01-01T10:00:00Z", "0123", "0x1f", "1_000"]
)
def test_words_that_older_yaml_took_for_something_else_stay_texts(word: str) -> None:
    assert read_yaml(f"a: {word}", file="a.yaml").data == {"a": word}


def test_every_value_and_key_has_its_place() -> None:
    document = read_yaml("a: 1\nsteps:\n  b: {when: 'x == 1'}\n", file="a.yaml")
    assert document.position(("steps", "b", "when")) == (3, 13)
    assert document.position(("steps", "b", "when"), of_key=True) == (3, 7)
    assert document.inside(("steps", "b", "when"), 1, 3) == (3, 16)


def test_what_is_not_there_is_placed_at_what_encloses_it() -> None:
    document = read_yaml("a: 1\nsteps:\n  b: {}\n", file="a.yaml")
    assert document.position(("steps", "b", "missing", 3)) == (3, 3)


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("a: 1\na: 2", "duplicate-key", 2, 1),
        ("a: {b: 1, b: 2}", "duplicate-key", 1, 11),
        ("a: &x 1", "alias", 1, 4),
        ("a: *x", "alias", 1, 4),
        ("a: !!python/object/apply:os.system [x]", "tag", 1, 4),
        ("a: 1\n---\nb: 1", "several-documents", 2, 1),
        ("%YAML 1.1\n---\na: 1", "directive", 1, 1),
        ("1: a", "key-not-text", 1, 1),
        ("true: a", "key-not-text", 1, 1),
        ("[a]: b", "key-not-text", 1, 1),
        ("<<: {a: 1}", "key-not-text", 1, 1),
        ("a: 1\n\tb: 2", "tab", 2, 1),
        ("a: x\u200by", "hidden-character", 1, 5),
        ("a: x\u202ey", "hidden-character", 1, 5),
        ("a: \x07", "hidden-character", 1, 4),
        ('a: "\\x00"', "hidden-character", 1, 4),
        ("a: 1\nst\u0435ps: 2", "look-alike", 2, 1),
        ("a: " + "[" * 40, "too-deep", 1, 34),
        ("a: .nan", "not-a-number", 1, 4),
        ("a: -.inf", "not-a-number", 1, 4),
        ("a: 1e999", "not-a-number", 1, 4),
        ("a: 'b", "yaml-syntax", 1, 6),
        ("a: b: c", "yaml-syntax", 1, 5),
        ("a: {b: 1", "yaml-syntax", 1, 4),
        ("a: 1\nb\nc: 2", "yaml-syntax", 2, 1),
        ("", "empty-file", 1, 1),
        ("# only words", "empty-file", 1, 1),
        ("\n- a\n- b", "wrong-type", 2, 1),
        ("just words", "wrong-type", 1, 1),
        (b"\xef\xbb\xbfa: 1", "not-utf8", 1, 1),
        ("a: 1".encode("utf-16"), "not-utf8", 1, 1),
        (b"a: 1\nb: caf\xe9", "not-utf8", 2, 7),
        ("a: " + "x" * 20_000, "too-large", 1, 10_001),
        ("# x\n" * 30_000, "too-large", 20_001, 1),
        ("a: [" + "1,\n" * 12_000 + "]", "too-large", 11_999, 1),
        ("a" * (LARGEST_BYTES + 1), "too-large", 1, 1),
    ],
)
def test_whatever_is_wrong_is_one_finding_with_its_place(text: str | bytes, code: str, line: int, column: int) -> None:
    assert _codes(text) == [(code, line, column)]


def test_billions_of_laughs_are_not_even_one() -> None:
    bomb = "a: &a [x, x]\n" + "\n".join(f"b{n}: [*a, *a, *a]" for n in range(30))
    assert _codes(bomb) == [("alias", 1, 4), ("alias", 2, 6)]


def test_a_look_alike_letter_is_named() -> None:
    finding = read_yaml("st\u0435ps: 1", file="a.yaml").findings[0]
    assert "U+0435 CYRILLIC SMALL LETTER IE" in finding.message


def test_the_joiners_of_bengali_and_nepali_may_stand_in_texts() -> None:
    assert _codes("title: \u0995\u09cd\u200d\u09b7") == []


def test_a_file_full_of_mistakes_yields_a_page_of_findings_and_no_more() -> None:
    assert len(_codes("a: 1\n" * 5_000)) == 50


def test_a_missing_file_and_a_folder_are_findings(tmp_path: Path) -> None:
    assert [finding.code for finding in read_yaml_file(tmp_path / "none.yaml").findings] == ["cannot-open"]
    assert [finding.code for finding in read_yaml_file(tmp_path).findings] == ["cannot-open"]


FILES = definition_files(Path(__file__).parents[2] / "workflows")
SHIPPED = [path for path in FILES if path.parent.name != "stories"]


@pytest.mark.parametrize("kind", DefinitionKind)
def test_each_kind_has_a_sound_schema(kind: DefinitionKind) -> None:
    schema = json_schema(kind)
    Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_comes_with_icmc_fits_its_schema(path: Path) -> None:
    document = read_yaml_file(path)
    kind = kind_of(document)
    assert kind is not None
    assert [error.message for error in Draft202012Validator(json_schema(kind)).iter_errors(document.data)] == []


@pytest.mark.parametrize(("old", "new"), [
    ("version: 3", "version: x"),
    ("title: Child", "titel: Child"),
    ("type: bool, default", "type: boolean, default"),
    ("uses: reporting.intake", "uses: 3"),
    ("after: [home_report, safety]", "after: {some: [home_report]}"),
    ("times: 12", "times: 0"),
])  # fmt: skip
def test_what_does_not_fit_is_refused(old: str, new: str) -> None:
    schema = Draft202012Validator(json_schema(DefinitionKind.WORKFLOW))
    assert schema.is_valid(read_yaml(EXAMPLE, file="w").data)
    assert not schema.is_valid(read_yaml(EXAMPLE.replace(old, new, 1), file="w").data)


def test_a_workflow_that_extends_another_may_inherit_its_steps() -> None:
    schema = Draft202012Validator(json_schema(DefinitionKind.WORKFLOW))
    assert schema.is_valid({"workflow": "w", "version": 1, "extends": "base"})
    assert not schema.is_valid({"workflow": "w", "version": 1})
