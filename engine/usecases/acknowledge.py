"""Say that an escalation, or a notice, has been seen."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from engine.adapters.sql.case_store import CaseStore
from engine.adapters.sql.housekeeping_store import HousekeepingStore
from engine.adapters.sql.ledger_store import LedgerStore
from engine.adapters.sql.message_store import MessageStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.domain import commands as cm
from engine.domain.policy import Action
from engine.domain.seen_link import hash_of_link
from engine.domain.state import CaseState
from engine.errors import NotAllowedError, NotFoundError
from engine.stores import LinkedLevel
from engine.usecases.deciding import carry_out, is_barred, require_member
from engine.views import Viewer


def acknowledge(engine: Engine, deadline_id: UUID, *, case_id: UUID, viewer: Viewer, command_id: UUID) -> None:
    """Acknowledge the levels that were raised so far for a deadline; a second time changes nothing.

    Somebody who was told may, of whichever unit, and who may steer the case. Raises `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        if is_barred(viewer, state) or viewer.actor_id not in tx.of(LedgerStore).who_was_told(deadline_id):
            require_member(viewer, state, Action.STEER)
        if deadline_id not in state.deadlines and deadline_id not in state.past:
            raise NotFoundError(kind="deadline")
        _acknowledge(engine, tx, state, deadline_id, viewer=viewer, command_id=command_id, now=now)


def acknowledge_by_link(engine: Engine, token: str, *, viewer: Viewer, command_id: UUID) -> LinkedLevel:
    """Acknowledge by the opaque link of a message; gives the deadline that it spoke of.

    Only the recipient of the message may, who must still be one that was told, and who may steer the case. A wrong link
    and somebody else's get the same words: `NotFoundError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        linked = tx.of(LedgerStore).by_link(hash_of_link(token)) if token else None
        if linked is None:
            raise NotFoundError(kind="escalation")
        state = tx.of(CaseStore).lock(linked.case_id)
        is_theirs = viewer.actor_id == linked.recipient_id and not is_barred(viewer, state)
        if not is_theirs and not _may_steer(viewer, state):
            raise NotFoundError(kind="escalation")
        _acknowledge(engine, tx, state, linked.deadline_id, viewer=viewer, command_id=command_id, now=now)
        return linked


def mark_read(engine: Engine, notice_ids: Sequence[UUID], *, viewer: Viewer) -> None:
    """Say that the viewer has read notices of theirs; another's changes nothing."""
    with engine.transaction() as tx:
        tx.of(MessageStore).mark_read(notice_ids, by=viewer.actor_id, at=engine.clock.now())
        tx.commit()


def acknowledge_levels(
    engine: Engine, tx: Transaction, state: CaseState, deadline_id: UUID, *, by: UUID, actor_id: UUID, now: datetime
) -> CaseState:
    """Let the levels told so far be acknowledged by somebody, as `actor_id` says; gives the case after it."""
    if not tx.of(LedgerStore).acknowledge(deadline_id, by=by, at=now):
        return state
    return carry_out(engine, tx, state, cm.Acknowledge(deadline_id, by), actor_id=actor_id, now=now).state


def _acknowledge(
    engine: Engine,
    tx: Transaction,
    state: CaseState,
    deadline_id: UUID,
    *,
    viewer: Viewer,
    command_id: UUID,
    now: datetime,
) -> None:
    if tx.of(HousekeepingStore).answer_to(command_id) is not None:
        return
    acknowledge_levels(engine, tx, state, deadline_id, by=viewer.actor_id, actor_id=viewer.actor_id, now=now)
    tx.of(HousekeepingStore).remember(command_id, {"deadline_id": str(deadline_id)}, case_id=state.case.id, at=now)
    tx.commit()


def _may_steer(viewer: Viewer, state: CaseState) -> bool:
    try:
        require_member(viewer, state, Action.STEER)
    except (NotFoundError, NotAllowedError):
        return False
    return True
