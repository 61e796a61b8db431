"""Hand over what people have: any number of work items and shifts in one act, told once to each person."""

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple
from uuid import UUID, uuid5

from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.cases.housekeeping import HousekeepingStore
from engine.core.consequences import WorkItem
from engine.core.policy import Action, Viewer, require
from engine.db.transaction import Transaction
from engine.errors import IcmcError, NotAllowedError, NotFoundError
from engine.messages.actions.notifying import notify_of_system
from engine.messages.records import EMAIL, IN_APP
from engine.people.actions.duty import member, pass_shift, require_planner
from engine.people.store import DirectoryStore, DutyStore
from engine.work.actions.items import WORK_PAGE, change_item, given_to, may_delegate

log = logging.getLogger(__name__)

_NOTHING: Final[Mapping[UUID, UUID]] = MappingProxyType({})
_FAILED: Final = "Something went wrong. Try again."


class HandedOver(NamedTuple):
    """How many items and shifts others have now, and why each of the rest stayed where it was."""

    items: int
    shifts: int
    stayed: Mapping[UUID, str]


def hand_over_work(
    engine: Engine,
    *,
    viewer: Viewer,
    command_id: UUID,
    items: Mapping[UUID, UUID],
    shifts: Mapping[UUID, UUID] = _NOTHING,
) -> HandedOver:
    """Give work items and shifts to others; the keys are what is given, the values who gets it.

    Each is given in a transaction of its own; what cannot be given stays, and the rest goes on. Whoever gets or loses
    something is notified once, whatever it is. Raises `NotAllowedError`.
    """
    require(viewer, Action.DELEGATE)
    stayed: dict[UUID, str] = {}
    who: set[UUID | None] = set()
    for kind, given in ((_give_item, items), (_give_shift, shifts)):
        for one, to in given.items():
            try:
                who |= {kind(engine, one, to, viewer=viewer, command_id=uuid5(command_id, str(one))), to}
            except IcmcError as error:
                stayed[one] = str(error)
            except Exception:  # noqa: BLE001 - whatever is wrong with one, the others must go on
                log.error("could_not_be_handed_over", extra={"item_id": str(one)})  # noqa: TRY400
                stayed[one] = _FAILED
    gone = tuple(tuple(one for one in given if one not in stayed) for given in (items, shifts))
    if any(gone):
        people = {one for one in who if one is not None and one != viewer.actor_id}
        _record(engine, people, gone, viewer=viewer, command_id=command_id)
    return HandedOver(len(gone[0]), len(gone[1]), stayed)


def _give_item(engine: Engine, item_id: UUID, to: UUID, *, viewer: Viewer, command_id: UUID) -> UUID | None:
    """Give an item to somebody and return who had it."""

    def change(tx: Transaction, item: WorkItem, unit_id: UUID) -> WorkItem:
        if not may_delegate(viewer, unit_id):
            raise NotAllowedError(actor=viewer.name, action=Action.DELEGATE.value)
        return item if item.assignee_id == to else given_to(tx, item, to, unit_id=unit_id)

    return change_item(
        engine, item_id, change, "WorkItemDelegated", viewer=viewer, command_id=command_id, is_told=False
    )


def _give_shift(engine: Engine, shift_id: UUID, to: UUID, *, viewer: Viewer, command_id: UUID) -> UUID | None:
    """Give a shift, or what is left of it, to somebody, and return who had it."""
    now = engine.clock.now()
    with engine.transaction() as tx:
        tx.of(HousekeepingStore).take_turn(command_id)
        if tx.of(HousekeepingStore).answer_to(command_id) is not None:
            return None
        shift = tx.of(DutyStore).shift(shift_id)
        if shift is None or shift.ends_at <= now:
            raise NotFoundError(kind="shift")
        require_planner(viewer, shift.unit_id)
        tx.of(HousekeepingStore).take_turn(shift.unit_id)
        member(tx, to, shift.unit_id, field="to")
        theirs = pass_shift(engine, tx, shift, to=to, by=viewer.acting_id, now=now)
        tx.of(HousekeepingStore).remember(command_id, {"id": str(theirs.id)}, case_id=None, at=now)
        tx.commit()
        return shift.actor_id


def _record(
    engine: Engine, people: set[UUID], gone: tuple[tuple[UUID, ...], ...], *, viewer: Viewer, command_id: UUID
) -> None:
    """Write the act down, and tell whom it touches: once, however often the command comes."""
    now = engine.clock.now()
    with engine.transaction() as tx:
        tx.of(HousekeepingStore).take_turn(command_id)
        if tx.of(HousekeepingStore).answer_to(command_id) is not None:
            return
        found = (tx.of(DirectoryStore).actor(one) for one in sorted(people))
        told = [one for one in found if one and not one.disabled]
        notify_of_system(
            engine, tx, kind="work_moved", rule=f"{command_id}|moved", people=told,
            channels=(IN_APP, EMAIL), link=WORK_PAGE, now=now,
        )  # fmt: skip
        what = {"items": [str(one) for one in gone[0]], "shifts": [str(one) for one in gone[1]]}
        body = {**what, "people": [str(one) for one in sorted(people)]}
        tx.of(AuditLogStore).note(
            "people", "WorkHandedOver", body, actor_id=viewer.acting_id, at=engine.wall_clock.now()
        )
        tx.of(HousekeepingStore).remember(command_id, what, case_id=None, at=now)
        tx.commit()
