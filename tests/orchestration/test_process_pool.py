"""Prefect's plain `process` pool runs the same flow, a process for each flow run."""

import os
import subprocess
import sys
from collections.abc import Callable
from uuid import UUID

import pytest

from engine.orchestration.settings import client_environment, process_environment
from tests.orchestration.conftest import ROOT, Site

pytestmark = pytest.mark.long


def test_the_flow_runs_in_a_plain_process_pool_too(make_site: Callable[[], Site]) -> None:
    site = make_site()
    job = site.work.add_job(site.work.add_case(), "reporting.intake")
    [batch] = site.work.dispatchable(limit=1)
    run_id = _create_run(site, batch.id)
    command = ["-m", "prefect", "worker", "start", "--pool", "plain", "--type", "process", "--run-once"]
    environment = process_environment(client_environment(site.server.address), os.environ)
    environment |= {"STANDIN_URL": site.work.url, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, *command], env=environment, check=True, timeout=400, capture_output=True)
    assert site.api.flow_run(run_id)["state_type"] == "COMPLETED"
    row = site.work.row("job", job)
    assert (row["status"], row["flow_run_id"]) == ("done", UUID(run_id))


def _create_run(site: Site, batch_id: UUID) -> str:
    site.api.request("POST", "/work_pools/", {"name": "plain", "type": "process"})
    flow = site.api.request("POST", "/flows/", {"name": "case"})
    deployment = site.api.request(
        "POST",
        "/deployments/",
        {
            "name": "plain",
            "flow_id": flow["id"],
            "work_pool_name": "plain",
            "entrypoint": "tests.orchestration.plain_flow.case",
            "enforce_parameter_schema": False,
        },
    )
    wanted = {"parameters": {"batch_id": str(batch_id)}, "state": {"type": "SCHEDULED"}}
    return str(site.api.request("POST", f"/deployments/{deployment['id']}/create_flow_run", wanted)["id"])
