"""A key file that is missing is never replaced silently: whoever starts is told what to put back."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from engine.cases.actions.open import open_case
from engine.keys.key_file import read_or_create_key_file
from engine.keys.store import KeyStore
from engine.rehearsal.world import people_of
from tests.deadlines.test_time_commands import TOLD
from tests.kit.installation import Installation, installed
from tests.kit.portal import Portal, report_case

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def shared() -> Iterator[Installation]:
    with installed(with_prefect=False) as made:
        unit, people = people_of(made.engine, jurisdiction="IN-AS", label="Demo")
        open_case(made.engine, answers=TOLD, unit_id=unit, viewer=people["case_manager"], command_id=uuid4())
        yield made


@pytest.fixture
def site(shared: Installation, tmp_path: Path) -> Iterator[Installation]:
    """Return an installation whose keys are put back after the test."""
    keys, kept = shared.folder / "keys", tmp_path / "kept"
    shutil.copytree(keys, kept)
    yield shared
    shutil.rmtree(keys, ignore_errors=True)
    shutil.copytree(kept, keys)


@pytest.mark.parametrize("command", ["up --demo", "portal", "worker"])
def test_who_starts_without_the_key_file_is_told_what_to_put_back(site: Installation, command: str) -> None:
    site.settings.keys.unlink()
    started_before = site.folder / "prefect" / "server.json"
    started_before.parent.mkdir(exist_ok=True)
    started_before.write_text('{"api_url": "http://127.0.0.1:9/api"}')
    words = [Path(sys.executable).with_name("icmc"), *command.split()]
    done = subprocess.run(words, env=site.environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"The key file {site.settings.keys} is not there" in done.stderr
    assert "No new one was made" in done.stderr
    assert "Traceback" not in done.stderr
    assert not site.settings.keys.exists()


def test_doctor_names_the_key_and_the_file(site: Installation) -> None:
    key_id = json.loads(site.settings.keys.read_bytes())["current"]
    site.settings.keys.unlink()
    done = site.icmc("doctor", "--json")
    assert done.exit_code == 1
    [found] = json.loads(done.stdout)
    assert str(site.settings.keys) in found["problem"]
    assert key_id in found["problem"]
    assert "Put the file back" in found["remedy"]


def test_period_keys_are_not_begun_anew_over_what_is_encrypted(site: Installation) -> None:
    shutil.rmtree(site.folder / "keys" / "periods")
    done = site.icmc("doctor")
    assert (done.exit_code, "ICMC_PERIOD_KEY_COPIES" in done.output) == (1, True), done.output
    assert not (site.folder / "keys" / "periods").exists()


def test_the_key_file_of_another_installation_is_refused_by_the_name_of_the_key(site: Installation) -> None:
    key_id = json.loads(site.settings.keys.read_bytes())["current"]
    site.settings.keys.unlink()
    read_or_create_key_file(site.settings.keys)
    done = site.icmc("doctor")
    assert done.exit_code == 1
    assert f"The key file {site.settings.keys} does not have the key {key_id}" in done.output


def test_a_page_says_so_when_the_keys_go_while_the_portal_runs(
    portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    page = report_case(portal.as_role("intake_officer")).page
    client = portal.as_role("case_manager")
    assert client.get(page).status_code == 200
    keys = portal.engine.periods._keys
    away = keys.rename(keys.with_name("away"))
    with portal.engine.transaction() as tx:
        tx.of(KeyStore).say_changed()
        tx.commit()
    try:
        portal.engine.vault._looked_at = float("-inf")
        answer = client.get(page)
    finally:
        away.rename(keys)
    assert answer.status_code == 503
    assert "icmc doctor" in answer.text
    assert "not_in_order" in caplog.text
    portal.engine.vault._looked_at = float("-inf")
    assert client.get(page).status_code == 200
