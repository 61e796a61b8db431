"""Ask somebody to prove again that it is them, before what would do most harm in other hands."""

from engine.adapters.sql.audit_log_store import AuditLogStore
from engine.adapters.sql.directory_store import DirectoryStore
from engine.adapters.sql.sign_in_store import SignInStore
from engine.assembly import Engine
from engine.domain.sign_in import STEP_UP_LASTS
from engine.errors import SignInError, StepUpNeededError, WrongCodeError
from engine.usecases.factor_codes import code_fits
from engine.usecases.session_tokens import hash_of
from engine.usecases.slowing_down import Tries
from engine.views import Viewer


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
