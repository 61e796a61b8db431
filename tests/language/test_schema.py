"""The JSON Schema takes what the models take, so that editors can help while people write."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from engine.language.library import DefinitionKind, definition_files, kind_of
from engine.language.schema import json_schema
from engine.language.yaml_files import read_yaml, read_yaml_file
from tests.language.test_lint_workflows import EXAMPLE

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


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 3", "version: x"),
        ("title: Child", "titel: Child"),
        ("type: bool, default", "type: boolean, default"),
        ("uses: reporting.intake", "uses: 3"),
        ("after: [home_report, safety]", "after: {some: [home_report]}"),
        ("times: 12", "times: 0"),
    ],
)
def test_what_does_not_fit_is_refused(old: str, new: str) -> None:
    schema = Draft202012Validator(json_schema(DefinitionKind.WORKFLOW))
    assert schema.is_valid(read_yaml(EXAMPLE, file="w").data)
    assert not schema.is_valid(read_yaml(EXAMPLE.replace(old, new, 1), file="w").data)


def test_a_workflow_that_extends_another_may_inherit_its_steps() -> None:
    schema = Draft202012Validator(json_schema(DefinitionKind.WORKFLOW))
    assert schema.is_valid({"workflow": "w", "version": 1, "extends": "base"})
    assert not schema.is_valid({"workflow": "w", "version": 1})
