"""Pause automatic work, and resume it: jobs wait meanwhile, except escalations and critical messages."""

from typing import Any

from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.cases.housekeeping import HousekeepingStore
from engine.core.policy import Action, Viewer, can
from engine.errors import InvalidAnswersError, NotAllowedError
from engine.jobs.records import JOBS_PAUSED, PAUSE_REASONS
from engine.ports import JobPause


def pause_jobs(engine: Engine, *, viewer: Viewer, reason_code: str) -> bool:
    """Hand no job out from now on; returns whether that is new. A worker lets Prefect pause its queue too.

    What was begun is finished. Raises `NotAllowedError`, `InvalidAnswersError`.
    """
    _require(viewer)
    if reason_code not in PAUSE_REASONS:
        raise InvalidAnswersError({"reason": "Choose why automatic work is paused."})
    return _change(engine, viewer, to_pause=True, reason_code=reason_code)


def resume_jobs(engine: Engine, *, viewer: Viewer) -> bool:
    """Hand jobs out again; returns whether they were paused. Raises `NotAllowedError`."""
    _require(viewer)
    return _change(engine, viewer, to_pause=False, reason_code="")


def job_pause(engine: Engine) -> JobPause:
    """Return whether automatic work is paused, and whether Prefect knows it."""
    with engine.transaction() as tx:
        kept = tx.of(HousekeepingStore).installation(JOBS_PAUSED) or {}
    return JobPause(is_on=bool(kept.get("is_on")), is_told=bool(kept.get("is_told", True)))


def note_pause_known(engine: Engine, *, is_on: bool) -> None:
    """Keep that Prefect has paused or resumed its queue, unless it was decided otherwise meanwhile."""
    with engine.transaction() as tx:
        kept = tx.of(HousekeepingStore).installation(JOBS_PAUSED)
        if kept and kept["is_on"] == is_on:
            tx.of(HousekeepingStore).set_installation(JOBS_PAUSED, {**kept, "is_told": True})
            tx.commit()


def _require(viewer: Viewer) -> None:
    if not can(viewer, Action.MEND):
        raise NotAllowedError(actor=viewer.name, action=Action.MEND.value)


def _change(engine: Engine, viewer: Viewer, *, to_pause: bool, reason_code: str) -> bool:
    now, by = engine.wall_clock.now(), None if viewer.is_system else viewer.actor_id
    with engine.transaction() as tx:
        if bool((tx.of(HousekeepingStore).installation(JOBS_PAUSED) or {}).get("is_on")) is to_pause:
            return False
        state: dict[str, Any] = {"is_on": to_pause, "is_told": False, "at": now.isoformat(), "reason_code": reason_code}
        tx.of(HousekeepingStore).set_installation(JOBS_PAUSED, state | {"by": str(by) if by else ""})
        body = {"reason_code": reason_code} if to_pause else {}
        tx.of(AuditLogStore).note("jobs", "JobsPaused" if to_pause else "JobsResumed", body, actor_id=by, at=now)
        tx.wake_listeners()
        tx.commit()
        return True
