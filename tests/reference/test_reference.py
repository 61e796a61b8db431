"""The pages of the reference that `make docs` builds hold every step type, limit of the law and shipped workflow."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from engine.api.records import asked
from engine.builtin import REPORT
from engine.cli.main import COMMANDS
from engine.language.names import Role
from tests.kit.shipped import CASES, library, registry, shipped
from tests.reference.__main__ import AS_OF, FOLDER, pages, workflow_page, write

INDEX: Final = FOLDER.parent / "generated.md"
NAMES: Final = sorted(path.stem for path in CASES.glob("*.yaml"))
LINK: Final = re.compile(r"\]\(([^)#\s]+)")


@cache
def built() -> dict[str, str]:
    return dict(pages())


def test_every_page_is_written_and_named_on_the_index(tmp_path: Path) -> None:
    assert write(tmp_path) == len(built()) == len(NAMES) + 5
    index = INDEX.read_text(encoding="utf-8")
    for name, text in built().items():
        assert (tmp_path / name).read_text(encoding="utf-8") == text
        assert f"`generated/{name}`" in index
    assert set(re.findall(r"`generated/([\w/-]+\.(?:md|json))`", index)) == set(built())


def test_a_link_on_a_built_page_leads_somewhere() -> None:
    for name, text in built().items():
        for target in LINK.findall(text):
            assert (FOLDER / name).parent.joinpath(target).resolve().exists(), f"{name} links to {target}"


def test_the_page_of_step_types_has_every_step_type_and_every_field() -> None:
    page = built()["step-types.md"]
    for key, step in registry().step_types.items():
        section = page.partition(f"### `{key}`")[2].partition("\n### ")[0]
        assert step.title in section
        assert all(f"| `{spec.name}` |" in section for spec in step.fields), key


def test_the_page_of_the_command_line_has_every_command_and_every_option() -> None:
    page = built()["command-line.md"]
    for name in COMMANDS:
        assert f"## `icmc {name}" in page, name
    assert re.search(r"\| `--many [^`]+` \| Let so many rough cases run", page)
    assert "`icmc pillars new" in page


def test_the_page_of_the_api_has_every_address_and_every_question_that_a_program_can_answer() -> None:
    page, described = built()["api.md"], json.loads(built()["openapi.json"])
    for path, methods in described["paths"].items():
        for method in methods:
            assert f"## `{method.upper()} /api/v1{path}`" in page
    for name in asked(registry().get(REPORT)):
        assert f"| `{name}` |" in page


def test_the_page_of_the_law_has_every_limit_with_its_source_and_how_sure_we_are() -> None:
    lines = built()["law-limits.md"].splitlines()
    for pack in library().packs.values():
        for limit in pack.limits:
            line = next(one for one in lines if f"`{limit.id}`" in one and limit.source in one)
            assert f"{limit.basis}; {limit.confidence}" in line


@pytest.mark.parametrize("name", NAMES)
def test_a_page_of_a_workflow_has_picture_people_limits_and_gates(name: str) -> None:
    workflow, text = shipped(name).workflow, built()[f"workflows/{name}.md"]
    assert "```mermaid\nflowchart" in text
    assert f"| {Role.SUPERVISOR.label} |" in text
    for gate in workflow.gates.values():
        assert gate.reason in text
    law = {time.law for step in workflow.steps.values() for time in step.time if time.law}
    for limit in law:
        found = next(one for pack in library().packs.values() if (one := pack.find(limit, on=AS_OF)))
        [row] = [line for line in text.splitlines() if line.startswith(f"| `{limit}`")]
        assert found.source in row
        assert row.rstrip("| ").rpartition("| ")[2].startswith(found.force.value)
    steps = text.partition("## The steps, and by when")[2].partition("\n## ")[0]
    assert steps.count("\n| ") == len(workflow.steps) + (
        2 if any(s.discretionary for s in workflow.steps.values()) else 1
    )


def test_a_page_of_a_workflow_says_conditions_and_starts_in_words() -> None:
    text = workflow_page("identity-leak")
    assert "24 hours from “Find out where it is”" in text
    assert "if “Secure the proof”: source internal is “yes” or “suspected”" in text
    assert "has(" not in text.partition("## Who does what")[2]
