"""Give the claimed items of somebody who cannot act to the deputy, or back to all who may do them."""

import logging
from datetime import datetime
from uuid import UUID

from engine.adapters.sql.case_store import CaseStore
from engine.adapters.sql.directory_store import DirectoryStore
from engine.adapters.sql.duty_store import DutyStore
from engine.adapters.sql.item_store import ItemStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.domain import work_item as verbs
from engine.domain.consequences import WorkItem
from engine.domain.records import ItemStatus
from engine.domain.state import CaseState
from engine.ports import ActorRecord
from engine.usecases.recipients import SUPERVISORS, reachable
from engine.usecases.telling import EMAIL, IN_APP, add_delivery_job, tell, title_of_step

log = logging.getLogger(__name__)


def pass_on_all(engine: Engine) -> int:
    """Pass on the items of everybody who is disabled or whose absence has begun; gives how many. For a schedule."""
    with engine.transaction() as tx:
        people = tx.of(DutyStore).who_cannot_act(at=engine.clock.now())
    return sum(pass_on_items(engine, actor_id) for actor_id in people)


def pass_on_items(engine: Engine, actor_id: UUID) -> int:
    """Pass on the items that somebody has claimed, if they cannot act now; gives how many.

    Each item is a transaction of its own; one that fails is logged by id, and the rest go on.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        deputy_id = _deputy_of(tx, actor_id, now)
        items = tx.of(DutyStore).items_of(actor_id) if deputy_id is not _CAN_ACT else ()
    count = 0
    for item_id, case_id in items:
        try:
            count += _pass_on(engine, item_id, case_id, actor_id, now)
        except Exception:  # noqa: BLE001 - whatever is wrong with one, the others must go on
            log.error("item_could_not_be_passed_on", extra={"item_id": str(item_id)})  # noqa: TRY400
    return count


def release_unentitled(engine: Engine, actor_id: UUID) -> int:
    """Give back to all the items that somebody has claimed and may not do any more; gives how many.

    For a role that was taken away. Each item is a transaction of its own, as in `pass_on_items`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        items = tx.of(DutyStore).items_of(actor_id)
    count = 0
    for item_id, case_id in items:
        try:
            count += _release(engine, item_id, case_id, actor_id, now)
        except Exception:  # noqa: BLE001 - whatever is wrong with one, the others must go on
            log.error("item_could_not_be_passed_on", extra={"item_id": str(item_id)})  # noqa: TRY400
    return count


def _release(engine: Engine, item_id: UUID, case_id: UUID, actor_id: UUID, now: datetime) -> bool:
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        item = tx.of(ItemStore).get(item_id)
        roles = {role for unit, role in tx.of(DirectoryStore).memberships(actor_id) if unit == state.case.unit_id}
        is_theirs = item.assignee_id == actor_id and item.status is ItemStatus.RESERVED
        if not is_theirs or not roles.isdisjoint(item.candidate_roles):
            return False
        changed = verbs.release(item)
        tx.of(ItemStore).save(changed)
        body = {"item_id": str(item.id), "step_key": item.step_key, "assignee_id": None}
        after = tx.of(CaseStore).note(state, "WorkItemReleased", body, actor_id=None, at=now)
        _tell(engine, tx, after, changed, None, now)
        tx.commit()
        return True


_CAN_ACT = UUID(int=0)
"""Stands for the deputy of somebody who needs none."""


def _deputy_of(tx: Transaction, actor_id: UUID, now: datetime) -> UUID | None:
    """Give the deputy of somebody who cannot act, None when there is none, `_CAN_ACT` when they can act."""
    actor = tx.of(DirectoryStore).actor(actor_id)
    absence = tx.of(DutyStore).away((actor_id,), at=now).get(actor_id)
    if actor is None or (absence is None and not actor.disabled):
        return _CAN_ACT
    return absence.deputy_id if absence else None


def _pass_on(engine: Engine, item_id: UUID, case_id: UUID, actor_id: UUID, now: datetime) -> bool:
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        item = tx.of(ItemStore).get(item_id)
        deputy_id = _deputy_of(tx, actor_id, now)
        if deputy_id is _CAN_ACT or item.assignee_id != actor_id or item.status is not ItemStatus.RESERVED:
            return False
        taker = _taker(tx, state, item, deputy_id, now)
        changed = verbs.give_to(item, actor_id=taker.id) if taker else verbs.release(item)
        tx.of(ItemStore).save(changed)
        body = {
            "item_id": str(item.id), "step_key": item.step_key, "assignee_id": str(taker.id) if taker else None,
        }  # fmt: skip
        after = tx.of(CaseStore).note(
            state, "WorkItemDelegated" if taker else "WorkItemReleased", body, actor_id=None, at=now
        )
        _tell(engine, tx, after, changed, taker, now)
        tx.commit()
        return True


def _taker(
    tx: Transaction, state: CaseState, item: WorkItem, deputy_id: UUID | None, now: datetime
) -> ActorRecord | None:
    """Give the deputy if they may do the item, can be told of the case, and belong to its unit."""
    deputy = tx.of(DirectoryStore).actor(deputy_id) if deputy_id else None
    if deputy is None or state.case.unit_id not in deputy.unit_ids or deputy.id in item.excluded_ids:
        return None
    if set(deputy.roles).isdisjoint(item.candidate_roles):
        return None
    return deputy if deputy in reachable(tx, state, (deputy,), now=now).people else None


def _tell(
    engine: Engine, tx: Transaction, state: CaseState, item: WorkItem, taker: ActorRecord | None, now: datetime
) -> None:
    """Tell who has the item now, or the supervisors of the unit that nobody has it."""
    above = tx.of(DirectoryStore).holders(roles=SUPERVISORS, unit_id=state.case.unit_id)
    deadline = next((known for known in state.deadlines.values() if known.step_id == item.step_id), None)
    rule = f"{item.id}|reassigned|{item.revision}"
    must_send = tell(
        engine,
        tx,
        state,
        kind="reassigned",
        rule=rule,
        people=(taker,) if taker else reachable(tx, state, above, now=now).people,
        channels=(IN_APP, EMAIL),
        step_title=title_of_step(engine, state, state.steps[item.step_id]),
        due_at=deadline.due_at if deadline else None,
        link=f"/items/{item.id}",
        now=now,
    )
    if must_send:
        add_delivery_job(tx, state, rule=rule, critical=False, now=now)
