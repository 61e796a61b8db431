"""`make docs`: write the pages of the reference that are built from pillars, law packs and workflow files."""

import json
from collections.abc import Iterator
from datetime import date
from itertools import takewhile
from pathlib import Path
from typing import Final

from engine.api.document import document
from engine.builtin import REPORT
from engine.plugin.registry import RegistryCatalogue
from tests.kit.shipped import CASES, library, registry, shipped
from tests.reference.api import render_api
from tests.reference.command_line import render_commands
from tests.reference.law_limits import render_limits
from tests.reference.step_types import render_reference
from tests.reference.workflow_pages import Handbook

FOLDER: Final = Path(__file__).parents[2] / "docs" / "reference" / "generated"
AS_OF: Final = date(2026, 7, 1)
"""The day as of which pages of workflows show limits of which several versions are known."""


def pages() -> Iterator[tuple[str, str]]:
    """Return each page: its path below the folder, and its text as Markdown."""
    yield "step-types.md", render_reference(registry())
    yield "command-line.md", render_commands()
    described = document(registry().get(REPORT))
    yield "api.md", render_api(described)
    yield "openapi.json", json.dumps(described, indent=1, ensure_ascii=False) + "\n"
    yield "law-limits.md", render_limits(library().packs.values())
    for path in sorted(CASES.glob("*.yaml")):
        yield f"workflows/{path.stem}.md", workflow_page(path.stem)


def workflow_page(name: str) -> str:
    """Return the page of a shipped workflow; it begins with what the file says at its top."""
    lines = takewhile(lambda line: line.startswith("#"), (CASES / f"{name}.yaml").read_text("utf-8").splitlines())
    book = Handbook(RegistryCatalogue(registry()), library().ladders, library().packs, AS_OF)
    return book.page(shipped(name).workflow, intro=" ".join(line.removeprefix("#").strip() for line in lines))


def write(folder: Path) -> int:
    """Write every page below a folder, which is made where it is missing; return how many there are."""
    count = 0
    for name, text in pages():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
        count += 1
    return count


if __name__ == "__main__":
    print(f"{write(FOLDER)} pages are in {FOLDER}")  # noqa: T201 - what `make docs` answers
