"""The deployments of workflows, and their registration with Prefect."""

import logging
import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.exceptions import ObjectNotFound
from prefect.flows import Flow

from engine.errors import ServiceError
from engine.jobs.records import WORKER, Batch, JobPause, OpenBatch
from engine.orchestration import api, runtime
from engine.orchestration import flows as deadlines_flow
from engine.orchestration.calls import CallPool
from engine.orchestration.flows import case, deadlines, housekeeping
from engine.orchestration.health import PrefectHealth
from engine.orchestration.runtime import Runtime, this_place
from engine.orchestration.seams import Chore, Installation, PublishedWorkflow

log = logging.getLogger(__name__)

DEADLINES: Final = "deadlines"
CASES_QUEUE: Final = "cases"
HOUSEKEEPING_QUEUE: Final = "housekeeping"
ENTRYPOINTS: Final[dict[str, Flow[..., Any]]] = {
    "engine.orchestration.flows.case": case,
    "engine.orchestration.flows.deadlines": deadlines,
    "engine.orchestration.flows.housekeeping": housekeeping,
}
"""All that the worker runs; a deployment that names other code is refused."""


@dataclass(frozen=True)
class _Wanted:
    name: str
    flow: Flow[..., Any]
    version: str
    description: str
    pool: str
    queue: str | None
    every: timedelta | None = None
    chores: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def entrypoint(self) -> str:
        return next(path for path, flow in ENTRYPOINTS.items() if flow is self.flow)

    def is_there_as(self, deployment: DeploymentResponse | None) -> bool:
        return (
            deployment is not None
            and deployment.version == self.version
            and deployment.entrypoint == self.entrypoint
            and deployment.description == self.description
            and bool(deployment.schedules) == (self.every is not None)
            and deployment.parameters == self.parameters
        )

    @property
    def parameters(self) -> dict[str, Any]:
        return {"chores": list(self.chores)} if self.chores else {}


def register_all(client: SyncPrefectClient, installation: Installation, template: dict[str, Any]) -> dict[str, UUID]:
    """Register all that is missing or changed; return the ids of the deployments by name.

    May be repeated at any time, also after Prefect's database was deleted. What an admin changed in Prefect (paused
    pools, limits) stays. Raises ServiceError when a gateway has no concurrency limit after all: Prefect would let
    everything through.
    """
    api.ensure_pool(client, api.CASES_POOL, "Jobs of cases and housekeeping.", template)
    api.ensure_pool(client, api.DEADLINES_POOL, "Deadlines, which no pause of the other pool holds up.", template)
    runtime.ensure_limits(client, installation)
    there = api.deployments(client)
    ids = {name: deployment.id for name, deployment in there.items()}
    for deployment in _outdated(there.values(), installation):
        client.delete_deployment(deployment.id)
    for wanted in _wanted(installation):
        if not wanted.is_there_as(there.get(wanted.name)):
            ids[wanted.name] = _create(client, wanted)
            log.info("deployment_registered", extra={"deployment": wanted.name, "version": wanted.version})
    return ids


def is_registered(client: SyncPrefectClient, installation: Installation) -> bool:
    """Tell whether nothing is missing or changed."""
    there = api.deployments(client)
    registered = all(wanted.is_there_as(there.get(wanted.name)) for wanted in _wanted(installation))
    outdated = _outdated(there.values(), installation)
    return registered and not outdated and runtime.are_there(client, installation)


def _outdated(there: Iterable[DeploymentResponse], installation: Installation) -> list[DeploymentResponse]:
    """Return the deployments of housekeeping that an earlier release made: their schedules would go on for ever."""
    names = {wanted.name for wanted in _wanted(installation)}
    of_chores = next(path for path, flow in ENTRYPOINTS.items() if flow is housekeeping)
    return [one for one in there if one.entrypoint == of_chores and one.name not in names]


def forget_backlogs(client: SyncPrefectClient) -> None:
    """Drop scheduled runs that nobody ran while no worker was there, so that they do not all start at once."""
    for deployment in api.deployments(client).values():
        if deployment.schedules:
            api.forget_backlog(client, deployment)


def _wanted(installation: Installation) -> list[_Wanted]:
    scheduled = [
        _Wanted(
            name=DEADLINES,
            flow=deadlines,
            version="1",
            description="Fires deadlines at their instant.",
            pool=api.DEADLINES_POOL,
            queue=None,
            every=deadlines_flow.EVERY,
        )
    ]
    scheduled += [_of_chores(every, installation.chores) for every in {one.every: one for one in installation.chores}]
    return [_of_workflow(workflow) for workflow in installation.workflows] + scheduled


