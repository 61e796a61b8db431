"""Jobs become task runs of Prefect, whatever their number, and their failures say nothing."""

import subprocess
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.orchestration.conftest import Site
from tests.orchestration.standin import until

CANARY = "Fatima"


def _is_done(site: Site, *jobs: UUID) -> bool:
    return all(site.work.row("job", job)["status"] == "done" for job in jobs)


def _task_states(site: Site, case: UUID) -> list[tuple[str, str]]:
    runs = [run for run in site.api.flow_runs(tag=site.work.number(case)) if run["state_type"] != "SCHEDULED"]
    return sorted((task["name"], task["state_type"]) for run in runs for task in site.api.task_runs(run["id"]))


def _run_states(site: Site, case: UUID) -> list[str]:
    return [run["state_type"] for run in site.api.flow_runs(tag=site.work.number(case))]


def test_a_committed_job_becomes_a_completed_task_run_named_after_its_step(site: Site) -> None:
    case = site.work.add_case()
    job = site.work.add_job(case, "reporting.intake")
    until(lambda: _is_done(site, job))
    row = site.work.row("job", job)
    until(lambda: _run_states(site, case) == ["COMPLETED"])
    until(lambda: _task_states(site, case) == [("reporting.intake", "COMPLETED")])
    [task_run] = site.api.task_runs(row["flow_run_id"])
    assert task_run["id"] == str(row["task_run_id"])
    assert task_run["tags"] == []
    assert row["done_by"] == "prefect"


def test_jobs_that_follow_from_a_job_are_done_by_the_same_flow_run(site: Site) -> None:
    case = site.work.add_case()
    site.work.add_job(case, "reporting.intake", behaviour="then:rescue.execute")
    wanted = [("reporting.intake", "COMPLETED"), ("rescue.execute", "COMPLETED")]
    until(lambda: _task_states(site, case) == wanted)
    assert len(_run_states(site, case)) == 1


def test_prefect_knows_a_flow_run_by_ids_only(site: Site) -> None:
    case = site.work.add_case()
    job = site.work.add_job(case)
    until(lambda: _is_done(site, job))
    [run] = site.api.flow_runs(tag=site.work.number(case))
    assert list(run["parameters"]) == ["batch_id"]
    assert str(UUID(run["parameters"]["batch_id"])) == run["parameters"]["batch_id"]
    assert run["name"] == f"child-labour {site.work.number(case)}"
    assert set(run["tags"]) == {"workflow", site.work.number(case)}


def test_a_failing_job_is_tried_again_by_prefect_then_fails_with_a_code(site: Site) -> None:
    case = site.work.add_case()
    job = site.work.add_job(case, "rescue.execute", behaviour="fail", retries=2)
    until(lambda: _run_states(site, case) == ["FAILED"])
    until(lambda: _task_states(site, case) == [("rescue.execute", "FAILED")])
    [run] = site.api.flow_runs(tag=site.work.number(case))
    [task_run] = site.api.task_runs(run["id"])
    assert task_run["run_count"] == 3
    assert run["state"]["message"] == "1 job(s) failed: step-failed."
    assert site.work.row("job", job)["code"] == "step-failed"


def test_a_failing_job_does_not_hold_up_the_jobs_after_it(site: Site) -> None:
    case = site.work.add_case()
    site.work.add_job(case, "rescue.execute", behaviour="explode")
    job = site.work.add_job(case, "reporting.intake")
    until(lambda: _is_done(site, job))
    until(lambda: ("rescue.execute", "FAILED") in _task_states(site, case))


def test_nothing_that_a_failing_job_says_reaches_prefect(site: Site) -> None:
    case = site.work.add_case()
    site.work.add_job(case, "rescue.execute", behaviour="fail")
    site.work.add_job(case, "rescue.execute", behaviour="explode")
    until(lambda: len([state for _, state in _task_states(site, case) if state == "FAILED"]) == 2)
    assert _found_in_database(site, "step-failed")
    assert not _found_in_database(site, CANARY)
    files = subprocess.run(["grep", "-rl", CANARY, site.folder], capture_output=True, text=True, check=False)
    assert not files.stdout
    assert not list((site.server.home / "storage").glob("*"))


def test_a_message_takes_a_slot_of_its_gateways_limit(site: Site) -> None:
    case = site.work.add_case()
    job = site.work.add_job(case, "deliver", kind="deliver", gateway="email")
    until(lambda: _is_done(site, job))
    until(lambda: _task_states(site, case) == [("deliver", "COMPLETED")])
    assert site.api.request("GET", "/v2/concurrency_limits/icmc-gateway-email")["active_slots"] == 0


@pytest.mark.long
def test_the_messages_of_a_gateway_with_a_rate_take_as_many_slots_which_come_free_by_time(site: Site) -> None:
    until(lambda: any(one["name"] == "icmc-gateway-sms" for one in _limits(site)))
    limit = site.api.request("GET", "/v2/concurrency_limits/icmc-gateway-sms")
    assert (limit["limit"], limit["slot_decay_per_second"]) == (10, 1.0)
    case = site.work.add_case()
    jobs = [site.work.add_job(case, "deliver", kind="deliver", gateway="sms") for _ in range(2)]
    until(lambda: _is_done(site, *jobs), seconds=60)
    first, second = (site.work.row("job", job)["ended_at"] for job in jobs)
    assert abs(second - first) >= timedelta(seconds=8)


def test_a_gateway_without_its_limit_lets_nothing_through(site: Site) -> None:
    case = site.work.add_case()
    job = site.work.add_job(case, "deliver", kind="deliver", gateway="unlimited")
    until(lambda: _task_states(site, case) == [("deliver", "FAILED")])
    assert site.work.row("job", job)["times_done"] == 0


def test_many_cases_at_once_share_flow_runs_and_each_job_is_done_once(site: Site) -> None:
    cases = [site.work.add_case() for _ in range(60)]
    jobs = [site.work.add_job(case, "reporting.dedupe") for case in cases for _ in range(2)]
    until(lambda: _is_done(site, *jobs), seconds=60)
    rows = [site.work.row("job", job) for job in jobs]
    assert {row["times_done"] for row in rows} == {1}
    assert len({row["flow_run_id"] for row in rows}) < 60


def _limits(site: Site) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = site.api.request("POST", "/v2/concurrency_limits/filter", {})
    return found


def _found_in_database(site: Site, text: str) -> bool:
    url = site.server.database_url.replace("postgresql+asyncpg://", "postgresql://")
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
            " AND table_type = 'BASE TABLE'"
        ).fetchall()
        return any(
            connection.execute(f'SELECT 1 FROM "{name}" AS t WHERE t::text LIKE %s LIMIT 1', (f"%{text}%",)).fetchone()
            for (name,) in tables
        )
