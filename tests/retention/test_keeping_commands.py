"""What `icmc retention`, `numbers`, `backup` and `restore` do at the end of data, over a real installation."""

import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from engine.app import build_engine
from engine.cases.actions.open import open_case
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.core.policy import Viewer
from engine.errors import KeyMissingError
from engine.rehearsal.world import people_of
from engine.retention.actions.erasure import approve_erasure, ask_erasure, erase_what_is_ripe
from engine.retention.actions.retention import run_retention
from tests.kit.cases import close_at_once
from tests.kit.installation import Installation

TOLD = {
    "narrative": "x", "concern": "forced_labour", "is_child_suspected": "no", "immediate_danger": False,
    "safe_to_call": True, "consent_to_record": "yes",
}  # fmt: skip


@pytest.mark.long
def test_a_restored_backup_is_erased_again_before_anybody_opens_it(site: Installation, tmp_path: Path) -> None:
    unit, people = people_of(site.engine, jurisdiction="IN-AS", label="Demo")
    case_id, number = _closed(site, unit, people["case_manager"])
    shown = site.icmc("retention", "show")
    assert shown.exit_code == 0, shown.output
    assert "NOT SET BY A LAWYER YET" in shown.output
    assert json.loads(site.icmc("retention", "run", "--dry-run", "--json").output) == []
    site.move_to(site.engine.clock.now() + timedelta(days=8 * 366))
    due = json.loads(site.icmc("retention", "run", "--dry-run", "--json").output)
    assert [(one["case"], one["act"]) for one in due] == [(number, "review")]
    assert f"Case {number}: review" in site.icmc("retention", "run").output
    assert run_retention(site.engine) == ()

    backup = tmp_path / "before.dump"
    made = site.icmc("backup", str(backup))
    assert made.exit_code == 0, made.output
    _erase(site, case_id, people)
    site.engine.dispose()
    restored = site.icmc("restore", str(backup), "--replace")
    assert restored.exit_code == 0, restored.output
    assert "Erased again, as since the backup: 1 person." in restored.output
    fresh = build_engine(site.settings, site.urls)
    try:
        with pytest.raises(KeyMissingError), fresh.transaction() as tx:
            tx.of(HousekeepingStore).report_of(case_id)
        assert not list(fresh.broken_chains())
    finally:
        fresh.dispose()


@pytest.mark.long
def test_nothing_is_restored_that_could_not_be_erased_again(site: Installation, tmp_path: Path) -> None:
    listed = site.settings.checkpoint_folder / "tombstones.jsonl"
    assert listed.exists(), "somebody was erased in the test before"
    backup = tmp_path / "now.dump"
    assert site.icmc("backup", str(backup)).exit_code == 0
    hidden = site.settings.keys.rename(tmp_path / "keys.json")
    refused = site.icmc("restore", str(backup), "--replace")
    assert refused.exit_code == 1
    assert "Put it back first" in refused.output
    assert not site.settings.keys.exists()
    hidden.rename(site.settings.keys)
    whole = listed.read_text(encoding="utf-8")
    listed.write_text(whole + "no tombstone\n", encoding="utf-8")
    refused = site.icmc("restore", str(backup), "--replace")
    assert refused.exit_code == 1
    assert "The list of what was erased" in refused.output
    listed.write_text(whole, encoding="utf-8")


def test_numbers_are_printed_once_a_quarter_is_over(site: Installation) -> None:
    printed = site.icmc("numbers", "--publish")
    assert printed.exit_code == 0, printed.output
    assert "A quarter is counted two weeks after it ends" in printed.output or "withheld" in printed.output
    assert site.icmc("numbers", "--of", "2026-03").exit_code == 2
    assert "2026-Q1" in site.icmc("numbers", "--of", "March").output


def _closed(site: Installation, unit: UUID, viewer: Viewer) -> tuple[UUID, str]:
    opened = site.act(open_case, answers=TOLD, unit_id=unit, by=viewer)
    close_at_once(site.engine, opened.case_id, viewer)
    return opened.case_id, opened.case_number


def _erase(site: Installation, case_id: UUID, people: dict[str, Viewer]) -> None:
    person_id = site.of(CaseStore).lock(case_id).persons[0].person_id
    erasure = site.act(ask_erasure, case_id, person_id, by=people["data_protection_officer"],
        source="retention", ground_code="time_over",
    )  # fmt: skip
    for role in ("supervisor", "nodal_officer"):
        approve_erasure(site.engine, erasure, viewer=people[role])
    site.move_to(site.engine.clock.now() + timedelta(days=8))
    assert erase_what_is_ripe(site.engine) == 1
