"""Set up a second factor, get new recovery codes, and take a lost factor away by two people."""

from typing import Final, NamedTuple
from uuid import UUID

from engine.approvals.actions.approvals import Handler, ask_second, register, take_answer
from engine.approvals.records import ApprovalKind, ApprovalRequest, require_open
from engine.approvals.store import ApprovalStore
from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.core.policy import Action, Viewer, can, roles_in
from engine.db.transaction import Transaction
from engine.errors import NotAllowedError, NotFoundError
from engine.language.names import Role
from engine.messages.actions.notifying import notify_of_system
from engine.messages.records import EMAIL, IN_APP
from engine.people.records import ActorRecord
from engine.people.store import DirectoryStore
from engine.people.viewer import looks_after, person_looked_after, require_administrator
from engine.sign_in.actions.account import require_step_up
from engine.sign_in.actions.guarding import Tries, hash_of, notify_of_change
from engine.sign_in.records import WrongCodeError
from engine.sign_in.store import SignInStore

RECOVERY_CODES: Final = 10
_LETTERS: Final = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
_CODE_LENGTH: Final = 12


class Proposal(NamedTuple):
    """A secret for an authenticator, and the address by which it learns it."""

    secret: str
    address: str


class SetUp(NamedTuple):
    """A second factor that counts now: the session's new token, and recovery codes that are shown once."""

    token: str
    recovery_codes: tuple[str, ...]


def has_factor(engine: Engine, *, viewer: Viewer) -> bool:
    """Return whether the viewer has a second factor."""
    with engine.transaction() as tx:
        return tx.of(SignInStore).has_factor(viewer.actor_id)


def propose(engine: Engine, *, viewer: Viewer) -> None:
    """Make a secret for the viewer's authenticator; it counts once a code of it was given.

    Raises `StepUpNeededError`: whoever finds an open session must not bring their own telephone.
    """
    require_step_up(engine, viewer, factor=_must_prove_factor(engine, viewer))
    now = engine.wall_clock.now()
    with engine.transaction() as tx:
        tx.of(SignInStore).propose_factor(viewer.actor_id, engine.codes.new_secret(), at=now)
        tx.commit()


def proposal(engine: Engine, *, viewer: Viewer) -> Proposal | None:
    """Return the secret that was proposed to the viewer, if one waits; raises `StepUpNeededError`."""
    require_step_up(engine, viewer, factor=_must_prove_factor(engine, viewer))
    with engine.transaction() as tx:
        secret = tx.of(SignInStore).proposed_factor(viewer.actor_id)
        actor = tx.of(DirectoryStore).actor(viewer.actor_id)
    if secret is None or actor is None:
        return None
    return Proposal(secret, engine.codes.address(secret, account=actor.email))


def confirm(engine: Engine, *, viewer: Viewer, token: str, code: str, network: str = "") -> SetUp:
    """Let the proposed secret count, by a code of it; all sessions but the present one end.

    Raises `WrongCodeError`, `StepUpNeededError`, and `NotFoundError` when nothing was proposed.
    """
    require_step_up(engine, viewer, factor=_must_prove_factor(engine, viewer))
    tries = Tries(engine, account=str(viewer.actor_id), network=network)
    tries.count()
    now, fresh = engine.wall_clock.now(), engine.entropy.token()
    codes, hashes = _new_codes(engine)
    with engine.transaction() as tx:
        secret = tx.of(SignInStore).proposed_factor(viewer.actor_id)
        if secret is None:
            raise NotFoundError(kind="second factor to set up")
        step = engine.codes.step_of(secret, code, at=now)
        if step is None:
            raise WrongCodeError
        tx.of(SignInStore).confirm_factor(viewer.actor_id, secret, step=step, at=now)
        tx.of(SignInStore).set_recovery_codes(viewer.actor_id, hashes, at=now)
        tx.of(SignInStore).renew_session(hash_of(token), new_hash=hash_of(fresh), at=now, by_factor=True)
        tx.of(SignInStore).end_sessions(viewer.actor_id, at=now, but=hash_of(fresh))
        notify_of_change(engine, tx, viewer.actor_id, at=now)
        tx.of(AuditLogStore).note("sign-in", "SecondFactorSet", {}, actor_id=viewer.actor_id, at=now)
        tx.commit()
    tries.forget()
    return SetUp(fresh, codes)


