"""A file that is not there, not readable or of another shape is named in a sentence, and nothing else happens."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    "command",
    [
        ("simulate", "child-labour", "--report"),
        ("lint",),
        ("draw",),
        ("replay",),
        ("pillars", "new", "abc", "--folder"),
    ],
    ids=lambda command: command[0],
)
def test_a_file_that_is_not_there_is_named(tmp_path: Path, command: tuple[str, ...]) -> None:
    wanted = tmp_path / "file-in-the-way"
    wanted.write_text("- of no use", encoding="utf-8")
    asked = wanted / "nothing-here"
    code = "from engine.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *command, str(asked)], capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode not in {0, 70}, said
    assert "nothing-here" in said
    assert "Traceback" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["file-in-the-way"]


def test_a_report_of_another_shape_is_named_by_its_line(tmp_path: Path) -> None:
    report = tmp_path / "report.yaml"
    report.write_text("- of no use", encoding="utf-8")
    code = "from engine.cli.main import main; main()"
    asked = [sys.executable, "-c", code, "simulate", "child-labour", "--report", str(report)]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"{report}:1:1: ")
