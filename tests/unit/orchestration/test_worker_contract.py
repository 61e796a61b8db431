"""The worker keeps the contract of Prefect's base class, in this version of Prefect."""

import inspect
from importlib.metadata import version
from pathlib import Path

import pytest
from prefect.flows import load_flow_from_entrypoint
from prefect.workers.base import BaseJobConfiguration, BaseWorker

from engine.orchestration import worker as worker_module
from engine.orchestration.deployments import ENTRYPOINTS
from engine.orchestration.worker import IcmcJobConfiguration, IcmcWorker


def test_prefect_is_of_a_version_that_this_contract_was_read_from() -> None:
    assert version("prefect").startswith("3.9.")


def test_prefect_finds_the_worker_by_its_type() -> None:
    assert BaseWorker.get_worker_class_from_type("icmc") is IcmcWorker


@pytest.mark.parametrize("name", ["run", "setup", "teardown"])
def test_an_overridden_method_takes_what_the_base_class_passes(name: str) -> None:
    ours = inspect.signature(getattr(IcmcWorker, name)).parameters
    theirs = inspect.signature(getattr(BaseWorker, name)).parameters
    assert list(ours) == list(theirs)


def test_the_configuration_takes_what_the_base_class_passes() -> None:
    ours = inspect.signature(IcmcJobConfiguration.prepare_for_flow_run).parameters
    theirs = inspect.signature(BaseJobConfiguration.prepare_for_flow_run).parameters
    assert list(ours) == list(theirs)


@pytest.mark.parametrize(
    "name",
    ["get_and_submit_flow_runs", "_sync_and_initialize", "heartbeat_interval_seconds", "_runs_task_group", "_client"],
)
def test_what_the_worker_uses_of_its_base_class_is_there(name: str) -> None:
    assert hasattr(IcmcWorker("icmc"), name)


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
