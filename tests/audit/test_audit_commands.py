"""What `icmc audit` and `icmc doctor` say of the chains, over a real installation."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from engine.app import build_engine
from engine.audit.actions import make_checkpoint
from engine.audit.commands import _ailments_of_parts, _ailments_of_who_may
from engine.cases.actions.open import open_case
from engine.jobs.actions.serve import note_service
from engine.overview.records import PartsView
from engine.rehearsal.world import people_of
from tests.conftest import rows_of
from tests.deadlines.test_time_commands import TOLD
from tests.kit.installation import Installation, installed

pytestmark = pytest.mark.long


@pytest.fixture
def site() -> Iterator[Installation]:
    with installed(with_prefect=False) as made:
        yield made


def test_every_chain_is_proved_and_what_was_done_is_said_in_words(site: Installation) -> None:
    unit, people = people_of(site.engine, jurisdiction="IN-AS", label="Demo")
    opened = site.act(open_case, answers=TOLD, unit_id=unit, by=people["case_manager"])
    before = site.icmc("audit", "verify")
    assert before.exit_code == 0, before.output
    assert "No checkpoints outside of the database were compared" in before.output
    make_checkpoint(site.engine)
    whole = site.icmc("audit", "verify")
    assert (whole.exit_code, whole.output) == (0, "Every chain verifies.\n")
    site.rows("UPDATE event SET at = at + interval '1 day' WHERE seq = 2 RETURNING seq")
    bad = site.icmc("audit", "verify")
    assert (bad.exit_code, bad.output) == (1, f"Case {opened.case_number}: event 2 was edited.\n")
    (fault,) = json.loads(site.icmc("audit", "verify", "--json").output)
    assert (fault["what"], fault["case_number"], fault["seq"]) == ("edited", opened.case_number, 2)
    nowhere = site.icmc("audit", "verify", "--checkpoints", "/nowhere")
    assert nowhere.exit_code == 1
    assert "There is no folder /nowhere." in nowhere.output
    assert "Traceback" not in nowhere.output


def test_a_checkpoint_can_be_proved_with_the_public_key_alone(site: Installation) -> None:
    make_checkpoint(site.engine)
    printed = site.icmc("audit", "public-key").output
    key_id, _, pem = printed.partition("\n")
    line = json.loads(next((site.folder / "checkpoints").glob("*.jsonl")).read_text())
    assert line["key"] == key_id
    signed = {name: line[name] for name in ("at", "chains", "heads_hash", "key", "links", "number", "previous")}
    key = load_pem_public_key(pem.encode())
    assert isinstance(key, Ed25519PublicKey)
    key.verify(bytes.fromhex(line["signature"]), json.dumps(signed, sort_keys=True, separators=(",", ":")).encode())
    mode = (site.folder / "keys" / "icmc-signing-key.json").stat().st_mode & 0o777
    assert mode == 0o400


def test_doctor_says_when_the_second_place_holds_what_the_database_does_not(site: Installation) -> None:
    make_checkpoint(site.engine)
    assert "checkpoint" not in site.icmc("doctor").output
    site.rows("DELETE FROM checkpoint_head RETURNING number")
    site.rows("DELETE FROM checkpoint RETURNING number")
    assert "Checkpoint 1 was written outside and is not in the database" in site.icmc("doctor").output


def test_doctor_names_a_role_of_the_database_that_can_more_than_it_should(site: Installation) -> None:
    assert "can do more than it should" not in site.icmc("doctor").output
    rows_of(site.urls.admin, "ALTER ROLE icmc_app SUPERUSER")
    rows_of(site.urls.admin, "GRANT pg_read_all_data TO icmc_reader")
    told = " ".join(site.icmc("doctor").output.split())
    assert "icmc_app is also a superuser" in told
    assert "icmc_reader is also the role pg_read_all_data" in told
    assert "its administrator removes" in told
    engine = build_engine(site.settings, replace(site.urls, app=site.urls.owner))
    assert "icmc_owner is also the role pg_database_owner" in engine.reader.rights_beyond()
    engine.dispose()


def test_doctor_says_when_nobody_is_the_hub_and_when_a_password_is_enough(site: Installation) -> None:
    real = replace(site.engine, demo=False)
    assert list(_ailments_of_who_may(real)) == [], "nobody is here yet"
    people_of(site.engine, jurisdiction="IN-AS", label="Demo")
    rows_of(site.urls.admin, "UPDATE organisation SET is_hub = false")
    assert [one.code for one in _ailments_of_who_may(real)] == ["no-hub"]
    assert "No organisation is the hub's body" in site.icmc("doctor").output
    rows_of(site.urls.admin, "UPDATE organisation SET is_hub = true")
    assert list(_ailments_of_who_may(real)) == []
    [narrowed] = _ailments_of_who_may(replace(real, factor_for_all=False))
    assert "sign in with a password alone" in narrowed.problem


def test_doctor_says_when_there_is_no_backup_of_late_and_when_mail_does_not_leave(site: Installation) -> None:
    real, now = replace(site.engine, demo=False), site.engine.wall_clock.now()
    ago = [timedelta(days=8), timedelta(days=6)]
    asked = [PartsView(), *(PartsView(backup_at=now - one) for one in ago)]
    said = [[one.problem for one in _ailments_of_parts(real, parts) if one.code == "no-backup"] for parts in asked]
    assert said == [["No backup has been made."], ["The last backup was made 8 days ago."], []]
    waits = PartsView(mail_waiting=3, mail_waits_since=site.engine.clock.now() - timedelta(hours=1))
    assert [one.problem[:19] for one in _ailments_of_parts(site.engine, waits) if one.code == "mail-waits"] == [
        "3 mails are waiting"
    ]


def test_doctor_names_what_jobs_wait_for_and_what_to_do(site: Installation) -> None:
    unit, people = people_of(site.engine, jurisdiction="IN-AS", label="Demo")
    site.act(open_case, answers=TOLD, unit_id=unit, by=people["case_manager"])
    nobody = site.icmc("doctor")
    assert nobody.exit_code == 1
    assert "No worker is running: " in nobody.output
    assert "Start `icmc worker`, or `icmc up`." in nobody.output
    for name, state in (("fallback:one", "idle"), ("prefect", "slow"), ("prefect:seconds", "3.1")):
        note_service(site.engine, service=name, state=state)
    note_service(site.engine, service="disk:one", state=f"{10**9} {500 * 10**9}")
    slow = site.icmc("doctor")
    assert slow.exit_code == 1
    assert "The disk of one is nearly full: 1.0 of 500 GB are free. Make room" in slow.output
    assert "Prefect answers slowly (3.1 s a call): " in slow.output
    assert "They go on, many in one flow run." in slow.output
    note_service(site.engine, service="prefect", state="answers")
    note_service(site.engine, service="prefect:paused", state="queue cases")
    assert "Paused in Prefect: queue cases." in site.icmc("doctor").output
    note_service(site.engine, service="prefect:paused", state="")
    site.rows("UPDATE job SET status = 'held' WHERE status = 'ready' RETURNING id")
    held = site.icmc("doctor")
    assert held.exit_code == 1
    assert "held: a flow run was cancelled in Prefect. Retry that flow run on Prefect's page" in held.output
