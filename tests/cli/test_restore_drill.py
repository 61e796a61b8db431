"""The drill of the docs ends green as it is written, and a key that signs is never taken for ours without proof."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from engine.audit.actions import make_checkpoint
from engine.cases.actions.open import open_case
from engine.keys.periods import PeriodFolders
from engine.rehearsal.world import people_of
from tests.deadlines.test_time_commands import TOLD
from tests.kit.installation import Installation, installed

pytestmark = pytest.mark.long

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "backup-and-restore.md"
GREEN = "Every chain verifies."


@dataclass
class Drill:
    """An installation with a case and two checkpoints, its backup, and folders to restore it into."""

    site: Installation
    place: Path

    def icmc(self, script: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a shell script in which `icmc` is this release's command."""
        command = self.place / "icmc"
        if not command.exists():
            command.write_text(f'#!/bin/sh\nexec {Path(sys.executable).with_name("icmc")} "$@"\n')
            command.chmod(0o755)
        environment = self.site.environment | {"PATH": f"{self.place}:{os.environ['PATH']}"}
        if folder is not None:
            environment["ICMC_DATA_FOLDER"] = str(folder)
        return subprocess.run(
            ["bash", "-e", "-c", script], env=environment, capture_output=True, text=True, check=False, timeout=600
        )

    def restored(self, name: str, *, files: tuple[str, ...]) -> tuple[Path, subprocess.CompletedProcess[str]]:
        folder = self.place / name
        (folder / "keys").mkdir(parents=True, mode=0o700)
        folder.chmod(0o711)
        for file in files:
            (folder / "keys" / file).write_bytes((self.site.folder / "keys" / file).read_bytes())
            (folder / "keys" / file).chmod(0o400)
        if files:
            shutil.copytree(self.site.folder / "keys" / "periods", folder / "keys" / "periods")
        return folder, self.icmc(f"icmc restore {self.place}/made.dump", folder)


@pytest.fixture(scope="module")
def drill() -> Iterator[Drill]:
    with installed(with_prefect=False) as site:
        unit, people = people_of(site.engine, jurisdiction="IN-AS", label="Drill")
        open_case(site.engine, answers=TOLD, unit_id=unit, viewer=people["case_manager"], command_id=uuid4())
        make_checkpoint(site.engine)
        make_checkpoint(site.engine)
        place = site.folder / "places"
        place.mkdir(mode=0o711)
        made = Drill(site, place)
        backup = made.icmc(f"icmc backup {place}/made.dump")
        assert backup.returncode == 0, backup.stderr
        yield made


def _commands(heading: str) -> str:
    text = PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))


def test_the_drill_of_the_docs_ends_green_as_it_is_written(drill: Drill) -> None:
    script = _commands("Practise")
    assert "icmc restore" in script
    assert "icmc audit verify" in script
    here = {"/safe/place": str(drill.place), "/tmp/practice": str(drill.place / "practice"),  # noqa: S108
            "/var/lib/icmc": str(drill.site.folder)}  # fmt: skip
    for written, real in here.items():
        script = script.replace(written, real)
    done = drill.icmc(script)
    assert done.returncode == 0, done.stdout + done.stderr
    assert GREEN in done.stdout
    assert "another key" not in (done.stdout + done.stderr).casefold()


def test_a_restore_without_the_key_file_is_refused_before_anything_is_made(drill: Drill) -> None:
    folder, done = drill.restored("nothing", files=())
    assert done.returncode == 1
    assert "icmc-keys.json is not there" in done.stderr
    assert "icmc-signing-key.json" in done.stderr
    assert not (folder / "keys" / "icmc-keys.json").exists()


