"""Run flow runs of the work pool `icmc` in threads of this process."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import cached_property
from typing import Any, Final
from uuid import UUID

import anyio
import anyio.abc
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import Flow as ApiFlow
from prefect.client.schemas.objects import FlowRun, State, StateType, WorkPool
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import PrefectSignal
from prefect.flow_engine import run_flow
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from prefect.states import Cancelled
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult
from pydantic import PrivateAttr

from engine.errors import ServiceError
from engine.orchestration.api import CASES_POOL, WORKER_TYPE, lean_worker_client
from engine.orchestration.deployments import ENTRYPOINTS
from engine.orchestration.runtime import RunControl, health, run_clients, runtime

log = logging.getLogger(__name__)

_BUSY_POLL_SECONDS, _IDLE_POLL_SECONDS, _POLL_OF_DEADLINES, _CANCEL_POLL_SECONDS = 2.0, 15.0, 20.0, 1.0
"""The dispatcher says what it has made; looking finds what others did. Deadlines go on until the next run is there."""
_PAUSE_IN_CALLS: Final = 2
"""Between two looks the worker waits for at least so many times what an answer takes."""
_STOP_SECONDS: Final = 5.0
_STOPPED: Final = [StateType.CANCELLING, StateType.CANCELLED]


class IcmcJobConfiguration(BaseJobConfiguration):
    """What a flow run needs to start here: which of our flows it is."""

    _entrypoint: str = PrivateAttr(default="")

    @property
    def entrypoint(self) -> str:
        """Return the flow that the deployment names."""
        return self._entrypoint

    def prepare_for_flow_run(
        self,
        flow_run: FlowRun,
        deployment: DeploymentResponse | None = None,
        flow: ApiFlow | None = None,
        work_pool: WorkPool | None = None,  # noqa: ARG002 - the base class's signature, here and below
        worker_name: str | None = None,  # noqa: ARG002
        worker_id: UUID | None = None,  # noqa: ARG002
    ) -> None:
        """Remember the deployment's entrypoint; a thread needs no environment, command or labels of its own."""
        self.name, self._related_objects = flow_run.name, {"deployment": deployment, "flow": flow, "flow-run": flow_run}
        self._entrypoint = (deployment.entrypoint or "") if deployment is not None else ""


class IcmcWorkerResult(BaseWorkerResult):
    """The end of a flow run's thread; the flow run's own state says how it went."""


