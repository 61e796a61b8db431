"""A process that fires deadlines or moves cases is killed at any moment: in the end all is done once, and told once."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from engine.approvals.views import waiting
from engine.cases.actions.open import open_case
from engine.core.policy import Viewer
from engine.course.actions.moving_all import move_cases, start_moves, undo_moves
from engine.deadlines.actions.clock import audit_escalations
from engine.deadlines.actions.firing import fire_deadlines
from engine.definitions.actions.proposals import answer_proposal, propose_definition
from engine.rehearsal.answers import report_answers
from engine.rehearsal.world import people_of
from tests.kit.installation import Installation, installed, story, until

BEGIN = datetime(2026, 3, 7, 13, 10, tzinfo=UTC)
TOLD = story("cs-01")
PASS = """
import json
from engine.db.embedded.roles import DatabaseUrls
from engine.app import build_engine
from engine.settings import Settings
from engine.deadlines.actions.firing import fire_deadlines
import sys
engine = build_engine(Settings(), DatabaseUrls(**json.loads(sys.argv[1])))
fire_deadlines(engine, limit=1)
print("at work", flush=True)
while fire_deadlines(engine, limit=500).count:
    continue
"""
MOVES = """
import json
import sys
from engine.app import build_engine
from engine.course.actions.moving_all import move_cases
from engine.db.embedded.roles import DatabaseUrls
from engine.settings import Settings
engine = build_engine(Settings(), DatabaseUrls(**json.loads(sys.argv[1])))
move_cases(engine, limit=1)
print("at work", flush=True)
move_cases(engine, limit=5000)
"""
DRILL = """workflow: drill
version: 1
title: Drill
case_type: trafficking
start: {on: hand}
steps:
  intake:
    uses: reporting.intake
    time: {from: start, limit: PT30M}
"""
DRILL_1 = (
    DRILL
    + """  child:
    uses: core.note
    when: report.is_child_suspected == "yes"
    time: {from: start, limit: PT6H}
"""
)
DRILL_2 = (
    DRILL.replace("PT30M", "PT2H")
    + """  needs:
    uses: rescue.first_needs
    time: {from: start, limit: PT3H}
