"""The command line knows its commands without loading them, and loads little for a light one."""

import subprocess
import sys

import pytest

from engine.cli.main import COMMANDS, load

HEAVY = {"sqlalchemy", "fastapi", "prefect", "holidays", "weasyprint", "alembic"}


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_loads_and_says_what_it_does(name: str) -> None:
    assert load(name).help


def test_lint_loads_no_database_no_portal_and_no_prefect() -> None:
    code = "import sys; from engine.cli.main import load; load('lint'); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert HEAVY.isdisjoint(loaded)
