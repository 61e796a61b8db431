"""Tell people what fired of a deadline: warnings, breaches, the levels of a ladder and what each of them does."""

from datetime import datetime
from uuid import UUID, uuid5

from engine.assembly import Engine
from engine.domain import events as ev
from engine.domain import work_item as verbs
from engine.domain.consequences import WorkItem
from engine.domain.state import CaseState
from engine.ports import ActorRecord, NewEscalation
from engine.spec.ladders import Channel, Level
from engine.stores import UnitOfWork
from engine.usecases.recipients import who_has_it, who_is_told
from engine.usecases.telling import EMAIL, IN_APP, tell, title_of


def tell_of(engine: Engine, work: UnitOfWork, state: CaseState, event: ev.Event, now: datetime) -> tuple[bool, bool]:
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
