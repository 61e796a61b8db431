"""A broken rule is missed: each line of the table in `docs/explanation/tests.md` fails the test that it names."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "tests.md"
CELL = re.compile(r"`([^`]*)`")
FAILED = 1


def _mutations() -> list[tuple[str, ...]]:
    """Return rule, file, line, broken line and test of each row."""
    rows = [row.strip("|").split(" | ") for row in PAGE.read_text(encoding="utf-8").splitlines() if "| `engine/" in row]
    return [(rule.strip(), *((CELL.search(cell) or [" ", ""])[1] for cell in cells)) for rule, *cells in rows]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the tree; what is long to copy and never changed is linked."""
    folder = tmp_path_factory.mktemp("broken") / "tree"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".*", "__pycache__", "docs", "build", "dist"))
    (folder / "docs").symlink_to(ROOT / "docs")
    return folder


@pytest.mark.parametrize(("rule", "file", "line", "broken", "test"), _mutations(), ids=[row[0] for row in _mutations()])
def test_a_broken_rule_is_found_by_a_test(copy: Path, rule: str, file: str, line: str, broken: str, test: str) -> None:
    path = copy / file
    whole = path.read_text(encoding="utf-8")
    assert whole.count(line) == 1, "the table does not say what the code says"
    path.write_text(whole.replace(line, broken), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", "-m", "not long and not faults", test]
    kept = {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": ""}  # the copy is compiled for the first test only
    try:
        done = subprocess.run(command, cwd=copy, env=os.environ | kept, capture_output=True, text=True, check=False)
    finally:
        path.write_text(whole, encoding="utf-8")
    assert done.returncode == FAILED, f"{rule}: {done.stdout}"


def test_there_are_ten_or_more() -> None:
    assert len(_mutations()) >= 10
