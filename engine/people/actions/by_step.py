"""What a step of a case changes about the rights of a colleague: a role is asked for, or roles end."""

from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from engine.approvals.actions.approvals import overtake
from engine.approvals.records import ApprovalKind, NoSecondPersonError
from engine.approvals.store import ApprovalStore
from engine.assembly import Engine
from engine.core.policy import ROLES_THAT_MAY, Action
from engine.core.records import Step
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.language.names import Role
from engine.people.actions.manage import take
from engine.people.actions.roles import AskedRole, ask_for, asked_role
from engine.people.records import ActorRecord
from engine.people.store import DirectoryStore
from engine.plugin.context import ChangeOfAccess

NOT_A_COLLEAGUE: Final = (
    "Choose someone else who has a role in one of your units and belongs to the organisation of this case. An"
    " administrator looks after everyone else."
)
_ADMINISTRATOR: Final = Role.SYSTEM_ADMINISTRATOR.value
_NOT_CHANGED: Final = "No right was changed: "
_NOT_THEIRS: Final = (
    f"{_NOT_CHANGED}only someone who leads the unit, or its data protection officer, takes a role away."
)
_NOBODY: Final = f"{_NOT_CHANGED}no one else leads the unit who could agree to the role. Ask an administrator."
_LAST: Final = f"{_NOT_CHANGED}no one else would manage people and units. Make someone else an administrator first."
_NONE: Final = f"{_NOT_CHANGED}the colleague did not have this in the unit."
_HAS_IT: Final = f"{_NOT_CHANGED}the colleague has the role already."
_NO_END: Final = f"{_NOT_CHANGED}an administrator has no last day, since people could be left without one."
_OVER: Final = f"{_NOT_CHANGED}the last day of the role is over already."
_ASKED: Final = "The role was asked for. It counts when someone else who leads the unit has agreed."
_ENDED: Final = "The colleague has lost this in the unit, and has to sign in again."


class Changed(NamedTuple):
    """What came of it, in a sentence for the page of the step; who lost a role, if anybody did."""

    said: tuple[str, ...] = ()
    loser_id: UUID | None = None


def colleague(tx: Transaction, address: str, *, unit_id: UUID, of: UUID) -> ActorRecord | None:
    """Find somebody else who shares a unit with an actor, and belongs to the organisation of a unit; None for others.

    A program is nobody's colleague, nor is who acts no longer.
    """
    people = tx.of(DirectoryStore)
    known, asker, unit = people.credentials(address), people.actor(of), people.unit(unit_id)
    found = people.actor(known.actor_id) if known else None
    if found is None or found.disabled or found.id == of or people.is_service(found.id):
        return None
    is_near = asker is not None and not set(asker.unit_ids).isdisjoint(found.unit_ids)
    is_ours = unit is not None and found.organisation_id == unit.organisation_id
    return found if is_near and is_ours else None


def keep_access(
    engine: Engine, tx: Transaction, state: CaseState, step: Step, wanted: ChangeOfAccess | None, *, now: datetime
) -> Changed:
    """Ask for the role that a step gives a colleague, or end roles, by the rights of whoever completed the step.

    A role is never given here: it counts when another person who leads the unit agrees, also where the one who asks
    leads it too. What cannot be done is said and not done.
    """
    by, unit_id = step.completed_by, state.case.unit_id
    if wanted is None or by is None:
        return Changed()
    tx.of(DirectoryStore).hold_roles()
    person = colleague(tx, wanted.colleague, unit_id=unit_id, of=by)
    if person is None:
        return Changed((f"{_NOT_CHANGED}the colleague is none of yours any more.",))
    if wanted.change != "role_given":
        return _end(engine, tx, person.id, wanted, by=by, unit_id=unit_id, now=now)
    why_not = _why_not(engine, tx, person.id, wanted, unit_id)
    if why_not:
        return Changed((why_not,))
    try:
        ask_for(engine, tx, AskedRole(person.id, unit_id, wanted.role, wanted.ends_at), asked_by=by)
    except NoSecondPersonError:
        return Changed((_NOBODY,))
    return Changed((_ASKED,))


def _why_not(engine: Engine, tx: Transaction, actor_id: UUID, wanted: ChangeOfAccess, unit_id: UUID) -> str:
    """Return why a role is not asked for; empty where it is."""
    has_role = tx.of(DirectoryStore).has_role
    if wanted.role not in {role.value for role in Role} or has_role(
        actor_id, unit_id=unit_id, role=wanted.role, ends_at=wanted.ends_at
    ):
        return _HAS_IT
    if wanted.ends_at is None:
        return ""
    if wanted.role == _ADMINISTRATOR:
        return _NO_END
    return _OVER if wanted.ends_at <= engine.wall_clock.now() else ""


def _end(
    engine: Engine, tx: Transaction, actor_id: UUID, wanted: ChangeOfAccess, *, by: UUID, unit_id: UUID, now: datetime
) -> Changed:
    members = tx.of(DirectoryStore).memberships
    own = {role for unit, role in members(by) if unit == unit_id}
    if own.isdisjoint(ROLES_THAT_MAY[Action.TAKE_ROLE]):
        return Changed((_NOT_THEIRS,))
    held = [AskedRole(actor_id, unit_id, role) for unit, role in members(actor_id) if unit == unit_id]
    roles = [one for one in held if wanted.change == "all_ended" or one.role == wanted.role]
    others = [one for one in tx.of(DirectoryStore).holders(roles=(_ADMINISTRATOR,)) if one.id != actor_id]
    if any(one.role == _ADMINISTRATOR for one in roles) and all(one.disabled for one in others):
        return Changed((_LAST,))
    asked = map(asked_role, tx.of(ApprovalStore).open_of(ApprovalKind.ROLE, now=now))
    waiting = [one for one in asked if one.actor_id == actor_id and one.unit_id == unit_id]
    for one in (waits for waits in waiting if wanted.change == "all_ended" or waits.role == wanted.role):
        overtake(tx, ApprovalKind.ROLE, one.subject_id, now=now)
    for one in roles:
        take(engine, tx, one, by=by, now=now)
    return Changed((_ENDED,), actor_id) if roles else Changed((_NONE,))
