"""What somebody leaves behind who acts no longer: shifts, people they supervised, seals, concerns, roles."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from engine.adapters.sql.case_store import CaseStore
from engine.adapters.sql.directory_store import DirectoryStore
from engine.adapters.sql.duty_store import DutyStore
from engine.adapters.sql.keeping_store import KeepingStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.domain.keeping import Restriction
from engine.ports import ActorRecord
from engine.spec.roles import Role
from engine.usecases.concerns import pass_on_concerns
from engine.usecases.telling import EMAIL, IN_APP, tell_of_system

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
            _tell(engine, tx, f"unsupervised|{actor_id}|{now.isoformat()}", f"/people/{actor_id}", (), now)
    for unit_id in person.unit_ids:
        if _call_off(tx, person.id, unit_id, now):
            _tell(engine, tx, f"shifts|{unit_id}|{now.isoformat()}", "/on-call", (unit_id,), now)
    for seal in tx.of(KeepingStore).seals_of(person.id):
        _tell_officers(engine, tx, seal, now)
    if pass_on_concerns(engine, tx, now=now):
        _tell(engine, tx, f"nobody-hears|{person.id}|{now.isoformat()}", f"/people/{person.id}", (), now)
    for unit_id, role in tx.of(DirectoryStore).memberships(person.id):
        tell_of_gap(engine, tx, unit_id=unit_id, role=role, now=now)


def tell_of_gap(engine: Engine, tx: Transaction, *, unit_id: UUID, role: str, now: datetime) -> None:
    """Tell whoever looks after a unit when nobody has a role there any more for which work waits, or that it needs."""
    if any(not person.disabled for person in tx.of(DirectoryStore).holders(roles=(role,), unit_id=unit_id)):
        return
    if role in NEEDED or tx.of(DirectoryStore).is_unserved(unit_id, role):
        _tell(engine, tx, f"no-role|{unit_id}|{role}|{now.isoformat()}", f"/units/{unit_id}", (unit_id,), now)


def _tell_officers(engine: Engine, tx: Transaction, seal: Restriction, now: datetime) -> None:
    """Tell the officers who see a sealed case that its holder is gone; an administrator where it has no officer."""
    unit_id = tx.of(CaseStore).read(seal.case_id).case.unit_id
    officers = tx.of(DirectoryStore).holders(roles=(Role.DATA_PROTECTION_OFFICER.value,), unit_id=unit_id)
    people = [person for person in officers if not person.disabled]
    rule = f"seal|{seal.id}|{now.isoformat()}"
    if people:
        _send(engine, tx, rule, f"/cases/{seal.case_id}", people, now)
    else:
        _tell(engine, tx, rule, f"/units/{unit_id}", (), now)


def _call_off(tx: Transaction, actor_id: UUID, unit_id: UUID, now: datetime) -> int:
    mine = [shift for shift in tx.of(DutyStore).shifts(unit_id, since=now) if shift.actor_id == actor_id]
    for shift in mine:
        if shift.starts_at < now:
            tx.of(DutyStore).end_shift(shift.id, at=now)
        else:
            tx.of(DutyStore).cancel_shift(shift.id, at=now)
    return len(mine)


def _tell(engine: Engine, tx: Transaction, rule: str, link: str, unit_ids: Iterable[UUID], now: datetime) -> None:
    """Tell the supervisors and nodal officers of units, and every administrator; each person once."""
    found = {
        one.id: one for unit in unit_ids for one in tx.of(DirectoryStore).holders(roles=_LOOK_AFTER[:2], unit_id=unit)
    }
    found |= {one.id: one for one in tx.of(DirectoryStore).holders(roles=_LOOK_AFTER[2:])}
    _send(engine, tx, rule, link, [person for person in found.values() if not person.disabled], now)


def _send(engine: Engine, tx: Transaction, rule: str, link: str, people: Iterable[ActorRecord], now: datetime) -> None:
    tell_of_system(
        engine, tx, kind="person_to_look_after", rule=rule, people=people, channels=(IN_APP, EMAIL), link=link,
        now=now,
    )  # fmt: skip