class IcmcWorker(BaseWorker[IcmcJobConfiguration, BaseVariables, IcmcWorkerResult]):
    """A worker without child processes: a flow run starts in a fraction of a second.

    Unlike its base class it obeys the cancelling of a flow run that is running: the run claims nothing more and ends
    Cancelled. It runs the flows of ICMC and no other code, whatever a deployment names.
    """

    type = WORKER_TYPE
    job_configuration = IcmcJobConfiguration
    _description = "Runs flow runs of ICMC in threads of its own process."

    _fetch_asked: asyncio.Event | None = None
    _loop: asyncio.AbstractEventLoop | None = None

    @cached_property
    def _own_runs(self) -> dict[UUID, RunControl]:
        return {}

    @cached_property
    def _watch(self) -> anyio.CancelScope:
        return anyio.CancelScope()

    async def setup(self) -> None:
        """Prepare, and begin to look for running flow runs that are being cancelled."""
        await super().setup()
        lean_worker_client(self.client, health)
        if self._runs_task_group is not None:
            self._runs_task_group.start_soon(self._watch_cancellations)

    async def teardown(self, *exc_info: object) -> None:
        """Stop looking, then clean up."""
        self._watch.cancel()
        await super().teardown(*exc_info)

    async def run(
        self,
        flow_run: FlowRun,
        configuration: IcmcJobConfiguration,
        task_status: anyio.abc.TaskStatus[Any] | None = None,
    ) -> IcmcWorkerResult:
        """Run the flow run in a thread and wait for its end."""
        if configuration.entrypoint not in ENTRYPOINTS:
            raise ServiceError(
                service="Prefect",
                problem="a deployment of this work pool names code that is not ICMC's.",
                remedy="Delete that deployment, and find out who made it.",
            )
        with runtime.controlled(flow_run.id) as control:
            self._own_runs[flow_run.id] = control
            try:
                ended = self._start_thread(flow_run, configuration.entrypoint)
                if task_status is not None:
                    task_status.started(runtime.worker_name)
                if not await ended:
                    await self._finish_cancelling(flow_run.id, control)
            finally:
                del self._own_runs[flow_run.id]
        return IcmcWorkerResult(status_code=0, identifier=runtime.worker_name)

    async def _submit_run(self, flow_run: FlowRun) -> None:
        """Start a flow run; until its thread runs, only this process knows whose it is."""
        with runtime.started(flow_run.id):
            await super()._submit_run(flow_run)

    async def _give_worker_labels_to_flow_run(self, flow_run_id: UUID) -> None:
        """Leave the labels out: what the base class writes as the run's process is our worker's name."""

    async def _propose_submitting_state(self, flow_run: FlowRun) -> None:
        """Leave out the state between pending and running: a thread starts at once."""

    def fetch_soon(self) -> None:
        """Ask Prefect for flow runs at once; may be called from any thread."""
        if self._loop is not None and self._fetch_asked is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._fetch_asked.set)

    async def serve(self, stop: asyncio.Event) -> None:
        """Fetch and run flow runs until `stop` is set, then give the running ones a few seconds to end."""
        self._loop = asyncio.get_running_loop()
        self._fetch_asked = asyncio.Event()
        # Its loops try again anyway: the long patience of Prefect's client is for the flow runs in their threads.
        with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 1}):
            await self._serve(stop)

    async def _serve(self, stop: asyncio.Event) -> None:
        async with self:
            async with anyio.create_task_group() as loops:
                loops.start_soon(self._repeat, self.get_and_submit_flow_runs, self._poll, self._fetch_asked)
                loops.start_soon(self._repeat, self._sync_and_initialize, lambda: self.heartbeat_interval_seconds, None)
                await stop.wait()
                loops.cancel_scope.cancel()
            await self._let_runs_end()

    def _poll(self) -> float:
        """Return after how many seconds to look for flow runs again; of deadlines one runs at any time."""
        if self._work_pool_name != CASES_POOL:
            return _POLL_OF_DEADLINES if self._own_runs else _BUSY_POLL_SECONDS
        return _BUSY_POLL_SECONDS if self._own_runs else _IDLE_POLL_SECONDS

    @staticmethod
    async def _repeat(
        step: Callable[[], Awaitable[Any]], seconds: Callable[[], float], asked: asyncio.Event | None
    ) -> None:
        while True:
            try:
                await step()
            except Exception as error:  # noqa: BLE001 - Prefect may fail in any way, and comes back
                log.warning("prefect_call_failed", extra={"error": type(error).__name__})
            pause = max(seconds(), _PAUSE_IN_CALLS * health.usual)
            if asked is None:
                await asyncio.sleep(pause)
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(asked.wait(), pause)
            asked.clear()

    @staticmethod
    def _start_thread(flow_run: FlowRun, entrypoint: str) -> asyncio.Future[bool]:
        """Run the flow run in a thread; the answer is whether Prefect took its end for granted."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[bool] = loop.create_future()
        # Without its deployment's id, Prefect opens no websocket and no thread a run to watch for suspension.
        unwatched = flow_run.model_copy(update={"deployment_id": None})

        def body() -> None:
            is_over = False
            try:
                with run_clients.lent():
                    state = run_flow(ENTRYPOINTS[entrypoint], flow_run=unwatched, return_type="state")
                is_over = isinstance(state, State) and state.is_final()
            except (Exception, PrefectSignal) as error:  # noqa: BLE001 - the end of a thread
                log.warning("flow_run_broke", extra={"flow_run_id": str(flow_run.id), "error": type(error).__name__})
            finally:
                with suppress(RuntimeError):
                    loop.call_soon_threadsafe(_end, ended, is_over)

        threading.Thread(target=body, name=f"icmc-run-{flow_run.id}", daemon=True).start()
        return ended

    async def _watch_cancellations(self) -> None:
        with self._watch:
            poll = _CANCEL_POLL_SECONDS if self._work_pool_name == CASES_POOL else _POLL_OF_DEADLINES
            await self._repeat(self._notice_cancellations, lambda: poll, None)

    async def _notice_cancellations(self) -> None:
        """Tell the threads of cancelled flow runs; a base worker notices only those that have not begun."""
        watched = {run_id: control for run_id, control in self._own_runs.items() if not control.cancelled.is_set()}
        if not watched:
            return
        cancelled = await self.client.read_flow_runs(
            flow_run_filter=FlowRunFilter(
                id=FlowRunFilterId(any_=list(watched)),
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_STOPPED)),
            )
        )
        for run in cancelled:
            watched[run.id].cancelled.set()

    async def _finish_cancelling(self, flow_run_id: UUID, control: RunControl) -> None:
        """Bring a flow run that was being cancelled to its end, even if it ended of itself just then."""
        run = await self.client.read_flow_run(flow_run_id)
        if run.state is not None and run.state.is_cancelling():
            control.cancelled.set()
            await self.client.set_flow_run_state(flow_run_id, Cancelled(), force=True)

    async def _let_runs_end(self) -> None:
        """Wait for the threads; those that do not end are left to the process's end, their leases to time."""
        with anyio.move_on_after(_STOP_SECONDS):
            while self._own_runs:  # noqa: ASYNC110 - runs end one by one, in threads
                await asyncio.sleep(0.05)
        if self._runs_task_group is not None:
            self._runs_task_group.cancel_scope.cancel()


def _end(ended: asyncio.Future[bool], is_over: bool) -> None:  # noqa: FBT001 - a callback's argument
    if not ended.done():
        ended.set_result(is_over)
