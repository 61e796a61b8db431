"""Tell somebody that they signed in as never before, or that how they sign in was changed: it may not be them."""

from datetime import datetime
from typing import Final
from uuid import UUID

from engine.adapters.sql.directory_store import DirectoryStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.domain.safe_hours import EMAIL, IN_APP
from engine.usecases.telling import tell_of_system

NEW_DEVICE: Final = "new_device"
UNUSUAL: Final = "unusual_sign_in"
CHANGED: Final = "sign_in_changed"
WRONG_CODES: Final = "wrong_codes"
_ACCOUNT: Final = "/account"


def tell_of_device(engine: Engine, tx: Transaction, actor_id: UUID, *, at: datetime) -> None:
    """Tell somebody of a sign-in from a browser that they had not used before; `at` is by the machine's clock."""
    _tell(engine, tx, actor_id, NEW_DEVICE, at)


def tell_of_unusual(engine: Engine, tx: Transaction, actor_id: UUID, *, at: datetime) -> None:
    """Tell somebody of a sign-in at an hour or from a network unlike all before; `at` is by the machine's clock."""
    _tell(engine, tx, actor_id, UNUSUAL, at)


def tell_of_wrong_codes(engine: Engine, tx: Transaction, actor_id: UUID, *, at: datetime) -> None:
    """Tell somebody that a sign-in with their password ended after wrong codes; `at` is by the machine's clock."""
    _tell(engine, tx, actor_id, WRONG_CODES, at)


def tell_of_change(engine: Engine, tx: Transaction, actor_id: UUID, *, at: datetime) -> None:
    """Tell somebody that their password or second factor was changed; `at` is by the machine's clock."""
    _tell(engine, tx, actor_id, CHANGED, at)


def _tell(engine: Engine, tx: Transaction, actor_id: UUID, kind: str, at: datetime) -> None:
    person = tx.of(DirectoryStore).actor(actor_id)
    if person is not None:
        tell_of_system(
            engine, tx, kind=kind, rule=f"{kind}|{at.isoformat()}", people=(person,), channels=(IN_APP, EMAIL),
            link=_ACCOUNT, now=engine.clock.now(), critical=True,
        )  # fmt: skip
