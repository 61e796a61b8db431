"""Do what is due of every deadline, unless the clock has jumped: warn, record breaches, raise levels."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple
from uuid import UUID

from engine.assembly import Engine
from engine.cases.access_store import AccessStore
from engine.cases.actions.deciding import carry_out
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core import events as ev
from engine.core.policy import Action, Viewer, can
from engine.core.state import CaseState
from engine.db.store import Store, forget, remember, remembering
from engine.db.transaction import Transaction
from engine.deadlines.actions.escalating import Escalated, notify_all
from engine.deadlines.store import DeadlineStore
from engine.errors import NotAllowedError, NothingFiredError
from engine.messages.actions.notifying import WantedMessage, add_delivery_jobs
from engine.messages.channel_store import ChannelStore, PreferenceStore
from engine.messages.store import BundleStore, MessageStore, RecentMessages
from engine.overview.records.board import ClockJump
from engine.people.duty_store import DutyStore
from engine.people.store import DirectoryStore
from engine.ports import Breach, DueDeadline, FiredReport, Uptime
from engine.work.store import ItemStore

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


_REMEMBERED: Mapping[type[Store], Sequence[str]] = {
    DirectoryStore: ("unit", "actor", "holders", "with_role", "with_role_anywhere"),
    DutyStore: ("on_call", "away"),
    AccessStore: ("recused",),
    PreferenceStore: ("of",),
    ChannelStore: ("set_up", "contacts"),
    ItemStore: ("open_of_step",),
}


def lock_for_firing(tx: Transaction, due: Sequence[DueDeadline]) -> Mapping[UUID, CaseState]:
    """Lock and load the cases of due deadlines that nobody else holds, for a transaction that notifies many people.

    The same question about people, their work and what is published is asked only once. What is decided and notified
    is written all together, at the latest before something is asked that it could change.
    """
    states = tx.of(CaseStore).lock_free({one.case_id for one in due})
    mine = [one.id for one in due if one.case_id in states]
    known = (states[one.case_id].deadlines.get(one.id) for one in due if one.case_id in states)
    _remember_people(tx)
    items, access = tx.of(ItemStore), tx.of(AccessStore)
    remember(items, "open_of_step", items.open_of_steps({one.step_id for one in known if one}))
    remember(access, "recused", access.recused_in(states.keys()))
    tx.of(MessageStore).know_lines(mine)
    tx.writes.hold()
    return states


def _remember_people(tx: Transaction) -> None:
    for kind, questions in _REMEMBERED.items():
        tx.stand_in(kind, remembering(tx.of(kind), *questions))
    tx.of(CaseStore).on_items_changed = partial(forget, tx.of(ItemStore))
    recent = RecentMessages(tx.of(BundleStore))
    tx.stand_in(BundleStore, recent)
    tx.of(MessageStore).on_added = recent.added
    tx.keep_library()


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
    """Let every deadline that was set aside be tried again at once; returns how many. Raises `NotAllowedError`."""
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
    """Fire one deadline and tell of it; returns the case after it, and the events of the deadline itself."""
    decided = carry_out(engine, tx, state, cm.FireDeadline(due.id), actor_id=None, now=now)
    if not decided.events:
        raise NothingFiredError(deadline=due.id)
    told = notify_all(engine, tx, decided.state, decided.events, now)
    if due.failures:
        tx.of(DeadlineStore).release(due.id)
    return told, decided.events


def _wanted(told: Escalated, due: DueDeadline, earlier: WantedMessage | None) -> WantedMessage:
    """Say what must be sent of a case after a firing, together with an earlier one of the same batch."""
    critical = told.critical or (earlier is not None and earlier.critical)
    return WantedMessage(told.state, f"{due.id}|{told.state.case.chain_length}", critical)


def _is_due(state: CaseState, due: DueDeadline, now: datetime) -> bool:
    """Return whether a deadline that was found due still is, now that nobody else can fire it."""
    known = state.deadlines.get(due.id)
    return known is not None and known.next_at is not None and known.next_at <= now


def _set_aside(engine: Engine, due: DueDeadline, now: datetime) -> None:
    hold = min(_FIRST_HOLD * 2 ** min(due.failures, 10), _LONGEST_HOLD)
    with engine.transaction() as tx:
        tx.of(DeadlineStore).hold(due.id, until=now + hold)
        tx.commit()
