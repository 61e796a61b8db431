"""What sign-in and step-up share: check a code of a second factor, and use it up."""

from datetime import datetime
from typing import Final
from uuid import UUID

from engine.adapters.sql.sign_in_store import SignInStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine

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