def test_with_other_period_keys_nothing_is_destroyed_and_the_right_ones_are_asked_for(drill: Drill) -> None:
    folder, _ = drill.restored("others", files=())
    keys = folder / "keys" / "icmc-keys.json"
    shutil.copy2(drill.site.settings.keys, keys)
    PeriodFolders(keys, (keys.with_name("periods"),), length=timedelta(days=1)).begin_first(datetime.now(UTC))
    done = drill.icmc(f"icmc restore {drill.place}/made.dump", folder)
    assert (done.returncode, "keys cannot be opened" in done.stderr) == (1, True), done.stdout + done.stderr
    assert "It is under review" in done.stdout
    shutil.rmtree(keys.with_name("periods"))
    shutil.copytree(drill.site.folder / "keys" / "periods", keys.with_name("periods"))
    again = drill.icmc(f"icmc restore --replace {drill.place}/made.dump && icmc audit verify", folder)
    assert (again.returncode, GREEN in again.stdout) == (0, True), again.stdout + again.stderr


def test_where_the_signing_file_is_lost_the_old_key_is_proved_and_its_change_is_recorded(drill: Drill) -> None:
    folder, done = drill.restored("unsigned", files=("icmc-keys.json",))
    assert done.returncode == 0, done.stderr
    before = drill.site.engine.signer.key_id
    assert f"The key {before}, which signed its checkpoints, was not put back" in done.stdout
    verified = drill.icmc("icmc audit verify", folder)
    assert (verified.returncode, GREEN in verified.stdout) == (0, True), verified.stdout + verified.stderr
    assert "Since checkpoint 2 another key signs" in verified.stderr
    _sign(folder)
    later = drill.icmc("icmc audit verify --json", folder)
    assert (later.returncode, json.loads(later.stdout)) == (0, []), later.stdout
    assert "Since checkpoint 2 another key signs" in later.stderr
    (folder / "keys" / "icmc-signing-key.json").unlink()
    _sign(folder)
    foreign = drill.icmc("icmc audit verify", folder)
    assert foreign.returncode == 1
    assert "Checkpoint 4 bears another key, which the one before has not named." in foreign.stdout


def test_a_checkpoint_that_was_forged_with_a_foreign_key_is_found_after_a_restore(drill: Drill) -> None:
    folder, done = drill.restored("forged", files=("icmc-keys.json", "icmc-signing-key.json"))
    assert done.returncode == 0, done.stderr
    assert "was not put back" not in done.stdout
    assert drill.icmc("icmc audit verify", folder).returncode == 0
    _sql(folder, "UPDATE checkpoint SET key_id = 'deadbeefdeadbeef' WHERE number = 2")
    forged = drill.icmc("icmc audit verify", folder)
    assert forged.returncode == 1
    assert "Checkpoint 2" in forged.stdout


def test_a_change_of_key_that_was_written_without_the_key_file_is_found(drill: Drill) -> None:
    folder, done = drill.restored("written", files=("icmc-keys.json",))
    assert done.returncode == 0, done.stderr
    _sql(
        folder,
        "UPDATE audit_event SET body = jsonb_set(body, '{after}', '1') WHERE type = 'SigningKeyReplaced'",
    )
    found = drill.icmc("icmc audit verify", folder)
    assert found.returncode == 1
    assert "was edited" in found.stdout


def _python(folder: Path, code: str) -> None:
    """Run code over the installation of a folder, in a process of its own."""
    lines = [
        "from engine.settings import Settings", "from engine.app import build_engine, databases",
        "from pathlib import Path", f"settings = Settings(data_folder=Path({str(folder)!r}), demo=True, durable=False)",
        "with databases(settings) as running:", "    engine = build_engine(settings, running.urls)",
        *(f"    {line}" for line in code.splitlines()), "    engine.dispose()",
    ]  # fmt: skip
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True, timeout=300)


def _sign(folder: Path) -> None:
    _python(folder, "from engine.audit.actions import make_checkpoint\nmake_checkpoint(engine)")


def _sql(folder: Path, statement: str) -> None:
    """Do as a superuser of the database would."""
    _python(
        folder,
        "import psycopg\n"
        "address = running.urls.admin.replace('postgresql+psycopg://', 'postgresql://')\n"
        "with psycopg.connect(address) as connection:\n"
        "    connection.execute('SET session_replication_role = replica')\n"
        f"    connection.execute({statement!r})",
    )
