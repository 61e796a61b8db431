"""A simulation goes from a report to the closing of the case, or says what keeps it open."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.rehearsal.simulated import SimulatedReport
from engine.rehearsal.simulator import simulate
from tests.acceptance.shipped_files import CASES, library, shipped

REPORT = SimulatedReport(
    {"is_child_suspected": "yes", "immediate_danger": True}, datetime(2026, 3, 7, 13, 10, tzinfo=UTC), "IN-AS"
)
NAMES = sorted(path.stem for path in CASES.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_a_simulated_case_closes_or_says_what_it_waits_for(name: str) -> None:
    for seed in range(20):
        done = simulate(shipped(name), library(), REPORT, seed=seed)
        assert (done.closed_at is None) == bool(done.waits_for)
        assert list(done.happenings) == sorted(done.happenings, key=lambda one: one.at)


def test_the_same_seed_gives_the_same_simulation() -> None:
    first, second = (simulate(shipped("reported-concern"), library(), REPORT, seed=7) for _ in range(2))
    assert first == second


def test_a_breach_is_told_for_each_step_that_ends_after_its_due_time() -> None:
    found = [
        one
        for seed in range(20)
        for one in simulate(shipped("reported-concern"), library(), REPORT, seed=seed).happenings
    ]
    assert {"opened", "due", "ended", "breached", "level", "closed"} <= {one.what for one in found}
    assert max(one.at for one in found) - REPORT.opened_at < timedelta(days=5 * 366)
