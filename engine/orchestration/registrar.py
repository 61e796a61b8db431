"""Keep Prefect's records true: deployments that exist, flow runs that live."""

import logging
import os
import socket
import threading
from typing import Any
from uuid import UUID

from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound

from engine.errors import ServiceError
from engine.orchestration import api
from engine.orchestration.calls import CallPool
from engine.orchestration.deployments import DEADLINES, forget_backlogs, is_registered, register_all
from engine.orchestration.health import PrefectHealth
from engine.orchestration.runtime import Runtime
from engine.ports import Batch, OpenBatch

log = logging.getLogger(__name__)


class Registrar:
    """Speak with Prefect for the dispatcher and the worker, within five seconds a call."""

    def __init__(self, calls: CallPool, health: PrefectHealth, runtime: Runtime, template: dict[str, Any]) -> None:
        self._calls = calls
        self._health = health
        self._runtime = runtime
        self._template = template
        self._ids: dict[str, UUID] = {}
        self._lock = threading.Lock()
        self._suspects: set[UUID] = set()

    @property
    def is_prefect_down(self) -> bool:
        """Tell whether Prefect counts as not answering."""
        return self._health.is_down

    def register(self) -> None:
        """Register all that is missing or changed."""
        installation = self._runtime.work.installation()
        with self._lock:
            self._ids = self._calls.call(lambda client: register_all(client, installation, self._template))

    def register_if_needed(self) -> None:
        """Register again when Prefect lost something, or when a workflow was published."""
        installation = self._runtime.work.installation()
        if not self._calls.call(lambda client: is_registered(client, installation)):
            self.register()

    def start_schedules(self) -> None:
        """Drop what nobody ran while no worker was there, and start the deadlines at once."""
        self._calls.call(forget_backlogs)
        key = f"{DEADLINES}-{self._runtime.worker_name}"
        self._calls.call(lambda client: api.start_now(client, self._ids[DEADLINES], key=key))

    def create_run(self, batch: Batch | OpenBatch) -> tuple[UUID, str]:
        """Create the flow run of a batch, or find it; return its id and the type of its state."""
        try:
            run = self._calls.call(lambda client: api.create_batch_run(client, self._deployment(batch), batch))
        except (ObjectNotFound, KeyError):
            self.register()
            run = self._create_after_registering(batch)
        return run.id, run.state_type.value if run.state_type is not None else ""

    def end_lost_runs(self) -> int:
        """Mark the flow runs whose worker is gone; a run must be found without one twice in a row."""
        runs = self._calls.call(api.runs_on_workers)
        online = self._calls.call(api.online_workers)
        lost = {run.id: run for run in runs if self._is_lost(run, online)}
        for run_id in self._suspects & lost.keys():
            self._calls.call(lambda client, run=lost[run_id]: api.end_lost_run(client, run))  # type: ignore[misc]
            log.warning("flow_run_crashed", extra={"flow_run_id": str(run_id)})
        ended = len(self._suspects & lost.keys())
        self._suspects = set(lost)
        return ended

    def _deployment(self, batch: Batch | OpenBatch) -> UUID:
        return self._ids[batch.workflow]

    def _create_after_registering(self, batch: Batch | OpenBatch) -> FlowRun:
        try:
            return self._calls.call(lambda client: api.create_batch_run(client, self._deployment(batch), batch))
        except (ObjectNotFound, KeyError) as error:
            raise ServiceError(
                service="Prefect",
                problem=f"the workflow {batch.workflow} has no deployment.",
                remedy="Publish it again; its jobs wait.",
            ) from error

    def _is_lost(self, run: FlowRun, online: set[str]) -> bool:
        name = str(run.labels.get(api.WORKER_LABEL, ""))
        if name == self._runtime.worker_name:
            return run.id not in self._runtime.running()
        return name not in online or _has_ended_here(name)


def _has_ended_here(worker_name: str) -> bool:
    """Tell whether a worker of this machine has ended, by its process; Prefect would take half a minute to notice."""
    host, _, rest = worker_name.removeprefix("icmc-").rpartition("-")[0].rpartition("-")
    if host != socket.gethostname() or not rest.isdecimal():
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
