"""Ask somebody to prove again that it is them, by password or by a code of a second factor."""

from datetime import datetime
from typing import Final
from uuid import UUID

from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.core.viewer import Viewer
from engine.db.transaction import Transaction
from engine.errors import SignInError, StepUpNeededError, WrongCodeError
from engine.people.store import DirectoryStore
from engine.sign_in.actions.guessing import Tries, hash_of
from engine.sign_in.records import STEP_UP_LASTS
from engine.sign_in.store import SignInStore

_CODE_DIGITS: Final = 6


def code_fits(engine: Engine, tx: Transaction, actor_id: UUID, code: str, *, at: datetime) -> bool:
    """Say whether a code of the authenticator, or a recovery code, fits, and use it up: it never fits again."""
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
    """Prove who it is, by the second factor where there is one, else by the password; gives the session's new token.

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
