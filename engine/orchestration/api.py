"""Prefect's API as we use it, with clients that do not wait for ever."""

import queue
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient, SyncPrefectClient, get_client
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
from prefect.client.schemas.objects import (
    FlowRun,
    FlowRunPolicy,
    ServerDefaultResultStorage,
    State,
    StateType,
    WorkerStatus,
)
from prefect.client.schemas.responses import DeploymentResponse
from prefect.context import SyncClientContext
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.states import Cancelled, Crashed

from engine.jobs.records import Batch, OpenBatch
from engine.orchestration.health import PrefectHealth

T = TypeVar("T")
_KNOWN_FOR_SECONDS: Final = 60.0
_SERVER_ERROR: Final = 500
_STARTED: Final = "icmc_started"


def timed_client(health: PrefectHealth, *, on_answer: Callable[[], None] = lambda: None) -> SyncPrefectClient:
    """Open a client for plain calls; `on_answer` hears of each answer."""
    client = get_client(sync_client=True)
    client.__enter__()
    _time(client, health, on_answer)
    return client


def lean_worker_client(client: PrefectClient, health: PrefectHealth) -> None:
    """Let a worker's client remember deployments and flows for a minute: it reads them for each flow run otherwise."""

    async def before(request: httpx.Request) -> None:
        _limit(request, health)

    async def after(response: httpx.Response) -> None:
        _note(response, health)

    hooks = client._client.event_hooks  # noqa: SLF001 - Prefect gives no other way to its httpx client
    client._client.event_hooks = {  # noqa: SLF001
        "request": [*hooks["request"], before], "response": [*hooks["response"], after],
    }  # fmt: skip
    client.read_deployment = _remembered(client.read_deployment)  # type: ignore[method-assign, assignment]
    client.read_flow = _remembered(client.read_flow)  # type: ignore[method-assign, assignment]


class RunClients:
    """Clients for the threads of flow runs, used again: a new one costs a handshake and a token against forgery."""

    def __init__(self, health: PrefectHealth) -> None:
        self._health = health
        self._free: queue.SimpleQueue[SyncClientContext] = queue.SimpleQueue()

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Let everything of Prefect in this thread call by one of them, and take it back when it ended well."""
        try:
            context = self._free.get_nowait()
        except queue.Empty:
            context = self._made()
        token = SyncClientContext.__var__.set(context)
        try:
            yield
        finally:
            SyncClientContext.__var__.reset(token)
            self._free.put(context)

    def _made(self) -> SyncClientContext:
        context = SyncClientContext()
        client = context.client
        client.__enter__()
        _time(client, self._health, lambda: None)
        client.read_server_default_result_storage = ServerDefaultResultStorage  # type: ignore[method-assign]
        client.update_flow_run = _nothing_to_tell  # type: ignore[method-assign, assignment]
        return context


def _nothing_to_tell(flow_run_id: UUID, flow_version: str | None, empirical_policy: FlowRunPolicy) -> None:
    """Leave out what Prefect's engine says at the start of a run: a version and retries, which our flows have not."""


def _time(client: SyncPrefectClient, health: PrefectHealth, on_answer: Callable[[], None]) -> None:
    def before(request: httpx.Request) -> None:
        _limit(request, health)

    def after(response: httpx.Response) -> None:
        _note(response, health)
        on_answer()

    hooks = client._client.event_hooks  # noqa: SLF001 - Prefect gives no other way to its httpx client
    client._client.event_hooks = {  # noqa: SLF001
        "request": [*hooks["request"], before], "response": [*hooks["response"], after],
    }  # fmt: skip


def _limit(request: httpx.Request, health: PrefectHealth) -> None:
    request.extensions["timeout"] = httpx.Timeout(health.limit).as_dict()
    request.extensions[_STARTED] = time.monotonic()


def _note(response: httpx.Response, health: PrefectHealth) -> None:
    """Take an answer into account; what was too slow to be answered is noted by who asked."""
    ended = time.monotonic()
    started = response.request.extensions.get(_STARTED, ended)
    health.note(at=ended, seconds=ended - started, answered=response.status_code < _SERVER_ERROR)


def _remembered(read: Callable[[UUID], Awaitable[T]]) -> Callable[[UUID], Awaitable[T]]:
    known: dict[UUID, tuple[float, T]] = {}

    async def reading(record_id: UUID) -> T:
        now = time.monotonic()
        found = known.get(record_id)
        if found is None or now - found[0] > _KNOWN_FOR_SECONDS:
            known[record_id] = found = (now, await read(record_id))
        return found[1]

    return reading


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


def pause_cases(client: SyncPrefectClient, queue: str, *, is_paused: bool) -> None:
    """Pause a queue of the work pool of the cases, or resume it: its flow runs wait with Prefect."""
    found = client.read_work_queue_by_name(queue, work_pool_name=CASES_POOL)
    if found.is_paused is not is_paused:
        client.update_work_queue(found.id, is_paused=is_paused)


def online_workers(client: SyncPrefectClient) -> set[str]:
    """Return the names of the workers that Prefect has heard of lately."""
    workers = [worker for pool in (CASES_POOL, DEADLINES_POOL) for worker in client.read_workers_for_work_pool(pool)]
    return {worker.name for worker in workers if worker.status == WorkerStatus.ONLINE}


def end_lost_run(client: SyncPrefectClient, run: FlowRun) -> None:
    """Return a flow run whose worker is gone its last state."""
    state: State[Any]
    if run.state is not None and run.state.is_cancelling():
        state = Cancelled(message="Cancelled; its worker is gone.")
    else:
        state = Crashed(message="Its worker is gone.")
    client.set_flow_run_state(run.id, state, force=True)


def _name(batch: Batch | OpenBatch) -> str:
    cases = batch.case_numbers[0] if len(batch.case_numbers) == 1 else f"{len(batch.case_numbers)} cases"
    return f"{batch.workflow} {cases}"
