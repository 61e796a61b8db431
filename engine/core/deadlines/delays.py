"""Whose delay it is when a time limit is not kept: as somebody names it, or as a signed note says."""

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.deadlines.keep import opened_by_breach
from engine.core.draft import Draft
from engine.core.records import Deadline, DelayOwner, Step
from engine.errors import NotFoundError

OWNER_FIELD = "delay_owner"
"""The answer of a delay note that says whose delay it is."""


def name_owner(draft: Draft, command: cm.NameDelayOwner) -> None:
    """Say whose delay a deadline is, be it over or not; raises `NotFoundError`."""
    deadline = draft.state.deadlines.get(command.deadline_id) or draft.state.past.get(command.deadline_id)
    if deadline is None:
        raise NotFoundError(kind="deadline")
    if deadline.delay_owner is not command.owner or deadline.owner_named_at is None:
        named = deadline.model_copy(update={"delay_owner": command.owner, "owner_named_at": draft.now})
        draft.emit(ev.DelayOwnerNamed(deadline=named, by=command.by))


def note_owner(draft: Draft, note: Step) -> None:
    """Give the late deadlines that a delay note explains the owner that it names."""
    owner = note.outputs.get(OWNER_FIELD)
    if not isinstance(owner, str) or owner not in set(DelayOwner):
        return
    for deadline in [*draft.state.deadlines.values(), *draft.state.past.values()]:
        if deadline.breached_at is not None and _explains(draft, note, deadline):
            name_owner(draft, cm.NameDelayOwner(deadline.id, DelayOwner(owner), note.completed_by))


def _explains(draft: Draft, note: Step, deadline: Deadline) -> bool:
    """Say whether a note is about a deadline: it was added for it, or its breach opens the note."""
    if note.added is not None:
        return note.added.for_deadline == deadline.id
    if deadline.run_id != note.run_id:
        return False
    opened = opened_by_breach(draft.view(note.run_id), deadline)
    return any((step.key, element) == (note.key, note.base_path) for step, element in opened)
