"""Whether firing can be believed: the clock has not jumped, and every level that was due fired once and was told."""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from engine.assembly import Engine
from engine.audit.records import Audited, AuditedLine
from engine.cases.housekeeping import HousekeepingStore
from engine.core.deadlines.firings import BREACH, level_name, pending
from engine.core.library import Library
from engine.core.policy import Action, Viewer, require
from engine.core.records import Deadline, DeadlineStatus, Purpose
from engine.db.transaction import Transaction
from engine.deadlines.store import EscalationAuditStore
from engine.machine import Uptime
from engine.overview.records import AuditProblem, ClockJump

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
        last = _read_clock(tx.of(HousekeepingStore).installation(_SEEN_LAST))
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
    require(viewer, Action.MEND)
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


def _read_clock(kept: Mapping[str, Any] | None) -> LastLook | None:
    if not kept:
        return None
    return LastLook(datetime.fromisoformat(kept["at"]), Uptime(kept["boot"], float(kept["seconds"])))


GRACE: Final = timedelta(minutes=2)
"""What fell due later than this before now may still be about to fire."""
_PROGRESS = "escalation_audit"
_FIRST_WINDOW = timedelta(days=1)
_SLICE: Final = 500
_MOST_IN_A_PASS: Final = 20_000
_SWEPT_IN_A_PASS: Final = 2_000
_MOST_KEPT: Final = 200


def audit_escalations(engine: Engine) -> tuple[AuditProblem, ...]:
    """Check what fired since the last pass, what is due and has not, and the next part of all open deadlines.

    Each deadline is read in one statement, so that firing at the same time is seen as a whole or not at all. What was
    found is kept for the board. Nothing is checked while the clock is in doubt.
    """
    now = engine.clock.now()
    until = now - GRACE
    with engine.transaction() as tx:
        if read_jump(tx.of(HousekeepingStore).installation(FIRING)) is not None:
            return ()
        progress = tx.of(HousekeepingStore).installation(_PROGRESS) or {}
        since = datetime.fromisoformat(progress["until"]) if progress else until - _FIRST_WINDOW
        after = progress.get("after", "")
        swept = tx.of(EscalationAuditStore).swept(after=after, most=_SWEPT_IN_A_PASS)
        fired = tx.of(EscalationAuditStore).fired(since=min(since, until), until=until, most=_MOST_IN_A_PASS)
        reached = fired[-1][1] if len(fired) == _MOST_IN_A_PASS else until
        ids = dict.fromkeys(
            (*tx.of(EscalationAuditStore).late(until=until, most=_SLICE), *(one for one, _ in fired), *swept)
        )
        library = tx.library()
        problems = [problem for one in _read(tx, list(ids)) for problem in problems_of(one, library, until=until)]
        tx.of(EscalationAuditStore).keep(
            engine.entropy.uuid(), checked=len(ids), problems=problems[:_MOST_KEPT], at=now
        )
        done = str(swept[-1]) if len(swept) == _SWEPT_IN_A_PASS else ""
        tx.of(HousekeepingStore).set_installation(_PROGRESS, {"until": reached.isoformat(), "after": done})
        tx.commit()
    if problems:
        log.error(
            "escalation_audit_found", extra={"problems": len(problems), "codes": sorted({p.code for p in problems})}
        )
    return tuple(problems)


def problems_of(one: Audited, library: Library, *, until: datetime) -> Iterator[AuditProblem]:
    """Name what is missing, doubled or wrong of one deadline; what was due at `until` (UTC) must have fired."""
    deadline = one.deadline
    if deadline.purpose is Purpose.OPENING:
        return
    yield from _late(one, library, until)
    yield from _breach(one)
    levels = [name for name in deadline.fired if name.startswith("l:")]
    raised = Counter(event.level for event in one.events if event.type == "LevelRaised")
    lines = {level_name(line.level, line.round): line for line in one.lines}
    for name in sorted({*levels, *raised, *lines}):
        found = (raised[name], name in lines)
        if found[0] == 0:
            yield _problem("event_missing", deadline, name)
        if found[0] > 1:
            yield _problem("event_double", deadline, name)
        if name not in lines:
            yield _problem("ledger_missing", deadline, name)
        if name not in levels:
            yield _problem("not_noted", deadline, name)
    for name, line in lines.items():
        yield from _told(deadline, name, line)


def _read(tx: Transaction, ids: Sequence[UUID]) -> Iterator[Audited]:
    for start in range(0, len(ids), _SLICE):
        yield from tx.of(EscalationAuditStore).read(ids[start : start + _SLICE])


def _late(one: Audited, library: Library, until: datetime) -> Iterator[AuditProblem]:
    if one.deadline.status is DeadlineStatus.OPEN:
        code = "aside" if one.failures else "not_fired"
        yield from (_problem(code, one.deadline, name) for at, name in pending(one.deadline, library) if at <= until)


def _breach(one: Audited) -> Iterator[AuditProblem]:
    deadline = one.deadline
    events = [event for event in one.events if event.type == "DeadlineBreached"]
    if deadline.breached_at is not None and not events:
        yield _problem("event_missing", deadline, BREACH)
    if len(events) > 1:
        yield _problem("event_double", deadline, BREACH)
    if events and deadline.breached_at is None:
        yield _problem("not_noted", deadline, BREACH)
    if any(event.breached_at != event.due_at for event in events):
        yield _problem("misdated", deadline, BREACH)


def _told(deadline: Deadline, name: str, line: AuditedLine) -> Iterator[AuditProblem]:
    if line.is_missed:
        return
    told = {message.recipient_id for message in line.messages}
    if not told.issuperset(line.recipient_ids):
        yield _problem("message_missing", deadline, name)
    sent = Counter((message.recipient_id, channel) for message in line.messages for channel in message.channels)
    if any(count > 1 for count in sent.values()):
        yield _problem("message_double", deadline, name)
    if any(not message.channels for message in line.messages):
        yield _problem("delivery_missing", deadline, name)


def _problem(code: str, deadline: Deadline, level: str) -> AuditProblem:
    return AuditProblem(code=code, deadline_id=deadline.id, level=level)