"""
)
MINUTES = {1: {"intake": 30}, 2: {"intake": 120, "needs": 180}}
"""After how many minutes of its run each step of a version is due; in half of the cases on the first, one more is."""


def test_a_pass_that_is_killed_is_done_by_the_next_one() -> None:
    _kill_passes(random.Random("few"), cases=30, kills=2)  # noqa: S311 - moments, not secrets


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(3))
def test_many_passes_that_are_killed_are_done_by_the_next_ones(seed: int) -> None:
    _kill_passes(random.Random(seed), cases=250, kills=8)  # noqa: S311 - moments, not secrets


def _kill_passes(chance: random.Random, *, cases: int, kills: int) -> None:
    with installed(with_prefect=False) as site:
        site.move_to(BEGIN)
        unit, people = people_of(site.engine, jurisdiction=TOLD.lead_jurisdiction, label="Killed")
        _open(site, cases, unit, people)
        due = site.rows("SELECT min(due_at) AS at FROM deadline WHERE status = 'open'")[0]["at"]
        site.move_to(due + timedelta(hours=2))
        for _ in range(kills):
            _kill_one(site, PASS, chance.uniform(0.0, 0.3))
        _fire_all(site)
        _prove(site, cases)


def _fire_all(site: Installation) -> None:
    """Fire until nothing is due: a killed pass has its cases locked until the database ends its session."""

    def nothing_is_due() -> bool:
        done = fire_deadlines(site.engine, limit=500)
        return not done.count and (done.next_due_at is None or done.next_due_at > site.engine.clock.now())

    until(nothing_is_due)


def _open(
    site: Installation,
    cases: int,
    unit: UUID,
    people: Mapping[str, Viewer],
    *,
    workflow: str = TOLD.workflow,
    **said: str,
) -> None:
    for _ in range(cases):
        site.act(
            open_case, answers=report_answers(TOLD) | said, unit_id=unit, by=people["intake_officer"], workflow=workflow
        )


def test_a_move_of_cases_that_is_killed_goes_on_and_back() -> None:
    _kill_moves(random.Random("few"), cases=30, kills=2)  # noqa: S311 - moments, not secrets


@pytest.mark.faults
def test_a_move_of_a_thousand_cases_that_is_killed_goes_on_and_back() -> None:
    _kill_moves(random.Random("many"), cases=1000, kills=5)  # noqa: S311 - moments, not secrets


def _kill_moves(chance: random.Random, *, cases: int, kills: int) -> None:
    """Move cases to a version and back by processes that are killed, and count after each what there is."""
    with installed(with_prefect=False) as site:
        site.move_to(BEGIN)
        unit, people = people_of(site.engine, jurisdiction="IN-AS", label="Moved")
        lead = people["case_manager"]
        _publish(site, people, DRILL_1)
        for child, some in (("yes", cases // 2), ("no", cases - cases // 2)):
            _open(site, some, unit, people, workflow="drill", is_child_suspected=child)
        dropped = {row["run_id"] for row in site.rows("SELECT run_id FROM deadline WHERE key = 'child'")}
        assert len(dropped) == cases // 2
        _publish(site, people, DRILL_2)
        to = start_moves(site.engine, "drill", viewer=lead, command_id=uuid4(), version=2, cancels=True)
        for turn in range(kills):
            _kill_one(site, MOVES, chance.uniform(0.0, 0.3))
            assert sum(_versions(site, dropped).values()) == cases
            assert _versions(site, dropped)[2] > 0, turn
        _finish_moves(site, dropped, {2: cases})
        back = undo_moves(site.engine, to, viewer=lead, command_id=uuid4())
        _kill_one(site, MOVES, chance.uniform(0.0, 0.3))
        assert sum(_versions(site, dropped).values()) == cases
        _finish_moves(site, dropped, {1: cases})
        told = site.rows("SELECT id, cases, moved, total, done_at FROM bulk_move ORDER BY asked_at")
        assert [(row["id"], row["cases"], row["moved"], row["total"]) for row in told] == [
            (to, cases, cases, cases), (back, cases, cases, cases),
        ]  # fmt: skip
        twice = "SELECT 1 FROM event WHERE type = 'RunMoved' GROUP BY case_id HAVING count(*) <> 2"
        assert not site.rows(twice)
        assert not list(site.engine.broken_chains())
        assert not list(site.engine.state_differences())


def _publish(site: Installation, people: Mapping[str, Viewer], source: str) -> None:
    done = propose_definition(site.engine, source=source, viewer=people["case_manager"])
    second = people["nodal_officer"]
    (line,) = [one for one in site.engine.ask(waiting, second) if one.id == done.waits_for]
    answer_proposal(site.engine, line.subject_id, viewer=second, approved=True)


def _finish_moves(site: Installation, dropped: Collection[UUID], versions: dict[int, int]) -> None:
    while not move_cases(site.engine).is_done:
        continue
    assert _versions(site, dropped) == versions


def _versions(site: Installation, of_children: Collection[UUID]) -> Counter[int]:
    """Count the cases on each version; what runs in each is due when its version says, and nothing else runs."""
    rows = site.rows(
        "SELECT r.id, r.version, json_object_agg(d.key, extract(epoch FROM d.due_at - r.started_at) / 60) AS minutes"
        " FROM run r JOIN deadline d ON d.run_id = r.id AND d.status = 'open' WHERE r.workflow = 'drill' GROUP BY r.id"
    )
    for row in rows:
        of_child = {"child": 360} if row["version"] == 1 and row["id"] in of_children else {}
        assert row["minutes"] == MINUTES[row["version"]] | of_child
    return Counter(row["version"] for row in rows)


def _kill_one(site: Installation, script: str, after: float) -> None:
    running = subprocess.Popen(
        [sys.executable, "-c", script, json.dumps(asdict(site.urls))],
        env=os.environ | site.environment,
        stdout=subprocess.PIPE,
    )
    with running.stdout:
        assert running.stdout.readline().strip() == b"at work"
        threading.Event().wait(after)
        running.send_signal(signal.SIGKILL)
        running.wait()


def _prove(site: Installation, cases: int) -> None:
    breached = site.rows("SELECT id, due_at, breached_at FROM deadline WHERE breached_at IS NOT NULL")
    assert len(breached) >= cases
    assert all(row["due_at"] == row["breached_at"] for row in breached)
    twice = (
        "SELECT 1 FROM event WHERE type IN ('DeadlineBreached', 'LevelRaised', 'DeadlineWarned') GROUP BY"
        " body -> 'deadline' ->> 'id', type, body ->> 'level', body ->> 'round', body ->> 'firing' HAVING count(*) > 1"
    )
    assert not site.rows(twice)
    assert not site.rows("SELECT 1 FROM deadline WHERE failures > 0")
    assert not list(site.engine.broken_chains())
    site.move_to(site.engine.clock.now() + timedelta(minutes=3))
    _fire_all(site)
    assert audit_escalations(site.engine) == ()
