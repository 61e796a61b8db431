"""Approve what another person answered, or send it back."""

from uuid import UUID

from engine.adapters.sql.case_store import CaseStore
from engine.adapters.sql.housekeeping_store import HousekeepingStore
from engine.adapters.sql.item_store import ItemStore
from engine.assembly import Engine
from engine.domain import commands as cm
from engine.domain import work_item as verbs
from engine.domain.policy import roles_in
from engine.errors import ConflictError, NotFoundError
from engine.usecases.deciding import carry_out, keep_who_did_it, require_member
from engine.usecases.notices import tell_of_return
from engine.views import Viewer


def approve_work_item(
    engine: Engine, item_id: UUID, *, viewer: Viewer, revision: int, command_id: UUID, approved: bool
) -> bool:
    """Approve a step, or return it to be answered again; gives whether it was approved.

    Nobody approves their own answer. Raises as `complete_work_item` does.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(tx.of(ItemStore).get(item_id).case_id)
        require_member(viewer, state, kind="work item")
        known = tx.of(HousekeepingStore).answer_to(command_id)
        if known is not None:
            return bool(known["approved"])
        item = tx.of(ItemStore).get(item_id)
        if not item.approval:
            raise NotFoundError(kind="approval")
        verbs.require_open(item)
        verbs.require_candidate(
            item, actor_id=viewer.actor_id, roles=roles_in(viewer, state.case.unit_id), name=viewer.name
        )
        if item.revision != revision or item.assignee_id not in {None, viewer.actor_id}:
            raise ConflictError(kind="work item")
        command = cm.ApproveStep(step_id=item.step_id, approved=approved, by=viewer.actor_id)
        decided = carry_out(engine, tx, state, command, actor_id=viewer.actor_id, now=now)
        keep_who_did_it(tx, item, viewer)
        again = None if approved else tx.of(ItemStore).open_of_step(item.step_id)
        if again is not None:
            answered_by = state.steps[item.step_id].completed_by
            tell_of_return(engine, tx, decided.state, again, answered_by, by=viewer.actor_id, now=now)
        tx.of(HousekeepingStore).remember(command_id, {"approved": approved}, case_id=state.case.id, at=now)
        tx.commit()
        return approved
