"""What setting a password shares, whoever sets it: check it, keep its hash, end what was begun with the old one."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from engine.adapters.sql.directory_store import DirectoryStore
from engine.adapters.sql.sign_in_store import SignInStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.domain.passwords import problem_of
from engine.errors import InvalidAnswersError
from engine.usecases.credential_notices import tell_of_change


def require_good(engine: Engine, password: str, *, has_factor: bool, context: Iterable[str]) -> None:
    """Refuse a password that is too short, tried first, or made of what is known of the person.

    Raises `InvalidAnswersError`.
    """
    problem = problem_of(password, has_factor=has_factor, context=context, is_common=engine.is_common_password)
    if problem:
        raise InvalidAnswersError({"password": problem})


def words_about(tx: Transaction, actor_id: UUID) -> tuple[str, ...]:
    """Give the words that anybody would try for somebody: name, address, units and organisations."""
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
    tell_of_change(engine, tx, actor_id, at=at)
