"""Tell people what fired of a deadline: warnings, breaches, and the levels of a ladder, until somebody is reached."""

import logging
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid5

from engine.assembly import Engine
from engine.cases.actions.deciding import carry_out
from engine.core import commands as cm
from engine.core import events as ev
from engine.core.consequences import WorkItem
from engine.core.deadlines.keep import step_of
from engine.core.records import Deadline
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.deadlines.actions.levels import act_on_item, calls_of, offer_on, open_and_ask
from engine.deadlines.records import NewEscalation
from engine.errors import NotFoundError
from engine.language.ladders import ChannelName, Ladder, Level
from engine.messages.actions.notifying import notify, title_of
from engine.messages.actions.recipients import Reachable, last_resort, who_has_it, who_is_told
from engine.messages.actions.writing import channels_set_up
from engine.messages.records import EMAIL, IN_APP, WARNING, follows_at
from engine.messages.store import MessageStore
from engine.people.records import ActorRecord
from engine.work.store import ItemStore

log = logging.getLogger(__name__)


class Escalated(NamedTuple):
    """The case after telling, whether any message must be sent, whether one is critical, whom levels have reached."""

    state: CaseState
    must_send: bool = False
    critical: bool = False
    reached: frozenset[tuple[UUID, UUID]] = frozenset()
    """The deadline and the person."""
    owed: tuple[ev.DeadlineWarned | ev.DeadlineBreached, ...] = ()
    """Of what nobody who has the work was told yet."""


class _Alike(NamedTuple):
    """What warnings or breaches of a case share that one message can tell of."""

    is_warning: bool
    due_at: datetime
    late_at: datetime | None
    critical: bool
    channels: tuple[str, ...]


class _Owed(NamedTuple):
    event: ev.DeadlineWarned | ev.DeadlineBreached
    item: WorkItem | None


class _Reached(NamedTuple):
    """Whom a level reaches in the end, and whom at any hour; `is_missed` says that it is nobody who was meant."""

    people: tuple[ActorRecord, ...]
    is_missed: bool
    note: str
    at_once: tuple[ActorRecord, ...] = ()


def notify_all(
    engine: Engine, tx: Transaction, state: CaseState, events: Iterable[ev.Event], now: datetime
) -> Escalated:
    """Write the messages that events call for, and do what the levels say. `state` is the one after the events."""
    return notify_owners(engine, tx, raise_levels(engine, tx, Escalated(state), events, now), now)


def raise_levels(
    engine: Engine, tx: Transaction, told: Escalated, events: Iterable[ev.Event], now: datetime
) -> Escalated:
    """Do what levels say, and tell whom they name; warnings and breaches are left to `notify_owners`.

    A level that finds nobody lets the next one fire in the same transaction; after the last one, those above are told.
    """
    queue = deque(events)
    while queue:
        event = queue.popleft()
        match event:
            case ev.DeadlineWarned() | ev.DeadlineBreached():
                told = told._replace(owed=(*told.owed, event))
            case ev.LevelRaised():
                told, following = _raise_level(engine, tx, told, event, now)
                queue.extendleft(reversed(following))
            case _:
                pass
    return told


def notify_owners(engine: Engine, tx: Transaction, told: Escalated, now: datetime) -> Escalated:
    """Tell whoever has the work of the warnings and breaches of a case, each person of all that is due at once in one.

    Whoever a level reaches at the same instant is told once, by the level, which asks for an acknowledgement.
    """
    mine: dict[UUID, tuple[ActorRecord, dict[_Alike, list[_Owed]]]] = {}
    for event in told.owed:
        item = tx.of(ItemStore).open_of_step(event.deadline.step_id)
        alike = _alike(tx, event, item)
        for person in who_has_it(tx, told.state, item, now=now):
            if (event.deadline.id, person.id) not in told.reached:
                mine.setdefault(person.id, (person, {}))[1].setdefault(alike, []).append(_Owed(event, item))
    notes: dict[tuple[_Alike, tuple[UUID, ...]], tuple[list[_Owed], list[ActorRecord]]] = {}
    for person, owed in mine.values():
        for alike, ones in owed.items():
            name = alike, tuple(one.event.deadline.id for one in ones)
            notes.setdefault(name, (ones, []))[1].append(person)
    for (alike, _), (ones, people) in notes.items():
        told = _notify_owners_of(engine, tx, told, alike, ones, people, now)
    return told._replace(owed=())


