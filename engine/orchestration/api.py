"""Put what we ask of Prefect's API into words of our own; each function makes one or two requests."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import (
    DeploymentUpdate,
    GlobalConcurrencyLimitCreate,
    GlobalConcurrencyLimitUpdate,
    WorkPoolCreate,
)
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, State, StateType, WorkerStatus
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.states import Cancelled, Crashed

from engine.ports import Batch, OpenBatch

CASES_POOL: Final = "icmc"
DEADLINES_POOL: Final = "icmc-deadlines"
WORKER_TYPE: Final = "icmc"
WORKER_LABEL: Final = "prefect.worker.name"
_PAGE: Final = 200
_ON_A_WORKER: Final = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]


def ensure_pool(client: SyncPrefectClient, name: str, description: str, template: dict[str, Any]) -> None:
    """Make a work pool unless it is there; an existing one, paused or limited by an admin, is left as it is."""
    try:
        client.read_work_pool(name)
    except ObjectNotFound:
        pool = WorkPoolCreate(name=name, type=WORKER_TYPE, description=description, base_job_template=template)
        try:
            client.create_work_pool(pool)
        except ObjectAlreadyExists:
            return


def deployments(client: SyncPrefectClient) -> dict[str, DeploymentResponse]:
    """Return the deployments of both work pools by name."""
    pools = WorkPoolFilter(name=WorkPoolFilterName(any_=[CASES_POOL, DEADLINES_POOL]))
    found: dict[str, DeploymentResponse] = {}
    while page := client.read_deployments(work_pool_filter=pools, limit=_PAGE, offset=len(found)):
        found.update({deployment.name: deployment for deployment in page})
        if len(page) < _PAGE:
            break
    return found


def forget_backlog(client: SyncPrefectClient, deployment: DeploymentResponse) -> None:
    """Delete a deployment's scheduled runs that have not begun, late ones too; its schedule makes new ones."""
    client.update_deployment(deployment.id, DeploymentUpdate(description=deployment.description, tags=deployment.tags))


def gateway_limits(client: SyncPrefectClient) -> dict[str, tuple[int, float]]:
    """Return all global concurrency limits by name: how many slots, and how many come free a second by themselves."""
    found: dict[str, tuple[int, float]] = {}
    while page := client.read_global_concurrency_limits(limit=_PAGE, offset=len(found)):
        found |= {limit.name: (limit.limit, limit.slot_decay_per_second) for limit in page}
        if len(page) < _PAGE:
            break
    return found


def set_limit(client: SyncPrefectClient, name: str, *, slots: int, decay: float, exists: bool) -> None:
    """Make a global concurrency limit, unless another process just did, or change it."""
    if exists:
        change = GlobalConcurrencyLimitUpdate(limit=slots, slot_decay_per_second=decay)
        client.update_global_concurrency_limit(name, change)
        return
    wanted = GlobalConcurrencyLimitCreate(name=name, limit=slots, active=True, slot_decay_per_second=decay)
    try:
        client.create_global_concurrency_limit(wanted)
    except ObjectAlreadyExists:
        return


def create_batch_run(client: SyncPrefectClient, deployment_id: UUID, batch: Batch | OpenBatch) -> FlowRun:
    """Create the flow run of a batch, or return it if it is there."""
    return client.create_flow_run_from_deployment(
        deployment_id,
        parameters={"batch_id": str(batch.id)},
        name=_name(batch),
        tags=list(batch.case_numbers),
        idempotency_key=str(batch.id),
    )


def start_now(client: SyncPrefectClient, deployment_id: UUID, *, key: str) -> FlowRun:
    """Create a run of a scheduled deployment that does not wait for its schedule."""
    return client.create_flow_run_from_deployment(deployment_id, idempotency_key=key)


def runs_on_workers(client: SyncPrefectClient) -> list[FlowRun]:
    """Return the flow runs that Prefect believes to be with a worker."""
    return client.read_flow_runs(
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[CASES_POOL, DEADLINES_POOL])),
        flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_ON_A_WORKER))),
        limit=_PAGE,
    )


def states_of(client: SyncPrefectClient, run_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the type of the state of each of these flow runs that is there."""
    found: dict[UUID, str] = {}
    for first in range(0, len(run_ids), _PAGE):
        chosen = FlowRunFilter(id=FlowRunFilterId(any_=list(run_ids[first : first + _PAGE])))
        runs = client.read_flow_runs(flow_run_filter=chosen, limit=_PAGE)
        found |= {run.id: state_of(run) for run in runs}
    return found


def state_of(run: FlowRun) -> str:
    """Return the type of the state of a flow run."""
    return run.state_type.value if run.state_type is not None else ""


def worker_of(run: FlowRun) -> str:
    """Return the name of the worker that has a flow run; empty while none has said so."""
    return run.infrastructure_pid or str(run.labels.get(WORKER_LABEL, ""))


def pauses(client: SyncPrefectClient) -> list[str]:
    """Return the names of what an admin has paused: the work pool of the cases, or a queue of it."""
    pool = client.read_work_pool(CASES_POOL)
    queues = client.read_work_queues(work_pool_name=CASES_POOL)
    return [f"work pool {pool.name}"] * pool.is_paused + [f"queue {queue.name}" for queue in queues if queue.is_paused]


def online_workers(client: SyncPrefectClient) -> set[str]:
    """Return the names of the workers that Prefect has heard of lately."""
    workers = [worker for pool in (CASES_POOL, DEADLINES_POOL) for worker in client.read_workers_for_work_pool(pool)]
    return {worker.name for worker in workers if worker.status == WorkerStatus.ONLINE}


def end_lost_run(client: SyncPrefectClient, run: FlowRun) -> None:
    """Give a flow run whose worker is gone its last state."""
    state: State[Any]
    if run.state is not None and run.state.is_cancelling():
        state = Cancelled(message="Cancelled; its worker is gone.")
    else:
        state = Crashed(message="Its worker is gone.")
    client.set_flow_run_state(run.id, state, force=True)


def _name(batch: Batch | OpenBatch) -> str:
    cases = batch.case_numbers[0] if len(batch.case_numbers) == 1 else f"{len(batch.case_numbers)} cases"
    return f"{batch.workflow} {cases}"
