"""Add units and people, give and take roles, and let people act or no longer: nothing is left without an owner."""

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from engine.approvals.records import ApprovalKind, ApprovalRequest
from engine.approvals.store import ApprovalStore
from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.core.policy import Viewer
from engine.db.transaction import Transaction
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.language.names import Role
from engine.messages.channel_store import ChannelStore
from engine.people.actions.invitations import INVITE, make_link
from engine.people.actions.leaving import (
    notify_of_gap,
    notify_of_turns,
    pass_on_duties,
    pass_on_items,
    release_unentitled,
)
from engine.people.actions.roles import AskedRole, give_or_ask
from engine.people.records import LastAdministratorError
from engine.people.store import DirectoryStore
from engine.people.viewer import looks_after, person_looked_after, require_administrator, unit_looked_after
from engine.sign_in.actions.account import require_step_up
from engine.sign_in.store import SignInStore

log = logging.getLogger(__name__)

LONGEST_NAME: Final = 200
_EMPTY: Final = {
    "organisation": "Give the name of the organisation.", "name": "Give a name.", "jurisdiction": "Choose a place.",
}  # fmt: skip


class Invited(NamedTuple):
    """Somebody who was added: the token of their link is known only now; `waits` are roles that count not yet."""

    actor_id: UUID
    token: str
    waits: tuple[str, ...] = ()


def add_unit(
    engine: Engine,
    *,
    viewer: Viewer,
    organisation: str,
    name: str,
    jurisdiction: str,
    contact: str,
    language: str = "en",
) -> UUID:
    """Add a unit that keeps its own cases, in the zone and by the calendar of its jurisdiction.

    An organisation of that name is joined, else made: other ones than their own are for administrators of the hub's
    body. Raises `NoCalendarError` for a jurisdiction without a calendar,
    `InvalidAnswersError` for an empty or taken name, `NotAllowedError`, `StepUpNeededError`.
    """
    _require(engine, viewer)
    named = (("organisation", organisation), ("name", name), ("jurisdiction", jurisdiction))
    problems = {key: _EMPTY[key] for key, given in named if not given.strip()}
    zone = engine.library().calendar(jurisdiction).zone if jurisdiction.strip() else ""
    unit_id, now = engine.entropy.uuid(), engine.wall_clock.now()
    with engine.transaction() as tx:
        tx.of(DirectoryStore).hold_roles()
        if any(known.name.casefold() == name.strip().casefold() for known in tx.of(DirectoryStore).units()):
            problems["name"] = "There is already a unit with this name."
        if problems:
            raise InvalidAnswersError(problems)
        organisation_id = tx.of(ChannelStore).organisation_named(organisation.strip()) or engine.entropy.uuid()
        if not looks_after(tx, viewer, organisation_id):
            raise NotAllowedError(actor=viewer.name, action="add units of another organisation")
        tx.of(DirectoryStore).add_organisation(organisation_id, name=organisation.strip())
        tx.of(DirectoryStore).add_unit(
            unit_id, organisation_id=organisation_id, name=name.strip(), jurisdiction=jurisdiction, zone=zone,
            contact=contact,
        )  # fmt: skip
        tx.of(DirectoryStore).change_unit(unit_id, name=name.strip(), language=language, contact=contact)
        tx.of(AuditLogStore).note("people", "UnitAdded", {"unit_id": str(unit_id)}, actor_id=viewer.acting_id, at=now)
        tx.commit()
    return unit_id


def change_unit(engine: Engine, unit_id: UUID, *, viewer: Viewer, name: str, language: str, contact: str) -> None:
    """Write what a unit is called, which language its messages have, and what other units may call.

    Where it is stays: its cases count by it. Raises `InvalidAnswersError`, `NotFoundError`, `NotAllowedError`.
    """
    _require(engine, viewer)
    if not name.strip():
        raise InvalidAnswersError({"name": "Give a name."})
    with engine.transaction() as tx:
        unit_looked_after(tx, viewer, unit_id)
        tx.of(DirectoryStore).change_unit(unit_id, name=name.strip(), language=language, contact=contact)
        at = engine.wall_clock.now()
        tx.of(AuditLogStore).note("people", "UnitChanged", {"unit_id": str(unit_id)}, actor_id=viewer.acting_id, at=at)
        tx.commit()


