"""What `icmc keys` does over a real installation: exports proved against real backups, other keys changed."""

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from engine.cases.actions.open import open_case
from engine.cli.main import app
from engine.rehearsal.world import people_of
from tests.deadlines.test_time_commands import TOLD
from tests.kit.installation import Installation, installed

pytestmark = pytest.mark.long


@pytest.fixture
def site() -> Iterator[Installation]:
    with installed(with_prefect=False) as made:
        unit, people = people_of(made.engine, jurisdiction="IN-AS", label="Demo")
        open_case(made.engine, answers=TOLD, unit_id=unit, viewer=people["case_manager"], command_id=uuid4())
        yield made


@pytest.fixture
def secret(tmp_path: Path) -> str:
    file = tmp_path / "passphrase"
    file.write_text("seven words that nobody would guess\n")
    return str(file)


def run(site: Installation, *words: str, code: int = 0) -> Result:
    done = CliRunner().invoke(app, list(words), env=site.environment)
    assert done.exit_code == code, done.output
    assert "Traceback" not in done.output
    return done


def test_an_export_is_proved_against_a_backup_by_a_trial_restore(
    site: Installation, secret: str, tmp_path: Path
) -> None:
    early, late, backup = (str(tmp_path / name) for name in ("early.json", "late.json", "icmc.dump"))
    run(site, "keys", "export", early, "--passphrase-file", secret)
    run(site, "backup", backup)
    keys = site.rows("SELECT count(*) AS keys FROM data_key WHERE wrapped IS NOT NULL")[0]["keys"]
    done = run(site, "keys", "prove", early, "--backup", backup, "--passphrase-file", secret)
    assert f"all {keys} keys" in done.output
    run(site, "keys", "rotate")
    run(site, "keys", "export", late, "--passphrase-file", secret)
    for older in (early, late):
        run(site, "keys", "prove", older, "--backup", backup, "--passphrase-file", secret)
    assert not site.rows("SELECT datname FROM pg_database WHERE datname ~ 'trial'")
    kept = site.rows("SELECT body FROM audit_event WHERE type = 'BackupProved' ORDER BY seq")
    assert len(kept) == 3
    assert {row["key"] for row in site.rows("SELECT key FROM installation WHERE key ^@ 'backup'")} == {
        "backup", "backup_proved",
    }  # fmt: skip
    assert all(row["body"]["keys"] > 2 and row["body"]["values"] > 1 for row in kept)


def test_an_export_that_lacks_the_key_of_a_backup_is_not_proved(
    site: Installation, secret: str, tmp_path: Path
) -> None:
    export, backup = str(tmp_path / "late.json"), str(tmp_path / "icmc.dump")
    run(site, "backup", backup)
    [old] = site.engine.key_keeper.ids
    run(site, "keys", "rotate")
    site.rows(
        "UPDATE installation SET value = jsonb_set(value, '{at}', '\"2026-01-01T00:00:00+00:00\"')"
        " WHERE key = 'keys_rotated' RETURNING key"
    )
    run(site, "keys", "retire", old)
    run(site, "keys", "export", export, "--passphrase-file", secret)
    run(site, "keys", "prove", export, "--passphrase-file", secret)
    refused = run(site, "keys", "prove", export, "--backup", backup, "--passphrase-file", secret, code=1)
    assert "does not open with this export" in refused.output
    missing = run(site, "keys", "prove", export, "--backup", "/nowhere.dump", "--passphrase-file", secret, code=1)
    assert "/nowhere.dump" in missing.output
    Path(backup).write_bytes(Path(backup).read_bytes()[:-10])
    run(site, "keys", "prove", export, "--backup", backup, "--passphrase-file", secret, code=1)


def test_other_keys_are_changed_step_by_step_and_status_says_what_is_left(site: Installation) -> None:
    assert "in a minute" in run(site, "keys", "rotate", "--index").output
    assert "in a minute" in run(site, "keys", "rotate", "--chains").output
    said = run(site, "keys", "status", code=1).output
    assert "rotate --index" in said
    assert "rotate --chains" in said
    state = json.loads(run(site, "keys", "status", "--json", code=1).output)
    assert state["index_keys"]["coming"]
    before = state["signing"]
    assert before not in run(site, "keys", "rotate", "--signing").output
    told = run(site, "audit", "public-key").output
    assert f"follows {before} after checkpoint" in told
    assert told.count("BEGIN PUBLIC KEY") == 2
    assert "one kind" in run(site, "keys", "rotate", "--index", "--chains", code=2).output
    assert run(site, "audit", "verify").output == "Every chain verifies.\n"