def _alike(tx: Transaction, event: ev.DeadlineWarned | ev.DeadlineBreached, item: WorkItem | None) -> _Alike:
    is_warning, deadline = isinstance(event, ev.DeadlineWarned), event.deadline
    channels = (IN_APP, EMAIL) if item and item.assignee_id else (IN_APP,)
    return _Alike(is_warning, deadline.due_at, deadline.late_at, _is_critical(tx, deadline), channels)


def _notify_owners_of(
    engine: Engine,
    tx: Transaction,
    told: Escalated,
    alike: _Alike,
    owed: Sequence[_Owed],
    people: Sequence[ActorRecord],
    now: datetime,
) -> Escalated:
    first, item = owed[0]
    firing = first.firing if isinstance(first, ev.DeadlineWarned) else "breach"
    deadlines = [told.state.deadlines.get(one.event.deadline.id, one.event.deadline) for one in owed]
    titles = Counter(title_of(engine, told.state, one) for one in deadlines)
    follows = [follows_at(one, is_warning=alike.is_warning, now=now) for one in deadlines]
    sends = notify(
        engine,
        tx,
        told.state,
        kind=WARNING if alike.is_warning else "overdue",
        rule=f"{first.deadline.id}|{firing}",
        people=people,
        channels=alike.channels,
        step_title="; ".join(title if n == 1 else f"{title} ({n})" for title, n in titles.items()),
        due_at=alike.due_at,
        late_at=alike.late_at,
        link=_link(told.state, item if len(owed) == 1 else None),
        now=now,
        critical=alike.critical,
        follows_at=None if None in follows else min(one for one in follows if one),
    )
    is_critical = told.critical or (alike.critical and not alike.is_warning)
    return told._replace(must_send=told.must_send or sends, critical=is_critical)


def _raise_level(
    engine: Engine, tx: Transaction, told: Escalated, event: ev.LevelRaised, now: datetime
) -> tuple[Escalated, tuple[ev.Event, ...]]:
    """Write the line of the ledger, do what the level says, tell; returns what fires next when nobody was there."""
    state, deadline = told.state, event.deadline
    ladder = tx.library().ladder_of(deadline)
    if ladder is None:
        raise NotFoundError(kind="ladder")
    level = ladder.levels[event.level - 1]
    found = who_is_told(tx, state, deadline.step_id, level, now=now)
    reached = _reached(tx, state, found, level, now, is_last=level == ladder.levels[-1])
    step = step_of(state, event, level) if found.people else None
    calls = calls_of(state, event, level, found.people) if found.people else None
    offered = offer_on(tx, state, event, level, now=now)
    line = NewEscalation(
        id=uuid5(deadline.id, f"level|{event.level}|{event.round}"), case_id=state.case.id, deadline_id=deadline.id,
        level=event.level, round=event.round, planned_at=event.planned_at, fired_at=now,
        recipient_ids=tuple(person.id for person in reached.people),
        channels=_channels(engine, tx, state, level, does_call=calls is not None),
        note=" ".join(note for note in (level.note, offered.note, reached.note) if note),
        ladder=ladder.name, ladder_version=ladder.version, is_missed=reached.is_missed,
        step_id=step.id if step else None,
    )  # fmt: skip
    if not tx.of(MessageStore).add_escalation(line, unit_id=state.case.unit_id):
        return told, ()
    if offered.referral is not None:
        told = told._replace(must_send=offered.write(engine, tx, state, now=now) or told.must_send)
    state = open_and_ask(engine, tx, state, step, calls, now=now)
    item = tx.of(ItemStore).open_of_step(deadline.step_id)
    if item is not None:
        state, lost = act_on_item(engine, tx, state, event, item, level, found.people, now=now)
        told = told._replace(must_send=told.must_send or lost)
    told = _notify_level(engine, tx, told._replace(state=state), event, ladder, line, reached, now)
    return _after_missed(engine, tx, told, event, found, reached, now)


