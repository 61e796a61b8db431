"""Do what is due of every deadline: warn, record breaches, raise levels, open steps at their time."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from engine.assembly import Engine
from engine.domain import commands as cm
from engine.domain import events as ev
from engine.domain.policy import Action, can
from engine.domain.state import CaseState
from engine.errors import NotAllowedError, NothingFiredError
from engine.ports import Breach, DueDeadline, FiredReport
from engine.stores import UnitOfWork
from engine.usecases.deciding import carry_out
from engine.usecases.escalating import tell_all
from engine.usecases.firing_guard import may_fire
from engine.usecases.telling import add_delivery_job
from engine.views import Viewer

log = logging.getLogger(__name__)

IN_ONE_COMMIT: Final = 20
"""So many deadlines are fired in one transaction, as long as each of them can be."""
_FIRST_HOLD = timedelta(minutes=5)
_LONGEST_HOLD = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class _Fired:
    count: int
    breaches: tuple[Breach, ...]


def fire_deadlines(engine: Engine, *, limit: int = 200) -> FiredReport:
    """Fire what is due, the critical first, then the oldest; gives when the next one is due.

    They are fired in batches, and what has become due meanwhile is looked at before each, so that a critical one never
    waits behind a backlog. A batch is one transaction; when one of its deadlines cannot be fired, each is fired in a
    transaction of its own, and that one is set aside and logged by id: for five minutes, then for twice as long each
    time. Several callers at once do no harm: a case that another holds is left to them. Nothing is fired while the
    clock is in doubt.
    """
    if not may_fire(engine):
        return FiredReport(0, None, is_paused=True)
    now = engine.clock.now()
    count = 0
    breaches: list[Breach] = []
    seen: dict[UUID, None] = {}
    while len(seen) < limit and (batch := _next(engine, now, list(seen), min(IN_ONE_COMMIT, limit - len(seen)))):
        seen.update((due.id, None) for due in batch)
        fired = _fire_all(engine, batch, now)
        count += fired.count
        breaches += fired.breaches
    with engine.unit_of_work() as work:
        next_at = work.deadlines.next_at()
    return FiredReport(count, next_at, tuple(breaches))


def retry_deadlines(engine: Engine, *, viewer: Viewer) -> int:
    """Let every deadline that was set aside be tried again at once; gives how many. Raises `NotAllowedError`."""
    if not can(viewer, Action.MEND):
        raise NotAllowedError(actor=viewer.name, action=Action.MEND.value)
    with engine.unit_of_work() as work:
        count = work.deadlines.release_all()
        work.wake_listeners()
        work.commit()
        return count


def _next(engine: Engine, now: datetime, seen: Sequence[UUID], most: int) -> tuple[DueDeadline, ...]:
    with engine.unit_of_work() as work:
        return work.deadlines.due(now=now, most=most, besides=seen)


def _fire_all(engine: Engine, batch: Sequence[DueDeadline], now: datetime) -> _Fired:
    """Fire a batch in one transaction; when that fails, each by itself, so that one does not hold up the others."""
    try:
        return _fire_together(engine, batch, now)
    except Exception:  # noqa: BLE001 - whatever is wrong with one, the others must go on
        if len(batch) == 1:
            log.error("deadline_could_not_be_fired", extra={"deadline_id": str(batch[0].id)})  # noqa: TRY400
            _set_aside(engine, batch[0], now)
            return _Fired(0, ())
    each = [_fire_all(engine, (due,), now) for due in batch]
    return _Fired(sum(one.count for one in each), tuple(breach for one in each for breach in one.breaches))


def _fire_together(engine: Engine, batch: Sequence[DueDeadline], now: datetime) -> _Fired:
    with engine.unit_of_work() as work:
        work.remember_people()
        ours = work.deadlines.try_cases(due.case_id for due in batch)
        each = [_fire(engine, work, due, now) for due in batch if due.case_id in ours]
        work.commit()
    done = [breaches for breaches in each if breaches is not None]
    return _Fired(len(done), tuple(breach for breaches in done for breach in breaches))


def _fire(engine: Engine, work: UnitOfWork, due: DueDeadline, now: datetime) -> list[Breach] | None:
    """Fire one deadline; gives its breaches, or None when somebody else has fired it meanwhile."""
    state = work.cases.lock(due.case_id)
    if not _is_due(state, due, now):
        return None
    decided = carry_out(engine, work, state, cm.FireDeadline(due.id), actor_id=None, now=now)
    if not decided.events:
        raise NothingFiredError(deadline=due.id)
    told = tell_all(engine, work, decided.state, decided.events, now)
    if told.must_send:
        rule = f"{due.id}|{told.state.case.chain_length}"
        add_delivery_job(work, told.state, rule=rule, critical=told.critical, now=now)
    if due.failures:
        work.deadlines.release(due.id)
    return [Breach(state.case.number, e.deadline.id) for e in decided.events if isinstance(e, ev.DeadlineBreached)]


def _is_due(state: CaseState, due: DueDeadline, now: datetime) -> bool:
    """Say whether a deadline that was found due still is, now that nobody else can fire it."""
    known = state.deadlines.get(due.id)
    return known is not None and known.next_at is not None and known.next_at <= now


def _set_aside(engine: Engine, due: DueDeadline, now: datetime) -> None:
    hold = min(_FIRST_HOLD * 2 ** min(due.failures, 10), _LONGEST_HOLD)
    with engine.unit_of_work() as work:
        work.deadlines.hold(due.id, until=now + hold)
        work.commit()
