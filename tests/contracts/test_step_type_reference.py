"""The page of all step types is the one that the pillars give.

`python -m tests.contracts.test_step_type_reference` writes it again.
"""

from pathlib import Path

from engine.builtin import CORE
from engine.plugin.reference import render_reference
from engine.plugin.registry import load_registry

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "step-types.md"


def test_the_page_says_what_is_installed() -> None:
    written = render_reference(load_registry(builtins=(CORE,)))
    assert PAGE.read_text(encoding="utf-8") == written, (
        "run: python -m tests.contracts.test_step_type_reference, and commit docs/reference/step-types.md"
    )


def test_the_page_has_every_step_type_and_every_field() -> None:
    registry = load_registry(builtins=(CORE,))
    page = render_reference(registry)
    for key, step in registry.step_types.items():
        section = page.partition(f"### `{key}`")[2].partition("\n### ")[0]
        assert step.title in section
        assert all(f"| `{spec.name}` |" in section for spec in step.fields), key


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(render_reference(load_registry(builtins=(CORE,))), encoding="utf-8")
