"""The contract with pillars is small, stands on one page, and is all that a pillar reads and imports."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import engine.plugin

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "plug-in-contract.md"
FILES = sorted((ROOT / "pillars").rglob("*.py"))
STEP_FILES = [path for path in FILES if path.name == "steps.py" or path.parent.name == "steps"]
_READ_BY_NAME = re.compile(r"\b(answers|before|one|told|\w+_?form)\.get\(\"|earlier\([^()]*\)\.get\(|\.answers\b")


def test_the_contract_has_at_most_35_public_names() -> None:
    public = {name for name in vars(engine.plugin) if not name.startswith("_")}
    modules = {path.stem for path in (ROOT / "engine" / "plugin").glob("*.py")}
    assert set(engine.plugin.__all__) == public - (modules - set(engine.plugin.__all__))
    assert len(engine.plugin.__all__) <= 35


def test_the_page_of_the_contract_shows_each_name_with_an_example_line() -> None:
    rows = [line.split("|")[1:-1] for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    shown = {name: row[-1] for row in rows for name in re.findall(r"`(\w+)`", row[0])}
    assert set(shown) == set(engine.plugin.__all__)
    assert [name for name, example in shown.items() if name not in example or "`" not in example] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(path.parts[-3:]))
def test_a_pillar_imports_of_the_engine_only_the_facade(path: Path) -> None:
    assert {module for module in _imported(path) if module.partition(".")[0] == "engine"} <= {"engine.plugin"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(path.parts[-3:]))
def test_a_pillar_reads_no_answer_by_its_name(path: Path) -> None:
    assert _READ_BY_NAME.findall(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", STEP_FILES, ids=lambda path: "/".join(path.parts[-3:]))
def test_step_types_stand_first_and_their_helpers_below(path: Path) -> None:
    kinds = [_is_step_type(node) for node in ast.parse(path.read_text(encoding="utf-8")).body if _is_code(node)]
    assert kinds == sorted(kinds, reverse=True)


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def _is_code(node: ast.stmt) -> bool:
    """Whether it is a step type or a helper: forms and settings stand where they are needed."""
    return isinstance(node, ast.FunctionDef) or (isinstance(node, ast.ClassDef) and _is_step_type(node))


def _is_step_type(node: ast.stmt) -> bool:
    if isinstance(node, ast.ClassDef):
        return any(isinstance(base, ast.Subscript) and ast.unparse(base.value) == "Asked" for base in node.bases)
    return isinstance(node, ast.FunctionDef) and any("automatic(" in ast.unparse(one) for one in node.decorator_list)
