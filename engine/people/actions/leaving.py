"""What somebody leaves behind who acts no longer, and to whom their claimed work goes."""

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from engine.approvals.actions.concerns import pass_on_concerns
from engine.assembly import Engine
from engine.cases.store import CaseStore
from engine.core import consequences as verbs
from engine.core.consequences import WorkItem
from engine.core.records import ItemStatus
from engine.core.retention import Restriction
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.language.names import Role
from engine.messages.actions.notifying import add_delivery_job, notify, notify_of_system, title_of_step
from engine.messages.actions.recipients import SUPERVISORS, reachable
from engine.messages.records import EMAIL, IN_APP
from engine.people.records import ActorRecord
from engine.people.store import DirectoryStore, DutyStore
from engine.retention.store import RetentionStore
from engine.work.store import ItemStore

log = logging.getLogger(__name__)


def pass_on_all(engine: Engine) -> int:
    """Pass on the items of everybody who is disabled or whose absence has begun; returns how many. For a schedule."""
    with engine.transaction() as tx:
        people = tx.of(DutyStore).who_cannot_act(at=engine.clock.now())
    return sum(pass_on_items(engine, actor_id) for actor_id in people)


def pass_on_items(engine: Engine, actor_id: UUID) -> int:
    """Pass on the items that somebody has claimed, if they cannot act now; returns how many.

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
    """Give back to all the items that somebody has claimed and may not do any more; returns how many.

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
        _notify(engine, tx, after, changed, None, now)
        tx.commit()
        return True


_CAN_ACT = UUID(int=0)
"""Stands for the deputy of somebody who needs none."""


def _deputy_of(tx: Transaction, actor_id: UUID, now: datetime) -> UUID | None:
    """Return the deputy of somebody who cannot act, None when there is none, `_CAN_ACT` when they can act."""
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
        _notify(engine, tx, after, changed, taker, now)
        tx.commit()
        return True


def _taker(
    tx: Transaction, state: CaseState, item: WorkItem, deputy_id: UUID | None, now: datetime
) -> ActorRecord | None:
    """Return the deputy if they may do the item, can be told of the case, and belong to its unit."""
    deputy = tx.of(DirectoryStore).actor(deputy_id) if deputy_id else None
    if deputy is None or state.case.unit_id not in deputy.unit_ids or deputy.id in item.excluded_ids:
        return None
    if set(deputy.roles).isdisjoint(item.candidate_roles):
        return None
    return deputy if deputy in reachable(tx, state, (deputy,), now=now).people else None


