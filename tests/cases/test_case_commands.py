"""A case is closed, opened again and goes on by commands; what does not fit is said in words."""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from engine.approvals.views import waiting
from engine.cases.views.lists import find_case
from engine.core.policy import Viewer
from engine.course.actions.closing import answer_closing
from engine.course.actions.steer import add_step
from engine.definitions.actions.proposals import answer_proposal, propose_files
from engine.definitions.store import DefinitionStore
from engine.rehearsal.world import people_of
from engine.work.store import ItemStore
from tests.kit.installation import Installation
from tests.retention.test_keeping_commands import TOLD

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def people(site: Installation) -> Mapping[str, Viewer]:
    return people_of(site.engine, jurisdiction="IN-AS", label="Cases")[1]


def test_a_case_is_closed_and_opened_again_and_a_step_called_off(
    site: Installation, people: Mapping[str, Viewer], tmp_path: Path
) -> None:
    report, why = tmp_path / "report.json", tmp_path / "why.txt"
    report.write_text(json.dumps(TOLD))
    why.write_text("A letter came from the village.\n")
    number = json.loads(site.icmc("case", "open", "--answers", str(report), "--json").output)["case"]
    assert site.icmc("case", "close", number, "--reason", "bored").exit_code == 2
    assert site.icmc("case", "reopen", number, "--reason", "new_facts", "--words", str(why)).exit_code == 1
    asked = site.icmc("case", "close", number, "--reason", "duplicate")
    assert (asked.exit_code, "is waiting for a second person" in asked.output) == (3, True), asked.output
    assert json.loads(site.icmc("case", "show", number, "--json").output)["status"] == "open"
    case_id = site.engine.ask(find_case, people["supervisor"], number)
    answer_closing(site.engine, case_id, viewer=people["supervisor"], approved=True)
    assert json.loads(site.icmc("case", "show", number, "--json").output)["status"] == "closed"
    alone = site.icmc("case", "reopen", number, "--reason", "new_facts", "--words", str(why))
    assert alone.exit_code == 1
    assert "choose one that begins" in alone.output
    missing = site.icmc("case", "reopen", number, "--reason", "new_facts", "--words", str(tmp_path / "no.txt"))
    assert missing.exit_code == 2
    assert "cannot be read" in missing.output
    opened = site.icmc(
        "case", "reopen", number, "--reason", "new_facts", "--words", str(why), "--workflow", "reported-concern"
    )
    assert opened.exit_code == 0, opened.output
    begun = site.icmc("case", "begin", number, "identity-leak")
    assert begun.exit_code == 0, begun.output
    assert site.icmc("case", "begin", number, "no-such").exit_code == 1
    shown = json.loads(site.icmc("case", "show", number, "--json").output)
    assert shown["status"] == "open"
    step = next(step["id"] for step in shown["steps"] if step["status"] == "ready")
    off = site.icmc("case", "cancel-step", number, step, "--reason", "done_elsewhere")
    assert off.exit_code == 0, off.output
    again = site.icmc("case", "cancel-step", number, step, "--reason", "done_elsewhere")
    assert (again.exit_code, "already over" in again.output) == (1, True)


def test_what_happened_long_ago_is_completed_only_with_why_it_is_told_now(
    site: Installation, people: Mapping[str, Viewer], tmp_path: Path
) -> None:
    report, custody = tmp_path / "report.json", tmp_path / "custody.json"
    report.write_text(json.dumps(TOLD))
    number = json.loads(site.icmc("case", "open", "--answers", str(report), "--json").output)["case"]
    lead = people["case_manager"]
    case_id = site.engine.ask(find_case, lead, number)
    step_id = site.act(add_step, case_id, by=lead, uses="protection.custody")
    item = site.of(ItemStore).open_of_step(step_id)
    decided_at = (site.engine.clock.now() - timedelta(days=2)).isoformat()
    custody.write_text(json.dumps({"result": "released", "decided_at": decided_at, "own_wish": "unsure"}))
    address = f"case_manager.{lead.unit_ids[0].hex[:12]}@example.org"
    command = ["item", "complete", str(item.id), "--answers", str(custody), "--as", address]
    whole = custody.read_text()
    custody.write_text(whole.replace(decided_at, "yesterday"))
    wrong = site.icmc(*command)
    assert wrong.exit_code == 1
    assert re.search(r"^“[^”]+” \(decided_at\): .*such as ", wrong.output, re.MULTILINE), wrong.output
    custody.write_text(whole)
    refused = site.icmc(*command)
    assert refused.exit_code == 1
    assert "Say why this is being entered only now. Do not write names." in refused.output
    told = site.icmc(*command, "--late-reason", "No network")
    assert told.exit_code == 0, told.output


def test_what_moving_all_would_do_is_said_before_and_then_done(
    site: Installation, people: Mapping[str, Viewer], tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    report.write_text(json.dumps(TOLD))
    site.icmc("case", "open", "--answers", str(report), "--workflow", "reported-concern")
    whole = dict(site.of(DefinitionStore).current("workflow", "reported-concern").flattened)
    key = next(iter(whole["steps"]))
    whole["steps"][key] |= {"title": "Intake of today", "time": [{"from": "start", "limit": "PT1M"}]}
    (one,) = propose_files(site.engine, {"w.yaml": yaml.safe_dump(whole)}, viewer=people["case_manager"])
    (asked,) = [of for of in site.engine.ask(waiting, people["nodal_officer"]) if of.id == one.waits_for]
    answer_proposal(site.engine, asked.subject_id, viewer=people["nodal_officer"], approved=True)
    site.move_to(site.engine.clock.now() + timedelta(minutes=5))
    shown = site.icmc("case", "move-all", "reported-concern", "--preview").output
    assert re.search(r"would be late at once: Intake of today, due [^(]+\(was", shown), shown
    assert re.search(r"Of \d+ cases: [1-9]\d* due times would be sooner, 0 later\.", shown), shown
    assert re.search(r"[1-9]\d* cases were moved\.", site.icmc("case", "move-all", "reported-concern").output)
    assert "Of 0 cases" in site.icmc("case", "move-all", "reported-concern", "--preview").output


@pytest.mark.usefixtures("people")
def test_a_note_is_made_and_read_by_commands(site: Installation, tmp_path: Path) -> None:
    report, words = tmp_path / "report.json", tmp_path / "note.txt"
    report.write_text(json.dumps(TOLD))
    words.write_text("Her aunt rang.\n")
    number = json.loads(site.icmc("case", "open", "--answers", str(report), "--json").output)["case"]
    assert "Nothing has been recorded" in site.icmc("case", "diary", number).output
    made = ("case", "note", number, "--words", str(words), "--at", "2026-01-02 10:00", "--person", "1")
    assert site.icmc(*made).exit_code == 0
    assert site.icmc("case", "note", number, "--words", str(words), "--kind", "poem").exit_code == 2
    assert site.icmc("case", "note", number, "--words", str(words), "--person", "9").exit_code == 2
    [line] = json.loads(site.icmc("case", "diary", number, "--json").output)
    assert line == {
        "at": "2026-01-02 10:00 UTC", "kind": "call", "about": "Person 1", "by": "", "words": "Her aunt rang.",
    }  # fmt: skip
    assert "Her aunt rang." in site.icmc("case", "diary", number).output
