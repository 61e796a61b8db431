"""Each shipped workflow has a page in the reference, and the page says what its file says.

`python -m tests.acceptance.test_workflow_pages` writes the pages again.
"""

from datetime import date
from functools import cache
from itertools import takewhile

import pytest

from engine.definitions.catalogue import RegistryCatalogue
from engine.language.handbook import Handbook
from engine.language.names import Role
from tests.acceptance.shipped_files import CASES, library, registry, shipped

PAGES = CASES.parents[1] / "docs" / "reference" / "workflows"
NAMES = sorted(path.stem for path in CASES.glob("*.yaml"))
AS_OF = date(2026, 7, 1)
"""The day as of which the pages show limits of which several versions are known."""


@cache
def page(name: str) -> str:
    """Write the page of a workflow."""
    known = library()
    book = Handbook(RegistryCatalogue(registry()), known.ladders, known.packs, AS_OF)
    return book.page(shipped(name).workflow, intro=intro(name))


def intro(name: str) -> str:
    """Return what the file says at its top."""
    lines = (CASES / f"{name}.yaml").read_text("utf-8").splitlines()
    return " ".join(line.removeprefix("#").strip() for line in takewhile(lambda line: line.startswith("#"), lines))


@pytest.mark.parametrize("name", NAMES)
def test_the_page_is_the_one_that_the_file_gives(name: str) -> None:
    assert (PAGES / f"{name}.md").read_text("utf-8") == page(name), (
        "run: python -m tests.acceptance.test_workflow_pages, and commit docs/reference/workflows"
    )


def test_there_is_no_page_of_a_workflow_that_is_gone() -> None:
    assert sorted(path.stem for path in PAGES.glob("*.md") if path.stem != "README") == NAMES
    listed = (PAGES / "README.md").read_text("utf-8")
    assert all(f"({name}.md)" in listed for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_picture_people_limits_and_gates(name: str) -> None:
    workflow, text = shipped(name).workflow, page(name)
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


def test_a_page_says_conditions_and_starts_in_words() -> None:
    text = page("identity-leak")
    assert "24 hours from “Find out where it is”" in text
    assert "if “Secure the proof”: source internal is 'yes' or 'suspected'" in text
    assert "has(" not in text.partition("## Who does what")[2]


if __name__ == "__main__":
    PAGES.mkdir(parents=True, exist_ok=True)
    for one in NAMES:
        (PAGES / f"{one}.md").write_text(page(one), encoding="utf-8")
