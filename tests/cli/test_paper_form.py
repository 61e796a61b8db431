"""`icmc pillars form` writes the blank form of a step, as a page or as PDF, and says plainly when it cannot."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long


def _icmc(*arguments: str) -> subprocess.CompletedProcess[str]:
    code = "from engine.cli.main import main; main()"
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("name", "begins"), [("form.html", b"<!doctype html>"), ("form.PDF", b"%PDF-")])
def test_the_form_is_written_where_it_was_asked_for(tmp_path: Path, name: str, begins: bytes) -> None:
    done = _icmc("pillars", "form", "rescue.first_needs", "--out", str(tmp_path / name))
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, str(tmp_path / name), "")
    assert (tmp_path / name).read_bytes().startswith(begins)


@pytest.mark.parametrize("key", ["rescue.first_need", "restitution.claim_limits", "nonsense"])
def test_what_has_no_form_is_named_and_nothing_is_written(tmp_path: Path, key: str) -> None:
    done = _icmc("pillars", "form", key, "--out", str(tmp_path / "form.html"))
    assert done.returncode != 0
    assert key in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    out = tmp_path / "nowhere" / "form.html"
    done = _icmc("pillars", "form", "rescue.first_needs", "--out", str(out))
    assert done.returncode != 0
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr
