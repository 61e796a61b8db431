"""Commands that need no database load nothing that serves one."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

_DATABASE = {"sqlalchemy", "sqlmodel", "alembic", "psycopg", "prefect", "asyncpg"}
_PAGES = {"fastapi", "starlette", "uvicorn"}
_PAPERS = {"weasyprint", "PIL", "pypdf", "icalendar"}
_ALWAYS = _DATABASE | _PAGES | _PAPERS | {"apprise", "httpx", "ruamel", "graphviz"}
_LOADED = """
import sys
from engine.cli.main import main
sys.argv = ["icmc", *sys.argv[1:]]
try:
    main()
finally:
    print("loaded:", *{name.partition(".")[0] for name in sys.modules})
"""


@pytest.mark.parametrize(("command", "besides"), [
    ("--help", {"pydantic", "jinja2", "lark", "pillars"}),
    ("lint workflows/cases/adult-base.yaml", {"jinja2", "holidays", "cryptography"}),
    ("draw adult-base --format dot", {"jinja2", "holidays", "cryptography"}),
    ("schema law", {"jinja2", "holidays", "cryptography"}),
    ("simulate adult-base --budget --cases 1", {"jinja2", "cryptography"}),
    ("pillars", {"holidays", "cryptography"}),
    ("pillars check rescue", {"holidays", "cryptography"}),
    ("worker --help", {"jinja2", "pillars", "holidays"}),
])  # fmt: skip
def test_a_command_without_a_database_loads_no_library_that_serves_one(
    command: str, besides: set[str], tmp_path: Path
) -> None:
    loaded = _libraries(command, tmp_path)
    assert (_ALWAYS | besides) & loaded == set()


def test_a_command_over_the_database_loads_neither_what_migrates_nor_prefect_nor_the_pages(tmp_path: Path) -> None:
    unwanted = {"alembic", "mako", "prefect", "weasyprint"} | _PAGES
    assert unwanted & _libraries("case --help", tmp_path) == set()


def _libraries(command: str, folder: Path) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _LOADED, *command.split()],
        capture_output=True, text=True, check=True, env={"ICMC_DATA_FOLDER": str(folder)},
    )  # fmt: skip
    return set(done.stdout.rpartition("loaded:")[2].split())


def test_a_command_looks_for_garbage_rarely_and_not_among_what_it_has_loaded(tmp_path: Path) -> None:
    looks = f'import gc\n{_LOADED}    print("looks:", gc.get_threshold()[0], gc.get_freeze_count() > 10_000)\n'
    done = subprocess.run(
        [sys.executable, "-c", looks, "schema", "law"],
        capture_output=True, text=True, check=True, env={"ICMC_DATA_FOLDER": str(tmp_path)},
    )  # fmt: skip
    assert done.stdout.rpartition("looks:")[2].split() == ["10000", "True"]
