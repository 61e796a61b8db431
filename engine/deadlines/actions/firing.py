"""Do what is due of every deadline: warn, record breaches, raise levels."""

import logging
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from threading import Lock
from typing import Final
from uuid import UUID

from engine.access.store import AccessStore
from engine.assembly import Engine
from engine.cases.actions.deciding import carry_out
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core import events as ev
from engine.core.policy import Action, Viewer, require
from engine.core.state import CaseState
from engine.db.store import Store, forget, remember, remembering
from engine.db.transaction import Transaction
from engine.deadlines.actions.clock import may_fire
from engine.deadlines.actions.escalating import Escalated, notify_owners, raise_levels
from engine.deadlines.records import Breach, DueDeadline, FiredReport, NothingFiredError
from engine.deadlines.store import DeadlineStore
from engine.messages.actions.notifying import WantedMessage, add_delivery_jobs
from engine.messages.channel_store import ChannelStore, PreferenceStore
from engine.messages.store import BundleStore, KnownMessages, MessageStore, RecentMessages
from engine.people.store import DirectoryStore, DutyStore
from engine.work.store import ItemStore

log = logging.getLogger(__name__)

_REMEMBERED: Mapping[type[Store], Sequence[str]] = {
    DirectoryStore: ("unit", "actor", "holders", "with_role", "with_role_anywhere"),
    DutyStore: ("on_call", "away"),
    AccessStore: ("recused",),
    PreferenceStore: ("of",),
    ChannelStore: ("set_up", "contacts"),
    ItemStore: ("open_of_step",),
}


def lock_for_firing(
    tx: Transaction, due: Sequence[DueDeadline], recent: KnownMessages | None = None
) -> Mapping[UUID, CaseState]:
    """Lock and load the cases of due deadlines that nobody else holds, for a transaction that notifies many people.

    The same question about people, their work and what is published is asked only once. What is decided and notified
    is written all together, at the latest before something is asked that it could change. `recent` is what those who
    fire at the same time know of messages that were just written.
    """
    states = tx.of(CaseStore).lock_free({one.case_id for one in due})
    mine = [one.id for one in due if one.case_id in states]
    known = (states[one.case_id].deadlines.get(one.id) for one in due if one.case_id in states)
    _remember_people(tx, {} if recent is None else recent)
    items, access = tx.of(ItemStore), tx.of(AccessStore)
    remember(items, "open_of_step", items.open_of_steps({one.step_id for one in known if one}))
    remember(access, "recused", access.recused_in(states.keys()))
    tx.of(MessageStore).know_lines(mine)
    tx.writes.hold()
    return states


def _remember_people(tx: Transaction, known: KnownMessages) -> None:
    for kind, questions in _REMEMBERED.items():
        tx.stand_in(kind, remembering(tx.of(kind), *questions))
    tx.of(CaseStore).on_items_changed = partial(forget, tx.of(ItemStore))
    recent = RecentMessages(tx.of(BundleStore), known)
    tx.stand_in(BundleStore, recent)
    tx.of(MessageStore).on_added = recent.added
    tx.keep_library()


IN_ONE_COMMIT: Final = 100
"""So many deadlines are fired in one transaction, as long as each of them can be."""
_AT_ONCE: Final = 2
"""So many batches of a backlog are fired at once: one is decided while PostgreSQL writes the other."""
_FIRST_HOLD = timedelta(minutes=5)
_LONGEST_HOLD = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class _Fired:
    count: int
    breaches: tuple[Breach, ...]


@dataclass(frozen=True, slots=True)
class _Shared:
    """What batches that are fired at once share: what was just written to whom, and the turn to decide.

    Without turns two of them would decide at the same time, each at half the speed, and then both wait for PostgreSQL.
    """

    recent: KnownMessages = field(default_factory=dict)
    turn: Lock = field(default_factory=Lock)


def fire_deadlines(engine: Engine, *, limit: int = 200) -> FiredReport:
    """Fire what is due, the critical first, then the oldest; gives when the next one is due.

    They are fired in batches, and what has become due meanwhile is looked at before each, so that a critical one never
    waits behind a backlog of more than two of them. A batch is one transaction; when one of its deadlines cannot be
    fired, the batch is halved until that one is alone, and set aside and logged by id: for five minutes, then for twice
    as long each time.
    Several callers at once do no harm: a case that another holds is left to them. Nothing is fired while the clock is
    in doubt.
    """
    if not may_fire(engine):
        return FiredReport(0, None, is_paused=True)
    now = engine.clock.now()
    fired = tuple(_fire_in_batches(engine, now, limit))
    with engine.transaction() as tx:
        next_at = tx.of(DeadlineStore).next_at()
    return FiredReport(
        sum(one.count for one in fired), next_at, tuple(chain.from_iterable(one.breaches for one in fired))
    )


