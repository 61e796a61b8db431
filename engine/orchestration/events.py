"""Tell Prefect's automations what happened, in ids only, without ever waiting."""

from typing import Final
from uuid import UUID

from prefect.events import emit_event

from engine.orchestration.health import PrefectHealth
from engine.ports import Breach, ClaimedJob

CASE_OPENED: Final = "icmc.case.opened"
STEP_ENDED: Final = "icmc.step.ended"
DEADLINE_BREACHED: Final = "icmc.deadline.breached"
_KNOWN: Final = frozenset({CASE_OPENED, STEP_ENDED, DEADLINE_BREACHED})


def announce_job(job: ClaimedJob, health: PrefectHealth) -> None:
    """Emit the events of a job that is done."""
    for event in job.announces:
        if event in _KNOWN:
            _emit(event, "job", job.id, job.case_number, {"task": job.task_name}, health)


def announce_breach(breach: Breach, health: PrefectHealth) -> None:
    """Emit that a deadline was breached."""
    _emit(DEADLINE_BREACHED, "deadline", breach.deadline_id, breach.case_number, {}, health)


def _emit(
    event: str, kind: str, record: UUID, case_number: str, payload: dict[str, str], health: PrefectHealth
) -> None:
    """Queue one event for Prefect's own sending thread; none while Prefect is down, lest the queue grow."""
    if health.is_down:
        return
    emit_event(
        event=event,
        resource={"prefect.resource.id": f"icmc.case.{case_number}", "prefect.resource.name": case_number},
        related=[{"prefect.resource.id": f"icmc.{kind}.{record}", "prefect.resource.role": kind}],
        payload=dict(payload),
    )
