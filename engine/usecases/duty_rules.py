"""What the use cases of duty share: who may plan it, and how a command without a case is carried out once."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from engine.adapters.sql.directory_store import DirectoryStore
from engine.adapters.sql.housekeeping_store import HousekeepingStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.domain.policy import Action, can
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.ports import ActorRecord
from engine.views import Viewer


def once(engine: Engine, command_id: UUID, change: Callable[[Transaction, datetime], UUID]) -> UUID:
    """Carry out a command that belongs to no case, in one transaction; the same command gives the same id again."""
    now = engine.clock.now()
    with engine.transaction() as tx:
        tx.of(HousekeepingStore).take_turn(command_id)
        known = tx.of(HousekeepingStore).answer_to(command_id)
        if known is not None:
            return UUID(str(known["id"]))
        made = change(tx, now)
        tx.of(HousekeepingStore).remember(command_id, {"id": str(made)}, case_id=None, at=now)
        tx.commit()
        return made


def require_planner(viewer: Viewer, unit_id: UUID) -> None:
    """Refuse a viewer of another unit in the same words as for a unit that does not exist, and one who may not plan."""
    if not viewer.is_system and unit_id not in viewer.unit_ids:
        raise NotFoundError(kind="unit")
    if not may_plan(viewer, unit_id):
        raise NotAllowedError(actor=viewer.name, action=Action.MANAGE_ROTA.value)


def may_plan(viewer: Viewer, unit_id: UUID) -> bool:
    """Say whether a viewer may plan the shifts and absences of a unit."""
    return can(viewer, Action.MANAGE_ROTA, unit_id=unit_id)


def member(tx: Transaction, actor_id: UUID, unit_id: UUID, *, field: str) -> ActorRecord:
    """Load somebody who acts in a unit; raises `InvalidAnswersError` at `field` for anybody else."""
    actor = tx.of(DirectoryStore).actor(actor_id)
    if actor is None or actor.disabled or unit_id not in actor.unit_ids:
        raise InvalidAnswersError({field: "Choose someone active in this unit."})
    return actor


def refuse(problems: dict[str, str]) -> None:
    """Raise `InvalidAnswersError` when there is any problem."""
    if problems:
        raise InvalidAnswersError(problems)
