"""Prove again that it is oneself, change a password, end one's own sessions, find again what was typed."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.records import ONE_MATTER
from engine.core.matching import PROBES_KEPT
from engine.core.policy import Viewer
from engine.db.transaction import Transaction
from engine.errors import InvalidAnswersError, NotFoundError
from engine.people.store import DirectoryStore
from engine.persons.match_store import MatchStore
from engine.sign_in.actions.guarding import Tries, hash_of, notify_of_change
from engine.sign_in.records import (
    KEPT_FORM_LASTS,
    LONGEST,
    STEP_UP_LASTS,
    KeptForm,
    Session,
    SignInError,
    StepUpNeededError,
    WrongCodeError,
    problem_of,
)
from engine.sign_in.store import SignInHabitStore, SignInStore

_CODE_DIGITS: Final = 6


def code_fits(engine: Engine, tx: Transaction, actor_id: UUID, code: str, *, at: datetime) -> bool:
    """Return whether a code of the authenticator, or a recovery code, fits, and use it up: it never fits again."""
    typed = "".join(code.split()).replace("-", "").upper()
    if len(typed) == _CODE_DIGITS:
        return _authenticator_fits(engine, tx, actor_id, typed, at)
    return _recovery_fits(engine, tx, actor_id, typed, at)


def _authenticator_fits(engine: Engine, tx: Transaction, actor_id: UUID, code: str, at: datetime) -> bool:
    factor = tx.of(SignInStore).factor(actor_id, hold=True)
    step = engine.codes.step_of(factor.secret, code, at=at) if factor else None
    if factor is None or step is None or step <= factor.last_step:
        return False
    tx.of(SignInStore).use_step(actor_id, step)
    return True


def _recovery_fits(engine: Engine, tx: Transaction, actor_id: UUID, code: str, at: datetime) -> bool:
    for code_id, kept in tx.of(SignInStore).recovery_codes(actor_id):
        if engine.passwords.verify(code, kept):
            return tx.of(SignInStore).use_recovery_code(code_id, at=at)
    return False


def require_step_up(engine: Engine, viewer: Viewer, *, factor: bool = False) -> None:
    """Refuse a viewer whose session has not proved who it is within the last ten minutes.

    With `factor` a password is not enough: it is asked of everybody for what tells where somebody is. The system
    itself, and the people of a demo, have nothing to prove. Raises `StepUpNeededError`.
    """
    if viewer.is_system or engine.demo:
        return
    proved = viewer.stepped_up_at
    if proved is None or engine.wall_clock.now() - proved >= STEP_UP_LASTS or (factor and not viewer.by_factor):
        raise StepUpNeededError(factor=factor)


def step_up(engine: Engine, *, viewer: Viewer, token: str, password: str, code: str, network: str = "") -> str:
    """Prove who it is, by the second factor where there is one, else by the password; returns the session's new token.

    Raises `SignInError` for a password and `WrongCodeError` for a code that does not fit.
    """
    tries = Tries(engine, account=str(viewer.actor_id), network=network)
    tries.count(anywhere=True)
    with engine.transaction() as tx:
        by_factor = tx.of(SignInStore).has_factor(viewer.actor_id)
        kept = tx.of(DirectoryStore).password_of(viewer.actor_id)
    now, new = engine.wall_clock.now(), engine.entropy.token()
    proved = not by_factor and engine.passwords.verify(password, kept)
    with engine.transaction() as tx:
        if by_factor:
            proved = code_fits(engine, tx, viewer.actor_id, code, at=now)
        if not proved:
            tx.of(AuditLogStore).note(
                "sign-in", "NotProved", {"by_factor": by_factor}, actor_id=viewer.actor_id, at=now
            )
            tx.commit()
            raise WrongCodeError if by_factor else SignInError
        if not tx.of(SignInStore).renew_session(hash_of(token), new_hash=hash_of(new), at=now, by_factor=by_factor):
            raise SignInError
        tx.of(AuditLogStore).note("sign-in", "SteppedUp", {"by_factor": by_factor}, actor_id=viewer.actor_id, at=now)
        tx.commit()
    tries.forget()
    return new


def require_good(engine: Engine, password: str, *, has_factor: bool, context: Iterable[str]) -> None:
    """Refuse a password that is too short, tried first, or made of what is known of the person.

    Raises `InvalidAnswersError`.
    """
    problem = problem_of(password, has_factor=has_factor, context=context, is_common=engine.is_common_password)
    if problem:
        raise InvalidAnswersError({"password": problem})


def words_about(tx: Transaction, actor_id: UUID) -> tuple[str, ...]:
    """Return the words that anybody would try for somebody: name, address, units and organisations."""
    actor = tx.of(DirectoryStore).actor(actor_id)
    if actor is None:
        return ()
    return (actor.name, actor.email, *tx.of(DirectoryStore).names_around(actor.unit_ids))


def set_password(
    engine: Engine, tx: Transaction, actor_id: UUID, password: str, *, at: datetime, but: bytes | None = None
) -> None:
    """Keep the hash of a new password, end every session but one, and tell the person."""
    tx.of(DirectoryStore).set_password(actor_id, engine.passwords.hash(password))
    tx.of(SignInStore).end_sessions(actor_id, at=at, but=but)
    tx.of(SignInStore).cancel_invitations(actor_id, at=at)
    notify_of_change(engine, tx, actor_id, at=at)


def change_password(engine: Engine, *, viewer: Viewer, token: str, old: str, new: str, network: str = "") -> str:
    """Change the viewer's password; all sessions but the present one end. Gives the session's token, a new one.

    Raises `StepUpNeededError`, and `InvalidAnswersError` for a wrong old or an unfit new password.
    """
    require_step_up(engine, viewer)
    tries = Tries(engine, account=str(viewer.actor_id), network=network)
    tries.count()
    with engine.transaction() as tx:
        kept = tx.of(DirectoryStore).password_of(viewer.actor_id)
        has_factor = tx.of(SignInStore).has_factor(viewer.actor_id)
        context = words_about(tx, viewer.actor_id)
    if kept is not None and not engine.passwords.verify(old, kept):
        raise InvalidAnswersError({"old": "This is not your password."})
    tries.forget()
    require_good(engine, new, has_factor=has_factor, context=context)
    now, fresh = engine.wall_clock.now(), engine.entropy.token()
    with engine.transaction() as tx:
        tx.of(SignInStore).renew_session(hash_of(token), new_hash=hash_of(fresh), at=now, by_factor=viewer.by_factor)
        set_password(engine, tx, viewer.actor_id, new, at=now, but=hash_of(fresh))
        tx.of(AuditLogStore).note("sign-in", "PasswordChanged", {}, actor_id=viewer.actor_id, at=now)
        tx.commit()
    return fresh


def sessions_of(engine: Engine, *, viewer: Viewer) -> tuple[tuple[Session, bool], ...]:
    """List the viewer's sessions that were not ended, each with whether it is the present one."""
    now = engine.wall_clock.now()
    with engine.transaction() as tx:
        present = tx.of(SignInStore).session(viewer.session_hash) if viewer.session_hash else None
        found = tx.of(SignInStore).sessions_of(viewer.actor_id, since=now - LONGEST)
    return tuple((session, present is not None and session.id == present.id) for session in found)