def _fire_in_batches(engine: Engine, now: datetime, limit: int) -> Iterator[_Fired]:
    """Fire so many deadlines at the most; while there is a backlog the next batch is decided as the last is written."""
    seen: dict[UUID, None] = {}
    shared = _Shared()
    going: deque[Future[_Fired]] = deque()
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="firing") as beside:
        while len(seen) < limit and (batch := _next(engine, now, list(seen), min(IN_ONE_COMMIT, limit - len(seen)))):
            seen.update((due.id, None) for due in batch)
            if len(batch) < IN_ONE_COMMIT:
                yield _fire_all(engine, batch, now, shared)
                continue
            going.append(beside.submit(_fire_all, engine, batch, now, shared))
            if len(going) == _AT_ONCE:
                yield going.popleft().result()
        for batch_going in going:
            yield batch_going.result()


def retry_deadlines(engine: Engine, *, viewer: Viewer) -> int:
    """Let every deadline that was set aside be tried again at once; returns how many. Raises `NotAllowedError`."""
    require(viewer, Action.MEND)
    with engine.transaction() as tx:
        count = tx.of(DeadlineStore).release_all()
        tx.wake_listeners()
        tx.commit()
        return count


def _next(engine: Engine, now: datetime, seen: Sequence[UUID], most: int) -> tuple[DueDeadline, ...]:
    with engine.transaction() as tx:
        return tx.of(DeadlineStore).due(now=now, most=most, besides=seen)


def _fire_all(engine: Engine, batch: Sequence[DueDeadline], now: datetime, shared: _Shared) -> _Fired:
    """Fire a batch in one transaction; when that fails, each half by itself, until what is wrong stands alone."""
    try:
        return _fire_together(engine, batch, now, shared)
    except Exception:  # noqa: BLE001 - whatever is wrong with one, the others must go on
        if len(batch) == 1:
            log.error("deadline_could_not_be_fired", extra={"deadline_id": str(batch[0].id)})  # noqa: TRY400
            _set_aside(engine, batch[0], now)
            return _Fired(0, ())
    half = len(batch) // 2
    first, second = (_fire_all(engine, part, now, shared) for part in (batch[:half], batch[half:]))
    return _Fired(first.count + second.count, (*first.breaches, *second.breaches))


def _fire_together(engine: Engine, batch: Sequence[DueDeadline], now: datetime, shared: _Shared) -> _Fired:
    with engine.transaction() as tx:
        states = dict(lock_for_firing(tx, batch, shared.recent))
        with shared.turn:
            fired, wanted = _decide(engine, tx, states, batch, now)
        add_delivery_jobs(tx, wanted, now=now)
        tx.commit()
    return fired


def _decide(
    engine: Engine, tx: Transaction, states: dict[UUID, CaseState], batch: Sequence[DueDeadline], now: datetime
) -> tuple[_Fired, list[WantedMessage]]:
    """Fire what is still due of the cases that were free, each in its turn, and say what must be sent."""
    count, breaches = 0, list[Breach]()
    known: dict[UUID, tuple[DueDeadline, Escalated]] = {}
    for due in batch:
        state = states.get(due.case_id)
        if state is None or not _is_due(state, due, now):
            continue
        first, told = known.get(due.case_id, (due, Escalated(state)))
        told, events = _fire(engine, tx, told, due, now)
        known[due.case_id], states[due.case_id] = (first, told), told.state
        breaches += [Breach(state.case.number, e.deadline.id) for e in events if isinstance(e, ev.DeadlineBreached)]
        count += 1
    after = [(first, notify_owners(engine, tx, told, now)) for first, told in known.values()]
    return _Fired(count, tuple(breaches)), [_wanted(told, first) for first, told in after if told.must_send]


def _fire(
    engine: Engine, tx: Transaction, told: Escalated, due: DueDeadline, now: datetime
) -> tuple[Escalated, tuple[ev.Event, ...]]:
    """Fire one deadline and raise its levels; returns the case after it, and the events of the deadline itself."""
    decided = carry_out(engine, tx, told.state, cm.FireDeadline(due.id), actor_id=None, now=now)
    if not decided.events:
        raise NothingFiredError(deadline=due.id)
    told = raise_levels(engine, tx, told._replace(state=decided.state), decided.events, now)
    if due.failures:
        tx.of(DeadlineStore).release(due.id)
    return told, decided.events


def _wanted(told: Escalated, first: DueDeadline) -> WantedMessage:
    """Say what must be sent of a case after what fired of it in one batch, of which `first` was the first."""
    return WantedMessage(told.state, f"{first.id}|{told.state.case.chain_length}", told.critical)


def _is_due(state: CaseState, due: DueDeadline, now: datetime) -> bool:
    """Return whether a deadline that was found due still is, now that nobody else can fire it."""
    known = state.deadlines.get(due.id)
    return known is not None and known.next_at is not None and known.next_at <= now


def _set_aside(engine: Engine, due: DueDeadline, now: datetime) -> None:
    hold = min(_FIRST_HOLD * 2 ** min(due.failures, 10), _LONGEST_HOLD)
    with engine.transaction() as tx:
        tx.of(DeadlineStore).hold(due.id, until=now + hold)
        tx.commit()
