"""Every command in a block of a page is run here, or by a test that is named, or has its reason in a short list."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest

from engine.audit.actions import make_checkpoint
from engine.cases.actions.open import open_case
from engine.rehearsal.world import people_of
from tests.cli.test_restore_drill import Drill
from tests.deadlines.test_time_commands import TOLD
from tests.kit.installation import installed

ROOT: Final = Path(__file__).parents[2]
BLOCK: Final = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)

RUN_HERE: Final = {
    "icmc backup": 0, "icmc doctor": 1, "icmc audit": 0, "icmc custody show": 0, "icmc keys export": 0,
    "icmc keys prove": 0, "icmc keys rotate": 0, "icmc keys status": 1, "icmc keys re-seal": 0, "icmc people": 0,
    "icmc lint": 0,
}  # fmt: skip
"""How a command begins, in the order in which they run, and its status: `doctor` and `keys status` find something."""
_DRILL, _MACHINES = "tests/cli/test_restore_drill.py", "tests/orchestration/test_several_machines.py"
_PILLAR = "tests/contracts/test_outside_pillar.py"
RUN_BY: Final = {
    "icmc restore": _DRILL, "mkdir -p /tmp/practice": _DRILL, "cp -rp /var/lib/icmc/keys": _DRILL,
    "icmc training": "tests/rehearsal/test_training.py",
    "icmc up": _MACHINES, "icmc portal": _MACHINES, "export ICMC_": _MACHINES,
    "icmc pillars": _PILLAR, "icmc publish": _PILLAR, "pip install": _PILLAR,
    "icmc custody release": "tests/retention/test_custody_commands.py", "curl ": "tests/overview/test_counts.py",
    "curl --": "tests/api/test_how_to.py", "--": "tests/api/test_how_to.py",
    **dict.fromkeys(("BODY=", "AT=", "SIGNATURE="), "tests/api/test_how_to.py"),
}  # fmt: skip
"""How a command begins, and the test that runs it, or asks the same of the same address."""
NOT_RUN: Final = {
    "make": "it sets up the environment in which tests run, or runs them",
    "mv /var/lib/icmc": "it moves files to a disk that machines share",
    "ln -s /srv": "as before",
    "icmc keys retire": "a key can be taken out a minute after its rotation: tests/keys lets the clock go",
}
_PASSPHRASE: Final = "words that nobody guesses, five of them"


def told() -> Iterator[tuple[str, str]]:
    """Yield each command of a block, with its page."""
    pages = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    for page in pages.stdout.split():
        for kind, block in BLOCK.findall((ROOT / page).read_text(encoding="utf-8")):
            for line in block.splitlines():
                said = line.strip().removeprefix("$ ").removeprefix(".venv/bin/").partition("   #")[0].strip()
                if kind not in {"", "sh", "console"}:
                    continue
                if said and (kind == "sh" or line.strip().startswith(("$ ", "icmc ", "make "))):
                    yield page, said


def _begins(command: str, known: dict[str, str] | dict[str, int]) -> str:
    return max((start for start in known if command.startswith(start)), key=len, default="")


COMMANDS: Final = sorted(set(told()))


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_a_command_of_a_page_is_run_or_has_a_reason(page: str, command: str) -> None:
    begins = [_begins(command, known) for known in (RUN_HERE, RUN_BY, NOT_RUN)]
    assert any(begins), f"{page}: {command}"
    test = RUN_BY.get(begins[1])
    if test and not begins[0]:
        assert (ROOT / test).exists(), test


def test_the_lists_name_nothing_that_no_page_has() -> None:
    commands = [command for _, command in COMMANDS]
    listed = [*RUN_HERE, *RUN_BY, *NOT_RUN]
    assert [start for start in listed if not any(command.startswith(start) for command in commands)] == []


@pytest.fixture(scope="module")
def site() -> Iterator[Drill]:
    with installed(with_prefect=False, demo=False) as made:
        unit, people = people_of(made.engine, jurisdiction="IN-AS", label="Docs")
        open_case(made.engine, answers=TOLD, unit_id=unit, viewer=people["case_manager"], command_id=uuid4())
        make_checkpoint(made.engine)
        place = made.folder / "places"
        place.mkdir(mode=0o711)
        yield Drill(made, place)


def _written_here(command: str, here: dict[str, str]) -> str:
    """Return a command with the places of this installation; pages name backups by what they are about."""
    script = re.sub(r"/safe/place/[\w-]+\.dump", "/safe/place/made.dump", command)
    for written, real in here.items():
        script = script.replace(written, real)
    return script


@pytest.mark.long
def test_commands_of_the_pages_do_what_they_say(site: Drill) -> None:
    number = site.site.rows('SELECT number FROM "case"')[0]["number"]
    here = {
        "/safe/place": str(site.place), "/media/usb": str(site.place),
        "/media/copy/checkpoints": f"{site.site.folder}/checkpoints",
        "7K2M-9QXD": number.removeprefix("C-"), "> checkpoints.pem": f"> {site.place}/checkpoints.pem",
        "lint icmc-pillar-transport/workflows": "lint workflows",
    }  # fmt: skip
    order = list(RUN_HERE)
    ours = sorted(
        {command for _, command in COMMANDS if _begins(command, RUN_HERE)},
        key=lambda command: (order.index(_begins(command, RUN_HERE)), "add-unit" not in command, command),
    )
    for script in dict.fromkeys(_written_here(command, here) for command in ours):
        done = site.icmc(f"cd {ROOT}; yes '{_PASSPHRASE}' | head -2 | {script}")
        assert done.returncode == RUN_HERE[_begins(script, RUN_HERE)], f"{script}: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
