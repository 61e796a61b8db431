"""A Prefect server that is slow holds nothing up for good: jobs go on, with fewer calls, and none is done twice."""

from collections.abc import Callable, Iterator
from uuid import UUID

import pytest

from tests.kit.prefect import SlowLine, slow_line
from tests.orchestration.conftest import Site
from tests.orchestration.standin import until

pytestmark = pytest.mark.long

BACKGROUND = ("ready", "filter", "work_pools", "get_scheduled", "csrf-token", "work_queues")
"""What is asked by the clock, or once for many flow runs."""


@pytest.fixture(scope="module")
def lined(make_site: Callable[[], Site]) -> Iterator[tuple[Site, SlowLine]]:
    """Return an installation whose worker has done a job, and the line by which it reaches Prefect's server."""
    site = make_site()
    with slow_line(site.server.address) as line:
        site.start_worker(by=line.address)
        first = site.work.add_job(site.work.add_case())
        until(lambda: _are_done(site, [first]), seconds=120)
        yield site, line
        site.close()


def _are_done(site: Site, jobs: list[UUID]) -> bool:
    return all(site.work.row("job", job)["status"] == "done" for job in jobs)


def _services(site: Site) -> dict[str, str]:
    with site.work.tx() as db:
        return {row["name"]: row["state"] for row in db.execute("SELECT name, state FROM service").fetchall()}


def test_a_flow_run_costs_few_calls(lined: tuple[Site, SlowLine]) -> None:
    site, line = lined
    line.asked.clear()
    for _ in range(10):
        job = site.work.add_job(site.work.add_case())
        until(lambda job=job: _are_done(site, [job]))  # type: ignore[misc]
    calls = line.calls(*BACKGROUND)
    assert sum(calls.values()) <= 10 * 8, calls
    assert calls["POST /deployments/ID/create_flow_run"] == 10
    assert calls["GET /deployments/ID"] <= 4


def test_what_is_paused_in_prefect_is_noted(lined: tuple[Site, SlowLine]) -> None:
    site, _ = lined
    until(lambda: _services(site).get("prefect:paused") == "", seconds=60)
    site.api.pause_pool("icmc", paused=True)
    until(lambda: _services(site).get("prefect:paused") == "work pool icmc", seconds=60)
    site.api.pause_pool("icmc", paused=False)
    until(lambda: _services(site).get("prefect:paused") == "", seconds=60)


@pytest.mark.parametrize(
    ("seconds", "cases"), [(1.2, 40), pytest.param(3.0, 200, marks=pytest.mark.faults)], ids=["slow", "very-slow"]
)
def test_with_a_slow_server_the_jobs_of_many_cases_go_on_and_none_is_done_twice(
    lined: tuple[Site, SlowLine], seconds: float, cases: int
) -> None:
    site, line = lined
    line.seconds = seconds
    until(lambda: float(_services(site).get("prefect:seconds") or 0) >= seconds, seconds=60)
    until(lambda: _services(site).get("prefect") == "slow", seconds=60)
    states: list[str] = []
    line.asked.clear()
    numbers = [site.work.add_case() for _ in range(cases)]
    jobs = [
        site.work.add_job(case, task, kind=kind, gateway=gateway)
        for case in numbers
        for task, kind, gateway in (("reporting.dedupe", "run", ""), ("deliver", "deliver", "email"))
    ]

    def all_are_done() -> bool:
        states.extend(state for name, state in _services(site).items() if name.startswith("fallback:"))
        return _are_done(site, jobs)

    until(all_are_done, seconds=90)
    rows = [site.work.row("job", job) for job in jobs]
    calls = line.calls(*BACKGROUND)
    said = _services(site)
    assert {row["times_done"] for row in rows} == {1}
    assert {row["done_by"] for row in rows} == {"prefect"}
    assert len({row["flow_run_id"] for row in rows}) <= 8
    assert sum(calls.values()) < len(jobs), calls
    assert set(states) == {"idle"}
    assert said["prefect"] == "slow"
    assert float(said["prefect:seconds"]) >= seconds
