"""A file that is not there, not readable or of another shape is named in a sentence, and nothing else happens."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.cli.main import app


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
    done = CliRunner().invoke(app, [*command, str(wanted / "nothing-here")])
    assert done.exit_code not in {0, 70}, done.output
    assert isinstance(done.exception, SystemExit), done.exception
    assert "nothing-here" in done.output
    assert "Traceback" not in done.output
    assert [path.name for path in tmp_path.iterdir()] == ["file-in-the-way"]


def test_a_report_of_another_shape_is_named_by_its_line(tmp_path: Path) -> None:
    report = tmp_path / "report.yaml"
    report.write_text("- of no use", encoding="utf-8")
    done = CliRunner().invoke(app, ["simulate", "child-labour", "--report", str(report)])
    assert done.exit_code == 2
    assert done.stderr.startswith(f"{report}:1:1: ")