def _notify(
    engine: Engine, tx: Transaction, state: CaseState, item: WorkItem, taker: ActorRecord | None, now: datetime
) -> None:
    """Tell who has the item now, or the supervisors of the unit that nobody has it."""
    above = tx.of(DirectoryStore).holders(roles=SUPERVISORS, unit_id=state.case.unit_id)
    deadline = next((known for known in state.deadlines.values() if known.step_id == item.step_id), None)
    rule = f"{item.id}|reassigned|{item.revision}"
    must_send = notify(
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


NEEDED: Final = (Role.SUPERVISOR, Role.NODAL_OFFICER, Role.SAFEGUARDING_LEAD)
"""Roles that ladders and concerns lead to: a unit that had one and has none now is told of, work or not."""
_LOOK_AFTER: Final = (Role.SUPERVISOR.value, Role.NODAL_OFFICER.value, Role.SYSTEM_ADMINISTRATOR.value)


def pass_on_duties(engine: Engine, tx: Transaction, person: ActorRecord, *, now: datetime) -> None:
    """Call off somebody's shifts, give whom they supervised to their own supervisor, and tell of what has no owner.

    What was told to them in confidence is told to somebody else. Of each case that they held under a seal its officers
    are told, who alone see it now.
    """
    for actor_id in tx.of(DirectoryStore).supervised_by(person.id):
        tx.of(DirectoryStore).change_actor(actor_id, supervisor_id=person.supervisor_id)
        if person.supervisor_id is None:
            _notify_units(engine, tx, f"unsupervised|{actor_id}|{now.isoformat()}", f"/people/{actor_id}", (), now)
    for unit_id in person.unit_ids:
        if _call_off(tx, person.id, unit_id, now):
            _notify_units(engine, tx, f"shifts|{unit_id}|{now.isoformat()}", "/on-call", (unit_id,), now)
        else:
            notify_of_turns(engine, tx, person, unit_id=unit_id, now=now)
    for encrypt in tx.of(RetentionStore).restrictions_of(person.id):
        _notify_officers(engine, tx, encrypt, now)
    if pass_on_concerns(engine, tx, now=now):
        _notify_units(engine, tx, f"nobody-hears|{person.id}|{now.isoformat()}", f"/people/{person.id}", (), now)
    for unit_id, role in tx.of(DirectoryStore).memberships(person.id):
        notify_of_gap(engine, tx, unit_id=unit_id, role=role, now=now)


def notify_of_gap(engine: Engine, tx: Transaction, *, unit_id: UUID, role: str, now: datetime) -> None:
    """Tell whoever looks after a unit when nobody has a role there any more for which work waits, or that it needs."""
    if any(not person.disabled for person in tx.of(DirectoryStore).holders(roles=(role,), unit_id=unit_id)):
        return
    if role in NEEDED or tx.of(DirectoryStore).is_unserved(unit_id, role):
        _notify_units(engine, tx, f"no-role|{unit_id}|{role}|{now.isoformat()}", f"/units/{unit_id}", (unit_id,), now)


def notify_of_turns(engine: Engine, tx: Transaction, person: ActorRecord, *, unit_id: UUID, now: datetime) -> None:
    """Tell whoever looks after a unit when its rota names somebody who has left: their turns are gaps from now on."""
    if any(person.email in rota.people for rota in tx.of(DutyStore).rotas(unit_id, since=now)):
        _notify_units(engine, tx, f"turns|{unit_id}|{person.id}|{now.isoformat()}", "/on-call", (unit_id,), now)


def _notify_officers(engine: Engine, tx: Transaction, encrypt: Restriction, now: datetime) -> None:
    """Tell the officers who see a sealed case that its holder is gone; an administrator where it has no officer."""
    unit_id = tx.of(CaseStore).read(encrypt.case_id).case.unit_id
    officers = tx.of(DirectoryStore).holders(roles=(Role.DATA_PROTECTION_OFFICER.value,), unit_id=unit_id)
    people = [person for person in officers if not person.disabled]
    rule = f"seal|{encrypt.id}|{now.isoformat()}"
    if people:
        _send(engine, tx, rule, f"/cases/{encrypt.case_id}", people, now)
    else:
        _notify_units(engine, tx, rule, f"/units/{unit_id}", (), now)


def _call_off(tx: Transaction, actor_id: UUID, unit_id: UUID, now: datetime) -> int:
    mine = [shift for shift in tx.of(DutyStore).shifts(unit_id, since=now) if shift.actor_id == actor_id]
    for shift in mine:
        if shift.starts_at < now:
            tx.of(DutyStore).end_shift(shift.id, at=now)
        else:
            tx.of(DutyStore).cancel_shift(shift.id, at=now)
    return len(mine)


def _notify_units(
    engine: Engine, tx: Transaction, rule: str, link: str, unit_ids: Iterable[UUID], now: datetime
) -> None:
    """Tell the supervisors and nodal officers of units, and every administrator; each person once."""
    found = {
        one.id: one for unit in unit_ids for one in tx.of(DirectoryStore).holders(roles=_LOOK_AFTER[:2], unit_id=unit)
    }
    found |= {one.id: one for one in tx.of(DirectoryStore).holders(roles=_LOOK_AFTER[2:])}
    _send(engine, tx, rule, link, [person for person in found.values() if not person.disabled], now)


def _send(engine: Engine, tx: Transaction, rule: str, link: str, people: Iterable[ActorRecord], now: datetime) -> None:
    notify_of_system(
        engine, tx, kind="person_to_look_after", rule=rule, people=people, channels=(IN_APP, EMAIL), link=link,
        now=now,
    )  # fmt: skip
