"""Do what is due of a deadline, each firing once; hear that somebody has seen it, or that nobody was there."""

from datetime import datetime

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.deadlines.calls import calls_ended
from engine.core.deadlines.firings import BREACH, DUE, is_warning, level_name, missed_name, pending, with_next
from engine.core.deadlines.keep import breached, open_on_breach
from engine.core.deadlines.lateness import is_overdue
from engine.core.draft import Draft
from engine.core.records import CallEnd, Deadline, DeadlineStatus, Purpose
from engine.errors import NotFoundError


def fire(draft: Draft, command: cm.FireDeadline) -> None:
    """Warn, record the breach, raise levels: whatever is due and has not fired. A step opens by settling."""
    deadline = draft.state.deadlines.get(command.deadline_id)
    if deadline is None:
        return
    if deadline.purpose is Purpose.OPENING:
        draft.view(deadline.run_id)
        return
    planned = _fire_due(draft, deadline)
    known = draft.state.deadlines[deadline.id]
    if planned is not known and planned != known:
        draft.emit(ev.DeadlineMoved(before=known.due_at, deadline=planned))


def acknowledge(draft: Draft, command: cm.Acknowledge) -> None:
    """Record that all levels raised so far have been seen, be the deadline over or not; raises `NotFoundError`."""
    deadline = draft.state.deadlines.get(command.deadline_id) or draft.state.past.get(command.deadline_id)
    if deadline is None:
        raise NotFoundError(kind="deadline")
    if deadline.acknowledged_at is not None and not _has_news(deadline):
        return
    deadline = calls_ended(draft, deadline, CallEnd.ACKNOWLEDGED)
    seen = deadline.model_copy(update={"acknowledged_at": draft.now})
    if seen.status is DeadlineStatus.OPEN:
        seen = with_next(seen, draft.library)
    draft.emit(ev.DeadlineAcknowledged(deadline=seen, by=command.by))


def miss(draft: Draft, command: cm.MissLevel) -> None:
    """Record that nobody could be told of a level, and raise the next at once; raises `NotFoundError`.

    Nothing happens when the deadline has ended meanwhile, or when this is known already.
    """
    deadline = draft.state.deadlines.get(command.deadline_id)
    if deadline is None or missed_name(command.level) in deadline.raised:
        return
    if level_name(command.level, command.round) not in deadline.fired:
        raise NotFoundError(kind="level")
    raised = {**deadline.raised, missed_name(command.level): draft.now}
    missed = with_next(deadline.model_copy(update={"raised": raised}), draft.library)
    draft.emit(
        ev.LevelMissed(deadline=missed, level=command.level, round=command.round, reason_code=command.reason_code)
    )
    _fire_due(draft, missed)


def _has_news(deadline: Deadline) -> bool:
    """Return whether a level has been raised, or told again, since the last acknowledgement."""
    return any(
        name.startswith("l:") and deadline.acknowledged_at is not None and at > deadline.acknowledged_at
        for name, at in deadline.raised.items()
    )


def _fire_due(draft: Draft, deadline: Deadline) -> Deadline:
    """Fire what is due, one after the other: each firing may bring the next one forward, and plans it anew."""
    deadline = with_next(deadline, draft.library)
    while (found := _next_due(draft, deadline)) is not None:
        deadline = _fire_one(draft, deadline, *found)
    return deadline


def _next_due(draft: Draft, deadline: Deadline) -> tuple[datetime, str] | None:
    """Return what is to fire now of a deadline as just planned; nobody is warned of what has passed already."""
    at, name = deadline.next_at, deadline.next_firing
    if at is None or name is None or at > draft.now:
        return None
    if not is_warning(name) or not is_overdue(deadline.late_from, draft.now):
        return at, name
    due = (point for point in pending(deadline, draft.library) if not is_warning(point[1]))
    return next((point for point in due if point[0] <= draft.now), None)


def _fire_one(draft: Draft, deadline: Deadline, at: datetime, name: str) -> Deadline:
    if name == BREACH:
        return breached(draft, deadline)
    changes: dict[str, object] = {"fired": (*deadline.fired, name)}
    if is_warning(name):
        warned = with_next(deadline.model_copy(update=changes), draft.library)
        draft.emit(ev.DeadlineWarned(deadline=warned, firing=name, planned_at=at))
        if name == DUE:
            open_on_breach(draft, warned)
        return warned
    changes["raised"] = {**deadline.raised, name: draft.now}
    raised = with_next(deadline.model_copy(update=changes), draft.library)
    level, _, again = name.removeprefix("l:").partition(".")
    draft.emit(ev.LevelRaised(deadline=raised, level=int(level), round=int(again or 1), planned_at=at))
    return raised
