"""The worker keeps the contract of Prefect's base class, in this version of Prefect."""

import inspect
from importlib.metadata import version
from pathlib import Path

import pytest
from docket import Worker
from prefect.client.orchestration import PrefectClient, SyncPrefectClient, get_client
from prefect.flows import load_flow_from_entrypoint
from prefect.server.api import background_workers
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.workers.base import BaseJobConfiguration, BaseWorker

from engine.orchestration import worker as worker_module
from engine.orchestration.deployments import ENTRYPOINTS
from engine.orchestration.worker import IcmcJobConfiguration, IcmcWorker


def test_prefect_is_of_a_version_that_this_contract_was_read_from() -> None:
    assert version("prefect").startswith("3.9.")


def test_prefect_finds_the_worker_by_its_type() -> None:
    assert BaseWorker.get_worker_class_from_type("icmc") is IcmcWorker


@pytest.mark.parametrize("name", [
    "run", "setup", "teardown", "_submit_run", "_give_worker_labels_to_flow_run", "_propose_submitting_state",
])  # fmt: skip
def test_an_overridden_method_takes_what_the_base_class_passes(name: str) -> None:
    ours = inspect.signature(getattr(IcmcWorker, name)).parameters
    theirs = inspect.signature(getattr(BaseWorker, name)).parameters
    assert list(ours) == list(theirs)


def test_the_configuration_takes_what_the_base_class_passes() -> None:
    ours = inspect.signature(IcmcJobConfiguration.prepare_for_flow_run).parameters
    theirs = inspect.signature(BaseJobConfiguration.prepare_for_flow_run).parameters
    assert list(ours) == list(theirs)


@pytest.mark.parametrize("name", [
    "get_and_submit_flow_runs", "_sync_and_initialize", "heartbeat_interval_seconds", "_runs_task_group", "_client",
    "_work_pool_name",
])  # fmt: skip
def test_what_the_worker_uses_of_its_base_class_is_there(name: str) -> None:
    assert hasattr(IcmcWorker("icmc"), name)


def test_what_we_use_of_prefects_clients_is_there() -> None:
    for client in (PrefectClient, SyncPrefectClient):
        assert {"read_flow_run", "update_flow_run", "read_server_default_result_storage"} <= set(dir(client))
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:1/api"}):
        sync, asynchronous = get_client(sync_client=True), get_client()
    assert list(sync._client.event_hooks) == list(asynchronous._client.event_hooks) == ["request", "response"]


def test_prefect_cancels_nothing_that_its_server_does_in_the_background() -> None:
    assert {"_cancellation_listener", "run_forever"} <= vars(Worker).keys()  # what the server's own class replaces
    server = Path(inspect.getfile(background_workers)).parents[1]
    assert not [file.name for file in server.rglob("*.py") if "docket.cancel(" in file.read_text()]


@pytest.mark.parametrize("entrypoint", sorted(ENTRYPOINTS))
def test_the_plain_process_pool_finds_the_same_flows(entrypoint: str) -> None:
    assert load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False) is ENTRYPOINTS[entrypoint]


@pytest.mark.parametrize("entrypoint", sorted(ENTRYPOINTS))
def test_no_flow_keeps_results_or_prints(entrypoint: str) -> None:
    flow = ENTRYPOINTS[entrypoint]
    assert flow.persist_result is False
    assert flow.log_prints is False


def test_the_worker_stays_small() -> None:
    assert len(Path(worker_module.__file__).read_text().splitlines()) < 250
