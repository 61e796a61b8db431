"""A case is closed, opened again and goes on by commands; what does not fit is said in words."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from engine.cases.views.lists import find_case
from engine.cli.main import app
from engine.core.policy import Viewer
from engine.course.actions.closing import answer_closing
from engine.course.actions.steer import add_step
from engine.rehearsal.world import people_of
from engine.work.store import ItemStore
from tests.kit.installation import Installation, installed
from tests.retention.test_keeping_commands import TOLD


@pytest.fixture(scope="module")
def site() -> Iterator[Installation]:
    with installed(with_prefect=False) as made:
        yield made


@pytest.fixture(scope="module")
def people(site: Installation) -> Mapping[str, Viewer]:
    return people_of(site.engine, jurisdiction="IN-AS", label="Cases")[1]


def run(site: Installation, *words: str) -> Result:
    return CliRunner().invoke(app, ["case", *words], env=site.environment)


def test_a_case_is_closed_and_opened_again_and_a_step_called_off(
    site: Installation, people: Mapping[str, Viewer], tmp_path: Path
) -> None:
    report, why = tmp_path / "report.json", tmp_path / "why.txt"
    report.write_text(json.dumps(TOLD))
    why.write_text("A letter came from the village.\n")
    number = json.loads(run(site, "open", "--answers", str(report), "--json").output)["case"]
    assert run(site, "close", number, "--reason", "bored").exit_code == 2
    assert run(site, "reopen", number, "--reason", "new_facts", "--words", str(why)).exit_code == 1
    asked = run(site, "close", number, "--reason", "duplicate")
    assert (asked.exit_code, "is waiting for a second person" in asked.output) == (3, True), asked.output
    assert json.loads(run(site, "show", number, "--json").output)["status"] == "open"
    case_id = site.engine.ask(find_case, people["supervisor"], number)
    answer_closing(site.engine, case_id, viewer=people["supervisor"], approved=True)
    assert json.loads(run(site, "show", number, "--json").output)["status"] == "closed"
    alone = run(site, "reopen", number, "--reason", "new_facts", "--words", str(why))
    assert alone.exit_code == 1
    assert "choose one that begins" in alone.output
    missing = run(site, "reopen", number, "--reason", "new_facts", "--words", str(tmp_path / "no.txt"))
    assert missing.exit_code == 2
    assert "cannot be read" in missing.output
    opened = run(site, "reopen", number, "--reason", "new_facts", "--words", str(why), "--workflow", "reported-concern")
    assert opened.exit_code == 0, opened.output
    begun = run(site, "begin", number, "identity-leak")
    assert begun.exit_code == 0, begun.output
    assert run(site, "begin", number, "no-such").exit_code == 1
    shown = json.loads(run(site, "show", number, "--json").output)
    assert shown["status"] == "open"
    step = next(step["id"] for step in shown["steps"] if step["status"] == "ready")
    off = run(site, "cancel-step", number, step, "--reason", "done_elsewhere")
    assert off.exit_code == 0, off.output
    again = run(site, "cancel-step", number, step, "--reason", "done_elsewhere")
    assert (again.exit_code, "already over" in again.output) == (1, True)


def test_what_happened_long_ago_is_completed_only_with_why_it_is_told_now(
    site: Installation, people: Mapping[str, Viewer], tmp_path: Path
) -> None:
    report, custody = tmp_path / "report.json", tmp_path / "custody.json"
    report.write_text(json.dumps(TOLD))
    number = json.loads(run(site, "open", "--answers", str(report), "--json").output)["case"]
    lead = people["case_manager"]
    case_id = site.engine.ask(find_case, lead, number)
    step_id = site.act(add_step, case_id, by=lead, uses="protection.custody")
    item = site.of(ItemStore).open_of_step(step_id)
    decided_at = (site.engine.clock.now() - timedelta(days=2)).isoformat()
    custody.write_text(json.dumps({"result": "released", "decided_at": decided_at, "own_wish": "unsure"}))
    address = f"case_manager.{lead.unit_ids[0].hex[:12]}@example.org"
    command = ["item", "complete", str(item.id), "--answers", str(custody), "--as", address]
    refused = CliRunner().invoke(app, command, env=site.environment)
    assert refused.exit_code == 1
    assert "Say why this is being entered only now. Do not write names." in refused.output
    told = CliRunner().invoke(app, [*command, "--late-reason", "No network"], env=site.environment)
    assert told.exit_code == 0, told.output
