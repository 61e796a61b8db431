"""Whatever is killed or hangs, no job is lost or done twice, and deadlines go on."""

import os
import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from tests.orchestration.conftest import Site
from tests.orchestration.standin import until

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def made(make_site: Callable[[], Site]) -> Site:
    return make_site()


@pytest.fixture
def lone_site(made: Site) -> Iterator[Site]:
    """Return an installation on which no worker is left of the test before."""
    yield made
    made.kill_workers()


def _is_done(site: Site, *jobs: UUID) -> bool:
    return all(site.work.row("job", job)["status"] == "done" for job in jobs)


def _run_states(site: Site, case: UUID) -> list[str]:
    return sorted(run["state_type"] for run in site.api.flow_runs(tag=site.work.number(case)))


def _has_fired(site: Site, deadline: UUID) -> bool:
    return site.work.row("deadline", deadline)["fired_at"] is not None


def test_the_jobs_of_a_killed_worker_are_done_by_the_next_and_its_flow_run_is_marked_crashed(lone_site: Site) -> None:
    case = lone_site.work.add_case()
    worker = lone_site.start_worker()
    job = lone_site.work.add_job(case, behaviour="sleep:2")
    until(lambda: lone_site.work.row("job", job)["started_at"] is not None)
    worker.kill()
    lone_site.start_worker()
    until(lambda: _is_done(lone_site, job), seconds=120)
    assert lone_site.work.row("job", job)["times_done"] == 1
    until(lambda: _run_states(lone_site, case) == ["COMPLETED", "CRASHED"], seconds=60)


def test_a_worker_that_is_told_to_stop_ends_its_job_and_leaves_the_rest(lone_site: Site) -> None:
    case = lone_site.work.add_case()
    worker = lone_site.start_worker()
    first = lone_site.work.add_job(case, behaviour="sleep:1")
    second = lone_site.work.add_job(case)
    until(lambda: lone_site.work.row("job", first)["started_at"] is not None)
    assert worker.stop() == 0
    assert _is_done(lone_site, first)
    assert lone_site.work.row("job", second)["status"] == "ready"
    lone_site.start_worker()
    until(lambda: _is_done(lone_site, second), seconds=60)


def test_a_killed_server_is_started_again_and_the_jobs_go_on(lone_site: Site) -> None:
    lone_site.start_worker()
    case = lone_site.work.add_case()
    first = lone_site.work.add_job(case)
    until(lambda: _is_done(lone_site, first))
    pid = lone_site.server.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: lone_site.server.pid is None)
    second = lone_site.work.add_job(case)
    assert lone_site.server.restart_if_ended()
    until(lambda: _is_done(lone_site, second), seconds=90)
    assert lone_site.work.row("job", second)["times_done"] == 1


@pytest.mark.faults
def test_while_the_server_is_stopped_deadlines_fire_and_only_critical_messages_go_out(lone_site: Site) -> None:
    lone_site.start_worker()
    case = lone_site.work.add_case()
    lone_site.work.add_job(case)
    until(lambda: _run_states(lone_site, case) == ["COMPLETED"])
    pid = lone_site.server.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        early = lone_site.work.add_deadline(case, timedelta(seconds=1))
        late = lone_site.work.add_deadline(case, timedelta(seconds=30))
        urgent = lone_site.work.add_job(case, "deliver", kind="deliver", is_critical=True)
        escalation = lone_site.work.add_job(case, "escalate", kind="escalate")
        ordinary = lone_site.work.add_job(case, "reporting.intake")
        until(lambda: _has_fired(lone_site, early), seconds=5)
        until(lambda: _is_done(lone_site, urgent, escalation), seconds=60)
        until(lambda: _has_fired(lone_site, late), seconds=60)
        assert lone_site.work.row("job", ordinary)["status"] == "ready"
    finally:
        os.kill(pid, signal.SIGCONT)
    assert {lone_site.work.row("job", job)["done_by"] for job in (urgent, escalation)} == {"fallback"}
    until(lambda: _is_done(lone_site, ordinary), seconds=90)
    assert lone_site.work.row("job", ordinary)["done_by"] == "prefect"


@pytest.mark.faults
def test_everything_registers_itself_again_when_prefects_database_was_deleted(lone_site: Site) -> None:
    lone_site.start_worker()
    case = lone_site.work.add_case()
    first = lone_site.work.add_job(case)
    until(lambda: _is_done(lone_site, first))
    lone_site.server.stop()
    second = lone_site.work.add_job(case)
    url = lone_site.server.database_url.replace("postgresql+asyncpg://", "postgresql://")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    lone_site.server.start()
    until(lambda: _is_done(lone_site, second), seconds=120)
    assert {"child-labour", "deadlines", "housekeeping-1-min"} <= lone_site.api.deployments().keys()
