"""A Prefect server that hangs, without an end and without an answer, holds up no deadline."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from engine.cases.actions.open import open_case
from engine.rehearsal.answers import report_answers
from engine.rehearsal.world import people_of
from tests.kit.installation import Installation, installed, story, until

BEGIN = datetime(2026, 3, 7, 13, 10, tzinfo=UTC)
TOLD = story("cs-01")


@pytest.mark.faults
def test_deadlines_fire_and_tell_people_while_prefect_hangs() -> None:
    with installed() as site:
        site.move_to(BEGIN)
        unit, people = people_of(site.engine, jurisdiction=TOLD.lead_jurisdiction, label="Frozen")
        opened = open_case(
            site.engine, answers=report_answers(TOLD), unit_id=unit, viewer=people["intake_officer"],
            command_id=uuid4(), workflow=TOLD.workflow,
        )  # fmt: skip
        until(site.are_all_jobs_over)
        with _frozen(site):
            due = site.rows("SELECT min(due_at) AS at FROM deadline WHERE status = 'open'")[0]["at"]
            site.move_to(due + timedelta(days=2))
            until(lambda: len(_breaches(site)) > 0, seconds=90)
            until(lambda: bool(site.rows("SELECT id FROM escalation")), seconds=90)
            until(lambda: bool(site.rows("SELECT id FROM job WHERE done_by = 'fallback'")), seconds=120)
        until(site.are_all_jobs_over, seconds=180)
        assert all(row["due_at"] == row["breached_at"] for row in _breaches(site))
        assert {job["status"] for job in site.jobs(opened.case_id)} == {"done"}
        assert not list(site.engine.broken_chains())


def _breaches(site: Installation) -> list[dict[str, datetime]]:
    return site.rows("SELECT due_at, breached_at FROM deadline WHERE breached_at IS NOT NULL")


@contextmanager
def _frozen(site: Installation) -> Iterator[None]:
    pid = site.server.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
