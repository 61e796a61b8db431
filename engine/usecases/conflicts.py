"""Note who must not be told of a case, since they may be part of what it is about."""

import re
from uuid import UUID

from engine.adapters.sql.unit_of_work import UnitOfWork
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
    with engine.unit_of_work() as work:
        state = work.cases.lock(case_id)
        _require(work, state, viewer)
        if work.records.answer_to(command_id) is not None:
            return
        if actor_id == viewer.actor_id or work.directory.actor(actor_id) is None:
            raise InvalidAnswersError({"actor_id": "Choose someone else in the network."})
        conflict = Conflict(case_id=case_id, actor_id=actor_id, reason_code=reason_code)
        work.duty.add_conflict(conflict, by=viewer.actor_id, at=now)
        released = []
        for item in work.items.open_of_case(case_id):
            if item.assignee_id == actor_id:
                work.items.save(verbs.release(item))
                released.append(str(item.id))
        body = {"actor_id": str(actor_id)} | ({"released": released} if released else {})
        after = work.cases.note(state, "ConflictNoted", body, actor_id=viewer.actor_id, at=now)
        end_calls_to_barred(engine, work, after, now=now)
        work.records.remember(command_id, {"case_id": str(case_id)}, case_id=case_id, at=now)
        work.commit()


def end_conflict(engine: Engine, case_id: UUID, *, viewer: Viewer, command_id: UUID, actor_id: UUID) -> None:
    """Let somebody be told of a case again. Raises `NotFoundError` where there is no conflict, `NotAllowedError`."""
    now = engine.clock.now()
    with engine.unit_of_work() as work:
        state = work.cases.lock(case_id)
        _require(work, state, viewer)
        if work.records.answer_to(command_id) is not None:
            return
        if not work.duty.end_conflict(case_id, actor_id, at=now):
            raise NotFoundError(kind="conflict")
        work.cases.note(state, "ConflictEnded", {"actor_id": str(actor_id)}, actor_id=viewer.actor_id, at=now)
        work.records.remember(command_id, {"case_id": str(case_id)}, case_id=case_id, at=now)
        work.commit()


def _require(work: UnitOfWork, state: CaseState, viewer: Viewer) -> None:
    """Refuse who may not steer the case; whoever is in conflict with it gets the words for what does not exist."""
    if viewer.actor_id in work.duty.conflicted(state.case.id):
        raise NotFoundError(kind="case")
    require_member(viewer, state, Action.STEER)
