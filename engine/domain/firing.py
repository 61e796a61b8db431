"""Do what is due of a deadline, each firing once; and hear that somebody has seen it."""

from datetime import datetime

from engine.domain import commands as cm
from engine.domain import events as ev
from engine.domain.deadlines import breached
from engine.domain.draft import Draft
from engine.domain.firings import BREACH, is_warning, schedule, with_next
from engine.domain.records import Deadline, Purpose
from engine.errors import NotFoundError


def fire(draft: Draft, command: cm.FireDeadline) -> None:
    """Warn, record the breach, raise levels: whatever is due and has not fired. A step opens by settling."""
    deadline = draft.state.deadlines.get(command.deadline_id)
    if deadline is None:
        return
    if deadline.purpose is Purpose.OPENING:
        draft.view(deadline.run_id)
        return
    for at, name in schedule(deadline, draft.library):
        if at <= draft.now and name not in deadline.fired:
            deadline = _fire_one(draft, deadline, at, name)
    planned = with_next(deadline, draft.library)
    if planned != deadline:
        draft.emit(ev.DeadlineMoved(before=deadline.due_at, deadline=planned))


def acknowledge(draft: Draft, command: cm.Acknowledge) -> None:
    """Record that an escalation has been seen, be its deadline over or not; raises `NotFoundError`."""
    deadline = draft.state.deadlines.get(command.deadline_id) or draft.state.past.get(command.deadline_id)
    if deadline is None:
        raise NotFoundError(kind="deadline")
    if deadline.acknowledged_at is None:
        seen = deadline.model_copy(update={"acknowledged_at": draft.now})
        draft.emit(ev.DeadlineAcknowledged(deadline=seen, by=command.by))


def _fire_one(draft: Draft, deadline: Deadline, at: datetime, name: str) -> Deadline:
    if name == BREACH:
        return breached(draft, deadline)
    if is_warning(name) and deadline.due_at <= draft.now:
        return deadline
    fired = with_next(deadline.model_copy(update={"fired": (*deadline.fired, name)}), draft.library)
    if is_warning(name):
        draft.emit(ev.DeadlineWarned(deadline=fired, firing=name, planned_at=at))
    else:
        level, _, again = name.removeprefix("l:").partition(".")
        draft.emit(ev.LevelRaised(deadline=fired, level=int(level), round=int(again or 1), planned_at=at))
    return fired
