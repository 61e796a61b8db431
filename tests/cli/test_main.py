"""The command line loads little, reads things in one way, and says in a sentence what is wrong with a file."""

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from engine.cli.main import COMMANDS, app, load
from engine.web.terminal import read_instant

pytestmark = pytest.mark.long

HEAVY = {"sqlalchemy", "fastapi", "prefect", "holidays", "weasyprint", "alembic"}


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_loads_and_says_what_it_does(name: str) -> None:
    assert load(name).help


def test_lint_loads_no_database_no_portal_and_no_prefect() -> None:
    assert HEAVY.isdisjoint(_loaded_by("from engine.cli.main import load; load('lint')"))


def test_what_starts_prefect_loads_it_only_under_its_own_environment() -> None:
    assert "prefect" not in _loaded_by("from engine.cli.main import load; load('up'); load('portal'); load('worker')")


def test_the_server_of_prefect_loads_nothing_of_cases() -> None:
    assert "engine.app" not in _loaded_by("import engine.orchestration.server_main")


def _loaded_by(code: str) -> list[str]:
    code = f"import sys; {code}; print(*sys.modules)"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def test_a_mistyped_command_is_answered_with_the_one_that_was_meant() -> None:
    said = CliRunner().invoke(app, ["lnt"])
    assert said.exit_code == 2
    assert "Did you mean 'lint'?" in said.output


def test_nothing_is_imported_from_the_private_parts_of_typer() -> None:
    private = re.compile(r"^(from|import) typer\S*\._", re.MULTILINE)
    files = Path(__file__).parents[2].joinpath("engine").rglob("*.py")
    assert not [file for file in files if private.search(file.read_text(encoding="utf-8"))]


def test_an_instant_is_read_with_its_zone() -> None:
    assert read_instant("2026-03-07T18:40+05:30") == datetime(2026, 3, 7, 13, 10, tzinfo=UTC)


@pytest.mark.parametrize(("text", "told"), [
    ("last Tuesday", "write it like"),
    ("2026-03-07T18:40", "in which time zone"),
    ("9999-12-31T23:59-14:00", "write it like"),
    ("0001-01-01T00:00+14:00", "write it like"),
])  # fmt: skip
def test_any_other_text_ends_with_words(text: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        read_instant(text)
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("command", [
    ("simulate", "child-labour", "--report"),
    ("lint",),
    ("draw",),
    ("replay",),
    ("pillars", "new", "abc", "--folder"),
], ids=lambda command: command[0])  # fmt: skip
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
