"""Note who must not be told of a case, since they may be part of what it is about."""

import re
from uuid import UUID

from engine.adapters.sql.case_store import CaseStore
from engine.adapters.sql.directory_store import DirectoryStore
from engine.adapters.sql.duty_store import DutyStore
from engine.adapters.sql.housekeeping_store import HousekeepingStore
from engine.adapters.sql.item_store import ItemStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.domain import work_item as verbs
from engine.domain.duty import Conflict
from engine.domain.policy import Action
from engine.domain.state import CaseState
from engine.errors import InvalidAnswersError, NotFoundError
from engine.usecases.calls import end_calls_to_barred
from engine.usecases.deciding import require_member
from engine.views import Viewer

_CODE = re.compile(r"^[a-z][a-z0-9_]{1,39}$")


def note_conflict(
    engine: Engine, case_id: UUID, *, viewer: Viewer, command_id: UUID, actor_id: UUID, reason_code: str
) -> None:
    """Hide a case from somebody: no message of it reaches them, no list shows it, and what they had claimed is free.

    Nobody is asked to ring them about it any more. They are not told of that either; the history names nobody.

    The row keeps who noted it, when, and the reason as a code, never in free words. The event keeps whom it concerns,
    without the reason. Raises `InvalidAnswersError` for an
    unknown person or a reason that is no code; `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    if not _CODE.fullmatch(reason_code):
        raise InvalidAnswersError({"reason_code": "Choose a reason from the list."})
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        _require(tx, state, viewer)
        if tx.of(HousekeepingStore).answer_to(command_id) is not None:
            return
        if actor_id == viewer.actor_id or tx.of(DirectoryStore).actor(actor_id) is None:
            raise InvalidAnswersError({"actor_id": "Choose someone else in the network."})
        conflict = Conflict(case_id=case_id, actor_id=actor_id, reason_code=reason_code)
        tx.of(DutyStore).add_conflict(conflict, by=viewer.actor_id, at=now)
        released = []
        for item in tx.of(ItemStore).open_of_case(case_id):
            if item.assignee_id == actor_id:
                tx.of(ItemStore).save(verbs.release(item))
                released.append(str(item.id))
        body = {"actor_id": str(actor_id)} | ({"released": released} if released else {})
        after = tx.of(CaseStore).note(state, "ConflictNoted", body, actor_id=viewer.actor_id, at=now)
        end_calls_to_barred(engine, tx, after, now=now)
        tx.of(HousekeepingStore).remember(command_id, {"case_id": str(case_id)}, case_id=case_id, at=now)
        tx.commit()


def end_conflict(engine: Engine, case_id: UUID, *, viewer: Viewer, command_id: UUID, actor_id: UUID) -> None:
    """Let somebody be told of a case again. Raises `NotFoundError` where there is no conflict, `NotAllowedError`."""
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        _require(tx, state, viewer)
        if tx.of(HousekeepingStore).answer_to(command_id) is not None:
            return
        if not tx.of(DutyStore).end_conflict(case_id, actor_id, at=now):
            raise NotFoundError(kind="conflict")
        tx.of(CaseStore).note(state, "ConflictEnded", {"actor_id": str(actor_id)}, actor_id=viewer.actor_id, at=now)
        tx.of(HousekeepingStore).remember(command_id, {"case_id": str(case_id)}, case_id=case_id, at=now)
        tx.commit()


def _require(tx: Transaction, state: CaseState, viewer: Viewer) -> None:
    """Refuse who may not steer the case; whoever is in conflict with it gets the words for what does not exist."""
    if viewer.actor_id in tx.of(DutyStore).conflicted(state.case.id):
        raise NotFoundError(kind="case")
    require_member(viewer, state, Action.STEER)
