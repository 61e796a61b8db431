"""A process that fires deadlines is killed at any moment: in the end what was due has fired once, and was told once."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest

from engine.cases.actions.open import open_case
from engine.deadlines.actions.audit import audit_escalations
from engine.deadlines.actions.firing import fire_deadlines
from engine.rehearsal.answers import report_answers
from engine.rehearsal.world import people_of
from tests.kit.installation import Installation, installed, story

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
print("firing", flush=True)
while fire_deadlines(engine, limit=500).count:
    continue
"""


def test_a_pass_that_is_killed_is_done_by_the_next_one() -> None:
    _kill_passes(random.Random("few"), cases=30, kills=2)  # noqa: S311 - moments, not secrets


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(3))
def test_many_passes_that_are_killed_are_done_by_the_next_ones(seed: int) -> None:
    _kill_passes(random.Random(seed), cases=250, kills=8)  # noqa: S311 - moments, not secrets


def _kill_passes(chance: random.Random, *, cases: int, kills: int) -> None:
    with installed(with_prefect=False) as site:
        site.move_to(BEGIN)
        _open(site, cases)
        due = site.rows("SELECT min(due_at) AS at FROM deadline WHERE status = 'open'")[0]["at"]
        site.move_to(due + timedelta(hours=2))
        for _ in range(kills):
            _kill_one(site, chance)
        while fire_deadlines(site.engine, limit=500).count:
            continue
        _prove(site, cases)


def _open(site: Installation, cases: int) -> None:
    unit, people = people_of(site.engine, jurisdiction=TOLD.lead_jurisdiction, label="Killed")
    for _ in range(cases):
        site.act(
            open_case, answers=report_answers(TOLD), unit_id=unit, by=people["intake_officer"], workflow=TOLD.workflow
        )


def _kill_one(site: Installation, chance: random.Random) -> None:
    running = subprocess.Popen(
        [sys.executable, "-c", PASS, json.dumps(asdict(site.urls))],
        env=os.environ | site.environment,
        stdout=subprocess.PIPE,
    )
    with running.stdout:
        assert running.stdout.readline().strip() == b"firing"
        threading.Event().wait(chance.uniform(0.0, 0.3))
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
    while fire_deadlines(site.engine, limit=500).count:
        continue
    assert audit_escalations(site.engine) == ()
