"""Whether the clock can be believed: a jump of it pauses firing until it is back or somebody says that it is right."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from engine.assembly import Engine
from engine.cases.housekeeping import HousekeepingStore
from engine.core.policy import Action, Viewer, can
from engine.errors import NotAllowedError
from engine.overview.records import ClockJump
from engine.ports import Uptime

log = logging.getLogger(__name__)

FIRING = "firing"
"""The fact of the installation that says whether firing is paused, and why."""
_SEEN_LAST = "firing_last_seen"
_PAUSED, _CONFIRMED, _RUNNING = "paused", "confirmed", "running"
_BACK = timedelta(seconds=5)
_FORWARD = timedelta(minutes=15)
_BETWEEN_MACHINES = timedelta(minutes=15)
_LONGEST_OUTAGE = timedelta(days=30)
_NOTE_EVERY = timedelta(seconds=5)


class LastLook(NamedTuple):
    """When deadlines were last looked at: by the clock (UTC), and by the uptime of the machine that did."""

    at: datetime
    uptime: Uptime


def may_fire(engine: Engine) -> bool:
    """Return whether deadlines may be fired now; a jump of the clock since the last pass pauses firing, and is kept.

    Only the clock of the machine counts: the demo moves its own on purpose. When the clock comes back to where it
    should be, firing goes on by itself.
    """
    seen = LastLook(engine.wall_clock.now(), engine.uptime())
    with engine.transaction() as tx:
        last = _read(tx.of(HousekeepingStore).installation(_SEEN_LAST))
        state = tx.of(HousekeepingStore).installation(FIRING) or {}
        known = state.get("state", _RUNNING)
        jump = None if known == _CONFIRMED else jump_between(last, seen)
        if jump is None and (last is None or known != _RUNNING or abs(seen.at - last.at) >= _NOTE_EVERY):
            tx.of(HousekeepingStore).set_installation(_SEEN_LAST, _written(seen))
        if jump is None and known != _RUNNING:
            tx.of(HousekeepingStore).set_installation(FIRING, {**state, "state": _RUNNING})
        if jump is not None and known != _PAUSED and last is not None:
            log.error("firing_paused", extra={"jump_seconds": jump.total_seconds()})
            tx.of(HousekeepingStore).set_installation(FIRING, _paused(last, seen, jump))
        tx.commit()
    return jump is None


def jump_between(last: LastLook | None, now: LastLook) -> timedelta | None:
    """Say by how much the clock jumped between two passes; None when it went as time does.

    Back by more than 5 seconds is a jump, and forward by 15 minutes more than the machine was up meanwhile. After an
    outage the clock may be ahead by as long as it lasted: when the machine was started again, or is another one, only
    30 days count as a jump, and back only what is more than the clocks of two machines may differ.
    """
    if last is None:
        return None
    passed = now.at - last.at
    if last.uptime.boot != now.uptime.boot:
        return passed if passed < -_BETWEEN_MACHINES or passed > _LONGEST_OUTAGE else None
    jump = passed - timedelta(seconds=now.uptime.seconds - last.uptime.seconds)
    return jump if passed < -_BACK or jump > _FORWARD else None


def confirm_clock(engine: Engine, *, viewer: Viewer) -> bool:
    """Say that the present time is right: firing goes on from it; returns whether it was paused.

    Raises `NotAllowedError` for those who do not keep the system running.
    """
    if not can(viewer, Action.MEND):
        raise NotAllowedError(actor=viewer.name, action=Action.MEND.value)
    with engine.transaction() as tx:
        state = tx.of(HousekeepingStore).installation(FIRING) or {}
        if state.get("state") != _PAUSED:
            return False
        by = {"confirmed_by": str(viewer.actor_id), "confirmed_at": engine.wall_clock.now().isoformat()}
        tx.of(HousekeepingStore).set_installation(FIRING, {**state, **by, "state": _CONFIRMED})
        tx.wake_listeners()
        tx.commit()
        return True


def clock_jump(engine: Engine) -> ClockJump | None:
    """Return the jump of the clock for which firing is paused; None while it is not."""
    with engine.transaction() as tx:
        return read_jump(tx.of(HousekeepingStore).installation(FIRING))


def read_jump(state: Mapping[str, Any] | None) -> ClockJump | None:
    """Read the jump from what is kept of it; None while firing is not paused."""
    if not state or state.get("state") != _PAUSED:
        return None
    return ClockJump.model_validate({name: state[name] for name in ClockJump.model_fields})


def _paused(last: LastLook, seen: LastLook, jump: timedelta) -> dict[str, Any]:
    return {
        "state": _PAUSED, "last_pass_at": last.at.isoformat(), "seen_at": seen.at.isoformat(),
        "jump_seconds": jump.total_seconds(),
    }  # fmt: skip


def _written(seen: LastLook) -> dict[str, Any]:
    return {"at": seen.at.isoformat(), "boot": seen.uptime.boot, "seconds": seen.uptime.seconds}


def _read(kept: Mapping[str, Any] | None) -> LastLook | None:
    if not kept:
        return None
    return LastLook(datetime.fromisoformat(kept["at"]), Uptime(kept["boot"], float(kept["seconds"])))