def _of_chores(every: timedelta, chores: Sequence[Chore]) -> _Wanted:
    """Return the one deployment of all chores that are due equally often: a flow run costs more than most of them."""
    due = [chore for chore in chores if chore.every == every]
    return _Wanted(
        name=f"housekeeping-{every // timedelta(minutes=1)}-min",
        flow=housekeeping,
        version="1",
        description="\n".join(f"{chore.name}: {chore.title or chore.name}" for chore in due),
        pool=api.CASES_POOL,
        queue=HOUSEKEEPING_QUEUE,
        every=every,
        chores=tuple(chore.name for chore in due),
    )


def _of_workflow(workflow: PublishedWorkflow) -> _Wanted:
    return _Wanted(
        name=workflow.name,
        flow=case,
        version=workflow.version,
        description=workflow.title,
        pool=api.CASES_POOL,
        queue=CASES_QUEUE,
        tags=("workflow",),
    )


def _create(client: SyncPrefectClient, wanted: _Wanted) -> UUID:
    schedules = [] if wanted.every is None else [_schedule(wanted.every)]
    return client.create_deployment(
        flow_id=client.create_flow(wanted.flow),
        name=wanted.name,
        version=wanted.version,
        schedules=schedules,
        parameters=wanted.parameters,
        description=wanted.description,
        work_pool_name=wanted.pool,
        work_queue_name=wanted.queue,
        tags=list(wanted.tags),
        entrypoint=wanted.entrypoint,
        enforce_parameter_schema=False,
    )


def _schedule(every: timedelta) -> DeploymentScheduleCreate:
    return DeploymentScheduleCreate(schedule=IntervalSchedule(interval=every), active=True)


_LOOKS_TO_COMPARE_ALL: Final = 10
_WORKER_TAKES_SECONDS: Final = 10.0
SILENT_AFTER: Final = timedelta(seconds=15)
"""A worker writes every six seconds that it is there; Prefect notices only after a minute and a half that it is not."""
_CALLS_TO_START: Final = 3
"""A worker has told that a flow run is its own after so many calls."""