def end_session(engine: Engine, session_id: UUID, *, viewer: Viewer) -> None:
    """End one of the viewer's own sessions; raises `NotFoundError` for another's and for one that is over."""
    now = engine.wall_clock.now()
    with engine.transaction() as tx:
        if not tx.of(SignInStore).end_session_of(viewer.actor_id, session_id, at=now):
            raise NotFoundError(kind="session")
        tx.of(AuditLogStore).note(
            "sign-in", "SessionEnded", {"session_id": str(session_id)}, actor_id=viewer.actor_id, at=now
        )
        tx.commit()


def end_other_sessions(engine: Engine, *, viewer: Viewer) -> int:
    """End every session of the viewer but the present one; returns how many."""
    now = engine.wall_clock.now()
    with engine.transaction() as tx:
        count = tx.of(SignInStore).end_sessions(viewer.actor_id, at=now, but=viewer.session_hash)
        tx.of(AuditLogStore).note("sign-in", "SessionsEnded", {"count": count}, actor_id=viewer.actor_id, at=now)
        tx.commit()
    return count


SECRETS: Final = frozenset({"password", "old", "new", "again", "code", "secret"})
"""Fields that are never kept."""


def keep_form(engine: Engine, actor_id: UUID, *, path: str, fields: Iterable[tuple[str, str]]) -> UUID:
    """Keep a form that somebody sent too late; returns the id under which they find it. Secrets are left out."""
    form_id = engine.entropy.uuid()
    wanted = [(name, text) for name, text in fields if name not in SECRETS]
    with engine.transaction() as tx:
        tx.of(SignInStore).keep_form(form_id, actor_id=actor_id, path=path, fields=wanted, at=engine.wall_clock.now())
        tx.commit()
    return form_id


def kept_form(engine: Engine, form_id: UUID, *, viewer: Viewer) -> KeptForm:
    """Open what the viewer had typed; raises `NotFoundError` for another's, and for one too old or thrown away."""
    since = engine.wall_clock.now() - KEPT_FORM_LASTS
    with engine.transaction() as tx:
        found = tx.of(SignInStore).kept_form(form_id, actor_id=viewer.actor_id, since=since)
    if found is None:
        raise NotFoundError(kind="form")
    return found


def newest_kept_form(engine: Engine, *, viewer: Viewer) -> UUID | None:
    """Return the newest form that waits for the viewer."""
    since = engine.wall_clock.now() - KEPT_FORM_LASTS
    with engine.transaction() as tx:
        return tx.of(SignInStore).newest_kept_form(viewer.actor_id, since=since)


def drop_form(engine: Engine, form_id: UUID, *, viewer: Viewer) -> None:
    """Forget what the viewer had typed."""
    with engine.transaction() as tx:
        tx.of(SignInStore).drop_form(form_id, actor_id=viewer.actor_id)
        tx.commit()


_TRIES: Final = timedelta(days=1)
_BROWSERS: Final = timedelta(days=400)
_SESSIONS: Final = timedelta(days=90)


def forget_sign_ins(engine: Engine) -> int:
    """Forget them; returns how many rows. For a schedule. What happened stays in the audit."""
    now = engine.wall_clock.now()
    with engine.transaction() as tx:
        gone = tx.of(SignInStore).forget_old(
            tries_before=now - _TRIES, forms_before=now - KEPT_FORM_LASTS, devices_before=now - _BROWSERS,
            sessions_before=now - _SESSIONS,
        )  # fmt: skip
        gone += tx.of(SignInHabitStore).forget_old(before=now - _BROWSERS)
        gone += tx.of(HousekeepingStore).forget_senders(before=engine.clock.now() - ONE_MATTER)
        gone += tx.of(MatchStore).forget_probes(before=(engine.clock.now() - PROBES_KEPT).date())
        tx.commit()
    return gone