def invite(
    engine: Engine,
    *,
    viewer: Viewer,
    name: str,
    email: str,
    unit_id: UUID,
    roles: Iterable[str],
    supervisor_id: UUID | None = None,
) -> Invited:
    """Add somebody, ask for roles in a unit, and make the link by which they set their own password within 72 hours.

    A role counts when somebody who leads the unit has agreed, as `give_or_ask` says.

    Raises `InvalidAnswersError` for an unknown role or an address that is taken, `NotFoundError` for an unknown unit or
    supervisor, `NoSecondPersonError`, `NotAllowedError`, `StepUpNeededError`.
    """
    _require(engine, viewer)
    wanted = tuple(dict.fromkeys(roles))
    problems = _problems(name, email, wanted)
    actor_id, now = engine.entropy.uuid(), engine.wall_clock.now()
    with engine.transaction() as tx:
        if tx.of(DirectoryStore).credentials(email) is not None:
            problems["email"] = "Someone already has this address."
        if problems:
            raise InvalidAnswersError(problems)
        unit = unit_looked_after(tx, viewer, unit_id)
        if supervisor_id is not None and tx.of(DirectoryStore).actor(supervisor_id) is None:
            raise NotFoundError(kind="person")
        tx.of(DirectoryStore).add_actor(actor_id, name=name.strip(), email=email, supervisor_id=supervisor_id)
        tx.of(DirectoryStore).change_actor(actor_id, organisation_id=unit.organisation_id)
        token = make_link(engine, tx, INVITE, actor_id, by=viewer.acting_id)
        body = {"actor_id": str(actor_id), "unit_id": str(unit_id), "asked": list(wanted)}
        tx.of(AuditLogStore).note("people", "PersonInvited", body, actor_id=viewer.acting_id, at=now)
        asked = (AskedRole(actor_id, unit_id, role) for role in wanted)
        waits = tuple(one.role for one in asked if not give_or_ask(engine, tx, one, viewer=viewer))
        tx.commit()
    return Invited(actor_id, token, waits)


def invite_to(engine: Engine, *, viewer: Viewer, name: str, email: str, unit: str, roles: Iterable[str]) -> Invited:
    """Do the same for a unit that is named; raises `NotFoundError` for an unknown one, else as `invite`."""
    with engine.transaction() as tx:
        unit_id = next((known.id for known in tx.of(DirectoryStore).units() if known.name == unit), None)
    if unit_id is None:
        raise NotFoundError(kind="unit")
    return invite(engine, viewer=viewer, name=name, email=email, unit_id=unit_id, roles=roles)


def give_role(engine: Engine, actor_id: UUID, *, viewer: Viewer, unit_id: UUID, role: str) -> bool:
    """Ask for a role of somebody in a unit; returns whether it counts already, and not only when a lead of it agrees.

    Nobody gives themselves a role. Raises `InvalidAnswersError`, `NotFoundError`, `NotAllowedError`,
    `NoSecondPersonError`.
    """
    _require(engine, viewer)
    if role not in {known.value for known in Role}:
        raise InvalidAnswersError({"role": "Choose a role."})
    if actor_id == viewer.actor_id:
        raise NotAllowedError(actor=viewer.name, action="give themselves a role")
    with engine.transaction() as tx:
        person_looked_after(tx, viewer, actor_id)
        unit_looked_after(tx, viewer, unit_id)
        if tx.of(DirectoryStore).has_role(actor_id, unit_id=unit_id, role=role):
            return True
        counts = give_or_ask(engine, tx, AskedRole(actor_id, unit_id, role), viewer=viewer)
        tx.commit()
    return counts


def give_role_to(engine: Engine, *, viewer: Viewer, email: str, unit: str, role: str) -> bool:
    """Do the same for somebody named by their address, in a unit that is named; raises as `give_role`."""
    with engine.transaction() as tx:
        known = tx.of(DirectoryStore).credentials(email)
        unit_id = next((one.id for one in tx.of(DirectoryStore).units() if one.name == unit), None)
    if known is None or unit_id is None:
        raise NotFoundError(kind="person" if known is None else "unit")
    return give_role(engine, known.actor_id, viewer=viewer, unit_id=unit_id, role=role)


def asked_roles(engine: Engine, actor_id: UUID) -> tuple[ApprovalRequest, ...]:
    """List the roles of somebody that wait for who leads their unit."""
    with engine.transaction() as tx:
        waiting = tx.of(ApprovalStore).open_of(ApprovalKind.ROLE, now=engine.clock.now())
    return tuple(one for one in waiting if one.subject["actor_id"] == str(actor_id))


def name_hub(engine: Engine, *, viewer: Viewer, organisation: str) -> None:
    """Say which organisation is the hub's body, which keeps what is everybody's: for the keeper of this machine only.

    Raises `NotAllowedError`, `NotFoundError`.
    """
    if not viewer.is_system:
        raise NotAllowedError(actor=viewer.name, action="say which organisation is the hub's body")
    with engine.transaction() as tx:
        found = tx.of(ChannelStore).organisation_named(organisation.strip())
        if found is None:
            raise NotFoundError(kind="organisation")
        tx.of(DirectoryStore).make_hub(found)
        body = {"organisation_id": str(found)}
        tx.of(AuditLogStore).note("people", "HubNamed", body, actor_id=None, at=engine.wall_clock.now())
        tx.commit()