class Registrar:
    """Speak with Prefect for the dispatcher and the worker, each call within the limit that fits its answers."""

    def __init__(self, calls: CallPool, health: PrefectHealth, runtime: Runtime, template: dict[str, Any]) -> None:
        self._calls = calls
        self._health = health
        self._runtime = runtime
        self._template = template
        self._ids: dict[str, UUID] = {}
        self._lock = threading.Lock()
        self._suspects: set[UUID] = set()
        self._unclaimed: dict[UUID, float] = {}
        self._registered: Installation | None = None
        self._looks = 0

    @property
    def is_prefect_down(self) -> bool:
        """Tell whether Prefect counts as not answering."""
        return self._health.is_down

    @property
    def is_prefect_slow(self) -> bool:
        """Tell whether it pays to ask Prefect for as little as possible."""
        return self._health.is_slow

    def register(self) -> None:
        """Register all that is missing or changed."""
        installation = self._runtime.work.installation()
        with self._lock:
            self._ids = self._calls.call(lambda client: register_all(client, installation, self._template))

    def register_if_needed(self) -> None:
        """Register again when Prefect lost something, or when a workflow was published.

        Most times one deployment is looked for, which is gone when Prefect's database is; every tenth time, all are.
        """
        installation = self._runtime.work.installation()
        self._looks += 1
        if installation == self._registered and self._looks % _LOOKS_TO_COMPARE_ALL:
            with suppress(ObjectNotFound):
                self._calls.call(lambda client: client.read_deployment(self._ids[DEADLINES]))
                return
        if not self._calls.call(lambda client: is_registered(client, installation)):
            self.register()
        self._registered = installation

    def start_schedules(self) -> None:
        """Drop what nobody ran while no worker was there, and start the deadlines at once."""
        self._calls.call(forget_backlogs)
        key = f"{DEADLINES}-{self._runtime.worker_name}"
        self._calls.call(lambda client: api.start_now(client, self._ids[DEADLINES], key=key))

    def create_runs(self, batches: Sequence[Batch | OpenBatch]) -> Iterator[tuple[UUID, UUID, str]]:
        """Create the flow runs of batches, side by side, or find them; give batch, flow run and type of its state.

        Raises ServiceError after the others when one could not be created.
        """
        if any(batch.workflow not in self._ids for batch in batches):
            self.register()
        answers = self._calls.call_all([partial(self._create, batch) for batch in batches])
        failed: list[ServiceError] = []
        for batch, answer in zip(batches, answers, strict=True):
            try:
                run = self._create_after_registering(batch) if isinstance(answer, ObjectNotFound) else answer
                if isinstance(run, ServiceError):
                    raise run
            except ServiceError as error:
                failed.append(error)
                continue
            yield batch.id, run.id, api.state_of(run)
        if failed:
            raise failed[0]

    def states_of(self, batches: Sequence[OpenBatch]) -> dict[UUID, str]:
        """Return the type of the state of each flow run of these batches that Prefect has."""
        ids = [batch.flow_run_id for batch in batches if batch.flow_run_id is not None]
        return self._calls.call(lambda client: api.states_of(client, ids)) if ids else {}

    def pauses(self) -> list[str]:
        """Return what an admin has paused in Prefect, so that jobs wait."""
        return self._calls.call(api.pauses)

    def pause(self, *, is_on: bool) -> None:
        """Pause or resume the queue of the cases; housekeeping and deadlines have others."""
        self._calls.call(lambda client: api.pause_cases(client, CASES_QUEUE, is_paused=is_on))

    def keep_paused(self, pause: JobPause) -> None:
        """Pause the queue of the cases again where Prefect has lost that, or somebody resumed it there."""
        if pause.is_on:
            self.pause(is_on=True)

    def end_lost_runs(self) -> int:
        """Mark the flow runs whose worker is gone; a run must be found without one twice, unless that is certain."""
        runs = [run for run in self._calls.call(api.runs_on_workers) if not self._is_here(run)]
        online = self._calls.call(api.online_workers) if runs else set()
        lost = {run.id: run for run in runs if self._is_lost(run, online)}
        self._unclaimed = {run.id: self._unclaimed[run.id] for run in runs if run.id in self._unclaimed}
        certain = {run_id for run_id, run in lost.items() if self._has_ended(api.worker_of(run))}
        to_end = (self._suspects | certain) & lost.keys()
        for run_id in to_end:
            self._calls.call(lambda client, run=lost[run_id]: api.end_lost_run(client, run))  # type: ignore[misc]
            log.warning("flow_run_crashed", extra={"flow_run_id": str(run_id)})
        self._suspects = set(lost) - to_end
        return len(to_end)

    def _create(self, batch: Batch | OpenBatch, client: SyncPrefectClient) -> FlowRun:
        if batch.workflow not in self._ids:
            raise _no_deployment(batch)
        return api.create_batch_run(client, self._ids[batch.workflow], batch)

    def _create_after_registering(self, batch: Batch | OpenBatch) -> FlowRun:
        self.register()
        try:
            return self._calls.call(partial(self._create, batch))
        except ObjectNotFound as error:
            raise _no_deployment(batch) from error

    def _is_here(self, run: FlowRun) -> bool:
        return run.id in self._runtime.running() or run.id in self._runtime.starting()

    def _is_lost(self, run: FlowRun, online: set[str]) -> bool:
        name = api.worker_of(run)
        if not name:
            return self._has_waited_for_its_worker(run)
        return name == self._runtime.worker_name or name not in online or self._has_ended(name)

    def _has_ended(self, name: str) -> bool:
        """Tell whether a worker is gone: by its process where it was on this machine, else by its silence."""
        if not name or name == self._runtime.worker_name:
            return False
        age = self._runtime.work.service_age(f"{WORKER}{name}")
        return _has_ended_here(name) or (age is not None and age > SILENT_AFTER)

    def _has_waited_for_its_worker(self, run: FlowRun) -> bool:
        """Tell whether a run was given out so long ago that its worker would have said so by now, slow as it is."""
        seen_at = self._unclaimed.setdefault(run.id, time.monotonic())
        return time.monotonic() - seen_at > max(_WORKER_TAKES_SECONDS, _CALLS_TO_START * self._health.limit)


def _no_deployment(batch: Batch | OpenBatch) -> ServiceError:
    return ServiceError(
        service="Prefect",
        problem=f"the workflow {batch.workflow} has no deployment.",
        remedy="Publish it again; its jobs wait.",
    )


def _has_ended_here(worker_name: str) -> bool:
    """Tell whether a worker of this machine has ended, by its process; Prefect would take half a minute to notice."""
    host, _, rest = worker_name.removeprefix("icmc-").rpartition("-")[0].rpartition("-")
    if host != this_place() or not rest.isdecimal():
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
