"""What the actions share: decide a command under the case's lock, and write what follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from uuid import UUID

from engine.assembly import Engine
from engine.cases.access_store import AccessStore
from engine.cases.housekeeping import FirstAnswer, HousekeepingStore
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core.access import CaseAccess, Via
from engine.core.commands import Command
from engine.core.consequences import WorkItem
from engine.core.decide import decide
from engine.core.events import Event
from engine.core.policy import Action, Viewer, can, visible_units
from engine.core.state import CaseState, evolve
from engine.db.transaction import Transaction
from engine.errors import NotAllowedError, NotFoundError
from engine.ports import JsonValue
from engine.work.store import ItemStore


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision that has been written, not yet committed."""

    state: CaseState
    events: tuple[Event, ...]


def carry_out(
    engine: Engine, tx: Transaction, state: CaseState, command: Command, *, actor_id: UUID | None, now: datetime
) -> Decided:
    """Decide a command and write its events with all that follows from them."""
    events = decide(engine.definitions, tx.library(), state, command, now)
    after = tx.of(CaseStore).record(state, events, actor_id=actor_id, at=now) if events else state
    return Decided(after, events)


def would_be(engine: Engine, tx: Transaction, state: CaseState, command: Command, *, now: datetime) -> CaseState:
    """Return the case as it would stand after a command, which is not carried out."""
    return reduce(evolve, decide(engine.definitions, tx.library(), state, command, now), state)


_ASKED_FOR: Mapping[type, Action] = {
    cm.AddStep: Action.CHANGE_PLAN,
    cm.CancelStep: Action.CHANGE_PLAN,
    cm.StartRun: Action.STEER,
    cm.CloseCase: Action.STEER,
    cm.ReopenCase: Action.STEER,
    cm.PauseDeadline: Action.CHANGE_PLAN,
    cm.ResumeDeadline: Action.CHANGE_PLAN,
    cm.AnswerExtension: Action.GIVE_TIME,
    cm.NameDelayOwner: Action.NAME_DELAY,
}
"""What a viewer must be allowed to do for a command; working on the case is enough for the others."""


def require_member(viewer: Viewer, state: CaseState, action: Action = Action.WORK, *, kind: str = "case") -> None:
    """Refuse a viewer who does not see the case as its own unit does, in the words for what does not exist.

    That is one of another unit, one who sees no cases in it, and one to whom the case is denied or who is in conflict
    with it. `kind` is what they named: a case, or a part of one. Raises `NotFoundError`, and `NotAllowedError` for who
    sees it and may not act.
    """
    unit_id = state.case.unit_id
    if not viewer.is_system and (unit_id not in visible_units(viewer) or is_barred(viewer, state)):
        raise NotFoundError(kind=kind)
    if not can(viewer, action, unit_id=unit_id):
        raise NotAllowedError(actor=viewer.name, action=action.value)


def is_barred(viewer: Viewer, state: CaseState) -> bool:
    """Return whether a case is denied to a viewer or to one of their units, or they are in conflict with it."""
    return not viewer.is_system and not state.barred.isdisjoint({viewer.actor_id, *viewer.unit_ids})


def require_access(tx: Transaction, viewer: Viewer, case_id: UUID, action: Action, *, now: datetime) -> CaseAccess:
    """Say how a viewer sees a case, through its unit or a grant, at `now` (UTC).

    Raises `NotFoundError` for who does not, and `NotAllowedError` for who sees it and may not act.
    """
    access = tx.of(AccessStore).access_of(viewer, case_id, now)
    if access.via is Via.NONE or not can(viewer, Action.SEE_CASES, access=access):
        raise NotFoundError(kind="case")
    if not can(viewer, action, access=access):
        raise NotAllowedError(actor=viewer.name, action=action.value)
    return access


def require_own(engine: Engine, case_id: UUID, *, viewer: Viewer, action: Action) -> None:
    """Refuse who may not act on a case as one of its own unit, before it is looked at what they ask for.

    Raises `NotFoundError` for who does not see it so, and `NotAllowedError` for who does and may not act.
    """
    with engine.transaction(viewer) as tx:
        access = require_access(tx, viewer, case_id, Action.SEE_CASES, now=engine.clock.now())
    if access.via is not Via.OWN:
        raise NotFoundError(kind="case")
    if not can(viewer, action, access=access):
        raise NotAllowedError(actor=viewer.name, action=action.value)


def keep_who_did_it(tx: Transaction, item: WorkItem, viewer: Viewer) -> None:
    """Write the viewer down as who did an item that nobody had claimed."""
    if item.assignee_id is None:
        tx.of(ItemStore).done_by(item, viewer.actor_id)


def command_on_case(
    engine: Engine, case_id: UUID, command: Command, *, viewer: Viewer, command_id: UUID, now: datetime | None = None
) -> Mapping[str, JsonValue]:
    """Carry out one command of a person on a case, once; returns its answer."""
    with engine.transaction() as tx:
        state, known = tx.of(CaseStore).lock_for(case_id, command_id)
        require_member(viewer, state, _ASKED_FOR.get(type(command), Action.WORK))
        if known is not None:
            return FirstAnswer(known)
        tx.writes.hold()
        at = now or engine.clock.now()
        decided = carry_out(engine, tx, state, command, actor_id=viewer.actor_id, now=at)
        answer: dict[str, JsonValue] = {"case_id": str(case_id), "events": len(decided.events)}
        tx.of(HousekeepingStore).remember(command_id, answer, case_id=case_id, at=at)
        tx.commit()
        return answer
