"""Do what is due of every deadline: warn, record breaches, raise levels, open steps at their time."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from engine.adapters.sql.deadline_store import DeadlineStore, lock_for_firing
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.domain import commands as cm
from engine.domain import events as ev
from engine.domain.policy import Action, can
from engine.domain.state import CaseState
from engine.errors import NotAllowedError, NothingFiredError
from engine.ports import Breach, DueDeadline, FiredReport
from engine.usecases.deciding import carry_out
from engine.usecases.escalating import Escalated, tell_all
from engine.usecases.firing_guard import may_fire
from engine.usecases.telling import WantedMessage, add_delivery_jobs
from engine.views import Viewer

log = logging.getLogger(__name__)

IN_ONE_COMMIT: Final = 100
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
    waits behind a backlog. A batch is one transaction; when one of its deadlines cannot be fired, the batch is halved
    until that one is alone, and set aside and logged by id: for five minutes, then for twice as long each time.
    Several callers at once do no harm: a case that another holds is left to them. Nothing is fired while the clock is
    in doubt.
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
    with engine.transaction() as tx:
        next_at = tx.of(DeadlineStore).next_at()
    return FiredReport(count, next_at, tuple(breaches))


def retry_deadlines(engine: Engine, *, viewer: Viewer) -> int:
    """Let every deadline that was set aside be tried again at once; gives how many. Raises `NotAllowedError`."""
    if not can(viewer, Action.MEND):
        raise NotAllowedError(actor=viewer.name, action=Action.MEND.value)
    with engine.transaction() as tx:
        count = tx.of(DeadlineStore).release_all()
        tx.wake_listeners()
        tx.commit()
        return count


def _next(engine: Engine, now: datetime, seen: Sequence[UUID], most: int) -> tuple[DueDeadline, ...]:
    with engine.transaction() as tx:
        return tx.of(DeadlineStore).due(now=now, most=most, besides=seen)


def _fire_all(engine: Engine, batch: Sequence[DueDeadline], now: datetime) -> _Fired:
    """Fire a batch in one transaction; when that fails, each half by itself, until what is wrong stands alone."""
    try:
        return _fire_together(engine, batch, now)
    except Exception:  # noqa: BLE001 - whatever is wrong with one, the others must go on
        if len(batch) == 1:
            log.error("deadline_could_not_be_fired", extra={"deadline_id": str(batch[0].id)})  # noqa: TRY400
            _set_aside(engine, batch[0], now)
            return _Fired(0, ())
    half = len(batch) // 2
    first, second = _fire_all(engine, batch[:half], now), _fire_all(engine, batch[half:], now)
    return _Fired(first.count + second.count, (*first.breaches, *second.breaches))


def _fire_together(engine: Engine, batch: Sequence[DueDeadline], now: datetime) -> _Fired:
    count, breaches = 0, list[Breach]()
    with engine.transaction() as tx:
        states = dict(lock_for_firing(tx, batch))
        wanted: dict[UUID, WantedMessage] = {}
        for due in batch:
            state = states.get(due.case_id)
            if state is None or not _is_due(state, due, now):
                continue
            told, events = _fire(engine, tx, state, due, now)
            states[due.case_id] = told.state
            if told.must_send:
                wanted[due.case_id] = _wanted(told, due, wanted.get(due.case_id))
            breaches += [Breach(state.case.number, e.deadline.id) for e in events if isinstance(e, ev.DeadlineBreached)]
            count += 1
        add_delivery_jobs(tx, wanted.values(), now=now)
        tx.commit()
    return _Fired(count, tuple(breaches))


def _fire(
    engine: Engine, tx: Transaction, state: CaseState, due: DueDeadline, now: datetime
) -> tuple[Escalated, tuple[ev.Event, ...]]:
    """Fire one deadline and tell of it; gives the case after it, and the events of the deadline itself."""
    decided = carry_out(engine, tx, state, cm.FireDeadline(due.id), actor_id=None, now=now)
    if not decided.events:
        raise NothingFiredError(deadline=due.id)
    told = tell_all(engine, tx, decided.state, decided.events, now)
    if due.failures:
        tx.of(DeadlineStore).release(due.id)
    return told, decided.events


def _wanted(told: Escalated, due: DueDeadline, earlier: WantedMessage | None) -> WantedMessage:
    """Say what must be sent of a case after a firing, together with an earlier one of the same batch."""
    critical = told.critical or (earlier is not None and earlier.critical)
    return WantedMessage(told.state, f"{due.id}|{told.state.case.chain_length}", critical)


def _is_due(state: CaseState, due: DueDeadline, now: datetime) -> bool:
    """Say whether a deadline that was found due still is, now that nobody else can fire it."""
    known = state.deadlines.get(due.id)
    return known is not None and known.next_at is not None and known.next_at <= now


def _set_aside(engine: Engine, due: DueDeadline, now: datetime) -> None:
    hold = min(_FIRST_HOLD * 2 ** min(due.failures, 10), _LONGEST_HOLD)
    with engine.transaction() as tx:
        tx.of(DeadlineStore).hold(due.id, until=now + hold)
        tx.commit()
