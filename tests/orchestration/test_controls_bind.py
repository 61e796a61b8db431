"""What an admin does in Prefect's page is obeyed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from tests.orchestration.conftest import Site
from tests.orchestration.standin import until

pytestmark = pytest.mark.long


def _status(site: Site, job: UUID) -> str:
    return str(site.work.row("job", job)["status"])


def _run(site: Site, case: UUID) -> dict[str, Any]:
    [run] = site.api.flow_runs(tag=site.work.number(case))
    return run


@contextmanager
def _paused(site: Site) -> Iterator[None]:
    site.api.pause_pool("icmc", paused=True)
    try:
        yield
    finally:
        site.api.pause_pool("icmc", paused=False)


def test_every_published_workflow_has_a_deployment_with_its_version(site: Site) -> None:
    until(lambda: {"child-labour", "deadlines", "housekeeping-1-min"} <= site.api.deployments().keys())
    deployments = site.api.deployments()
    assert deployments["child-labour"]["version"] == "1"
    assert deployments["child-labour"]["work_pool_name"] == "icmc"
    assert deployments["deadlines"]["work_pool_name"] == "icmc-deadlines"


def test_a_paused_work_pool_holds_jobs_but_no_deadline(site: Site) -> None:
    case = site.work.add_case()
    until(lambda: "deadlines" in site.api.deployments())
    with _paused(site):
        job = site.work.add_job(case)
        deadline = site.work.add_deadline(case, timedelta(seconds=1))
        until(lambda: bool(site.api.flow_runs(tag=site.work.number(case))))
        until(lambda: site.work.row("deadline", deadline)["fired_at"] is not None)
        assert _status(site, job) == "ready"
        assert _run(site, case)["state_type"] == "SCHEDULED"
    until(lambda: _status(site, job) == "done")


def test_a_pause_of_the_board_pauses_the_queue_in_prefect_and_lets_what_is_critical_go_on(site: Site) -> None:
    case, other = site.work.add_case(), site.work.add_case()
    until(lambda: "housekeeping-1-min" in site.api.deployments())

    def is_paused(queue: str) -> bool:
        return bool(site.api.request("GET", f"/work_pools/icmc/queues/{queue}")["is_paused"])

    site.work.pause_jobs(is_on=True)
    try:
        until(lambda: site.work.job_pause().is_told)
        assert (is_paused("cases"), is_paused("housekeeping")) == (True, False)
        job, urgent = site.work.add_job(case), site.work.add_job(other, kind="deliver", is_critical=True)
        until(lambda: _status(site, urgent) == "done")
        assert site.work.row("job", urgent)["done_by"] == "fallback"
        until(lambda: site.api.flow_runs(tag=site.work.number(case)))
        assert _run(site, case)["state_type"] == "SCHEDULED"
        assert _status(site, job) == "ready"
    finally:
        site.work.pause_jobs(is_on=False)
    until(lambda: _status(site, job) == "done")
    assert not is_paused("cases")
    assert site.work.row("job", job)["done_by"] == "prefect"


def test_a_deadline_is_fired_once_and_never_before_its_instant(site: Site) -> None:
    case = site.work.add_case()
    until(lambda: site.work.service_age("deadlines") is not None)
    deadlines = [site.work.add_deadline(case, timedelta(seconds=2, milliseconds=300 * i)) for i in range(5)]
    until(lambda: all(site.work.row("deadline", row)["fired_at"] is not None for row in deadlines))
    rows = [site.work.row("deadline", row) for row in deadlines]
    assert all(timedelta(0) <= row["fired_at"] - row["due_at"] for row in rows)
    assert {row["times_fired"] for row in rows} == {1}


def test_cancelling_a_running_flow_run_stops_further_claims_and_ends_it_cancelled(site: Site) -> None:
    case = site.work.add_case()
    with _paused(site):
        first = site.work.add_job(case, "rescue.execute", behaviour="sleep:3")
        second = site.work.add_job(case, "rescue.production")
    until(lambda: _status(site, first) == "leased")
    run = _run(site, case)
    until(lambda: site.api.flow_run(run["id"])["state_type"] == "RUNNING")
    site.api.set_state(run["id"], "CANCELLING")
    until(lambda: site.api.flow_run(run["id"])["state_type"] == "CANCELLED")
    assert _status(site, first) == "done"
    assert _status(site, second) == "held"


def test_retry_of_a_cancelled_flow_run_does_what_it_left(site: Site) -> None:
    case = site.work.add_case()
    with _paused(site):
        first = site.work.add_job(case, "rescue.execute", behaviour="sleep:2")
        second = site.work.add_job(case, "rescue.production")
    until(lambda: _status(site, first) == "leased")
    run = _run(site, case)
    site.api.set_state(run["id"], "CANCELLING")
    until(lambda: site.api.flow_run(run["id"])["state_type"] == "CANCELLED")
    assert _status(site, second) == "held"
    site.api.set_state(run["id"], "SCHEDULED", name="AwaitingRetry")
    until(lambda: _status(site, second) == "done")
    until(lambda: site.api.flow_run(run["id"])["state_type"] == "COMPLETED")
    assert site.work.row("job", second)["flow_run_id"] == UUID(run["id"])


def test_a_work_pools_concurrency_limit_is_obeyed(site: Site) -> None:
    site.api.request("PATCH", "/work_pools/icmc", {"concurrency_limit": 1})
    try:
        jobs = [site.work.add_job(site.work.add_case(), behaviour="sleep:0.5") for _ in range(3)]
        until(lambda: all(_status(site, job) == "done" for job in jobs), seconds=60)
    finally:
        site.api.request("PATCH", "/work_pools/icmc", {"concurrency_limit": None})
    spans = sorted((row["started_at"], row["ended_at"]) for row in (site.work.row("job", job) for job in jobs))
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(spans))


@pytest.mark.parametrize("event", ["icmc.case.opened", "icmc.step.ended"])
def test_automations_hear_of_it_by_ids(site: Site, event: str) -> None:
    case = site.work.add_case()
    site.work.add_job(case, announces=f'["{event}"]')
    wanted = {"filter": {"event": {"name": [event]}, "resource": {"id": [f"icmc.case.{site.work.number(case)}"]}}}
    until(lambda: site.api.request("POST", "/events/filter", wanted)["total"] == 1)
