"""Rough cases of every shipped workflow come to their end: refusals, gaps, additions and gates keep none open."""

import json
import re
import subprocess
import sys

import pytest

from engine.core.compiled import compile_workflow
from engine.plugin.registry import RegistryCatalogue
from engine.rehearsal.drawn import SimulatedReport
from engine.rehearsal.many_cases import ManyCases, simulate_many
from engine.rehearsal.simulator import simulate
from tests.kit.shipped import CASES, library, registry, shipped
from tests.rehearsal.test_simulator import REPORT

pytestmark = pytest.mark.long

_TWO_PROCESSES = "import os; os.cpu_count = lambda: 2; from engine.cli.main import main; main()"
NAMES = sorted(path.stem for path in CASES.glob("*.yaml"))
_TEXTS = {name: (CASES / f"{name}.yaml").read_text(encoding="utf-8") for name in NAMES}
BEGUN = [
    name
    for name, text in _TEXTS.items()
    if re.search(r"^start:(?! \{on: hand)", text, re.MULTILINE)
    or not any(re.search(rf"^extends: {name}$", other, re.MULTILINE) for other in _TEXTS.values())
]
"""The workflows in which a case is begun, and not only what others are built on."""


def _many(name: str, cases: int, *, seed: int = 1) -> ManyCases:
    report = RegistryCatalogue(registry()).find("reporting.intake")
    place = next(iter(shipped(name).workflow.jurisdictions), "IN")
    return simulate_many(shipped(name), library(), report=report.outputs, jurisdiction=place, cases=cases, seed=seed)


@pytest.mark.parametrize("name", BEGUN)
def test_rough_cases_of_a_shipped_workflow_close(name: str) -> None:
    found = _many(name, 5)
    assert found.stuck == {}
    assert found.closed == found.cases == 5


@pytest.mark.faults
@pytest.mark.parametrize("name", NAMES)
def test_a_thousand_rough_cases_of_a_shipped_workflow_close(name: str) -> None:
    found = _many(name, 1000)
    assert found.stuck == {}
    assert found.closed == 1000


def test_the_same_seed_gives_the_same_cases() -> None:
    assert _many("reported-concern", 10, seed=4) == _many("reported-concern", 10, seed=4)
    assert _many("reported-concern", 10, seed=4) != _many("reported-concern", 10, seed=5)


def test_the_command_shares_cases_among_processes_and_says_the_same() -> None:
    command = [sys.executable, "-c", _TWO_PROCESSES, "simulate", "forced-scamming", "--many", "20", "--json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == json.loads(json.dumps(_many("forced-scamming", 20).as_json()))


def test_rough_cases_are_refused_blocked_and_held_and_people_call_off_what_a_gate_keeps_undone() -> None:
    found = _many("forced-scamming", 25)
    assert {"handover", "statement", "placement", "travel", "way", "tell_home_state"} >= set(found.called_off)
    assert found.called_off
    happened = {
        one.what
        for seed in range(12)
        for one in simulate(shipped("forced-scamming"), library(), REPORT, seed=seed, rough=True).happenings
    }
    assert {"held", "skipped", "cancelled", "breached", "closed"} <= happened


def test_a_workflow_that_can_wait_for_ever_is_found_with_the_seed_that_shows_it() -> None:
    workflow = shipped("reported-concern")
    closure = workflow.workflow.steps["closure"].model_copy(update={"when": 'triage.decision != "rescue"'})
    source = workflow.workflow.model_copy(update={"steps": {**workflow.workflow.steps, "closure": closure}})
    broken = compile_workflow(source, RegistryCatalogue(registry()))
    report = RegistryCatalogue(registry()).find("reporting.intake")
    found = simulate_many(broken, library(), report=report.outputs, jurisdiction="IN", cases=40)
    assert found.closed < found.cases
    assert any(reason.startswith("closure: ") and "triage" in reason.lower() for reason in found.stuck), found.stuck
    seed = next(iter(found.stuck.values()))
    stuck = simulate(broken, library(), SimulatedReport({}, REPORT.opened_at, "IN"), seed=seed, rough=True)
    assert (stuck.closed_at is None) == bool(stuck.waits_for)
