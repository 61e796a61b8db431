"""Do what is due of every deadline: warn, record breaches, raise levels, open steps at their time."""

import logging
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from engine.assembly import Engine
from engine.domain import commands as cm
from engine.domain import events as ev
from engine.domain import work_item as verbs
from engine.domain.consequences import WorkItem
from engine.domain.state import CaseState
from engine.ports import ActorRecord, Breach, DueDeadline, FiredReport, NewEscalation
from engine.spec.ladders import Channel, Level
from engine.stores import UnitOfWork
from engine.usecases.deciding import carry_out
from engine.usecases.recipients import who_has_it, who_is_told
from engine.usecases.telling import EMAIL, IN_APP, add_delivery_job, tell, title_of

log = logging.getLogger(__name__)
_HELD_FOR = timedelta(minutes=5)


def fire_deadlines(engine: Engine, *, limit: int = 200) -> FiredReport:
    """Fire what is due, the oldest first, each deadline in a transaction of its own.

    One that cannot be fired is set aside for five minutes and logged by id, and the rest go on. Several callers at once
    do no harm: a case that another holds is left to them. Gives when the next one is due.
    """
    now = engine.clock.now()
    with engine.unit_of_work() as work:
        due = work.deadlines.due(now=now, most=limit)
    count, breaches = 0, []
    for deadline in due:
        try:
            breach = _fire(engine, deadline, now)
        except Exception:  # noqa: BLE001 - whatever is wrong with one, the others must go on
            log.error("deadline_could_not_be_fired", extra={"deadline_id": str(deadline.id)})  # noqa: TRY400
            _set_aside(engine, deadline.id, now)
            continue
        count += 1
        breaches += breach
    with engine.unit_of_work() as work:
        next_at = work.deadlines.next_at()
    return FiredReport(count, next_at, tuple(breaches))


def _fire(engine: Engine, due: DueDeadline, now: datetime) -> list[Breach]:
    with engine.unit_of_work() as work:
        if not work.deadlines.try_case(due.case_id):
            return []
        state = work.cases.lock(due.case_id)
        decided = carry_out(engine, work, state, cm.FireDeadline(due.id), actor_id=None, now=now)
        must_send = critical = False
        for event in decided.events:
            sends, is_critical = _tell_of(engine, work, decided.state, event, now)
            must_send, critical = must_send or sends, critical or is_critical
        if must_send:
            rule = f"{due.id}|{decided.state.case.chain_length}"
            add_delivery_job(work, decided.state, rule=rule, critical=critical, now=now)
        work.commit()
        number = state.case.number
        return [Breach(number, e.deadline.id) for e in decided.events if isinstance(e, ev.DeadlineBreached)]


def _tell_of(engine: Engine, work: UnitOfWork, state: CaseState, event: ev.Event, now: datetime) -> tuple[bool, bool]:
    """Write the messages that an event calls for; gives whether any must be sent, and whether it is critical."""
    match event:
        case ev.DeadlineWarned():
            return _tell_owner(engine, work, state, event, "due_soon", event.firing, now), False
        case ev.DeadlineBreached():
            return _tell_owner(engine, work, state, event, "overdue", "breach", now), _is_critical(engine, event)
        case ev.LevelRaised():
            return _raise_level(engine, work, state, event, now), _is_critical(engine, event)
        case _:
            return False, False


def _tell_owner(
    engine: Engine,
    work: UnitOfWork,
    state: CaseState,
    event: ev.DeadlineWarned | ev.DeadlineBreached,
    kind: str,
    rule: str,
    now: datetime,
) -> bool:
    item = work.items.open_of_step(event.deadline.step_id)
    return tell(
        engine,
        work,
        state,
        kind=kind,
        rule=f"{event.deadline.id}|{rule}",
        people=who_has_it(work, state, item, now=now),
        channels=(IN_APP, EMAIL) if item and item.assignee_id else (IN_APP,),
        step_title=title_of(engine, state, event.deadline),
        due_at=event.deadline.due_at,
        link=_link(state, item),
        now=now,
        critical=_is_critical(engine, event),
    )


def _raise_level(engine: Engine, work: UnitOfWork, state: CaseState, event: ev.LevelRaised, now: datetime) -> bool:
    deadline = event.deadline
    ladder = engine.library().ladders[deadline.ladder]
    level = ladder.levels[event.level - 1]
    item = work.items.open_of_step(deadline.step_id)
    found = who_is_told(work, state, item, level, now=now)
    channels = _channels(engine, level)
    escalation = NewEscalation(
        id=uuid5(deadline.id, f"level|{event.level}|{event.round}"),
        case_id=state.case.id,
        deadline_id=deadline.id,
        level=event.level,
        round=event.round,
        planned_at=event.planned_at,
        fired_at=now,
        recipient_ids=tuple(person.id for person in found.people),
        channels=channels,
        note=found.note,
    )
    if not work.messages.add_escalation(escalation, unit_id=state.case.unit_id):
        return False
    if item is not None:
        _act_on_item(work, item, level, next((p.id for p in found.people if _may_do(item, p)), None))
    return tell(
        engine,
        work,
        state,
        kind="escalated",
        rule=f"{deadline.id}|l{event.level}.{event.round}",
        people=found.people,
        channels=channels,
        step_title=title_of(engine, state, deadline),
        due_at=deadline.due_at,
        link=_link(state, item),
        now=now,
        critical=ladder.overrides_quiet_hours,
        escalation_id=escalation.id,
        level=event.level,
    )


def _act_on_item(work: UnitOfWork, item: WorkItem, level: Level, first: UUID | None) -> None:
    changed = verbs.raise_priority(item) if level.raise_priority else item
    if level.reassign and first is not None:
        given = verbs.give_to(item, actor_id=first)
        changed = changed.model_copy(update={"status": given.status, "assignee_id": given.assignee_id})
        changed = changed.model_copy(update={"revision": item.revision + 1})
    if changed is not item:
        work.items.save(changed)


def _may_do(item: WorkItem, person: ActorRecord) -> bool:
    """Say whether an item can be given to somebody: they have one of its roles, and four eyes do not exclude them."""
    return person.id not in item.excluded_ids and not set(person.roles).isdisjoint(item.candidate_roles)


def _channels(engine: Engine, level: Level) -> tuple[str, ...]:
    """Give the channels of a level that are set up; in-app is always there."""
    wanted = {channel.value for channel in level.channels} | {Channel.IN_APP.value}
    return tuple(sorted(channel for channel in wanted if channel == IN_APP or channel in engine.channels))


def _is_critical(engine: Engine, event: ev.DeadlineWarned | ev.DeadlineBreached | ev.LevelRaised) -> bool:
    ladder = engine.library().ladders.get(event.deadline.ladder)
    return bool(ladder and ladder.overrides_quiet_hours)


def _link(state: CaseState, item: WorkItem | None) -> str:
    return f"/items/{item.id}" if item else f"/cases/{state.case.id}"


def _set_aside(engine: Engine, deadline_id: UUID, now: datetime) -> None:
    with engine.unit_of_work() as work:
        work.deadlines.hold(deadline_id, until=now + _HELD_FOR)
        work.commit()