def _notify_level(
    engine: Engine,
    tx: Transaction,
    told: Escalated,
    event: ev.LevelRaised,
    ladder: Ladder,
    line: NewEscalation,
    reached: _Reached,
    now: datetime,
) -> Escalated:
    deadline, at_once = event.deadline, {person.id for person in reached.at_once}
    must_send = told.must_send
    for is_critical in (True, False):
        people = [one for one in reached.people if (ladder.overrides_quiet_hours or one.id in at_once) is is_critical]
        if not people:
            continue
        must_send |= notify(
            engine,
            tx,
            told.state,
            kind="escalated",
            rule=f"{deadline.id}|l{event.level}.{event.round}",
            people=people,
            channels=[channel for channel in line.channels if channel != ChannelName.CALL.value],
            step_title=title_of(engine, told.state, deadline),
            due_at=deadline.due_at,
            late_at=deadline.late_at,
            link=_link(told.state, tx.of(ItemStore).open_of_step(deadline.step_id)),
            now=now,
            critical=is_critical,
            escalation_id=line.id,
            level=event.level,
            follows_at=follows_at(told.state.deadlines[deadline.id], is_warning=False, now=now),
        )
    reached_here = {(deadline.id, person.id) for person in reached.people}
    return told._replace(
        must_send=must_send,
        critical=told.critical or ladder.overrides_quiet_hours or bool(at_once),
        reached=told.reached | reached_here,
    )


def _reached(
    tx: Transaction, state: CaseState, found: Reachable, level: Level, now: datetime, *, is_last: bool
) -> _Reached:
    """Say whom a level reaches; those above when nobody is left on the last one."""
    if found.why_not is None:
        note = f"{_outward(level)} {found.note}".strip()
        return _Reached(found.people, is_missed=False, note=note, at_once=found.at_once)
    missing = f"No one can be notified as {level.to.in_words()}: {found.why_not.words}."
    if not is_last:
        sooner = "The next level came at once."
        return _Reached((), is_missed=True, note=f"{missing} {sooner}")
    above = last_resort(tx, state, now=now)
    after = (
        "The next level was notified."
        if above
        else "No one at the next levels can be notified either: a person must look at this."
    )
    at_once = above if level.at_once else ()
    return _Reached(above, is_missed=True, note=f"{missing} {after}", at_once=at_once)


def _after_missed(
    engine: Engine,
    tx: Transaction,
    told: Escalated,
    event: ev.LevelRaised,
    found: Reachable,
    reached: _Reached,
    now: datetime,
) -> tuple[Escalated, tuple[ev.Event, ...]]:
    if found.why_not is None:
        return told, ()
    facts = {"deadline_id": str(event.deadline.id), "level": event.level, "reason": found.why_not.value}
    log.warning("level_found_nobody", extra=facts)
    missed = cm.MissLevel(event.deadline.id, event.level, event.round, found.why_not.value)
    decided = carry_out(engine, tx, told.state, missed, actor_id=None, now=now)
    if not reached.people and not any(isinstance(following, ev.LevelRaised) for following in decided.events):
        log.error("escalation_reached_nobody", extra=facts)
    return told._replace(state=decided.state), decided.events


def _outward(level: Level) -> str:
    body = level.to.law_route
    return f"A letter to {body} is waiting to be released by a named person; nothing has been sent." if body else ""


def _channels(engine: Engine, tx: Transaction, state: CaseState, level: Level, *, does_call: bool) -> tuple[str, ...]:
    """Return the channels of a level that serve the case's unit; in-app always does, a call where one is asked for.

    A last resort takes all that there are.
    """
    here = {IN_APP, *channels_set_up(engine, tx, unit_id=state.case.unit_id)}
    if not level.last_resort:
        here &= {IN_APP, *(channel.value for channel in level.channels if channel is not ChannelName.CALL)}
    return tuple(sorted(here | ({ChannelName.CALL.value} if does_call else set())))


def _is_critical(tx: Transaction, deadline: Deadline) -> bool:
    ladder = tx.library().ladder_of(deadline)
    return bool(ladder and ladder.overrides_quiet_hours)


def _link(state: CaseState, item: WorkItem | None) -> str:
    return f"/items/{item.id}" if item else f"/cases/{state.case.id}"