def take_role(engine: Engine, actor_id: UUID, *, viewer: Viewer, unit_id: UUID, role: str) -> None:
    """Take a role in a unit from somebody: they sign in anew, and what they may do no longer goes back to all.

    Whoever looks after the unit is told when nobody has the role there any more. Raises `LastAdministratorError`,
    `NotFoundError`, `NotAllowedError`, `StepUpNeededError`.
    """
    _require(engine, viewer)
    now = engine.clock.now()
    with engine.transaction() as tx:
        tx.of(DirectoryStore).hold_roles()
        unit_looked_after(tx, viewer, unit_id)
        take(engine, tx, AskedRole(actor_id, unit_id, role), by=viewer.acting_id, now=now)
        tx.commit()
    release_unentitled(engine, actor_id)


def end_roles(engine: Engine) -> int:
    """Take the roles that are over, each in a transaction of its own; returns how many. For a schedule."""
    with engine.transaction() as tx:
        over = tx.of(DirectoryStore).roles_over(engine.wall_clock.now())
    count = 0
    for actor_id, unit_id, role in over:
        try:
            with engine.transaction() as tx:
                tx.of(DirectoryStore).hold_roles()
                take(engine, tx, AskedRole(actor_id, unit_id, role), by=None, now=engine.clock.now())
                tx.commit()
            release_unentitled(engine, actor_id)
            count += 1
        except Exception:  # noqa: BLE001 - whatever is wrong with one, the others must go on
            log.error("role_could_not_be_ended", extra={"actor_id": str(actor_id)})  # noqa: TRY400
    return count


def take(engine: Engine, tx: Transaction, one: AskedRole, *, by: UUID | None, now: datetime) -> None:
    """Take a role within a transaction that holds the roles; raises `NotFoundError`, `LastAdministratorError`."""
    if not tx.of(DirectoryStore).take_role(one.actor_id, unit_id=one.unit_id, role=one.role):
        raise NotFoundError(kind="role")
    if one.role == Role.SYSTEM_ADMINISTRATOR:
        _require_administrator_left(tx)
    _roles_changed(engine, tx, one, by)
    notify_of_gap(engine, tx, unit_id=one.unit_id, role=one.role, now=now)
    person = tx.of(DirectoryStore).actor(one.actor_id)
    if person is not None and one.unit_id not in person.unit_ids:
        notify_of_turns(engine, tx, person, unit_id=one.unit_id, now=now)


def set_supervisor(engine: Engine, actor_id: UUID, *, viewer: Viewer, supervisor_id: UUID | None) -> None:
    """Say who supervises somebody; nobody supervises themselves. Raises `InvalidAnswersError`, `NotFoundError`."""
    _require(engine, viewer)
    with engine.transaction() as tx:
        person_looked_after(tx, viewer, actor_id)
        supervisor = tx.of(DirectoryStore).actor(supervisor_id) if supervisor_id else None
        if supervisor_id is not None and supervisor is None:
            raise NotFoundError(kind="person")
        if supervisor_id == actor_id or (supervisor is not None and supervisor.disabled):
            raise InvalidAnswersError({"supervisor_id": "Choose someone else who is active."})
        tx.of(DirectoryStore).change_actor(actor_id, supervisor_id=supervisor_id)
        body = {"actor_id": str(actor_id), "supervisor_id": str(supervisor_id) if supervisor_id else None}
        tx.of(AuditLogStore).note(
            "people", "SupervisorSet", body, actor_id=viewer.acting_id, at=engine.wall_clock.now()
        )
        tx.commit()


def end_all_sessions(engine: Engine, actor_id: UUID, *, viewer: Viewer) -> int:
    """End every session of somebody at once; returns how many. Raises `NotFoundError`, `NotAllowedError`."""
    _require(engine, viewer)
    now = engine.wall_clock.now()
    with engine.transaction() as tx:
        person_looked_after(tx, viewer, actor_id)
        count = tx.of(SignInStore).end_sessions(actor_id, at=now)
        body = {"actor_id": str(actor_id), "count": count}
        tx.of(AuditLogStore).note("people", "SessionsEnded", body, actor_id=viewer.acting_id, at=now)
        tx.commit()
    return count


