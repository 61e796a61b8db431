"""Keep the deadlines as a Prefect flow run that is replaced by the next one every minute."""

import logging
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.states import Completed

from engine.orchestration.deadline_loop import keep_deadlines
from engine.orchestration.events import announce_breach
from engine.orchestration.lateness import is_stale
from engine.orchestration.process import health, runtime
from engine.ports import FiredReport

log = logging.getLogger(__name__)

EVERY: Final = timedelta(seconds=60)
_STALE_AFTER: Final = timedelta(seconds=75)


class DeadlinesFailedError(Exception):
    """Raised to Prefect when the loop broke; the next run, or the fallback, goes on."""


@flow(name="deadlines", persist_result=False, log_prints=False, validate_parameters=False)
def deadlines() -> State[Any]:
    """Fire deadlines until the next run takes over; a run that comes much too late leaves it to a fresher one."""
    if is_stale(_STALE_AFTER):
        return Completed(message="A later run is due already.")
    control = runtime.control(_flow_run_id())
    try:
        fired = keep_deadlines(runtime.work, must_stop=lambda: control.must_stop, on_fired=_announce)
    except Exception as error:  # noqa: BLE001 - the border of a thread or a flow run
        log.warning("deadlines_failed", extra={"error": type(error).__name__})
    else:
        return Completed(message=f"{fired} deadline(s) fired.")
    raise DeadlinesFailedError("unexpected")


def _announce(report: FiredReport) -> None:
    for breach in report.breaches:
        announce_breach(breach, health)


def _flow_run_id() -> UUID | None:
    context = FlowRunContext.get()
    return context.flow_run.id if context is not None and context.flow_run is not None else None