def new_recovery_codes(engine: Engine, *, viewer: Viewer) -> tuple[str, ...]:
    """Make new recovery codes for the viewer; the ones before count no more.

    Raises `StepUpNeededError`, and `NotFoundError` for somebody without a second factor.
    """
    require_step_up(engine, viewer, factor=True)
    codes, hashes = _new_codes(engine)
    now = engine.wall_clock.now()
    with engine.transaction() as tx:
        if not tx.of(SignInStore).has_factor(viewer.actor_id):
            raise NotFoundError(kind="second factor")
        tx.of(SignInStore).set_recovery_codes(viewer.actor_id, hashes, at=now)
        notify_of_change(engine, tx, viewer.actor_id, at=now)
        tx.of(AuditLogStore).note(
            "sign-in", "RecoveryCodesMade", {"count": len(codes)}, actor_id=viewer.actor_id, at=now
        )
        tx.commit()
    return codes


def report_lost(engine: Engine, actor_id: UUID, *, viewer: Viewer) -> UUID:
    """Vouch for somebody who lost their second factor: an administrator, another person, then takes it away.

    It is for their supervisor, or an administrator. Raises `NotAllowedError`, `NotFoundError`, `StepUpNeededError`.
    """
    now = engine.wall_clock.now()
    with engine.transaction() as tx:
        person = tx.of(DirectoryStore).actor(actor_id)
        if person is None or not (is_supervisor_of(viewer, person) or _looks_after(tx, viewer, person)):
            raise NotFoundError(kind="person")
        _require_another(viewer, actor_id)
        require_step_up(engine, viewer)
        if not tx.of(SignInStore).has_factor(actor_id):
            raise NotFoundError(kind="second factor")
        lost = ask_second(
            engine, tx, ApprovalKind.LOST_FACTOR, actor_id, asked_by=viewer.actor_id, now=now,
            reason_code="factor_lost", unit_id=next(iter(person.unit_ids), None), tells=False,
        )  # fmt: skip
        tx.of(AuditLogStore).note(
            "sign-in", "FactorLost", {"actor_id": str(actor_id)}, actor_id=viewer.actor_id, at=now
        )
        _notify_administrators(engine, tx, lost, actor_id)
        tx.commit()
    return lost.id


def answer_lost(engine: Engine, lost_id: UUID, *, viewer: Viewer, approved: bool) -> None:
    """Take the lost factor of somebody away, or refuse: for an administrator who neither vouched nor lost it.

    Whoever vouched by mistake only takes it back. With the factor go its recovery codes and every session; the password
    stays. Raises `NotAllowedError`, `NotFoundError`, `AlreadyEndedError`, `StepUpNeededError`.
    """
    now = engine.wall_clock.now()
    with engine.transaction() as tx:
        lost = tx.of(ApprovalStore).get(lost_id)
        if approved or lost is None or lost.asked_by != viewer.actor_id:
            _require_administrator(engine, viewer)
        if lost is None or lost.kind != ApprovalKind.LOST_FACTOR:
            raise NotFoundError(kind="request")
        actor_id = lost.subject_id
        if lost.asked_by != viewer.actor_id:
            person_looked_after(tx, viewer, actor_id)
        _require_another(viewer, actor_id)
        require_open(lost, now=now)
        take_answer(engine, tx, ApprovalKind.LOST_FACTOR, actor_id, viewer=viewer, approved=approved, now=now)
        if approved:
            take_away(engine, tx, actor_id)
        body = {"actor_id": str(actor_id), "approved": approved}
        tx.of(AuditLogStore).note("sign-in", "LostFactorAnswered", body, actor_id=viewer.actor_id, at=now)
        tx.commit()


def lost_factor_of(engine: Engine, actor_id: UUID) -> ApprovalRequest | None:
    """Return the request to take somebody's second factor away, if one waits."""
    with engine.transaction() as tx:
        waiting = tx.of(ApprovalStore).open_about(ApprovalKind.LOST_FACTOR, actor_id)
    return waiting if waiting is not None and waiting.expires_at > engine.wall_clock.now() else None


