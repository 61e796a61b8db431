"""Register with Prefect what this installation has: pools, deployments, schedules, limits."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.flows import Flow

from engine.orchestration import api, deadlines_flow, gateways
from engine.orchestration.deadlines_flow import deadlines
from engine.orchestration.flows import case
from engine.orchestration.housekeeping import housekeeping
from engine.orchestration.seams import Installation, PublishedWorkflow

log = logging.getLogger(__name__)

DEADLINES: Final = "deadlines"
CASES_QUEUE: Final = "cases"
HOUSEKEEPING_QUEUE: Final = "housekeeping"
ENTRYPOINTS: Final[dict[str, Flow[..., Any]]] = {
    "engine.orchestration.flows.case": case,
    "engine.orchestration.deadlines_flow.deadlines": deadlines,
    "engine.orchestration.housekeeping.housekeeping": housekeeping,
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
    parameters: tuple[tuple[str, str], ...] = ()
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
        )


def register_all(client: SyncPrefectClient, installation: Installation, template: dict[str, Any]) -> dict[str, UUID]:
    """Register all that is missing or changed; return the ids of the deployments by name.

    May be repeated at any time, also after Prefect's database was deleted. What an admin changed in Prefect (paused
    pools, limits) stays. Raises ServiceError when a gateway has no concurrency limit after all: Prefect would let
    everything through.
    """
    api.ensure_pool(client, api.CASES_POOL, "Jobs of cases and housekeeping.", template)
    api.ensure_pool(client, api.DEADLINES_POOL, "Deadlines, which no pause of the other pool holds up.", template)
    gateways.ensure_limits(client, installation)
    there = api.deployments(client)
    ids = {name: deployment.id for name, deployment in there.items()}
    for wanted in _wanted(installation):
        if not wanted.is_there_as(there.get(wanted.name)):
            ids[wanted.name] = _create(client, wanted)
            log.info("deployment_registered", extra={"deployment": wanted.name, "version": wanted.version})
    return ids


def is_registered(client: SyncPrefectClient, installation: Installation) -> bool:
    """Tell whether nothing is missing or changed."""
    there = api.deployments(client)
    registered = all(wanted.is_there_as(there.get(wanted.name)) for wanted in _wanted(installation))
    return registered and gateways.are_there(client, installation)


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
    scheduled += [
        _Wanted(
            name=chore.name,
            flow=housekeeping,
            version="1",
            description=chore.title or chore.name,
            pool=api.CASES_POOL,
            queue=HOUSEKEEPING_QUEUE,
            every=chore.every,
            parameters=(("chore", chore.name),),
        )
        for chore in installation.chores
    ]
    return [_of_workflow(workflow) for workflow in installation.workflows] + scheduled


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
        parameters=dict(wanted.parameters),
        description=wanted.description,
        work_pool_name=wanted.pool,
        work_queue_name=wanted.queue,
        tags=list(wanted.tags),
        entrypoint=wanted.entrypoint,
        enforce_parameter_schema=False,
    )


def _schedule(every: timedelta) -> DeploymentScheduleCreate:
    return DeploymentScheduleCreate(schedule=IntervalSchedule(interval=every), active=True)