def deactivate(engine: Engine, actor_id: UUID, *, viewer: Viewer) -> None:
    """Let somebody act no longer, at once, and leave nothing of theirs without an owner.

    Their sessions, links and keys end. Work items that they had claimed go back to all who may do them, shifts are
    called off, whom they supervised goes to their own supervisor, and what they were told in confidence to somebody
    else; whoever looks after the unit is told of that, of the cases that they held under a seal, and of every role
    that nobody has there any more. Raises `LastAdministratorError`, `NotFoundError`, `NotAllowedError`.
    """
    _require(engine, viewer)
    now, at = engine.clock.now(), engine.wall_clock.now()
    with engine.transaction() as tx:
        tx.of(DirectoryStore).hold_roles()
        person = person_looked_after(tx, viewer, actor_id)
        tx.of(DirectoryStore).set_disabled(actor_id, disabled=True)
        if Role.SYSTEM_ADMINISTRATOR in person.roles:
            _require_administrator_left(tx)
        tx.of(SignInStore).end_sessions(actor_id, at=at)
        tx.of(SignInStore).cancel_invitations(actor_id, at=at)
        tx.of(SignInStore).revoke_keys(actor_id, at=at)
        tx.of(AuditLogStore).note(
            "people", "PersonDisabled", {"actor_id": str(actor_id)}, actor_id=viewer.acting_id, at=at
        )
        pass_on_duties(engine, tx, person, now=now)
        tx.commit()
    pass_on_items(engine, actor_id)


def activate(engine: Engine, actor_id: UUID, *, viewer: Viewer) -> None:
    """Let somebody act again; they sign in as before, and each of their roles waits for who leads the unit.

    Raises `NotFoundError`, `NotAllowedError`, `NoSecondPersonError`.
    """
    _require(engine, viewer)
    with engine.transaction() as tx:
        person = person_looked_after(tx, viewer, actor_id)
        tx.of(DirectoryStore).set_disabled(actor_id, disabled=False)
        at = engine.wall_clock.now()
        tx.of(AuditLogStore).note(
            "people", "PersonEnabled", {"actor_id": str(actor_id)}, actor_id=viewer.acting_id, at=at
        )
        if person.disabled and not viewer.is_system:
            _ask_anew(engine, tx, actor_id, viewer)
        tx.commit()


def set_disabled(engine: Engine, *, viewer: Viewer, email: str, disabled: bool) -> None:
    """Let somebody, named by their address, act or no longer; raises `NotFoundError`, `NotAllowedError`."""
    require_administrator(viewer)
    with engine.transaction() as tx:
        known = tx.of(DirectoryStore).credentials(email)
    if known is None:
        raise NotFoundError(kind="person")
    if disabled:
        deactivate(engine, known.actor_id, viewer=viewer)
    else:
        activate(engine, known.actor_id, viewer=viewer)


def _require(engine: Engine, viewer: Viewer) -> None:
    require_administrator(viewer)
    require_step_up(engine, viewer)


def _ask_anew(engine: Engine, tx: Transaction, actor_id: UUID, viewer: Viewer) -> None:
    """Take the roles of somebody who comes back, and ask for them where a lead of the unit has to agree."""
    for unit_id, role in tx.of(DirectoryStore).memberships(actor_id):
        tx.of(DirectoryStore).take_role(actor_id, unit_id=unit_id, role=role)
        one = AskedRole(actor_id, unit_id, role)
        _roles_changed(engine, tx, one, viewer.acting_id)
        give_or_ask(engine, tx, one, viewer=viewer)


def _require_administrator_left(tx: Transaction) -> None:
    """Refuse what would leave nobody who manages people; an absence does not count."""
    left = tx.of(DirectoryStore).holders(roles=(Role.SYSTEM_ADMINISTRATOR.value,))
    if all(person.disabled for person in left):
        raise LastAdministratorError


def _roles_changed(engine: Engine, tx: Transaction, taken: AskedRole, by: UUID | None) -> None:
    at = engine.wall_clock.now()
    tx.of(SignInStore).end_sessions(taken.actor_id, at=at)
    tx.of(AuditLogStore).note("people", "RoleTaken", taken.said, actor_id=by, at=at)


def _problems(name: str, email: str, roles: tuple[str, ...]) -> dict[str, str]:
    known = {role.value for role in Role}
    problems = {}
    if not name.strip() or len(name) > LONGEST_NAME:
        problems["name"] = "Give a name."
    if "@" not in email or any(letter.isspace() for letter in email):
        problems["email"] = "Give an e-mail address."
    unknown = sorted(set(roles) - known)
    if unknown or not roles:
        problems["role"] = f"{', '.join(unknown) or 'No role'}: choose of {', '.join(sorted(known))}."
    return problems
