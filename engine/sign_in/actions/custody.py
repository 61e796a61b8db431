"""Who may sign in, and with which roles, while a restored installation is in custody."""

from datetime import datetime
from typing import Final
from uuid import UUID

from engine.cases.housekeeping import HousekeepingStore
from engine.core.policy import Viewer
from engine.db.transaction import Transaction
from engine.language.names import Role
from engine.people.store import DirectoryStore

CUSTODY: Final = "custody"


def may_enter(tx: Transaction, actor_id: UUID) -> bool:
    """Return whether somebody may sign in now: everybody, or in custody who looks after people."""
    if custody_since(tx) is None:
        return True
    person = tx.of(DirectoryStore).actor(actor_id)
    return person is not None and Role.SYSTEM_ADMINISTRATOR in person.roles


def as_keeper(viewer: Viewer) -> Viewer:
    """Give somebody with the roles that count in custody: that of who looks after people alone.

    Who has another role beside it would see cases, at the very time at which denials and seals may be lost.
    """
    roles = tuple(role for role in viewer.roles if role == Role.SYSTEM_ADMINISTRATOR)
    kept = tuple(one.model_copy(update={"roles": roles}) for one in viewer.memberships if set(roles) & set(one.roles))
    units = tuple(one.unit_id for one in kept) if viewer.memberships else viewer.unit_ids
    return viewer.model_copy(update={"roles": roles, "memberships": kept, "unit_ids": units})


def custody_since(tx: Transaction) -> datetime | None:
    """Return since when (UTC) the installation is in custody after a restore; None for not."""
    fact = tx.of(HousekeepingStore).installation(CUSTODY)
    return datetime.fromisoformat(fact["since"]) if fact else None