def take_away(engine: Engine, tx: Transaction, actor_id: UUID) -> None:
    """Take somebody's second factor away, end their sessions, and tell them."""
    now = engine.wall_clock.now()
    tx.of(SignInStore).drop_factor(actor_id)
    tx.of(SignInStore).end_sessions(actor_id, at=now)
    notify_of_change(engine, tx, actor_id, at=now)


def remove_factor(engine: Engine, *, viewer: Viewer, email: str) -> None:
    """Take somebody's second factor away from the command line of this machine.

    Raises `NotFoundError`, and `NotAllowedError` for everybody but the machine's keeper.
    """
    if not viewer.is_system:
        raise NotAllowedError(actor=viewer.name, action="take a second factor away alone")
    now = engine.wall_clock.now()
    with engine.transaction() as tx:
        known = tx.of(DirectoryStore).credentials(email)
        if known is None or not tx.of(SignInStore).has_factor(known.actor_id):
            raise NotFoundError(kind="second factor")
        take_away(engine, tx, known.actor_id)
        body = {"actor_id": str(known.actor_id)}
        tx.of(AuditLogStore).note("sign-in", "FactorRemovedByKeeper", body, actor_id=None, at=now)
        tx.commit()


def is_supervisor_of(viewer: Viewer, person: ActorRecord) -> bool:
    """Return whether somebody is the supervisor of a person, or supervises a unit of theirs."""
    if person.supervisor_id == viewer.actor_id:
        return True
    return any(Role.SUPERVISOR in roles_in(viewer, unit_id) for unit_id in person.unit_ids)


def _must_prove_factor(engine: Engine, viewer: Viewer) -> bool:
    return has_factor(engine, viewer=viewer)


def _looks_after(tx: Transaction, viewer: Viewer, person: ActorRecord) -> bool:
    return can(viewer, Action.MANAGE_PEOPLE) and looks_after(tx, viewer, person.organisation_id)


def _require_administrator(engine: Engine, viewer: Viewer) -> None:
    require_administrator(viewer)
    require_step_up(engine, viewer, factor=True)


def _require_another(viewer: Viewer, actor_id: UUID) -> None:
    if viewer.actor_id == actor_id:
        raise NotAllowedError(actor=viewer.name, action="vouch for themselves")


def _new_codes(engine: Engine) -> tuple[tuple[str, ...], dict[UUID, str]]:
    """Make recovery codes: twelve letters each (58 bits), shown in groups of four, kept as slow hashes."""
    plain = [_letters(engine.entropy.token()) for _ in range(RECOVERY_CODES)]
    hashes = {engine.entropy.uuid(): engine.passwords.hash(code) for code in plain}
    return tuple("-".join(code[place : place + 4] for place in (0, 4, 8)) for code in plain), hashes


def _letters(token: str) -> str:
    """Turn a token into letters that are not mistaken for one another: 256 random bits by base 30, the last twelve."""
    number = int.from_bytes(hash_of(token), "big")
    found = []
    for _ in range(_CODE_LENGTH):
        number, place = divmod(number, len(_LETTERS))
        found.append(_LETTERS[place])
    return "".join(found)


def _notify_administrators(engine: Engine, tx: Transaction, lost: ApprovalRequest, actor_id: UUID) -> None:
    now = engine.clock.now()
    people = tx.of(DirectoryStore).with_role_anywhere(roles=(Role.SYSTEM_ADMINISTRATOR.value,), now=now)
    person = tx.of(DirectoryStore).actor(actor_id)
    able = {tx.of(DirectoryStore).hub(), person.organisation_id if person else None}
    notify_of_system(
        engine, tx, kind="person_to_look_after", rule=f"lost-factor|{lost.id}",
        people=[one for one in people if one.id not in {lost.asked_by, actor_id} and one.organisation_id in able],
        channels=(IN_APP, EMAIL), link=f"/people/{actor_id}", now=now,
    )  # fmt: skip


register(
    ApprovalKind.LOST_FACTOR,
    Handler(
        "reports that a colleague has lost their second factor", "Remove the second factor", "Keep the second factor",
        look=lambda view: f"/people/{view.subject_id}",
        answer=lambda given: answer_lost(
            given.engine, given.asked.id, viewer=given.viewer, approved=given.approved
        ),
    ),
)  # fmt: skip
