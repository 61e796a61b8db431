"""The command line knows its commands without loading them, and loads little for a light one."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.cli.main import COMMANDS, app, load

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
