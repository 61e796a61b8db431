"""Give roles that count only when somebody who leads the unit has agreed, and keys to programs."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID, uuid5

from engine.approvals.actions.approvals import ask_second, take_answer, who_answers
from engine.approvals.actions.concerns import pass_on_concerns
from engine.approvals.actions.handlers import Handler, register
from engine.approvals.records import ApprovalKind, ApprovalRequest
from engine.approvals.store import ApprovalStore
from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.cases.housekeeping import HousekeepingStore
from engine.core.policy import Action, Membership, Viewer, can
from engine.db.transaction import Transaction
from engine.errors import (
    AlreadyEndedError,
    InvalidAnswersError,
    KeyTooOftenError,
    NotAllowedError,
    NotFoundError,
    OwnApprovalError,
    SignInError,
)
from engine.language.names import ProgramRole, Role, role_words
from engine.messages.actions.notifying import notify_of_system
from engine.messages.records import EMAIL, IN_APP
from engine.people.store import DirectoryStore
from engine.people.viewer import (
    LEADS,
    as_viewer,
    hub_units,
    leads_of,
    looks_after,
    require_administrator,
    require_any,
    unit_looked_after,
)
from engine.ports import ActorRecord
from engine.sign_in.actions.account import require_step_up
from engine.sign_in.actions.guarding import hash_of
from engine.sign_in.records import ApiKey
from engine.sign_in.store import SignInStore

_NOT_JOINED: Final = (
    "They have not set a password yet. Agree once they have told you themselves that they did: until then someone else"
    " could use their link."
)


class AskedRole(NamedTuple):
    """A role of somebody in a unit that waits for who leads the unit."""

    actor_id: UUID
    unit_id: UUID
    role: str

    @property
    def subject_id(self) -> UUID:
        """What the request is about: asked for twice, it waits once."""
        return uuid5(self.unit_id, f"{self.actor_id}|{self.role}")

    @property
    def said(self) -> dict[str, str]:
        """Whose it is, where and which, as a request and the audit keep it."""
        return {"actor_id": str(self.actor_id), "unit_id": str(self.unit_id), "role": self.role}


def give_or_ask(engine: Engine, tx: Transaction, wanted: AskedRole, *, viewer: Viewer) -> bool:
    """Give a role where nobody else has to agree, else ask who leads the unit; returns whether it counts already.

    It counts at once for the machine's keeper, for who leads the unit themselves, and for the first who leads a unit in
    which nobody works yet. Where nobody leads the unit, those who lead units of the hub's body agree. Asked for twice,
    it waits once. Raises `NoSecondPersonError` when nobody may agree.
    """
    now = engine.clock.now()
    if _counts_at_once(tx, wanted, viewer):
        _give(engine, tx, wanted, by=None if viewer.is_system else viewer.actor_id, asked_by=None, now=now)
        return True
    waiting = tx.of(ApprovalStore).open_about(ApprovalKind.ROLE, wanted.subject_id)
    if waiting is not None and waiting.expires_at > now:
        return False
    unit_id, people = who_answers(
        tx, ApprovalKind.ROLE, (wanted.unit_id, *hub_units(tx)), but={viewer.actor_id, wanted.actor_id}
    )
    ask_second(
        engine, tx, ApprovalKind.ROLE, wanted.subject_id, asked_by=viewer.actor_id, now=now, unit_id=unit_id,
        subject=wanted.said, people=people,
    )  # fmt: skip
    tx.of(AuditLogStore).note("people", "RoleAsked", wanted.said, actor_id=viewer.actor_id, at=engine.wall_clock.now())
    return False


def answer_role(engine: Engine, subject_id: UUID, *, viewer: Viewer, approved: bool) -> None:
    """Let a role count that was asked for, or refuse it; who asked only takes it back.

    Nobody agrees to a role of their own, nor to that of somebody who never set a password: whoever made their link
    could use it. Raises `AlreadyEndedError`, `OwnApprovalError`, `NotAllowedError`, `InvalidAnswersError`, and
    `NotFoundError` for somebody who acts no longer.
    """
    require_any(viewer, Action.AGREE_ROLE, Action.MANAGE_PEOPLE)
    now = engine.clock.now()
    with engine.transaction() as tx:
        request = tx.of(ApprovalStore).open_about(ApprovalKind.ROLE, subject_id)
        if request is None:
            raise AlreadyEndedError(kind="request for approval")
        wanted = asked_role(request)
        if approved:
            _require_ready(engine, tx, wanted, viewer)
        take_answer(engine, tx, ApprovalKind.ROLE, subject_id, viewer=viewer, approved=approved, now=now)
        if approved:
            _give(engine, tx, wanted, by=viewer.actor_id, asked_by=request.asked_by, now=now)
        else:
            tx.of(AuditLogStore).note(
                "people", "RoleRefused", wanted.said, actor_id=viewer.actor_id, at=engine.wall_clock.now()
            )
        tx.commit()


def asked_role(request: ApprovalRequest) -> AskedRole:
    """Return what a request asks for."""
    said = request.subject
    return AskedRole(UUID(said["actor_id"]), UUID(said["unit_id"]), said["role"])


def _counts_at_once(tx: Transaction, wanted: AskedRole, viewer: Viewer) -> bool:
    if viewer.is_system or can(viewer, Action.AGREE_ROLE, unit_id=wanted.unit_id):
        return True
    return wanted.role in LEADS and tx.of(DirectoryStore).is_untouched(wanted.unit_id)


def _require_ready(engine: Engine, tx: Transaction, wanted: AskedRole, viewer: Viewer) -> None:
    person = tx.of(DirectoryStore).actor(wanted.actor_id)
    if wanted.actor_id == viewer.actor_id:
        raise OwnApprovalError
    if person is None or person.disabled or tx.of(DirectoryStore).unit(wanted.unit_id) is None:
        raise NotFoundError(kind="person")
    is_program = tx.of(DirectoryStore).is_service(wanted.actor_id)
    if not (engine.demo or is_program) and tx.of(DirectoryStore).password_of(wanted.actor_id) is None:
        raise InvalidAnswersError({"answer": _NOT_JOINED})


def _give(
    engine: Engine, tx: Transaction, wanted: AskedRole, *, by: UUID | None, asked_by: UUID | None, now: datetime
) -> None:
    """Write a role, so that its holder signs in anew, and tell those who lead the unit."""
    at = engine.wall_clock.now()
    tx.of(DirectoryStore).add_role(wanted.actor_id, unit_id=wanted.unit_id, role=wanted.role)
    tx.of(SignInStore).end_sessions(wanted.actor_id, at=at)
    body = wanted.said
    if asked_by is not None:
        body["asked_by"] = str(asked_by)
    tx.of(AuditLogStore).note("people", "RoleGiven", body, actor_id=by, at=at)
    pass_on_concerns(engine, tx, now=now)
    _notify_leads(engine, tx, wanted, leads_of(tx, wanted.unit_id, but={by, wanted.actor_id}), now)


def _notify_leads(
    engine: Engine, tx: Transaction, wanted: AskedRole, people: Iterable[ActorRecord], now: datetime
) -> None:
    notify_of_system(
        engine, tx, kind="role_given", rule=f"role|{wanted.subject_id}|{now.isoformat()}", people=people,
        channels=(IN_APP, EMAIL), link="/people", now=now, unit=tx.of(DirectoryStore).unit(wanted.unit_id),
    )  # fmt: skip


register(
    ApprovalKind.ROLE,
    Handler(
        "asks to give a colleague a role", "Give the role: I know them", "Do not give it",
        look=lambda view: f"/people/{view.person_id}" if view.is_mine else "",
        because=lambda view: f"{view.person}: {role_words(view.role)}, {view.unit}",
        answer=lambda given: answer_role(
            given.engine, given.asked.subject_id, viewer=given.viewer, approved=given.approved
        ),
    ),
)  # fmt: skip


BOARD: Final = "board"
REPORT: Final = "report"
CASES: Final = "cases"
SCOPES: Final = {
    BOARD: "read the counts of the board",
    REPORT: "send reports, and ask how far they are",
    CASES: "read where the unit's cases stand, once someone who leads the unit agrees",
}
"""What a key may be for, and what that allows."""
MOST_USES_IN_AN_HOUR: Final = 3_600
"""Of the keys of one program together: one a second, which is more than a monitor or a hotline needs."""
_HOUR: Final = timedelta(hours=1)
LONGEST_DAYS: Final = 366
PREFIX: Final = "icmc_"
_ROLES: Final = {BOARD: Role.AUDITOR.value, REPORT: ProgramRole.REPORTS.value, CASES: ProgramRole.READS.value}
"""The role that a service account needs for a scope, and the only one that a key of that scope brings."""


_MADE: Final = (
    "This key has already been made, and a key is shown only once. If no one has seen it, revoke it and make another."
)


class NewKey(NamedTuple):
    """A key that was made: the key itself is known only now; whether it `waits` for who leads the unit to agree."""

    id: UUID
    key: str
    waits: bool = False


def add_key(
    engine: Engine,
    *,
    viewer: Viewer,
    account: str,
    unit: str,
    name: str,
    scopes: Iterable[str],
    days: int,
    command_id: UUID | None = None,
) -> NewKey:
    """Make a key of a service account, which is made when there is none of that name; it ends after some days.

    One command makes one key: sent again, it is refused, since a key is shown once. Raises `InvalidAnswersError`,
    `NotFoundError` for an unknown unit, `NotAllowedError`, `NoSecondPersonError`, `StepUpNeededError`.
    """
    _require(engine, viewer)
    wanted = tuple(dict.fromkeys(scopes))
    problems = _problems(account, name, wanted, days)
    if problems:
        raise InvalidAnswersError(problems)
    command = command_id or engine.entropy.uuid()
    token, now = PREFIX + engine.entropy.token(), engine.wall_clock.now()
    with engine.transaction() as tx:
        tx.of(HousekeepingStore).take_turn(command)
        if tx.of(HousekeepingStore).answer_to(command) is not None:
            raise InvalidAnswersError({"name": _MADE})
        unit_id = next((known.id for known in tx.of(DirectoryStore).units() if known.name == unit), None)
        if unit_id is None:
            raise NotFoundError(kind="unit")
        unit_looked_after(tx, viewer, unit_id)
        actor_id = _account(engine, tx, account.strip())
        waits = [not _give_to_program(engine, tx, AskedRole(actor_id, unit_id, _ROLES[one]), viewer) for one in wanted]
        key = ApiKey(engine.entropy.uuid(), actor_id, name.strip(), wanted, now + timedelta(days=days))
        by = None if viewer.is_system else viewer.actor_id
        tx.of(SignInStore).add_key(key, hash_of(token), by=by, at=now)
        body = {"key_id": str(key.id), "actor_id": str(actor_id), "scopes": list(wanted), "days": days}
        tx.of(AuditLogStore).note("people", "KeyMade", body, actor_id=by, at=now)
        tx.of(HousekeepingStore).remember(command, {"key_id": str(key.id)}, case_id=None, at=now)
        tx.commit()
    return NewKey(key.id, token, any(waits))


def _give_to_program(engine: Engine, tx: Transaction, wanted: AskedRole, viewer: Viewer) -> bool:
    """Give a service account a role; return whether it counts: one that sees cases does when a lead agrees.

    Raises `NoSecondPersonError`.
    """
    if tx.of(DirectoryStore).has_role(wanted.actor_id, unit_id=wanted.unit_id, role=wanted.role):
        return True
    if wanted.role == ProgramRole.READS:
        return give_or_ask(engine, tx, wanted, viewer=viewer)
    tx.of(DirectoryStore).add_role(wanted.actor_id, unit_id=wanted.unit_id, role=wanted.role)
    return True


def _account(engine: Engine, tx: Transaction, name: str) -> UUID:
    """Return the service account of a name, which is made where there is none."""
    address = f"{name.casefold().replace(' ', '-')}@service.invalid"
    known = tx.of(DirectoryStore).credentials(address)
    if known is not None:
        return known.actor_id
    actor_id = engine.entropy.uuid()
    tx.of(DirectoryStore).add_actor(actor_id, name=name, email=address)
    tx.of(DirectoryStore).change_actor(actor_id, is_service=True)
    return actor_id


def keys(engine: Engine, *, viewer: Viewer) -> tuple[ApiKey, ...]:
    """List the keys of service accounts; raises `NotAllowedError`."""
    require_administrator(viewer)
    with engine.transaction() as tx:
        found = tx.of(SignInStore).keys()
        return tuple(key for key in found if _is_theirs(tx, viewer, key))


def revoke_key(engine: Engine, key_id: UUID, *, viewer: Viewer) -> None:
    """Let a key count no more, at once; raises `NotFoundError` for one that does not count, `NotAllowedError`."""
    _require(engine, viewer)
    now, by = engine.wall_clock.now(), None if viewer.is_system else viewer.actor_id
    with engine.transaction() as tx:
        every = tx.of(SignInStore).keys()
        known = next((key for key in every if key.id == key_id), None)
        if known is None or not _is_theirs(tx, viewer, known) or not tx.of(SignInStore).revoke_key(key_id, at=now):
            raise NotFoundError(kind="key")
        tx.of(AuditLogStore).note("people", "KeyRevoked", {"key_id": str(key_id)}, actor_id=by, at=now)
        tx.commit()


def viewer_of_key(engine: Engine, key: str, *, scope: str, or_scope: str = "") -> Viewer:
    """Return the service account of a key as a viewer with the role of one scope alone; note that the key was used.

    Raises `SignInError` for a key that does not count, `KeyTooOftenError`, and `NotAllowedError` for one that is not
    for that, or not yet.
    """
    now = engine.wall_clock.now()
    with engine.transaction() as tx:
        found = tx.of(SignInStore).key(hash_of(key), now=now)
        if found is None:
            raise SignInError
        used = tx.of(AuditLogStore).count_uses(found.actor_id, since=now - _HOUR)
        if used >= MOST_USES_IN_AN_HOUR:
            raise KeyTooOftenError(most=MOST_USES_IN_AN_HOUR)
        scope = scope if scope in found.scopes else or_scope or scope
        may = scope in found.scopes
        tx.of(SignInStore).use_key(found.id, at=now)
        body = {"key_id": str(found.id), "scope": scope, "allowed": may}
        tx.of(AuditLogStore).note("sign-in", "KeyUsed", body, actor_id=found.actor_id, at=now)
        tx.commit()
    viewer = _narrowed(engine.ask_all(as_viewer, found.actor_id), _ROLES[scope])
    if not (may and viewer.roles):
        raise NotAllowedError(actor=found.account, action=SCOPES[scope])
    return viewer


def _narrowed(viewer: Viewer, role: str) -> Viewer:
    """Leave a viewer one role, in the units in which they have it: another key of theirs may bring others."""
    kept = tuple(Membership(unit_id=one.unit_id, roles=(role,)) for one in viewer.memberships if role in one.roles)
    units = tuple(one.unit_id for one in kept)
    return viewer.model_copy(update={"memberships": kept, "unit_ids": units, "roles": (role,) if kept else ()})


def _is_theirs(tx: Transaction, viewer: Viewer, key: ApiKey) -> bool:
    account = tx.of(DirectoryStore).actor(key.actor_id)
    return looks_after(tx, viewer, account.organisation_id if account else None)


def _require(engine: Engine, viewer: Viewer) -> None:
    require_administrator(viewer)
    require_step_up(engine, viewer)


def _problems(account: str, name: str, scopes: tuple[str, ...], days: int) -> dict[str, str]:
    problems = {}
    if not account.strip():
        problems["account"] = "Name the program."
    if not name.strip():
        problems["name"] = "Give the key a name."
    if not scopes or not set(scopes) <= set(SCOPES):
        problems["scope"] = f"Choose of {', '.join(SCOPES)}."
    if not 1 <= days <= LONGEST_DAYS:
        problems["days"] = f"A key is valid for 1 to {LONGEST_DAYS} days."
    return problems
